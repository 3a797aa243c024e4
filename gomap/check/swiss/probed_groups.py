"""Whether a lookup finds the keys of a Swiss map's groups where they are: many tables' keys judged together.

A lookup takes the table from the topmost bits of the key's hash, begins at the group that H1 (hash >> 7) names, and
goes on by steps of 1, 2, 3, ... until it finds the key, or a group with an empty slot. Source: internal/runtime/maps,
probeSeq in table.go.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gomap.check.finding import Finding, Stray, rule
from gomap.check.hashwords import HashWords, differing, words_of
from gomap.check.judging import Steps
from gomap.check.keys import HASH_MISMATCH, MISPLACED
from gomap.check.slot_batch import SlotBatch
from gomap.check.subject import Subject
from gomap.maps.blocks import Block
from gomap.maps.model import Table
from gomap.maps.probing import H2_BITS, ProbeSequence
from gomap.maps.swiss import EMPTY, FULL, IS_FULL, SwissMap

__all__ = ["ProbedGroups"]

BROKEN = rule("probe-broken", "no empty slot stands before a key in its probe sequence")

_H2_MASK = (1 << H2_BITS) - 1
_H2 = bytes(byte & _H2_MASK for byte in range(256))
#: Slots that make a batch worth judging.
_ENOUGH = 1 << 15


class _Place(NamedTuple):
    """Where in a batch a table's groups are.

    Attributes:
        table: its name; empty for a small map's only group.
        first: its first group's record.
        mask: number of its groups - 1.
        entries: the directory entries that lead to it, first and last.
        states: of all slots of its groups.
    """

    table: str
    first: int
    mask: int
    entries: tuple[int, int]
    states: bytes


class ProbedGroups:
    """Groups of several tables, or a small map's only one, whose keys' probe sequences are judged together."""

    def __init__(self, map: SwissMap, subject: Subject) -> None:
        self._map = map
        self._subject = subject
        self._keys = subject.keys
        self._batch = SlotBatch(map.places)
        self._shift = map.index_shift
        self._places: list[_Place] = []
        #: The first record of each place.
        self._firsts: list[int] = []
        #: For each live slot the bits of its key's hash that its table and group decide, as a word.
        self._masks: list[bytes] = []

    @property
    def enough(self) -> bool:
        """Whether there are so many that no more should join."""
        return len(self._batch.addresses) * self._map.places.slots >= _ENOUGH

    def add(self, table: Table | None, groups: Sequence[Block], marks: bytes, states: bytes) -> None:
        """Add all groups of TABLE; None: of a small map. MARKS and STATES: control bytes and states of all slots."""
        batch, size, shift = self._batch, self._map.places.size, self._shift
        count = len(marks) // self._map.places.slots
        low, high = (table.first, table.last) if table else (0, 0)
        place = _Place(f"table {table.first}" if table else "", len(batch.addresses), count - 1, (low, high), states)
        run = high - low + 1
        if run & run - 1 or low % run:
            # No bits that hashes share lead to these entries: with a bit that no mask has, each key is looked at.
            first, entry_bits = 1, 0
        else:
            first, entry_bits = low << shift, (1 << 8 * self._map.target.pointer_size >> shift) - run
        batch.add(
            b"".join([block.buffer for block in groups]),
            [
                address
                for block in groups
                for address in range(block.address, block.address + block.length * size, size)
            ],
            range(first, first + (count << H2_BITS), 1 << H2_BITS),
            marks,
            states.translate(IS_FULL),
        )
        self._masks.append(words_of([entry_bits << shift | place.mask << H2_BITS]) * states.count(FULL))
        self._places.append(place)
        self._firsts.append(place.first)

    def findings(self) -> Steps:
        """Where the keys belong, and what is wrong with them and the elements."""
        batch = self._batch
        hashes, wrong = yield from self._subject.judged(batch, self._fits)
        if hashes is not None:
            hash_words = HashWords(hashes)
            h2 = hash_words.column(0).translate(_H2)
            elsewhere = hash_words.differing(batch.home_words(), b"".join(self._masks))
            mismatched = differing(h2, batch.marks)
            self._keys.wrong += sum(hashes[number] is not None for number in mismatched)
            for number in sorted({*mismatched, *elsewhere}):
                key_hash = hashes[number]
                if key_hash is not None:
                    yield from self._odd(number, key_hash)
            yield from self._keys.duplicates(batch, hashes)
        yield from wrong

    def _fits(self, number: int, key_hash: int) -> bool:
        """Whether a key's hash has the H2 that its control byte repeats, and leads to the table that it is in."""
        _, place = self._where(number)
        low, high = place.entries
        return key_hash & _H2_MASK == self._batch.marks[number] and low <= key_hash >> self._shift <= high

    def _odd(self, number: int, key_hash: int) -> Iterator[Finding]:
        """A key that is not in the first group of its probe sequence: rightly so, or not."""
        batch, slots = self._batch, self._map.places.slots
        record, place = self._where(number)
        address = self._keys.address(batch, number)
        h2, mark = key_hash & _H2_MASK, batch.marks[number]
        if h2 != mark:
            yield HASH_MISMATCH.broken(
                batch.mark_address(number),
                f"{self._name(number)} has H2 {h2:#04x}, not {mark:#04x}; lookups can miss it",
                key_address=address,
                slot=batch.slot(number),
            )
        entry, (low, high) = key_hash >> self._shift, place.entries
        if not low <= entry <= high:
            yield MISPLACED.broken(
                address,
                f"{self._name(number)} belongs in the table of directory entry {entry}; lookups miss it",
                key_address=address,
                slot=batch.slot(number),
                stray=self._stray(number, key_hash),
            )
            return
        for group in ProbeSequence(key_hash, place.mask):
            if group == record - place.first:
                return
            if place.states.find(EMPTY, group * slots, (group + 1) * slots) >= 0:
                break
        # (Where a damaged mask keeps the sequence from coming to every group, it is behind the last.)
        yield BROKEN.broken(
            address,
            f"{self._name(number)} is behind group {group} in its probe sequence, which has an empty slot; "
            "lookups miss it",
            key_address=address,
            slot=batch.slot(number),
            stray=self._stray(number, key_hash),
        )

    def _stray(self, number: int, key_hash: int) -> Stray:
        """Where a key is, and where a lookup for it begins."""
        record, place = self._where(number)
        here, address = record - place.first, self._batch.addresses[record]
        if not place.table:
            return Stray(f"group {here}", f"group {(key_hash >> H2_BITS) & place.mask}", address)
        entry = key_hash >> self._shift
        tables = self._map.tables
        at = bisect_right(tables, entry, key=lambda table: table.first) - 1
        there = tables[max(at, 0)]
        group = (key_hash >> H2_BITS) & there.length_mask
        home = f"table {there.first}"
        return Stray(f"{place.table} group {here}", f"{home} group {group}", address, place.table, home)

    def _where(self, number: int) -> tuple[int, _Place]:
        """The record of a live slot, and whose it is."""
        record, _ = self._batch.place(number)
        return record, self._places[bisect_right(self._firsts, record) - 1]

    def _name(self, number: int) -> str:
        """Where a live slot is, and its key: for findings only, since a key's text takes its time."""
        record, place = self._where(number)
        _, slot = self._batch.place(number)
        group = f"{place.table} group" if place.table else "group"
        return f"{group} {record - place.first} slot {slot}: {self._keys.text(self._batch, number)}"
