"""Which object points to which: all pointers of the heap in the order of the objects that hold them.

One pass over all spans with objects that may hold pointers. Of each pointer three numbers are kept: the object that it
leads to, where in its own object it stands, and, where it leads to the middle of the other, how far in. What leads to
the program's data is kept aside.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Sequence
from itertools import accumulate, compress

from gomap.census.objects import Objects, SpanOfObjects
from gomap.goruntime.pointermaps import PointerMaps
from gomap.goruntime.spans import PAGE
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["Pointers", "both", "words_in"]

_PAGE_SHIFT = PAGE.bit_length() - 1


class Pointers:
    """The pointers.

    Args:
        objects: the objects, as numbered.
        maps: which of their words are pointers.
        data: from where to where the program's data is.
        progress: told how far it is.

    Attributes:
        ends: of each object, where in the following its pointers end; they begin where those of the one before end.
        targets: the object that a pointer leads to.
        places: where it stands, in bytes from the beginning of its object's data.
        inner: how far into the other object's data it leads, by the pointer's number; 0 where it is not there.
        to_data: pointers to the program's data: place and value, by object.
        damage: what could not be read.
    """

    def __init__(
        self,
        program: Program,
        objects: Objects,
        maps: PointerMaps,
        data: Sequence[tuple[int, int]],
        progress: Callable[[str], None],
    ) -> None:
        self.targets = array("I")
        self.places = array("I")
        self.inner: dict[int, int] = {}
        self.to_data: dict[int, list[tuple[int, int]]] = {}
        self.damage: list[str] = []
        self._program = program
        self._objects = objects
        self._data = (min((start for start, _ in data), default=0), max((end for _, end in data), default=0))
        self._counts = array("I", bytes(4 * len(objects)))
        for number, span in enumerate(objects.spans):
            if not number & 63:
                progress(f"pointers of {span.first} of {len(objects)} objects followed")
            if not span.state.span.noscan:
                self._take(span, maps)
        self.ends = array("I", accumulate(self._counts))
        del self._counts

    def of(self, number: int) -> range:
        """The numbers of an object's pointers."""
        return range(self.ends[number - 1] if number else 0, self.ends[number])

    def _take(self, of: SpanOfObjects, maps: PointerMaps) -> None:
        span, first = of.state.span, of.first
        try:
            buffer = self._program.memory.read(span.start, span.size)
            pointers = maps.of(of.state, buffer)
        except ReadError as error:
            self.damage.append(f"pointers in the span at {span.start:#x} are left out: {error}")
            return
        used = self._objects.used
        word = self._program.pointer_size
        each = span.elemsize // word
        if not each:
            return
        mine = used[first : first + span.nelems]
        if 0 in mine:  # what stands in free ones means nothing
            keep = b"".join(map((bytes(each), b"\1" * each).__getitem__, mine)).ljust(len(pointers), b"\0")
            pointers = both(pointers, keep)
        else:
            pointers = pointers[: span.nelems * each]
        words = words_in(buffer, self._program)
        targets, places, inner, counts = self.targets, self.places, self.inner, self._counts
        pages, header = self._objects.pages, span.header
        lowest, highest = self._data
        previous, number, start_word = -1, first, 0
        for at, value in zip(compress(range(len(words)), pointers), compress(words, pointers), strict=False):
            if not value:
                continue
            entry = pages.get(value >> _PAGE_SHIFT)
            if entry is None:
                if lowest <= value < highest:
                    index = at // each
                    place = (at - index * each) * word - header
                    self.to_data.setdefault(first + index, []).append((place, value))
                continue
            start, elemsize, base, nelems, head = entry
            index, offset = divmod(value - start, elemsize)
            target = base + index
            if index >= nelems or not used[target]:
                continue
            mine_index = at // each
            if mine_index != previous:
                previous, number, start_word = mine_index, first + mine_index, mine_index * each
            if offset != head:
                inner[len(targets)] = offset - head
            targets.append(target)
            places.append((at - start_word) * word - header)
            counts[number] += 1


def words_in(buffer: bytes, program: Program) -> array[int]:
    """The words of BUFFER as numbers; bytes at its end that fill no word are left out."""
    size = program.pointer_size
    words = array("Q" if size == 8 else "I")
    words.frombytes(buffer[: len(buffer) // size * size])
    if program.byte_order != sys.byteorder:
        words.byteswap()
    return words


def both(one: bytes, other: bytes) -> bytes:
    """1 where both have one, of as many bytes that are 0 or 1."""
    return (int.from_bytes(one, "little") & int.from_bytes(other, "little")).to_bytes(len(one), "little")
