"""Maps of buckets with overflow chains: Go up to 1.23, and 1.24 and 1.25 built with GOEXPERIMENT=noswissmap.

Source: runtime/map.go (map_noswiss.go). An ``hmap`` has 2^B buckets of eight slots; a full bucket goes on in a chain
of overflow buckets. A slot's tophash is a state below minTopHash, else the top byte of its key's hash. While the map
grows, entries move from oldbuckets to buckets one old bucket at a time, so each live entry stands either in an old
bucket that is not yet evacuated, or in a new one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gomap.maps.blocks import Gap, blocks, gap_note
from gomap.maps.layout import ClassicLayout, classic_layout
from gomap.maps.model import LIVE, Bucket, GoMap, Part, Selection
from gomap.maps.notes import (
    AbsurdB,
    BrokenChain,
    ChainTrouble,
    CountTooLarge,
    NilBuckets,
    NoSuchBucket,
    Note,
    UnusedUnreadable,
)
from gomap.maps.slots import SlotReader, slots_in
from gomap.program.gotypes import GoType
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = ["ClassicMap", "live_slots", "unknown_flags"]

# tophash values, from runtime/map.go.
EMPTY_REST = 0
EMPTY_ONE = 1
EVACUATED_X = 2
EVACUATED_Y = 3
EVACUATED_EMPTY = 4
MIN_TOP_HASH = 5
#: 1 for the state of full slots (see STATE_OF), 0 for the others.
IS_FULL = bytes(state == MIN_TOP_HASH for state in range(256))
#: The state of a slot by its tophash.
STATES = ("emptyRest", "emptyOne", "evacuatedX", "evacuatedY", "evacuatedEmpty") + ("full",) * 251

# flags, from runtime/map.go.
HASH_WRITING = 4
SAME_SIZE_GROW = 8
FLAGS = ((1, "iterator"), (2, "oldIterator"), (HASH_WRITING, "hashWriting"), (SAME_SIZE_GROW, "sameSizeGrow"))
_KNOWN_FLAGS = sum(bit for bit, _ in FLAGS)

#: noverflow counts exactly below this B, and by chance above: incrnoverflow in runtime/map.go.
EXACT_B = 16
#: No healthy chain comes near.
_MOST_IN_CHAIN = 1 << 12


class ClassicMap(GoMap):
    """An ``hmap``."""

    kind = "classic"
    writing_field, count_field = "flags", "count"
    _hexadecimal = frozenset({"flags", "hash0", "buckets", "oldbuckets", "extra"})

    def __init__(self, target: Target, map_type: GoType, address: int) -> None:
        """Raises LayoutError, and ReadError where the header cannot be read."""
        self.layout: ClassicLayout = classic_layout(map_type, target)
        super().__init__(target, map_type, address, self.layout.header, self.layout.places)
        self._slots = SlotReader(target, self.places)

    @property
    def count(self) -> int:
        return self.header["count"]

    @property
    def being_written(self) -> bool:
        return bool(self.header["flags"] & HASH_WRITING)

    @property
    def seed(self) -> int:
        return self.header["hash0"]

    @property
    def buckets(self) -> int:
        """How many buckets there are; 0 for a nil map, for one that has none yet, and where B is absurd."""
        return 0 if not self.header["buckets"] or self.absurd_b else 1 << self.header["B"]

    @property
    def oldbuckets(self) -> int:
        """How many buckets the map had before the growth that is under way; 0 if none is."""
        if not self.header["oldbuckets"] or self.absurd_b:
            return 0
        b = self.header["B"]
        return 1 << (b if self.header["flags"] & SAME_SIZE_GROW else max(b - 1, 0))

    def totals(self, selection: Selection) -> Sequence[tuple[str, int]]:
        old = self.oldbuckets if selection.old else max(0, self.oldbuckets - self.header["nevacuate"])
        if selection.bucket is not None:
            return [("bucket", int(selection.bucket < self.buckets)), ("old bucket", min(old, 1))]
        return [("bucket", self.buckets), ("old bucket", old)]

    def walk(self, selection: Selection = LIVE) -> Iterator[Part]:
        if not self.address:
            return
        yield from self.notes()
        seen: set[int] = set()
        if selection.bucket is None:
            yield from self._array("bucket", 0, self.buckets, seen)
            yield from self._old(0, self.oldbuckets, selection.old, seen)
        elif not 0 <= selection.bucket < self.buckets:
            yield NoSuchBucket(self.address, selection.bucket, self.buckets)
        else:
            yield from self._array("bucket", selection.bucket, selection.bucket + 1, seen)
            if self.oldbuckets:
                old = selection.bucket % self.oldbuckets
                yield from self._old(old, old + 1, selection.old, seen)
        if selection.unused:
            yield from self._unused()

    def notes(self) -> Iterator[Note]:
        header = self.header
        if self.absurd_b:
            yield AbsurdB(self.field_address("B"), header["B"], self.places.size)
        elif not header["buckets"] and (self.count or header["B"]):
            field = "buckets" if self.count else "B"
            yield NilBuckets(self.field_address(field), self.count, header["B"])
        elif self.buckets and not self.plausible_count():
            yield CountTooLarge(self.field_address("count"), self.count, self.buckets)

    def read_bucket(self, role: str, index: int, address: int) -> Bucket:
        """The bucket at ADDRESS alone, all of whose full slots count as live. Raises ReadError."""
        return self._bucket(role, index, address, self.target.memory.read(address, self.places.size), 0, False)

    def plausible_count(self) -> bool:
        """Whether the count is one that a map of so many buckets can have.

        Growth keeps the average at 6.5 entries a bucket or below; twice what the slots hold is beyond doubt.
        """
        return 0 <= self.count <= 2 * self.places.slots * max(self.buckets, 1)

    @property
    def absurd_b(self) -> bool:
        """Whether so many buckets fit in no address space."""
        # Go's heap addresses have 48 bits at most (runtime/malloc.go: heapAddrBits).
        room = min(48, 8 * self.target.pointer_size)
        return self.header["B"] >= room or self.places.size << self.header["B"] > 1 << room

    def _old(self, first: int, end: int, evacuated: bool, seen: set[int]) -> Iterator[Part]:
        for part in self._array("old bucket", first, end, seen):
            if evacuated or not (isinstance(part, Bucket) and part.evacuated):
                yield part

    def _array(self, role: str, first: int, end: int, seen: set[int]) -> Iterator[Part]:
        """Buckets FIRST to END - 1 of an array, each with its chain; SEEN: all overflow buckets of the walk so far."""
        old = role == "old bucket"
        base = self.header["oldbuckets" if old else "buckets"]
        size = self.places.size
        for block in blocks(self.target.memory, base, size, first, end):
            if isinstance(block, Gap):
                yield gap_note(role, block)
                continue
            for number in range(block.length):
                offset = number * size
                marks = self._marks(block.buffer, offset)
                evacuated = old and EVACUATED_X <= marks[0] <= EVACUATED_EMPTY
                bucket = self._bucket(
                    role, block.first + number, block.address + offset, block.buffer, offset, evacuated
                )
                yield bucket
                if bucket.overflow:
                    yield from self._chain(bucket, seen)

    def _chain(self, head: Bucket, seen: set[int]) -> Iterator[Part]:
        """The overflow buckets behind HEAD, up to one that the walk has SEEN or will come to by itself."""
        role = "old overflow" if head.role == "old bucket" else "overflow"
        chain = {head.address}
        last, size = head, self.places.size
        while last.overflow:
            address = last.overflow
            if address in chain:
                trouble, detail = ChainTrouble.CIRCLE, 0
            elif address in seen or self._in_array(address):
                trouble, detail = ChainTrouble.OTHER_CHAIN, 0
            elif len(chain) > _MOST_IN_CHAIN:
                trouble, detail = ChainTrouble.TOO_LONG, _MOST_IN_CHAIN
            else:
                chain.add(address)
                seen.add(address)
                try:
                    buffer = self.target.memory.read(address, size)
                except ReadError as error:
                    trouble, detail = ChainTrouble.UNREADABLE, error.address
                else:
                    last = self._bucket(role, head.index, address, buffer, 0, head.evacuated)
                    yield last
                    continue
            yield BrokenChain(address, last.role, head.index, last.address, trouble, detail)
            return

    def _in_array(self, address: int) -> bool:
        """Whether a bucket of an array, which heads a chain, stands at ADDRESS."""
        size = self.places.size
        return any(
            base <= address < base + count * size and (address - base) % size == 0
            for base, count in ((self.header["buckets"], self.buckets), (self.header["oldbuckets"], self.oldbuckets))
        )

    def _unused(self) -> Iterator[Part]:
        """The preallocated overflow buckets that no chain has taken yet: from extra.nextOverflow to the end mark."""
        extra = self.layout.extra
        if extra is None or not self.header["extra"]:
            return
        try:
            address = extra.read(self.header["extra"])["nextOverflow"]
            # makeBucketArray adds 2^(B-4) of them and rounds the whole array up to a size class: less than half again.
            for _ in range(self.buckets >> 1 if address else 0):
                buffer = self.target.memory.read(address, self.places.size)
                bucket = self._bucket("unused overflow", 0, address, buffer, 0, False)
                yield bucket
                if bucket.overflow:  # the last one's points at buckets, as an end mark
                    return
                address += self.places.size
        except ReadError as error:
            yield UnusedUnreadable(error.address)

    def _bucket(self, role: str, index: int, address: int, buffer: bytes, offset: int, evacuated: bool) -> Bucket:
        at = offset + self.layout.overflow
        marks = self._marks(buffer, offset)
        return Bucket(
            role,
            index,
            address,
            marks,
            () if evacuated or role == "unused overflow" else live_slots(marks),
            STATES,
            self._slots.entry(buffer, offset, address),
            int.from_bytes(buffer[at : at + self.target.pointer_size], self.target.byte_order),
            evacuated,
        )

    def _marks(self, buffer: bytes, offset: int) -> bytes:
        start = offset + self.places.marks
        return buffer[start : start + self.places.slots]


def unknown_flags(flags: int) -> int:
    """The bits that no Go version defines."""
    return flags & ~_KNOWN_FLAGS


#: Every tophash byte to its state; those of full slots all to one. Few patterns of eight such bytes occur.
STATE_OF = bytes(min(byte, MIN_TOP_HASH) for byte in range(256))


def live_slots(marks: bytes) -> tuple[int, ...]:
    """Which of a bucket's slots are full, by its tophash bytes."""
    return slots_in(MIN_TOP_HASH, marks.translate(STATE_OF))
