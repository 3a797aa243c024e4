"""Nil maps in the elements of a program's maps: what was assigned to may be one of them.

Where a struct in a map is the only one of many whose own map was never made, it is most likely the one. Others may be
nil for good reason, so all are told of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gomap.language import Limits
from gomap.maps.model import Cell, Entry, GoMap, Note
from gomap.maps.naming import maps_in
from gomap.maps.opening import literals_of
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["NilElements", "nil_elements"]

#: Structs and pointers in one another that are looked into.
_DEEPEST = 3
#: Entries that are looked at, and paths that are kept.
_MOST_ENTRIES, _MOST = 20_000, 100
_LIMITS = Limits(elements=16, depth=2)


class NilElements(NamedTuple):
    """Nil maps of one type.

    Attributes:
        paths: where they are: ``main.sessions["t-103"].Cart``; the first of them.
        number: how many there are.
        complete: whether all entries were looked at.
    """

    paths: list[str]
    number: int
    complete: bool


def nil_elements(program: Program, maps: Iterable[tuple[str, GoMap]], type_name: str) -> NilElements:
    """The nil maps of the type of that name in the elements of MAPS, which have their paths beside them."""
    paths: list[str] = []
    number = looked_at = 0
    complete = True
    # In few entries one says more, and many would leave no time for them.
    for path, map in sorted(maps, key=lambda each: each[1].count):
        if not _has(map.places.elem, type_name, _DEEPEST):
            continue
        try:
            for entry in map.entries():
                looked_at += 1
                if looked_at > _MOST_ENTRIES:
                    return NilElements(paths, number, False)
                nil = list(_nil_in(program, map, entry, type_name))
                number += len(nil)
                paths += (f"{path}{inside}" for inside in nil[: _MOST - len(paths)])
        except (LayoutError, ReadError):
            complete = False
    return NilElements(paths, number, complete)


def _nil_in(program: Program, map: GoMap, entry: Entry | Note, type_name: str) -> Iterator[str]:
    """The ways from a map by one of its entries: ``["t-103"].Cart``."""
    if not isinstance(entry, Entry) or not isinstance(entry.key, Cell) or not isinstance(entry.elem, Cell):
        return
    (buffer, at, address), elem = entry.elem, map.places.elem
    for header, path, type in maps_in(program, elem, buffer[at : at + elem.size], address, "", _DEEPEST):
        if not header and type.name == type_name:
            buffer, at, _ = entry.key
            key = literals_of(program, _LIMITS).text(map.key)(buffer[at : at + map.key.size], 0)
            yield f"[{key}]{path}"


def _has(type: GoType, wanted: str, depth: int) -> bool:
    """Whether a value of TYPE may lead to a map of the type that is called WANTED."""
    if type.kind is Kind.MAP:
        return type.name == wanted
    if type.kind is Kind.STRUCT and depth:
        return any(_has(field.type, wanted, depth - 1) for field in type.fields)
    led_to = type.kind is Kind.POINTER and depth and type.elem.kind in (Kind.MAP, Kind.STRUCT)
    return bool(led_to) and _has(type.elem, wanted, depth)
