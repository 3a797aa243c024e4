"""What a person types, evaluated: an expression as ``print`` takes it, and more forgiving.

Go's own operators are understood here, for GDB's parsers index no slice, know no key of a map, and take ``m[3]`` for
arithmetic on m's pointer: names (see gomap.gdb.names), ``.field``, ``[index]``, ``[key]``, ``.(T)``, ``*``, ``&``,
parentheses, conversions (``*(*map[string]int)(0xc000012345)``, ``*(map[string]int *)0xc000012345``), GDB's variables
and history (``$m``, ``$``, ``$2``). Interfaces are followed to what they hold. Anything else is GDB's to evaluate, in
the current language, then in C.
"""

from __future__ import annotations

import re

import gdb

from gomap.gdb.keys import Key, element, literal
from gomap.gdb.names import resolve
from gomap.gdb.operands import ExpressionError, Operand, an, held, of_value, temporary
from gomap.gdb.target import GdbTarget
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError

__all__ = ["address_in", "evaluate", "opened"]

#: Go's identifiers, dotted, behind a package's path, of which the last part may be none.
_PATH = re.compile(r"(?:(?:[\w.%~@+-]+/)+[\w.%~+-]+\.)?[^\W\d][\w·]*(?:\.[^\W\d][\w·]*)*")
_QUOTED = re.compile(r"'([^']{2,})'")
_OF_GDB = re.compile(r"\$\w*(?![\w(])")
_FIELD = re.compile(r"(?:\.|->)([^\W\d][\w·]*)")
_ASSERTION = re.compile(r"\.\(")
_CONSTANT = re.compile(r"""'[^']*'|"(?:[^"\\]|\\.)*\"""")
#: An assignment, as GDB's languages write it.
_CHANGES = re.compile(r"\+\+|--|<<=|>>=|(?<![=!<>])=(?!=)")


_ADDRESSES = (Kind.POINTER, Kind.UNSAFE_POINTER, Kind.MAP, Kind.CHAN, Kind.FUNC)


class _ForGdbError(Exception):
    """Nothing that is understood here: an expression for GDB."""


def evaluate(target: GdbTarget, expression: str) -> Operand:
    """The value of EXPRESSION in the selected frame. Raises ExpressionError."""
    parser = _Parser(target, expression)
    try:
        operand = parser.unary()
    except _ForGdbError:
        return _by_gdb(target, expression)
    except RecursionError:
        raise ExpressionError(f"{expression[:40]}...: nested too deeply") from None
    rest = parser.rest()
    if not rest:
        return operand
    try:
        return _by_gdb(target, expression)
    except ExpressionError:
        raise ExpressionError(f"{expression}: not understood from '{rest}' on") from None


class _Parser:
    """A recursive descent through one expression, evaluating as it goes."""

    def __init__(self, target: GdbTarget, text: str) -> None:
        self.target = target
        self.text = text
        self.at = 0

    def rest(self) -> str:
        """What has not been read."""
        return self.text[self.at :].strip()

    def unary(self) -> Operand:
        if self.accept("*"):
            operand = self.unary()
            if operand.type.kind is Kind.MAP:
                raise ExpressionError(f"{operand.text} is a map, not a pointer to one; leave out the *")
            return operand.pointee()
        if self.accept("&"):
            operand = self.unary()
            if operand.address is None:
                raise ExpressionError(f"{operand.text} is in no memory, so it has no address")
            return self.number(operand.address, _pointer_to(self.target, operand.type), f"&{operand.text}")
        return self.postfix(self.primary())

    def postfix(self, operand: Operand) -> Operand:
        while True:
            if self.accept("["):
                operand = self.index(_followed(operand), self.until("]").strip())
            elif self.match(_ASSERTION):
                name = self.until(")").strip()
                operand = held(operand)
                if self.target.type_named(name) not in (None, operand.type) or name.lstrip("*") == "":
                    raise ExpressionError(f"{operand.text} holds {an(operand.type)}, not {name}")
            elif found := self.match(_FIELD):
                operand = operand.field(found[1])
            else:
                return operand

    def index(self, operand: Operand, index: str) -> Operand:
        key = self.key(index)
        text = f"{operand.text}[{index}]"
        if operand.type.kind is Kind.MAP:
            map = opened(self.target, operand.type, operand.text, operand.integer())
            found = element(self.target, map, text, key)
            if found is None:
                raise ExpressionError(f"{operand.text} has no key {index} (of {map.summary()})")
            return found
        if isinstance(key, Operand):
            key = key.integer(signed=True)
        if not isinstance(key, int):
            raise ExpressionError(f"{text}: the index of {an(operand.type)} is a number")
        return operand.element(key)

    def key(self, text: str) -> Key:
        try:
            return literal(text)
        except ValueError:
            return evaluate(self.target, text)

    def primary(self) -> Operand:
        if self.accept("("):
            inside = self.until(")")
            pointer = self.pointer_type(inside)
            if pointer is None:
                return evaluate(self.target, inside)
            operand = self.unary()
            return self.number(address_in(operand), pointer, f"({inside}){operand.text}")
        if found := self.match(_QUOTED):
            return resolve(self.target, found[1])
        if found := self.match(_OF_GDB):
            return _by_gdb(self.target, found[0])
        if found := self.match(_PATH):
            if self.peek() == "(" or found[0] in ("true", "false", "nil"):
                raise _ForGdbError
            return resolve(self.target, found[0])
        raise _ForGdbError

    def pointer_type(self, text: str) -> GoType | None:
        """The pointer type that the inside of parentheses spells, as Go (*T) or as C (T *); None if it is a value."""
        text = text.strip()
        if text.endswith("*"):
            text = "*" + text[:-1].rstrip().strip("'")
        return self.target.type_named(text) if text.startswith("*") else None

    def number(self, value: int, type: GoType, text: str) -> Operand:
        data = (value % (1 << 8 * self.target.pointer_size)).to_bytes(self.target.pointer_size, self.target.byte_order)
        return temporary(self.target, type, text, data)

    def skip_space(self) -> None:
        while self.peek().isspace():
            self.at += 1

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def accept(self, token: str) -> bool:
        self.skip_space()
        found = self.text.startswith(token, self.at)
        self.at += len(token) * found
        return found

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        self.skip_space()
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def until(self, closing: str) -> str:
        """What stands before the bracket that closes the one just read, which is skipped."""
        start, depth = self.at, 1
        while self.at < len(self.text):
            char = self.peek()
            if char in "\"'`":
                self.skip_quoted(char)
                continue
            depth += (char in "([{") - (char in ")]}")
            self.at += 1
            if depth == 0:
                if char != closing:
                    break
                return self.text[start : self.at - 1]
        raise ExpressionError(f"{self.text}: no {closing} closes what is open")

    def skip_quoted(self, quote: str) -> None:
        self.at += 1
        while self.at < len(self.text) and self.peek() != quote:
            self.at += 2 if self.peek() == "\\" and quote != "`" else 1
        self.at += 1


def opened(target: GdbTarget, type: GoType, text: str, address: int) -> GoMap:
    """The map of that type whose header is at ADDRESS, and that is called TEXT.

    Raises LayoutError, and ExpressionError where there is no readable header.
    """
    try:
        return open_map(target, type, address)
    except ReadError as error:
        raise ExpressionError(f"{text}: no map header at {address:#x}: {error}") from None


def _by_gdb(target: GdbTarget, expression: str) -> Operand:
    """What GDB makes of the expression, in the current language or, failing that, in C. It can change nothing."""
    if _CHANGES.search(_CONSTANT.sub("", expression)):
        raise ExpressionError(f"{expression}: nothing is changed here; that is for 'set var' to do")
    with gdb.with_parameter("may-call-functions", False):
        try:
            value = gdb.parse_and_eval(expression)
        except gdb.MemoryError as error:
            raise ExpressionError(f"{expression}: {error}") from None
        except gdb.error as error:
            value = _in_c(expression)
            if value is None:
                raise ExpressionError(f"{expression}: {error}") from None
    if value.type.code == gdb.TYPE_CODE_VOID:
        raise ExpressionError(f"{expression} has no value")
    try:
        return of_value(target, target.types.of(value.type), expression, value)
    except LayoutError as error:
        raise ExpressionError(f"{expression}: {error}") from None


def _in_c(expression: str) -> gdb.Value | None:
    language = gdb.parameter("language")
    gdb.execute("set language c", to_string=True)
    try:
        return gdb.parse_and_eval(expression)
    except gdb.error:
        return None
    finally:
        gdb.execute(f"set language {language}", to_string=True)


def _followed(operand: Operand) -> Operand:
    """OPERAND, or what it holds if it is an interface; and the map that it points to if it does."""
    if operand.type.kind is Kind.INTERFACE:
        operand = held(operand)
    if operand.type.kind is Kind.POINTER and operand.type.elem.kind is Kind.MAP:
        operand = operand.pointee().named(operand.text)
    return operand


def address_in(operand: Operand) -> int:
    """The address that OPERAND is, as an integer, a pointer or a map; that of a struct or an array is its own.

    Raises ExpressionError for a value that is no address.
    """
    kind = operand.type.kind
    if kind in (Kind.STRUCT, Kind.ARRAY) and operand.address is not None:
        return operand.address
    if not kind.integer and kind not in _ADDRESSES:
        raise ExpressionError(f"{operand.text} is {an(operand.type)}, not an address")
    return operand.integer(kind.signed) % (1 << 8 * operand.target.pointer_size)


def _pointer_to(target: GdbTarget, type: GoType) -> GoType:
    return GoType(Kind.POINTER, target.pointer_size, "*" + type.name, elem=type)
