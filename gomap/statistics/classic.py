"""The figures of a map of buckets: block by block, and bucket by bucket only where there is a chain.

A lookup comes to the bucket that the hash names, or to the old one if that is not evacuated, and to the overflow
buckets behind it, until it finds the key, or emptyRest, or the chain ends. Source: mapaccess1 in runtime/map.go.
"""

from __future__ import annotations

from itertools import compress
from typing import NamedTuple

from gomap.goruntime.allocator import Allocator
from gomap.maps.blocks import Block, Gap, blocks, gap_note
from gomap.maps.classic import (
    EMPTY_ONE,
    EMPTY_REST,
    EVACUATED_EMPTY,
    EVACUATED_X,
    IS_FULL,
    STATE_OF,
    ClassicMap,
    live_slots,
)
from gomap.maps.model import Bucket, Selection
from gomap.maps.rebuilding import PREALLOCATING_B
from gomap.maps.slots import all_marks, row_sums
from gomap.program.memory import ReadError
from gomap.statistics.expected import bucket_lengths, poisson
from gomap.statistics.model import EndlessChain, Statistics, Taken, UnreadableChain

__all__ = ["measure_classic"]

_IS_ONE = bytes(state == EMPTY_ONE for state in range(256))
_IS_EVACUATED = bytes(EVACUATED_X <= state <= EVACUATED_EMPTY for state in range(256))
_MOST_IN_CHAIN = 1 << 12


class _Overflow(NamedTuple):
    """What hangs behind buckets of one array: how many, and how many of these are not part of that array's object."""

    number: int
    apart: int


def measure_classic(map: ClassicMap, figures: Statistics, allocator: Allocator | None) -> None:
    """Fill in FIGURES."""
    size, header = map.places.size, map.header
    unused = sum(
        isinstance(part, Bucket) and part.role == "unused overflow"
        for part in (map.walk(Selection(bucket=0, unused=True)) if map.buckets else ())
    )
    measuring = _Measuring(map, figures)
    evacuated = measuring.old() if map.oldbuckets else None
    old_overflow = measuring.overflow
    measuring.overflow = _Overflow(0, 0)
    if map.buckets:
        measuring.array("bucket", header["buckets"], map.buckets, evacuated)
    overflow = measuring.overflow
    extra = map.layout.extra.size if map.layout.extra is not None and header.get("extra") else 0
    rows = (
        ("header", 1, map.header_size),
        ("mapextra", int(bool(extra)), extra),
        ("buckets", map.buckets, size),
        ("overflow buckets", overflow.number, size),
        ("preallocated, not in use", unused, size),
        ("old buckets", map.oldbuckets, size),
        ("old overflow buckets", old_overflow.number, size),
    )
    figures.taken = [Taken(what, number, number * each) for what, number, each in rows if number]
    figures.slots = (map.buckets + overflow.number) * map.places.slots
    if allocator is not None:
        figures.allocated = _allocated(map, allocator, (overflow, old_overflow), extra)
    if map.buckets and not map.oldbuckets and not figures.trouble:
        figures.expected_fill = poisson(figures.entries, map.buckets)
        lengths = bucket_lengths(figures.entries, map.buckets, map.places.slots)
        figures.expected_hits, figures.expected_misses = lengths


def _allocated(map: ClassicMap, allocator: Allocator, overflows: tuple[_Overflow, _Overflow], extra: int) -> int:
    """Bytes that the allocator gave for header, mapextra, both arrays, and overflow buckets that are not in them."""
    size, pointers = map.places.size, map.places.pointers
    total = allocator.taken(map.header_size, True) + (allocator.taken(extra, True) if extra else 0)
    for count in (map.buckets, map.oldbuckets):
        if count:
            total += allocator.taken(_made(count) * size, pointers)
    return total + sum(overflow.apart for overflow in overflows) * allocator.taken(size, pointers)


def _made(count: int) -> int:
    """How many buckets the array of so many was made with (see makeBucketArray)."""
    return count + (count >> PREALLOCATING_B if count >> PREALLOCATING_B else 0)


class _Measuring:
    """What goes through the arrays.

    Attributes:
        overflow: what was seen behind the current array.
    """

    def __init__(self, map: ClassicMap, figures: Statistics) -> None:
        self._map = map
        self._figures = figures
        self._places = map.places
        self.overflow = _Overflow(0, 0)

    def old(self) -> bytes:
        """Measures the old buckets that are not evacuated; a byte for each of all that is 1 if it is evacuated."""
        map = self._map
        evacuated = bytearray(map.oldbuckets)
        for block in blocks(
            map.target.memory, map.header["oldbuckets"], self._places.size, 0, map.oldbuckets, scan=True
        ):
            if isinstance(block, Gap):
                self._figures.trouble.append(gap_note("old bucket", block))
                continue
            first = block.buffer[self._places.marks :: self._places.size].translate(_IS_EVACUATED)
            evacuated[block.first : block.first + block.length] = first
        self.array("old bucket", map.header["oldbuckets"], map.oldbuckets, bytes(evacuated))
        return bytes(evacuated)

    def array(self, role: str, base: int, count: int, evacuated: bytes | None) -> None:
        """An array. EVACUATED: which old buckets are; None where nothing grows."""
        map = self._map
        # A hash leads to one of the new buckets, or instead to the old one that goes there.
        weight = max(1, map.buckets // map.oldbuckets) if role == "old bucket" else 1
        for block in blocks(map.target.memory, base, self._places.size, 0, count, scan=True):
            if isinstance(block, Gap):
                self._figures.trouble.append(gap_note(role, block))
            else:
                self._block(role, block, evacuated, weight)

    def _block(self, role: str, block: Block, evacuated: bytes | None, weight: int) -> None:
        places, figures = self._places, self._figures
        slots, size = places.slots, places.size
        states = all_marks(block.buffer, places, reverse=False).translate(STATE_OF)
        live, ones = row_sums(states.translate(IS_FULL), slots), row_sums(states.translate(_IS_ONE), slots)
        came_to = self._came_to(role, block, evacuated)
        chained = self._chained(block)
        alone = bytearray(came_to)
        for number in chained:
            alone[number] = 0
        # Buckets without overflow buckets: all together.
        entries = bytes(compress(live, alone))
        figures.fill.update(entries)
        figures.chains[0] += len(entries)
        figures.hits.add(1, sum(entries))
        figures.misses.add(1, weight * len(entries))
        figures.entries += sum(entries)
        figures.deleted += sum(compress(ones, alone))
        if role == "bucket" and 0 in came_to:
            figures.entries += sum(each for each, came in zip(live, came_to, strict=True) if not came)
        for number, overflow in chained.items():
            head = block.address + number * size
            if came_to[number]:
                own = states[number * slots : (number + 1) * slots]
                self._chain(head, own, live[number], overflow, weight)
            else:
                self._links(head, overflow)

    def _came_to(self, role: str, block: Block, evacuated: bytes | None) -> bytes:
        """Which buckets of a block lookups come to, a byte each."""
        if evacuated is None:
            return bytes([1]) * block.length
        if role == "old bucket":
            return bytes(1 - each for each in evacuated[block.first : block.first + block.length])
        mask = len(evacuated) - 1
        return bytes(evacuated[number & mask] for number in range(block.first, block.first + block.length))

    def _chained(self, block: Block) -> dict[int, int]:
        """The overflow pointers that are not nil, by number in the block."""
        word, size, at = self._map.target.pointer_size, self._places.size, self._map.layout.overflow
        some = 0
        for byte in range(word):
            some |= int.from_bytes(block.buffer[at + byte :: size], "little")
        if not some:
            return {}
        order = self._map.target.byte_order
        return {
            number: int.from_bytes(block.buffer[number * size + at : number * size + at + word], order)
            for number, flag in enumerate(some.to_bytes(block.length, "little"))
            if flag
        }

    def _chain(self, head: int, states: bytes, live: int, overflow: int, weight: int) -> None:
        """One bucket and what hangs on it."""
        figures = self._figures
        links = [(states, live)]
        for marks in self._links(head, overflow):
            links.append((marks.translate(STATE_OF), len(live_slots(marks))))
        entries = sum(each for _, each in links)
        figures.entries += entries
        figures.deleted += sum(each.count(EMPTY_ONE) for each, _ in links)
        figures.fill[entries] += 1
        figures.chains[len(links) - 1] += 1
        end = next((number for number, (each, _) in enumerate(links, 1) if EMPTY_REST in each), len(links))
        figures.misses.add(end, weight)
        for number, (_, each) in enumerate(links, 1):
            if number <= end:
                figures.hits.add(number, each)
            else:
                figures.lost += each

    def _links(self, head: int, address: int) -> list[bytes]:
        """The tophash bytes of the overflow buckets behind HEAD; they count as overflow of the current array."""
        map, places = self._map, self._places
        seen, found, apart = {head}, list[bytes](), 0
        while address:
            if address in seen or len(found) >= _MOST_IN_CHAIN:
                self._figures.trouble.append(EndlessChain(head))
                break
            seen.add(address)
            try:
                data = map.target.memory.read(address, places.size)
            except ReadError as error:
                self._figures.trouble.append(UnreadableChain(head, error))
                break
            found.append(data[places.marks : places.marks + places.slots])
            apart += not self._in_array(address)
            at = map.layout.overflow
            address = int.from_bytes(data[at : at + map.target.pointer_size], map.target.byte_order)
        self.overflow = _Overflow(self.overflow.number + len(found), self.overflow.apart + apart)
        return found

    def _in_array(self, address: int) -> bool:
        """Whether an overflow bucket is one that was made with an array."""
        map, size = self._map, self._places.size
        return any(
            base <= address < base + _made(count) * size
            for base, count in ((map.header["buckets"], map.buckets), (map.header["oldbuckets"], map.oldbuckets))
        )
