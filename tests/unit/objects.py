"""The heap as a program itself knows it: the objects that its map consists of, and nothing else.

Stands in for gomap.goruntime.heap.Heap, which reads the runtime's own books; an image has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gomap.goruntime.answers import Answer, HeapObject, NotMapped, Span
from gomap.program.target import pointer_at
from tests.unit.realmaps import RealMap

__all__ = ["Objects"]


class Objects:
    """The objects of one map, according to its program: each just as large as it must be."""

    #: Nothing is known of how it rounds sizes up.
    allocator = None

    def __init__(self, real: RealMap) -> None:
        self._sizes = dict(_objects(real))

    def at(self, address: int) -> Answer:
        for start, size in self._sizes.items():
            if start <= address < start + size:
                return HeapObject(address, Span(0, start, size, size, 1, 1, False, 0), 0)
        return NotMapped(address)

    def freed(self, addresses: Iterable[int]) -> Iterator[Answer]:
        """Nothing: what keys and elements lead to is not under test."""
        yield from ()


def _objects(real: RealMap) -> Iterator[tuple[int, int]]:
    """Start and size of each object."""
    yield real.address, real.type.header.size
    buckets, size, word = real.truth["buckets"], real.places["size"], real.pointer_size
    if real.kind == "swiss":
        tables = real.truth["tables"]
        for table in tables:
            assert real.table is not None
            yield table["address"], real.table.size
            yield table["groups"], (table["length_mask"] + 1) * size
        yield real.header("dirPtr"), (tables[-1]["last"] + 1) * word if tables else size
        return
    if real.header("extra"):
        yield real.header("extra"), 3 * word
        image = real.target()
        for which in range(2):  # the lists of overflow buckets: a slice each, and what that leads to
            if slice_ := pointer_at(image, real.header("extra") + which * word):
                yield slice_, 3 * word
                yield pointer_at(image, slice_), pointer_at(image, slice_ + 2 * word) * word
    starts = {bucket["address"] for bucket in buckets}
    for field, role in (("buckets", "bucket"), ("oldbuckets", "old bucket")):
        count = sum(bucket["role"] == role for bucket in buckets)
        start, end = real.header(field), real.header(field) + count * size
        while count >= 16 and end in starts:  # makeBucketArray adds overflow buckets, in the same object
            end += size
        yield start, end - start
        starts -= set(range(start, end, size))
    for address in starts:
        yield address, size
