"""What a person types, evaluated: an expression as ``print`` takes it, and more forgiving.

Go's own operators are understood here, for GDB's parsers index no slice, know no key of a map, and take ``m[3]`` for
arithmetic on m's pointer: names (see gomap.expressions.names), ``.field``, ``[index]``, ``[key]``, ``.(T)``, ``*``,
``&``, parentheses, conversions (``(*main.Server)(0xc000012345).conns``, ``*(map[string]int *)0xc000012345``), numbers.
Interfaces are followed to what they hold. Anything else, such as GDB's variables and history (``$m``, ``$2``), is for
the debugger to evaluate.
"""

from __future__ import annotations

import re
from functools import partial

from gomap.expressions.brackets import closing
from gomap.expressions.go_values import ExpressionError, GoValue, an, closure, held, temporary
from gomap.expressions.names import resolve
from gomap.expressions.scope import Scope
from gomap.goruntime.instances import is_shaped
from gomap.language.numbers import integer_bytes
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.maps.syncmap import is_sync_map
from gomap.maps.wording import summary
from gomap.program.gotypes import GoType, Kind
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["address_in", "evaluate", "opened"]

#: Go's identifiers, dotted, behind a package's path, of which the last part may be none.
_PATH = re.compile(r"(?:(?:[\w.%~@+-]+/)+[\w.%~+-]+\.)?[^\W\d][\w·]*(?:\.[^\W\d][\w·]*)*")
_QUOTED = re.compile(r"'([^']{2,})'")
_OF_GDB = re.compile(r"\$\w*(?![\w(])")
_FIELD = re.compile(r"(?:\.|->)([^\W\d][\w·]*)")
#: A whole one, such as an address.
_NUMBER = re.compile(r"(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|0|[1-9][\d_]*)(?![\w.])")
_ASSERTION = re.compile(r"\.\(")

_ADDRESSES = (Kind.POINTER, Kind.UNSAFE_POINTER, Kind.MAP, Kind.CHAN, Kind.FUNC)


class _ForDebuggerError(Exception):
    """Nothing that is understood here: an expression for the debugger."""


def evaluate(scope: Scope, expression: str) -> GoValue:
    """The value of EXPRESSION in the selected frame. Raises ExpressionError."""
    parser = _Parser(scope, expression)
    try:
        value = parser.unary()
    except _ForDebuggerError:
        return scope.evaluate(expression)
    except RecursionError:
        raise ExpressionError(f"{expression[:40]}...: nested too deeply") from None
    rest = parser.rest()
    if not rest:
        return value
    try:
        return scope.evaluate(expression)
    except ExpressionError:
        raise ExpressionError(f"{expression}: not understood from '{rest}' on") from None


class _Parser:
    """A recursive descent through one expression, evaluating as it goes."""

    def __init__(self, scope: Scope, text: str) -> None:
        self.scope = scope
        self.program = scope.program
        self.text = text
        self.at = 0

    def rest(self) -> str:
        """What has not been read."""
        return self.text[self.at :].strip()

    def unary(self) -> GoValue:
        if self.accept("*"):
            value = self.unary()
            if value.type.kind is Kind.MAP:
                raise ExpressionError(f"{value.text} is a map, not a pointer to one; leave out the *")
            return value.pointee()
        if self.accept("&"):
            value = self.unary()
            if value.address is None:
                raise ExpressionError(f"{value.text} is in no memory, so it has no address")
            return self.number(value.address, _pointer_to(self.program, value.type), f"&{value.text}")
        return self.postfix(self.primary())

    def postfix(self, value: GoValue) -> GoValue:
        while True:
            if self.accept("["):
                value = self.index(_followed(value), self.until("]").strip())
            elif self.match(_ASSERTION):
                name = self.until(")").strip()
                function = value.type.kind is Kind.FUNC
                value = closure(value) if function else held(value)
                another = (
                    name != value.type.name if function else self.program.type_named(name) not in (None, value.type)
                )
                if another or name.lstrip("*") == "":
                    raise ExpressionError(f"{value.text} holds {an(value.type)}, not {name}")
            elif found := self.match(_FIELD):
                value = value.field(found[1])
            else:
                return value

    def index(self, value: GoValue, index: str) -> GoValue:
        # Here, since few expressions have an index, and the first command of each session would wait for them.
        from gomap.expressions.map_keys import element
        from gomap.expressions.written import Constant, read

        key = read(index, partial(evaluate, self.scope))
        text = f"{value.text}[{index}]"
        if value.type.kind is Kind.MAP or (is_sync_map(value.type) and value.address is not None):
            header = value.integer() if value.type.kind is Kind.MAP else value.address or 0
            map = opened(self.program, value.type, value.text, header)
            found = element(self.program, map, text, key)
            if found is None:
                raise ExpressionError(f"{value.text} has no key {index} (of {summary(map)})")
            return found
        number = key.value if isinstance(key, Constant) else None
        if isinstance(key, GoValue):
            number = key.integer(signed=True)
        if not isinstance(number, int):
            raise ExpressionError(f"{text}: the index of {an(value.type)} is a number")
        return value.element(number)

    def primary(self) -> GoValue:
        if self.accept("("):
            inside = self.until(")")
            type = self.address_type(inside)
            c_cast = inside.rstrip().endswith("*")  # takes all that follows, .field and [index] too
            if not c_cast and self.accept("("):
                if type is None:
                    raise self.no_conversion(inside)
                converted = self.until(")")
                value = address_in(evaluate(self.scope, converted))
                return self.number(value, type, f"({inside})({converted})")
            if type is None or type.kind is not Kind.POINTER:
                return evaluate(self.scope, inside)
            operand = self.unary()
            return self.number(address_in(operand), type, f"({inside}){operand.text}")
        if found := self.match(_QUOTED):
            return resolve(self.scope, found[1])
        if found := self.match(_OF_GDB):
            return self.scope.evaluate(found[0])
        if found := self.match(_PATH):
            if self.peek() == "(" or found[0] in ("true", "false", "nil"):
                raise _ForDebuggerError
            return resolve(self.scope, found[0])
        if found := self.match(_NUMBER):
            return self.constant(int(found[0].replace("_", ""), 0), found[0])
        raise _ForDebuggerError

    def address_type(self, text: str) -> GoType | None:
        """The type that the inside of parentheses spells, as Go or as C (T *), if its values are addresses."""
        text = text.strip()
        if text.endswith("*"):
            text = "*" + text[:-1].rstrip().strip("'")
        type = self.program.type_named(text)
        return type if type is not None and type.kind in (Kind.POINTER, Kind.MAP, Kind.UNSAFE_POINTER) else None

    def no_conversion(self, inside: str) -> Exception:
        """What to raise where (INSIDE)(...) stands, and INSIDE is no type of addresses."""
        if inside.startswith("*") and self.program.type_named(inside) is None:
            return ExpressionError(f"no type {inside.lstrip('*')} in the program's debug information")
        return _ForDebuggerError()

    def number(self, value: int, type: GoType, text: str) -> GoValue:
        data = integer_bytes(value, self.program.pointer_size, self.program.byte_order)
        return temporary(self.program, type, text, data)

    def constant(self, value: int, text: str) -> GoValue:
        """A number as it was typed: an int, or an int64 where it fits no int (it may be an address of another size)."""
        kind = Kind.INT if value < 1 << 8 * self.program.pointer_size else Kind.INT64
        size = kind.fixed_size(self.program.pointer_size)
        data = integer_bytes(value, size, self.program.byte_order)
        return temporary(self.program, GoType(kind, size, kind.value), text, data)

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

    def until(self, bracket: str) -> str:
        """What stands before the bracket that closes the one just read, which is skipped."""
        start, end = self.at, closing(self.text, self.at)
        if end < 0 or self.text[end] != bracket:
            raise ExpressionError(f"{self.text}: no {bracket} closes what is open")
        self.at = end + 1
        return self.text[start:end]


def opened(program: Program, type: GoType, text: str, address: int) -> GoMap:
    """The map of that type whose header is at ADDRESS, and that is called TEXT.

    Raises LayoutError, and ExpressionError where there is no readable header.
    """
    try:
        if is_shaped(type):
            from gomap.maps.recognition import type_of_instance

            type = type_of_instance(program, type, address)
        return open_map(program, type, address)
    except ReadError as error:
        raise ExpressionError(f"{text}: no map header at {address:#x}: {error}") from None


def _followed(value: GoValue) -> GoValue:
    """VALUE, or what it holds if it is an interface; and the map that it points to if it does."""
    if value.type.kind is Kind.INTERFACE:
        value = held(value)
    if value.type.kind is Kind.POINTER and (value.type.elem.kind is Kind.MAP or is_sync_map(value.type.elem)):
        value = value.pointee().named(value.text)
    return value


def address_in(value: GoValue) -> int:
    """The address that VALUE is, as an integer, a pointer or a map; that of a struct or an array is its own.

    Raises ExpressionError for a value that is no address.
    """
    kind = value.type.kind
    if kind in (Kind.STRUCT, Kind.ARRAY) and value.address is not None:
        return value.address
    if not kind.integer and kind not in _ADDRESSES:
        raise ExpressionError(f"{value.text} is {an(value.type)}, not an address")
    return value.integer(kind.signed) % (1 << 8 * value.program.pointer_size)


def _pointer_to(program: Program, type: GoType) -> GoType:
    return GoType(Kind.POINTER, program.pointer_size, "*" + type.name, elem=type)
