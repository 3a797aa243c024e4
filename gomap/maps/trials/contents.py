"""Whether what stands in a map can be keys and elements of its type: what the compiler and the runtime never make.

A bool is 0 or 1. A pointer that the collector follows leads to no freed memory, has room for what it points to, and
leads to no object without pointers if that has some. A slice is no longer than its capacity, and strings and slices are
no longer than their objects. An interface's first word is a type, or an itab.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from gomap.goruntime.answers import FreeObject, FreePages, HeapObject, NotMapped, SpanTail, UnmarkedObject
from gomap.goruntime.heap import Heap, heap_of
from gomap.goruntime.rtype import RuntimeTypes, runtime_types
from gomap.goruntime.scanning import has_pointers
from gomap.maps.model import Cell, Entry
from gomap.maps.opening import open_map
from gomap.program.gotypes import GoType, Kind, LayoutError, kept_with_type
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["Contents"]

#: Entries of one map that are looked at, and parts of one value.
_MOST, _MOST_PARTS = 8, 64
#: Where nothing is that a pointer in use leads to.
_NOTHING = (FreeObject, FreePages, NotMapped, SpanTail, UnmarkedObject)


class _Part(NamedTuple):
    """A part of a value of which not every content is possible.

    Attributes:
        offset: where in the value it begins.
        kind: its kind.
        size: of what it leads to: of one item, of a slice; of an interface 0.
        pointers: what it leads to has pointers; of an interface: it has methods.
    """

    offset: int
    kind: Kind
    size: int
    pointers: bool


class Contents:
    """Judges the values in one program's maps."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._heap: Heap = heap_of(program)
        self._types: RuntimeTypes = runtime_types(program)
        self._word = program.pointer_size
        self._order = program.byte_order
        self._tests: dict[Kind, Callable[[_Part, Sequence[int]], bool]] = {
            Kind.POINTER: lambda part, words: self._room(words[0], part.size, part.pointers),
            Kind.STRING: lambda part, words: not words[1] or self._room(words[0], words[1], False),
            Kind.SLICE: self._slice,
            Kind.INTERFACE: lambda part, words: not words[0] or self._is_type(words[0], part.pointers),
        }

    def impossible(self, type: GoType, address: int) -> bool:
        """Whether most entries of the map whose header is at ADDRESS cannot be of that TYPE. (A few may be damaged.)

        Raises LayoutError and ReadError.
        """
        sides = _judged(type.key), _judged(type.elem)
        if not any(sides):
            return False
        looked_at = wrong = 0
        for entry in islice(open_map(self._program, type, address).entries(), _MOST):
            if isinstance(entry, Entry):
                looked_at += 1
                cells = zip((entry.key, entry.elem), sides, strict=True)
                wrong += not all(self._possible(cell, part) for cell, parts in cells for part in parts)
        return 2 * wrong > looked_at

    def _possible(self, cell: Cell | ReadError, part: _Part) -> bool:
        if isinstance(cell, ReadError):
            return False
        at = cell.offset + part.offset
        if part.kind is Kind.BOOL:
            return cell.buffer[at] <= 1
        words = [
            int.from_bytes(cell.buffer[place : place + self._word], self._order)
            for place in range(at, at + part.kind.fixed_size(self._word), self._word)
        ]
        return self._tests[part.kind](part, words)

    def _slice(self, part: _Part, words: Sequence[int]) -> bool:
        start, length, capacity = words
        return length <= capacity < 1 << 48 and (not capacity or self._room(start, capacity * part.size, part.pointers))

    def _room(self, address: int, size: int, pointers: bool) -> bool:
        """Whether a value of SIZE bytes can be at ADDRESS; 0 is a nil pointer."""
        there = self._heap.at(address) if address else None
        if not isinstance(there, HeapObject):
            return not isinstance(there, _NOTHING)
        return 0 <= there.offset <= there.size - size and not (pointers and there.span.noscan)

    def _is_type(self, word: int, methods: bool) -> bool:
        try:
            self._types.descriptors.common(self._types.in_itab(word) if methods else word)
        except (LayoutError, ReadError):
            return False
        return True


@kept_with_type
def _judged(type: GoType) -> list[_Part]:
    """The parts of values of TYPE of which not every content is possible."""
    return list(islice(_parts(type, 0), _MOST_PARTS))


def _parts(type: GoType, offset: int) -> Iterator[_Part]:
    kind = type.kind
    if kind is Kind.STRUCT:
        for field in type.fields:
            if field.name != "_":
                yield from _parts(field.type, offset + field.offset)
    elif kind is Kind.ARRAY:
        for number in range(min(type.length, _MOST_PARTS)):
            yield from _parts(type.elem, offset + number * type.elem.size)
    elif kind is Kind.BOOL:
        yield _Part(offset, kind, 0, False)
    elif kind in (Kind.POINTER, Kind.SLICE) and has_pointers(type):
        yield _Part(offset, kind, type.elem.size, has_pointers(type.elem))
    elif kind in (Kind.MAP, Kind.CHAN):
        yield _Part(offset, Kind.POINTER, type.header.size, kind is Kind.MAP)
    elif kind in (Kind.STRING, Kind.INTERFACE):
        yield _Part(offset, kind, 0, type.find("tab") is not None)
