"""Some of a map's keys, read as a type says, and what the bits of each one's hash have to be where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from gomap.maps.classic import MIN_TOP_HASH, ClassicMap
from gomap.maps.model import Bucket, Cell, GoMap, Part, Selection, Table
from gomap.maps.probing import H2_BITS
from gomap.maps.swiss import SwissMap

__all__ = ["Sample", "Samples", "sampled"]

#: Keys of one map that are looked at.
_MOST = 8
#: Buckets or groups that are searched for them.
_MOST_PARTS = 1 << 12


class Sample(NamedTuple):
    """A key.

    Attributes:
        key: its bytes; None: it is kept elsewhere, and cannot be read there.
        fits: whether a hash is one that a key which stands there can have.
        chance: that any hash is.
    """

    key: bytes | None
    fits: Callable[[int], bool]
    chance: float


class Samples(NamedTuple):
    """Up to 8 keys of a map, the first ones in storage order (of a growing map: of either array), and their seed."""

    seed: int
    keys: Sequence[Sample]


def sampled(map: GoMap) -> Samples:
    """The samples of MAP, by the type that it was opened as."""
    made = _classic(map) if isinstance(map, ClassicMap) else _swiss(map) if isinstance(map, SwissMap) else iter(())
    return Samples(map.seed, list(islice(made, _MOST)))


def _classic(map: ClassicMap) -> Iterator[Sample]:
    top_at = 8 * (map.target.pointer_size - 1)
    parts: Iterator[Part] = map.walk()
    if map.oldbuckets:
        # A walk comes last to what has not moved yet, which is nearly all where the growth has just begun.
        each = (map.walk(Selection(bucket=number)) for number in range(map.oldbuckets))
        parts = chain.from_iterable(each)
    for part in islice(parts, _MOST_PARTS):
        if isinstance(part, Bucket):
            mask = (map.oldbuckets if part.role.startswith("old") else map.buckets) - 1
            for mark, key in _keys(part, map.key.size):
                yield Sample(key, _top_and_bucket(mark, top_at, mask, part.index), 2 / 256 / (mask + 1))


def _top_and_bucket(mark: int, top_at: int, mask: int, index: int) -> Callable[[int], bool]:
    """tophash in runtime/map.go: values that mean something else are passed over."""
    tops = {mark, mark - MIN_TOP_HASH} if mark < 2 * MIN_TOP_HASH else {mark}
    return lambda key_hash: key_hash >> top_at in tops and key_hash & mask == index


def _swiss(map: SwissMap) -> Iterator[Sample]:
    shift, entries = map.index_shift, range(1)
    for part in islice(map.walk(), _MOST_PARTS):
        if isinstance(part, Table):
            entries = range(part.first, part.last + 1)
        elif isinstance(part, Bucket):
            chance = len(entries) / map.believed if not map.small else 1.0
            for mark, key in _keys(part, map.key.size):
                yield Sample(key, _h2_and_entry(mark, shift, entries), chance / (1 << H2_BITS))


def _h2_and_entry(mark: int, shift: int, entries: range) -> Callable[[int], bool]:
    return lambda key_hash: key_hash & (1 << H2_BITS) - 1 == mark and key_hash >> shift in entries


def _keys(bucket: Bucket, size: int) -> Iterator[tuple[int, bytes | None]]:
    """The marks of the slots of BUCKET that have an entry, each with the bytes of its key."""
    full = (mark for mark, state in zip(bucket.marks, bucket.states, strict=True) if state == "full")
    for mark, entry in zip(full, bucket.entries(), strict=True):
        cell = entry.key
        yield mark, cell.buffer[cell.offset : cell.offset + size] if isinstance(cell, Cell) else None
