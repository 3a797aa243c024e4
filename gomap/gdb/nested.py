"""What is in the elements of a map where ``set print pretty`` gives each of its parts a line of its own.

Only GDB knows how far a line is to be indented, so it gets the element as a value and lays it out. While it does, this
tells it how to show the parts that it has no good way for: slices by their items, and what is not put together of
others as a Go literal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar, Union

import gdb

from gomap.gdb.target import current
from gomap.gdb.values import address_of
from gomap.language import Speller, unreadable
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.views.printed import LONGEST, Items, Shown

__all__ = ["COMPOSITES", "laid_out_by_gdb", "printer_of_part"]

T = TypeVar("T")
#: Kinds of elements that have parts.
COMPOSITES = (Kind.ARRAY, Kind.MAP, Kind.SLICE, Kind.STRUCT)
#: What makes literals of what is inside the element that GDB is laying out, the innermost last.
_laying_out: list[Callable[[GoType], Speller]] = []


def laid_out_by_gdb(pairs: Iterator[T], text: Callable[[GoType], Speller]) -> Iterator[T]:
    """PAIRS; while GDB has one of them it lays out an element, whose parts are shown by TEXT of their type."""
    for pair in pairs:
        _laying_out.append(text)
        try:
            yield pair
        finally:
            _laying_out.pop()


def printer_of_part(value: gdb.Value) -> Union[Shown, Items[gdb.Value], None]:
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
        if 0 <= length <= capacity < LONGEST:
            first = value["array"]
            return Items(type.name, int(first), length, lambda index: (first + index).dereference())
    try:
        return Shown(_laying_out[-1](type)(target.memory.read(address, type.size), 0))
    except ReadError as error:
        return Shown(f"<{unreadable(error)}>")
