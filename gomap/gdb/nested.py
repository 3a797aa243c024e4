"""What is in the elements of a map where ``set print pretty`` gives each of its parts a line of its own.

Only GDB knows how far a line is to be indented, so it gets the element as a value and lays it out. While it does, this
tells it how to show the parts that it has no good way for: slices by their items, and what is not put together of
others as a Go literal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar, Union

import gdb

from gomap.gdb.charset import encoded
from gomap.gdb.target import GdbTarget, current
from gomap.gdb.values import address_of
from gomap.language import Limits, unreadable
from gomap.maps.opening import literals_of
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError

__all__ = ["COMPOSITES", "laid_out_by_gdb", "printer_of_part"]

T = TypeVar("T")
#: Kinds of elements that have parts.
COMPOSITES = (Kind.ARRAY, Kind.MAP, Kind.SLICE, Kind.STRUCT)
#: A slice that claims to be longer is corrupt.
_LONGEST = 1 << 47
#: The limits for what is inside the element that GDB is laying out, the innermost last.
_laying_out: list[Limits] = []


def laid_out_by_gdb(pairs: Iterator[T], limits: Limits) -> Iterator[T]:
    """PAIRS; while GDB has one of them it lays out an element, whose parts are shown within LIMITS."""
    for pair in pairs:
        _laying_out.append(limits)
        try:
            yield pair
        finally:
            _laying_out.pop()


class LiteralPrinter:
    """A value as a Go literal."""

    def __init__(self, text: str) -> None:
        self._text = text

    def to_string(self) -> str:
        return self._text


class SlicePrinter:
    """The items of a slice."""

    def __init__(self, value: gdb.Value, name: str) -> None:
        self._first, self._length = value["array"], int(value["len"])
        self._name = name

    def to_string(self) -> str:
        if self._length == 0:
            return f"{self._name}{{}}" if int(self._first) else f"{self._name}(nil)"
        return self._name

    def display_hint(self) -> str:
        return "array"

    def children(self) -> Iterator[tuple[str, gdb.Value]]:
        # As many as GDB asks for, which are no more than 'set print elements' says.
        return ((f"[{index}]", (self._first + index).dereference()) for index in range(self._length))


def printer_of_part(value: gdb.Value) -> Union[LiteralPrinter, SlicePrinter, None]:
    """The printer of a part of an element that GDB is laying out; None where GDB's own way, or a map's, does."""
    if not _laying_out:
        return None
    target = current()
    try:
        type, address = target.types.of(value.type), address_of(value)
    except LayoutError:
        return None
    if address is None or type.kind in (Kind.STRUCT, Kind.MAP):
        return None
    if type.kind is Kind.ARRAY and type.elem.kind is not Kind.UINT8:
        return None
    if type.kind is Kind.SLICE and type.elem.kind is not Kind.UINT8:
        length, capacity = int(value["len"]), int(value["cap"])
        if 0 <= length <= capacity < _LONGEST:
            return SlicePrinter(value, type.name)
    return LiteralPrinter(_literal(target, type, address))


def _literal(target: GdbTarget, type: GoType, address: int) -> str:
    try:
        data = target.memory.read(address, type.size)
    except ReadError as error:
        return f"<{unreadable(error)}>"
    return encoded(literals_of(target.program, _laying_out[-1]).text(type))(data, 0)
