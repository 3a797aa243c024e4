"""Iterators over maps of buckets: runtime.hiter.

Source: mapiterinit and mapiternext in runtime/map.go. An hiter starts in a random bucket (startBucket) and goes through
all of them, around the end of the array (wrapped), in each from a random slot on (offset). It stays in the array that
it began with: where entries have moved on since, their keys are looked up in the map as it is now. Where the map was
growing already as it began, it visits, for a bucket that is not filled yet, what of the old bucket belongs there
(checkBucket).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple, Union

from gomap.maps.classic import EMPTY_ONE, EVACUATED_EMPTY, EVACUATED_X, EVACUATED_Y, SAME_SIZE_GROW, ClassicMap
from gomap.maps.iterators.model import MOST_VISITED, End, MapIterator, Place, Progress, Untold, Visit, told
from gomap.maps.model import Cell, Entry
from gomap.maps.slots import SlotReader
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.structs import Struct
from gomap.program.target import pointer_at

__all__ = ["ClassicIterator"]

#: No healthy chain comes near.
_MOST_IN_CHAIN = 1 << 12


class _Stand(NamedTuple):
    """Where an hiter is: its fields bucket, bptr, i, checkBucket and wrapped."""

    bucket: int
    bptr: int
    i: int
    check: int
    wrapped: int


class ClassicIterator(MapIterator):
    """An hiter."""

    map: ClassicMap
    _hexadecimal = frozenset[str]()

    def __init__(self, program: Program, layout: Struct, address: int, map: ClassicMap) -> None:
        """Raises ReadError."""
        super().__init__(program, layout, address, map)
        self._slots = SlotReader(program, map.places)
        self._no_check = (1 << 8 * program.pointer_size) - 1

    @property
    def plausible(self) -> bool:
        fields, header, slots = self.fields, self.map.header, self.map.places.slots
        if not self.map.buckets or fields["B"] > header["B"] or fields["offset"] >= slots or fields["i"] > slots:
            return False
        buckets = 1 << fields["B"]
        return (
            fields["wrapped"] <= 1
            and fields["startBucket"] < buckets
            and fields["bucket"] < buckets
            and (fields["checkBucket"] < buckets or fields["checkBucket"] == self._no_check)
            and fields["buckets"] != 0
            and (not fields["key"] or fields["bptr"] != 0)
            and (fields.get("clearSeq", 0) <= header.get("clearSeq", 0))
        )

    @property
    def leads(self) -> Sequence[tuple[int, int]]:
        fields, size = self.fields, self.map.places.size
        leads = [(fields["buckets"], size << fields["B"])]
        return [*leads, (fields["bptr"], size)] if fields["bptr"] else leads

    @property
    def progress(self) -> Progress:
        if self.fields["key"]:
            return Progress.AT_ENTRY
        # A map with entries has one to begin with; so without a bucket it has not come to any yet.
        return Progress.AT_END if self.fields["bptr"] or self.fields["wrapped"] else Progress.NOT_BEGUN

    @property
    def place(self) -> Place:
        """Where the key is that it is at."""
        fields = self.fields
        index = fields["bucket"] - 1 & (1 << fields["B"]) - 1
        try:
            role, link = self._found(index, fields["bptr"])
        except ReadError:
            role, link = "bucket", 0
        return Place(
            role, self._number(role, index), link, None, (fields["i"] - 1 + fields["offset"]) % self.map.places.slots
        )

    def upcoming(self) -> Iterator[Union[Visit, Untold]]:
        fields = self.fields
        names = ("bucket", "bptr", "i", "checkBucket", "wrapped")
        stand = _Stand._make(fields[name] for name in names)
        if self.progress is Progress.AT_END:
            return iter(())
        return told(self._walk(stand, None))

    def passed(self) -> Iterator[Union[Visit, Untold]]:
        fields = self.fields
        if self.progress is Progress.NOT_BEGUN:
            return iter(())
        end = None if self.progress is Progress.AT_END else (fields["bucket"], fields["bptr"], fields["i"])
        return told(self._walk(_Stand(fields["startBucket"], 0, 0, self._no_check, 0), end))

    def _walk(self, stand: _Stand, end: tuple[int, int, int] | None) -> Iterator[Union[Visit, Untold]]:
        """What mapiternext comes to, called again and again, from STAND on.

        END: bucket, bptr and i of the hiter where to stop; None: at its end.
        """
        bucket, b, i, check, wrapped = stand
        start, mask = self.fields["startBucket"], (1 << self.fields["B"]) - 1
        link = visited = 0
        index, role = bucket - 1 & mask, "bucket"
        if b:
            role, link = self._found(index, b)
        while visited < MOST_VISITED:
            if not b:
                if bucket == start and wrapped:
                    if end is not None:
                        yield Untold(self.address, End.LOST)
                    return
                index, link, i = bucket, 0, 0
                b, check, role = self._bucket(bucket)
                bucket = bucket + 1 & mask
                wrapped |= not bucket
            chain = set()
            while b:
                chain.add(b)
                visited += 1
                if len(chain) > _MOST_IN_CHAIN:
                    yield Untold(b, End.CHAIN)
                    return
                place = Place(role, self._number(role, index), link, None, 0)
                stop = end[2] if end is not None and end[:2] == (bucket, b) else None
                overflow = yield from self._in_bucket(b, i, stop, check, place)
                if stop is not None:
                    return
                if overflow in chain:
                    yield Untold(overflow, End.CHAIN)
                    return
                b, i, link = overflow, 0, link + 1
        yield Untold(self.address, End.MANY)

    def _bucket(self, number: int) -> tuple[int, int, str]:
        """The bucket at the head of that number's chain, checkBucket for it, and what it is."""
        header, size = self.map.header, self.map.places.size
        if header["oldbuckets"] and self.fields["B"] == header["B"]:
            old = header["oldbuckets"] + (number & self.map.oldbuckets - 1) * size
            first = self.program.memory.read(old + self.map.places.marks, 1)[0]
            if not EVACUATED_X <= first <= EVACUATED_EMPTY:
                return old, number, "old bucket"
        return self.fields["buckets"] + number * size, self._no_check, "bucket"

    def _number(self, role: str, index: int) -> int:
        """The number in its own array of the bucket that stands for that of number INDEX."""
        return index & max(self.map.oldbuckets, 1) - 1 if role == "old bucket" else index

    def _in_bucket(
        self, b: int, first: int, stop: int | None, check: int, place: Place
    ) -> Generator[Union[Visit, Untold], None, int]:
        """What it visits in the bucket at B, from its FIRST slot by its own order to that before STOP.

        Returns the address of the overflow bucket.
        """
        places, order = self.map.places, self.program.byte_order
        buffer = self.program.memory.read(b, places.size)
        marks = buffer[places.marks : places.marks + places.slots]
        entry = self._slots.entry(buffer, 0, b)
        for i in range(first, places.slots if stop is None else stop):
            slot = (i + self.fields["offset"]) % places.slots
            if marks[slot] <= EMPTY_ONE or marks[slot] == EVACUATED_EMPTY:
                continue
            found = self._given(entry(slot), marks[slot], check)
            if found is not None:
                yield Visit(found, place._replace(slot=slot))
        at = self.map.layout.overflow
        return int.from_bytes(buffer[at : at + self.program.pointer_size], order)

    def _given(self, entry: Entry, mark: int, check: int) -> Entry | None:
        """What it gives for a slot that is not empty; None if it passes it by. Raises UntoldError, ReadError."""
        header = self.map.header
        key = entry.key
        if not isinstance(key, Cell):
            raise key
        if check != self._no_check and not header["flags"] & SAME_SIZE_GROW:
            b = self.fields["B"]
            hash = self.current.hash(key)
            if hash is None:  # a NaN: the low bit of its tophash says where it will go
                if check >> (b - 1) != mark & 1:
                    return None
            elif hash & (1 << b) - 1 != check:
                return None
        same = self.fields.get("clearSeq", 0) == header.get("clearSeq", 0)
        if same and (mark not in (EVACUATED_X, EVACUATED_Y) or not self.current.equals_itself(key)):
            return entry
        return self.current.of(key)

    def _found(self, index: int, b: int) -> tuple[str, int]:
        """In which array the chain begins that B is in, and its how manieth overflow bucket B is."""
        header, size = self.map.header, self.map.places.size
        heads = [("bucket", self.fields["buckets"] + index * size)]
        if self.map.oldbuckets:
            heads.append(("old bucket", header["oldbuckets"] + (index & self.map.oldbuckets - 1) * size))
        for role, head in heads:
            at, link = head, 0
            while at and link <= _MOST_IN_CHAIN:
                if at == b:
                    return role, link
                at, link = pointer_at(self.program, at + self.map.layout.overflow), link + 1
        return "former bucket", 0
