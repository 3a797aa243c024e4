"""Checks a map of buckets: header, arrays, chains, and in bulk the slots with their keys.

A block of buckets is judged at once; only chains, and buckets whose states are odd, are looked at one by one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from gomap.check.classic.chains import Chain, Link, chain_findings
from gomap.check.classic.overflow_lists import Listed
from gomap.check.finding import Finding, Stray, rule
from gomap.check.hashwords import HashWords, differing, nonzero, words_of
from gomap.check.header import count_mismatch, implausible, writing_flag
from gomap.check.judging import Steps
from gomap.check.keys import HASH_MISMATCH, MISPLACED, UNREADABLE
from gomap.check.slot_batch import SlotBatch
from gomap.check.slot_states import odd_buckets, sound
from gomap.check.subject import Subject
from gomap.maps.blocks import Block, Gap, blocks, gap_note
from gomap.maps.classic import (
    EVACUATED_EMPTY,
    EVACUATED_X,
    EXACT_B,
    IS_FULL,
    MIN_TOP_HASH,
    SAME_SIZE_GROW,
    STATE_OF,
    ClassicMap,
    live_slots,
    unknown_flags,
)
from gomap.maps.slots import all_marks
from gomap.maps.wording import counted, flag_names, note_text
from gomap.program.memory import ReadError

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

#: A hash's top byte to the tophash of its key: moved past the states.
_TOPHASH = bytes(byte if byte >= MIN_TOP_HASH else byte + MIN_TOP_HASH for byte in range(256))
#: A chain longer than this is not followed to its end.
_MOST_IN_CHAIN = 1 << 16


class ClassicCheck:
    """One check of one map.

    Args:
        map: the map, not nil.
        subject: what judges its parts.

    Attributes:
        entries, buckets: how many were seen so far, overflow buckets included.
    """

    def __init__(self, map: ClassicMap, subject: Subject) -> None:
        self.map = map
        self._subject = subject
        self._pointers = subject.pointers
        self._keys = subject.keys
        self._places = places = map.places
        order, word = "<" if map.target.byte_order == "little" else ">", map.target.pointer_size
        between = map.layout.overflow - places.marks - places.slots
        # A bucket's tophash bytes and overflow pointer: all that its structure consists of.
        self._structure = struct.Struct(
            f"{order}{places.marks}x{places.slots}s{between}x{'Q' if word == 8 else 'I'}"
            f"{places.size - map.layout.overflow - word}x"
        )
        self._listed = Listed(map, subject.pointers)
        self._owners: dict[int, str] = {}
        self._overflow = {"bucket": 0, "old bucket": 0}
        # Without a believable B there are no buckets to count in.
        self._complete = bool(map.buckets) or not map.header["buckets"]
        self.entries = 0
        self.buckets = 0

    def findings(self) -> Steps:
        """All that is wrong, the header first."""
        yield from implausible(self.map)
        yield from self._flags()
        yield from writing_flag(self.map, self._subject.written)
        yield from self._listed.problems()
        for field, rule_, role, count in (
            ("buckets", BUCKETS, "bucket", self.map.buckets),
            ("oldbuckets", OLDBUCKETS, "old bucket", self.map.oldbuckets),
        ):
            if count:
                base = self.map.header[field]
                size, pointers = self._places.size, self._places.pointers
                made = self._pointers.buckets_at(base, count, size, pointers)
                astray = self._pointers.astray(base, made * size, pointers)
                if astray:
                    yield rule_.broken(self.map.field_address(field), f"{field} -> {base:#x}: {astray}")
                    self._complete = False
                else:
                    yield from self._array(role, base, count, made)
                    if role == "bucket":
                        yield from self._listed.next_to_use(base, self._owners)
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

    def _array(self, role: str, base: int, count: int, made: int) -> Steps:
        """All buckets of an array, and all that hangs on them; behind them are preallocated ones, MADE in all."""
        size = self._places.size
        preallocated = range(base + count * size, base + made * size, size)
        for block in blocks(self.map.target.memory, base, size, 0, count, scan=True):
            if isinstance(block, Gap):
                yield UNREADABLE.broken(block.address, note_text(gap_note(role, block)))
                self._complete = False
            else:
                yield from self._block(role, block, preallocated)

    def _block(self, role: str, block: Block, preallocated: range) -> Steps:
        """A block of heads, with the chains that hang on them."""
        places, layout, old = self._places, self.map.layout, role == "old bucket"
        size, slots = places.size, places.slots
        due = self.map.header["nevacuate"] if old else 0
        marks = all_marks(block.buffer, places, reverse=False)
        states = marks.translate(STATE_OF)
        to_see = odd_buckets(states, slots, old)
        for byte in range(layout.overflow, layout.overflow + self.map.target.pointer_size):
            to_see |= int.from_bytes(block.buffer[byte::size], "little")
        numbers = {*nonzero(to_see, block.length), *range(min(due - block.first, block.length))}
        live = bytearray(states.translate(IS_FULL))
        batch = SlotBatch(places)
        for number in sorted(numbers):
            index, address = block.first + number, block.address + number * size
            head, overflow = self._structure.unpack_from(block.buffer, number * size)
            links = [Link(address, head, address + layout.overflow, overflow)]
            buffers: list[bytes] = []
            chain = Chain(role, index, links, places.marks, index < due)
            yield from self._follow(chain, links, buffers, preallocated)
            if chain.due or chain.long or not sound(b"".join([link.marks for link in links]).translate(STATE_OF), old):
                yield from chain_findings(chain)
            if chain.evacuated:
                live[number * slots : (number + 1) * slots] = bytes(slots)
            elif buffers:
                behind = b"".join([link.marks for link in links[1:]])
                batch.add(
                    b"".join(buffers),
                    [link.address for link in links[1:]],
                    [index] * len(buffers),
                    behind,
                    behind.translate(STATE_OF).translate(IS_FULL),
                )
        batch.add(
            block.buffer,
            range(block.address, block.address + block.length * size, size),
            range(block.first, block.first + block.length),
            marks,
            bytes(live),
        )
        self.buckets += len(batch.addresses)
        self.entries += batch.count
        yield from self._slots(role, batch)

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
            astray = self._pointers.astray(address, size, self._places.pointers, preallocated)
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

    def _slots(self, role: str, batch: SlotBatch) -> Steps:
        """Where the keys of a block and its chains belong, and what is wrong with them and the elements."""
        mask = (self.map.buckets if role == "bucket" else self.map.oldbuckets) - 1
        top_at = 8 * (self.map.target.pointer_size - 1)

        def fits(number: int, key_hash: int) -> bool:
            home = batch.homes[batch.place(number)[0]]
            return _TOPHASH[key_hash >> top_at] == batch.marks[number] and key_hash & mask == home

        hashes, wrong = yield from self._subject.judged(batch, fits)
        if hashes is not None:
            hash_words = HashWords(hashes)
            tops = hash_words.column(self.map.target.pointer_size - 1).translate(_TOPHASH)
            astray = hash_words.differing(batch.home_words(), words_of([mask]) * batch.count)
            mismatched = differing(tops, batch.marks)
            self._keys.wrong += sum(hashes[number] is not None for number in mismatched)
            for number in sorted({*mismatched, *astray}):
                key_hash = hashes[number]
                if key_hash is None:
                    continue
                record, slot = batch.place(number)
                home, address = batch.homes[record], self._keys.address(batch, number)
                where = f"{role} {home} slot {slot}: {self._keys.text(batch, number)}"
                if tops[number] != batch.marks[number]:
                    yield HASH_MISMATCH.broken(
                        batch.mark_address(number),
                        f"{where} has tophash {tops[number]:#04x}, not {batch.marks[number]:#04x}; lookups can miss it",
                        key_address=address,
                        slot=batch.slot(number),
                    )
                if key_hash & mask != home:
                    there = f"{role} {key_hash & mask}"
                    yield MISPLACED.broken(
                        address,
                        f"{where} belongs in {there}; lookups miss it",
                        key_address=address,
                        slot=batch.slot(number),
                        stray=Stray(f"{role} {home}", there, batch.addresses[record]),
                    )
            yield from self._keys.duplicates(batch, hashes)
        yield from wrong

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
        for block in blocks(self.map.target.memory, old, size, 0, count, scan=True):
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
