"""Go values as a person writes them: constants, conversions, composite literals.

``"t-104"``, ``-1``, ``'ä'``, ``(1+2i)``, ``int8(5)``, ``(*main.node)(0xc000012340)``, ``main.ID{"h", 3}``,
``main.ID{Host: "h"}``, ``[2]int{1, 2}``, ``{1, 2}`` where the type is known from elsewhere: Go's own syntax, which is
what gomap prints too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Union

from gomap.expressions.brackets import last_group, parts
from gomap.expressions.go_values import ExpressionError, GoValue

__all__ = ["Composite", "Constant", "Conversion", "Literal", "Written", "literal", "read"]

#: What a constant comes to: a string is bytes, nil is None.
Literal = Union[bytes, int, float, complex, None]


class Constant(NamedTuple):
    """A constant without a type of its own."""

    text: str
    value: Literal


class Conversion(NamedTuple):
    """``T(constant)``."""

    text: str
    type: str
    value: Constant


class Composite(NamedTuple):
    """``T{...}``.

    Attributes:
        type: as written; empty if left out.
        items: what stands in it, each with its field's name or its index, empty if left out.
    """

    text: str
    type: str
    items: Sequence[tuple[str, Written]]


#: A value of the program is one, too: what an expression led to.
Written = Union[Constant, Conversion, Composite, GoValue]

_FLOAT = r"(?:Inf|NaN|(?:\d[\d_]*)?\.?\d[\d_]*\.?(?:[eE][+-]?\d+)?)"
_NUMBER = re.compile(
    r"[+-]?(0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:[\d_]*\.?[\d_]+|[\d_]+\.)(?:[eE][+-]?\d+)?)$"
)
#: An octal number without an o: 0755.
_OLD_OCTAL = re.compile(r"[+-]?0[\d_]+$")
_SPECIAL = re.compile(r"[+-]Inf$|NaN$")
_COMPLEX = re.compile(rf"(?P<open>\()?(?P<real>[+-]?{_FLOAT})?(?P<imaginary>[+-]?{_FLOAT})i(?(open)\))$")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"$', re.DOTALL)
_RUNE = re.compile(r"'([^'\\]|\\[^']+|\\')'$")
_ESCAPE = re.compile(r"\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|[abfnrtv\\'\"]|)")
_CONTROLS = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
#: A type's name, which needs no parentheses to be converted to.
_TYPE_NAME = re.compile(r"(?:[\w.~%+-]+/)*[^\W\d][\w.~%+·-]*(?:\[.*\])?$")


def read(text: str, evaluate: Callable[[str], GoValue]) -> Written:
    """The value that TEXT spells.

    Args:
        evaluate: for what is no literal: gives the value of an expression. Raises ExpressionError.

    Raises ExpressionError.
    """
    try:
        return _read(text, evaluate)
    except RecursionError:
        raise ExpressionError(f"{text[:40]}...: nested too deeply") from None


def _read(text: str, evaluate: Callable[[str], GoValue]) -> Written:
    text = text.strip()
    try:
        return Constant(text, literal(text))
    except ValueError:
        pass
    braces = None if text.startswith("&") else last_group(text, "{")
    if braces is not None:
        type, inside = braces
        return Composite(text, type, list(_items(inside, evaluate)))
    group = last_group(text, "(")
    if group is not None and group[0]:
        type, inside = group
        parenthesised = last_group(type, "(")
        if parenthesised is not None and not parenthesised[0]:
            type = parenthesised[1]
        elif not _TYPE_NAME.match(type):
            return evaluate(text)
        try:
            return Conversion(text, type.strip(), Constant(inside, literal(inside.strip())))
        except ValueError:
            pass
    return evaluate(text)


def _items(inside: str, evaluate: Callable[[str], GoValue]) -> Sequence[tuple[str, Written]]:
    found: list[tuple[str, Written]] = []
    texts = parts(inside, ",")
    if texts[-1] == "":  # nothing at all, or a comma at the end
        texts.pop()
    for text in texts:
        name, *value = parts(text, ":")
        if not (name and all(value) and len(value) < 2):
            raise ExpressionError(f"{{{inside}}}: '{text}' is no element")
        found.append((name, _read(value[0], evaluate)) if value else ("", _read(name, evaluate)))
    return found


def literal(text: str) -> Literal:
    """The Go constant that TEXT spells. Raises ValueError if it spells none."""
    if text in ("true", "false", "nil"):
        return {"true": True, "false": False, "nil": None}[text]
    if len(text) > 1 and text[0] == text[-1] == "`" and "`" not in text[1:-1]:
        return text[1:-1].encode()
    string, rune = _STRING.match(text), _RUNE.match(text)
    if string is not None:
        return _unescaped(string[1])
    if rune is not None:
        spelled = _unescaped(rune[1])
        if rune[1][:2] == "\\x" or rune[1][1:2].isdigit():  # '\xff' is the number, no byte of UTF-8
            return spelled[0]
        character = spelled.decode()
        if len(character) == 1:
            return ord(character)
    if _NUMBER.match(text):
        if _OLD_OCTAL.match(text):
            return int(text, 8)
        try:
            return int(text, 0)
        except ValueError:
            return float(text)
    if _SPECIAL.match(text):
        return float(text)
    found = _COMPLEX.match(text)
    if found is not None:
        return complex(*(float((found[part] or "0").replace("_", "")) for part in ("real", "imaginary")))
    raise ValueError(text)


def _unescaped(text: str) -> bytes:
    """The bytes that the inside of a Go string literal stands for. Raises ValueError at an escape that Go has not."""
    pieces, at = [], 0
    for escape in _ESCAPE.finditer(text):
        if not escape[1]:
            raise ValueError(text)
        pieces.append(text[at : escape.start()].encode())
        code = escape[1]
        if code[0] in "uU":
            pieces.append(chr(int(code[1:], 16)).encode())
        elif code[0] == "x":
            pieces.append(bytes([int(code[1:], 16)]))
        elif len(code) == 3:
            pieces.append(bytes([int(code, 8)]))
        else:
            pieces.append(bytes([_CONTROLS.get(code, ord(code))]))
        at = escape.end()
    rest = text[at:]
    return b"".join([*pieces, rest.encode()])
