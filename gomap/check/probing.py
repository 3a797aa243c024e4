"""Whether a lookup finds the keys of a Swiss map's groups where they are: many tables' keys judged together.

A lookup takes the table from the topmost bits of the key's hash, begins at the group that H1 (hash >> 7) names, and
goes on by steps of 1, 2, 3, ... until it finds the key, or a group with an empty slot. Source: internal/runtime/maps,
probeSeq in table.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gomap.check.finding import Finding, rule
from gomap.check.keys import HASH_MISMATCH, MISPLACED, Keys
from gomap.check.records import Records
from gomap.maps.blocks import Block
from gomap.maps.model import Table
from gomap.maps.slots import slots_in
from gomap.maps.swiss import EMPTY, FULL, SwissMap

__all__ = ["Batch"]

BROKEN = rule("probe-broken", "no empty slot stands before a key in its probe sequence")

#: Slots that make a batch worth judging.
_ENOUGH = 1 << 15


class _Place(NamedTuple):
    """Where in a batch a table's groups are.

    Attributes:
        name: of the table, for findings.
        first: its first group's record.
        mask: number of its groups - 1.
        entries: the directory entries that lead to it, first and last.
        empties: which of its groups have an empty slot.
    """

    name: str
    first: int
    mask: int
    entries: tuple[int, int]
    empties: Sequence[bool]


class Batch:
    """Groups of several tables, or a small map's only one."""

    def __init__(self, map: SwissMap, keys: Keys) -> None:
        self._map = map
        self._keys = keys
        self._records = Records(map.places)
        self._places: list[_Place] = []

    @property
    def enough(self) -> bool:
        """Whether there are so many that no more should join."""
        return len(self._records.addresses) * self._map.places.slots >= _ENOUGH

    def add(self, table: Table | None, groups: Sequence[Block], marks: Sequence[bytes], states: bytes) -> None:
        """Add all groups of TABLE; None: of a small map. MARKS: control bytes of each group, STATES: of all."""
        records, slots, size = self._records, self._map.places.slots, self._map.places.size
        starts = range(0, len(states), slots)
        place = _Place(
            f"table {table.first} group" if table else "group",
            len(records.addresses),
            len(marks) - 1,
            (table.first, table.last) if table else (0, 0),
            [states.find(EMPTY, start, start + slots) >= 0 for start in starts],
        )
        records.add(
            b"".join([block.buffer for block in groups]),
            [
                address
                for block in groups
                for address in range(block.address, block.address + block.length * size, size)
            ],
            [len(self._places)] * len(marks),
            marks,
            [slots_in(FULL, states[start : start + slots]) for start in starts],
        )
        self._places.append(place)

    def findings(self) -> Iterator[Finding]:
        """Where the keys belong, and where they and the elements lead."""
        records = self._records
        hashes = self._keys.hashes(records)
        if hashes is not None:
            slots, homes, marks = self._map.places.slots, records.homes, records.marks
            places, shift = self._places, self._map.index_shift
            for number, (key_hash, at) in enumerate(zip(hashes, records.slots, strict=True)):
                if key_hash is None:
                    continue
                record = at // slots
                _, first, mask, (low, high), _ = places[homes[record]]
                if (
                    key_hash & 0x7F != marks[at]
                    or (key_hash >> 7) & mask != record - first
                    or not low <= key_hash >> shift <= high
                ):
                    yield from self._odd(number, key_hash)
            yield from self._keys.duplicates(records, hashes)
        yield from self._keys.dangling(records)

    def _odd(self, number: int, key_hash: int) -> Iterator[Finding]:
        """A key that is not in the first group of its probe sequence: rightly so, or not."""
        records = self._records
        at = records.slots[number]
        record = at // self._map.places.slots
        place = self._places[records.homes[record]]
        if key_hash & 0x7F != records.marks[at]:
            yield HASH_MISMATCH.broken(
                records.mark_address(at),
                f"{self._name(number)} has H2 {key_hash & 0x7F:#04x}, not {records.marks[at]:#04x}; "
                "lookups can miss it",
            )
        entry, (low, high) = key_hash >> self._map.index_shift, place.entries
        if not low <= entry <= high:
            yield MISPLACED.broken(
                self._keys.address(records, number),
                f"{self._name(number)} belongs in the table of directory entry {entry}; lookups miss it",
            )
            return
        group, step = (key_hash >> 7) & place.mask, 0
        while group != record - place.first:
            if step > place.mask or place.empties[group]:
                yield BROKEN.broken(
                    self._keys.address(records, number),
                    f"{self._name(number)} is behind group {group} in its probe sequence, which has an empty slot; "
                    "lookups miss it",
                )
                return
            step += 1
            group = (group + step) & place.mask

    def _name(self, number: int) -> str:
        """Where a live slot is, and its key: for findings only, since a key's text takes its time."""
        record, slot = divmod(self._records.slots[number], self._map.places.slots)
        place = self._places[self._records.homes[record]]
        return f"{place.name} {record - place.first} slot {slot}: {self._keys.text(self._records, number)}"
