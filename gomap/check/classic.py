"""Checks a map of buckets: header, arrays, chains, and in bulk the slots with their keys.

Most buckets of most maps are as they must be, which shows in their eight tophash bytes, and of those few patterns
occur. So a block of buckets is unpacked at once and each pattern judged once; only chains, and buckets whose pattern
is not right, are looked at one by one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache

from gomap.check.chains import Chain, Link, chain_findings
from gomap.check.finding import Finding, rule
from gomap.check.header import count_mismatch, implausible, writing_flag
from gomap.check.keys import HASH_MISMATCH, MISPLACED, UNREADABLE, Keys
from gomap.check.listed import Listed
from gomap.check.pointers import Pointers
from gomap.check.records import Records
from gomap.maps.blocks import Block, Gap, blocks, gap_note
from gomap.maps.classic import (
    EMPTY_REST,
    EVACUATED_EMPTY,
    EVACUATED_X,
    EXACT_B,
    MIN_TOP_HASH,
    SAME_SIZE_GROW,
    STATE_OF,
    ClassicMap,
    flag_names,
    live_slots,
    unknown_flags,
)
from gomap.maps.model import counted
from gomap.maps.slots import slots_in
from gomap.target.memory import ReadError

__all__ = ["ClassicCheck"]

FLAGS_UNKNOWN = rule("flags-unknown", "flags has no bit that no Go version defines")
FLAGS_INCONSISTENT = rule("flags-inconsistent", "sameSizeGrow is set during growth only")
NOVERFLOW = rule("noverflow-mismatch", "noverflow counts the overflow buckets, exactly below B = 16")
BUCKETS = rule("dangling-buckets", "buckets leads to the bucket array", lasting=True)
OLDBUCKETS = rule("dangling-oldbuckets", "oldbuckets leads to the old bucket array", lasting=True)
OVERFLOW = rule("dangling-overflow", "an overflow pointer leads to a bucket that is in use", lasting=True)
LOOP = rule("chain-loop", "a chain ends", lasting=True)
SHARED = rule("chain-shared", "a bucket is on one chain only")
LOST = rule("evacuated-lost", "what an evacuated bucket held is in the new ones")

#: A chain longer than this is not followed to its end.
_MOST_IN_CHAIN = 1 << 16


class ClassicCheck:
    """One check of one map.

    Args:
        map: the map, not nil.
        pointers: judges where it leads.
        keys: its keys.
        written: whether a thread or goroutine is inside a map write, and the map's flag says so.

    Attributes:
        entries, buckets: how many were seen so far, overflow buckets included.
    """

    def __init__(self, map: ClassicMap, pointers: Pointers, keys: Keys, written: bool) -> None:
        self.map = map
        self._pointers = pointers
        self._keys = keys
        self._written = written
        self._places = places = map.places
        order, word = "<" if map.target.byte_order == "little" else ">", map.target.pointer_size
        between = map.layout.overflow - places.marks - places.slots
        # A bucket's tophash bytes and overflow pointer: all that its structure consists of.
        self._structure = struct.Struct(
            f"{order}{places.marks}x{places.slots}s{between}x{'Q' if word == 8 else 'I'}"
            f"{places.size - map.layout.overflow - word}x"
        )
        self._listed = Listed(map, pointers)
        self._owners: dict[int, str] = {}
        self._overflow = {"bucket": 0, "old bucket": 0}
        # Without a believable B there are no buckets to count in.
        self._complete = bool(map.buckets) or not map.header["buckets"]
        self.entries = 0
        self.buckets = 0

    def findings(self) -> Iterator[Finding]:
        """All that is wrong, the header first."""
        yield from implausible(self.map)
        yield from self._flags()
        yield from writing_flag(self.map, "flags", self._written)
        yield from self._listed.problems()
        for field, rule_, role, count in (
            ("buckets", BUCKETS, "bucket", self.map.buckets),
            ("oldbuckets", OLDBUCKETS, "old bucket", self.map.oldbuckets),
        ):
            if count:
                base = self.map.header[field]
                astray = self._pointers.astray(base, count * self._places.size)
                if astray:
                    yield rule_.broken(self.map.field_address(field), f"{field} -> {base:#x}: {astray}")
                    self._complete = False
                else:
                    yield from self._array(role, base, count)
        if self._complete:
            yield from self._totals()

    def _flags(self) -> Iterator[Finding]:
        flags, address = self.map.header["flags"], self.map.field_address("flags")
        unknown = unknown_flags(flags)
        if unknown:
            yield FLAGS_UNKNOWN.broken(
                address, f"flags is {flags:#x} ({flag_names(flags)}): no Go version sets {unknown:#x}"
            )
        if flags & SAME_SIZE_GROW and not self.map.header["oldbuckets"]:
            yield FLAGS_INCONSISTENT.broken(address, f"flags is {flags:#x} ({flag_names(flags)}), but nothing grows")

    def _array(self, role: str, base: int, count: int) -> Iterator[Finding]:
        """All buckets of an array, and all that hangs on them."""
        size = self._places.size
        # makeBucketArray preallocates overflow buckets behind the array, as far as its object goes.
        preallocated = range(base + count * size, base + (self._pointers.room(base) or 0) - size + 1, size)
        for block in blocks(self.map.target.memory, base, size, 0, count):
            if isinstance(block, Gap):
                yield UNREADABLE.broken(block.address, gap_note(role, block).text)
                self._complete = False
            else:
                yield from self._block(role, block, preallocated)

    def _block(self, role: str, block: Block, preallocated: range) -> Iterator[Finding]:
        """A block of heads, with the chains that hang on them."""
        size, slots, sound = self._places.size, self._places.slots, _sound_old if role == "old bucket" else _sound
        due = self.map.header["nevacuate"] if role == "old bucket" else 0
        heads = list(self._structure.iter_unpack(block.buffer))
        all_states = b"".join([marks for marks, _ in heads]).translate(STATE_OF)
        states = [all_states[start : start + slots] for start in range(0, len(all_states), slots)]
        live: list[Sequence[int]] = [slots_in(MIN_TOP_HASH, pattern) for pattern in states]
        records = Records(self._places)
        for number, (marks, overflow) in enumerate(heads):
            index = block.first + number
            if not overflow and sound(states[number]) and index >= due:
                continue
            address = block.address + number * size
            links = [Link(address, marks, address + self.map.layout.overflow, overflow)]
            buffers: list[bytes] = []
            chain = Chain(role, index, links, self._places.marks, index < due)
            yield from self._follow(chain, links, buffers, preallocated)
            if chain.due or chain.long or not sound(b"".join([link.marks for link in links]).translate(STATE_OF)):
                yield from chain_findings(chain)
            if chain.evacuated:
                live[number] = ()
            elif buffers:
                behind = [link.marks for link in links[1:]]
                records.add(
                    b"".join(buffers),
                    [link.address for link in links[1:]],
                    [index] * len(buffers),
                    behind,
                    map(live_slots, behind),
                )
        records.add(
            block.buffer,
            range(block.address, block.address + block.length * size, size),
            range(block.first, block.first + block.length),
            [marks for marks, _ in heads],
            live,
        )
        self.buckets += len(records.addresses)
        self.entries += len(records.slots)
        yield from self._slots(role, records)

    def _follow(self, chain: Chain, links: list[Link], buffers: list[bytes], preallocated: range) -> Iterator[Finding]:
        """Append to LINKS and BUFFERS what hangs on the chain's head, as far as it is a chain."""
        size, there = self._places.size, {links[0].address}
        while address := links[-1].overflow:
            where = chain.name if len(links) == 1 else f"{chain.name}, overflow {len(links) - 1}"
            pointer = links[-1].pointer
            if address in there:
                yield LOOP.broken(pointer, f"{where} -> {address:#x}: back into the same chain; a miss never ends")
                return
            if address in self._owners:
                yield SHARED.broken(pointer, f"{where} -> {address:#x}: on the chain of {self._owners[address]} too")
                return
            astray = self._pointers.astray(address, size, preallocated)
            if astray:
                yield OVERFLOW.broken(pointer, f"{where} -> {address:#x}: {astray}")
                return
            try:
                buffer = self.map.target.memory.read(address, size)
            except ReadError as error:
                yield OVERFLOW.broken(pointer, f"{where} -> {address:#x}: cannot read memory at {error.address:#x}")
                return
            yield from self._listed.missing(chain.role, address, f"{where} -> {address:#x}")
            there.add(address)
            self._owners[address] = chain.name
            self._overflow[chain.role] += 1
            marks, overflow = self._structure.unpack(buffer)
            links.append(Link(address, marks, address + self.map.layout.overflow, overflow))
            buffers.append(buffer)
            if len(links) > _MOST_IN_CHAIN:
                return

    def _slots(self, role: str, records: Records) -> Iterator[Finding]:
        """Where the keys of a block and its chains belong, and where they lead."""
        hashes = self._keys.hashes(records)
        if hashes is not None:
            buckets = self.map.buckets if role == "bucket" else self.map.oldbuckets
            mask, shift = buckets - 1, 8 * self.map.target.pointer_size - 8
            slots, homes, marks = self._places.slots, records.homes, records.marks
            # The tophash is the hash's top byte, moved past the states.
            top = [byte if byte >= MIN_TOP_HASH else byte + MIN_TOP_HASH for byte in range(256)]
            wrong = [
                (number, at, key_hash)
                for number, (key_hash, at) in enumerate(zip(hashes, records.slots, strict=True))
                if key_hash is not None
                and (key_hash & mask != homes[at // slots] or top[key_hash >> shift] != marks[at])
            ]
            for number, at, key_hash in wrong:
                where = f"{role} {homes[at // slots]} slot {at % slots}: {self._keys.text(records, number)}"
                if top[key_hash >> shift] != marks[at]:
                    yield HASH_MISMATCH.broken(
                        records.mark_address(at),
                        f"{where} has tophash {top[key_hash >> shift]:#04x}, not {marks[at]:#04x}; lookups can miss it",
                    )
                if key_hash & mask != homes[at // slots]:
                    yield MISPLACED.broken(
                        self._keys.address(records, number),
                        f"{where} belongs in {role} {key_hash & mask}; lookups miss it",
                    )
            yield from self._keys.duplicates(records, hashes)
        yield from self._keys.dangling(records)

    def _totals(self) -> Iterator[Finding]:
        """What the header says of all buckets together."""
        yield from count_mismatch(self.map, "count", self.entries)
        counts, noverflow = self._overflow["bucket"], self.map.header["noverflow"]
        if self.map.header["B"] < EXACT_B and noverflow != counts:
            there = counted(counts, "overflow bucket is", "overflow buckets are")
            yield NOVERFLOW.broken(
                self.map.field_address("noverflow"),
                f"noverflow is {noverflow}, but {there} on the chains; growth at the same size comes at the wrong time",
            )
        if self.entries < self.map.count and self.map.oldbuckets:
            yield from self._lost()

    def _lost(self) -> Iterator[Finding]:
        """Evacuated old buckets of which nothing arrived, where the header counts more entries than there are."""
        old, buckets = self.map.header["oldbuckets"], self.map.header["buckets"]
        count, size = self.map.oldbuckets, self._places.size
        for block in blocks(self.map.target.memory, old, size, 0, count):
            if isinstance(block, Gap):
                continue
            for number, (marks, _) in enumerate(self._structure.iter_unpack(block.buffer)):
                index = block.first + number
                moved = sum(EVACUATED_X <= mark < EVACUATED_EMPTY for mark in marks)
                if not moved or not EVACUATED_X <= marks[0] <= EVACUATED_EMPTY:
                    continue
                halves = range(index, self.map.buckets, count)
                if not any(self._any_live(buckets + half * size) for half in halves):
                    yield LOST.broken(
                        block.address + number * size,
                        f"old bucket {index} is evacuated, but buckets {' and '.join(map(str, halves))} are empty: "
                        f"at least {counted(moved, 'entry is', 'entries are')} lost",
                    )

    def _any_live(self, address: int) -> bool:
        try:
            marks, overflow = self._structure.unpack(self.map.target.memory.read(address, self._places.size))
        except ReadError:
            return True
        return bool(overflow or live_slots(marks))


@lru_cache(maxsize=4096)
def _sound(states: bytes) -> bool:
    """Whether a bucket in use, or a chain, can have these states: no evacuated ones, nothing behind an emptyRest."""
    rest = states.find(EMPTY_REST)
    return not (rest >= 0 and any(states[rest:])) and not any(
        EVACUATED_X <= state <= EVACUATED_EMPTY for state in states
    )


@lru_cache(maxsize=4096)
def _sound_old(states: bytes) -> bool:
    """Whether an old bucket can: as one in use, or evacuated throughout."""
    return _sound(states) or all(EVACUATED_X <= state <= EVACUATED_EMPTY for state in states)
