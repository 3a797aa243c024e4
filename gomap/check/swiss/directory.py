"""Checks a map of tables: header, directory, tables, groups, and in bulk their slots with the keys.

Source: internal/runtime/maps. What the runtime's own checkInvariants (table_debug.go, off in every build) demands of a
table is among this: each key is found by a lookup, used and growthLeft are as the slots say, an empty slot is left.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import NamedTuple

from gomap.check.finding import Finding, Rule, rule
from gomap.check.header import IMPLAUSIBLE, count_mismatch, implausible, writing_flag
from gomap.check.judging import Steps
from gomap.check.keys import UNREADABLE
from gomap.check.slot_batch import bytes_of_each
from gomap.check.subject import Subject
from gomap.check.swiss.probed_groups import ProbedGroups
from gomap.check.swiss.tables import table_findings
from gomap.maps.blocks import Block, Gap, blocks, gap_note
from gomap.maps.model import Table
from gomap.maps.notes import NoTable
from gomap.maps.slots import all_marks
from gomap.maps.swiss import DELETED, EMPTY, FULL, ILLEGAL, STATE_OF, SwissMap
from gomap.maps.wording import counted, directory_entries, note_text

__all__ = ["SwissCheck"]

DIRECTORY = rule("dangling-directory", "dirPtr leads to the directory, or to the only group", lasting=True)
TABLE = rule("dangling-table", "a directory entry leads to a table", lasting=True)
GROUPS = rule("dangling-groups", "a table leads to its groups", lasting=True)
SHARED = rule("table-shared", "a table stands in one run of directory entries")
SHARED_GROUPS = rule("groups-shared", "groups belong to one table")
ILLEGAL_CTRL = rule("ctrl-illegal", "a control byte is empty, deleted or full")
NO_EMPTY = rule("table-full", "a table has an empty slot, at which misses end", lasting=True)
IMPOSSIBLE = rule("tombstone-impossible", "tombstones are there only if tombstonePossible says so")
SMALL = rule("tombstone-small", "a map of one group has no tombstones")


class _Groups(NamedTuple):
    """Groups that were read: their blocks, and the control bytes and states of all slots."""

    blocks: list[Block]
    marks: bytes
    states: bytes


class SwissCheck:
    """One check of one map.

    Args:
        map: the map, not nil.
        subject: what judges its parts.

    Attributes:
        entries, buckets: how many entries and groups were seen so far.
    """

    def __init__(self, map: SwissMap, subject: Subject) -> None:
        self.map = map
        self._subject = subject
        self._pointers = subject.pointers
        self._places = map.places
        self._complete = True
        self._arrays: dict[int, int] = {}
        self.entries = 0
        self.buckets = 0

    def findings(self) -> Steps:
        """All that is wrong, the header first."""
        yield from writing_flag(self.map, self._subject.written)
        base = self.map.header["dirPtr"]
        pointers = self._places.pointers or not self.map.small
        astray = self._pointers.astray(base, self._directory_size(), pointers) if base else None
        if astray:
            yield DIRECTORY.broken(self.map.field_address("dirPtr"), f"dirPtr -> {base:#x}: {astray}")
            return
        yield from implausible(self.map)
        if self.map.small:
            yield from self._small()
        else:
            yield from self._shift()
            yield from self._directory()
        if self._complete:
            yield from count_mismatch(self.map, "used", self.entries)

    def _directory_size(self) -> int | None:
        """Bytes of what dirPtr leads to; None where the header contradicts itself."""
        if self.map.small:
            return self._places.size
        length = self.map.header["dirLen"]
        return length * self.map.target.pointer_size if length == self.map.believed == 1 << self.map.depth else None

    def _shift(self) -> Iterator[Finding]:
        """globalShift leaves of a hash the topmost globalDepth bits: the index in the directory."""
        shift, right = self.map.header.get("globalShift"), self.map.index_shift
        if shift not in (None, right):
            yield IMPLAUSIBLE.broken(
                self.map.field_address("globalShift"),
                f"globalShift is {shift}, not {right} as globalDepth means; lookups go to the wrong tables",
            )

    def _small(self) -> Steps:
        """A map of one group, or of none yet."""
        base = self.map.header["dirPtr"]
        if not base:
            return
        groups = yield from self._read("group", base, 1)
        if groups.marks:
            yield from self._control_bytes("group 0", base, groups.marks, SMALL, "in a map of one group")
            probed = ProbedGroups(self.map, self._subject)
            probed.add(None, *groups)
            yield from probed.findings()

    def _directory(self) -> Steps:
        """All tables, each once."""
        map, probed = self.map, ProbedGroups(self.map, self._subject)
        seen: dict[int, int] = {}
        for first, last, address in map.runs(map.believed):
            entry = map.header["dirPtr"] + first * map.target.pointer_size
            where = directory_entries(first, last)
            if address is None:
                yield UNREADABLE.broken(entry, f"{where}: cannot read memory at {entry:#x}")
                self._complete = False
            elif address in seen:
                yield SHARED.broken(
                    entry,
                    f"{where} -> {address:#x}: the table of directory entry {seen[address]}; lookups miss entries",
                )
            else:
                seen[address] = first
                yield from self._entry(first, last, address, entry, where, probed)
            if probed.enough:
                yield from probed.findings()
                probed = ProbedGroups(map, self._subject)
        yield from probed.findings()

    def _entry(
        self, first: int, last: int, address: int, entry: int, where: str, probed: ProbedGroups
    ) -> Iterator[Finding]:
        """The table that directory entries lead to, if there is one."""
        map = self.map
        astray = self._pointers.astray(address, map.layout.table.type.size)
        table = map.read_table(first, last, address)
        if astray or isinstance(table, NoTable):
            there = f"{where} -> {address:#x}: {astray}"
            yield TABLE.broken(entry, note_text(table) if isinstance(table, NoTable) and not astray else there)
            self._complete = False
            return
        count = self._groups_of(table)
        groups_size = count * self._places.size if map.consistent(table) else None
        astray = self._pointers.astray(table.groups, groups_size, self._places.pointers)
        owner = self._arrays.setdefault(table.groups, first)
        if astray or owner != first:
            data = address + map.layout.groups_offset + map.layout.groups.type.field("data").offset
            where = f"table {first} at {address:#x}: groups -> {table.groups:#x}: "
            yield (
                GROUPS.broken(data, where + astray)
                if astray
                else SHARED_GROUPS.broken(
                    data, where + f"those of table {owner} too; a store in one appears in the other"
                )
            )
            self._complete = False
            return
        yield from self._table(table, count, probed)

    def _groups_of(self, table: Table) -> int:
        """How many groups there are: as lengthMask and capacity say or, where these disagree, as the books do."""
        room = None if self.map.consistent(table) else self._pointers.room(table.groups)
        if room is None:
            return self.map.groups_of(table)
        # A table has a power of two; its object may be larger by what the size class leaves.
        return 1 << (room // self._places.size).bit_length() - 1 if room >= self._places.size else 0

    def _table(self, table: Table, count: int, probed: ProbedGroups) -> Iterator[Finding]:
        """One table's header against its groups, which join PROBED."""
        where = f"table {table.first} group"
        groups = yield from self._read(where, table.groups, count)
        states = groups.states
        slots = self._places.slots
        if len(groups.marks) < count * slots:
            self._complete = False
            return
        used, deleted = states.count(FULL), states.count(DELETED)
        yield from table_findings(self.map, table, count, used, deleted)
        if not count:
            return
        if states.count(ILLEGAL) or (deleted and not self.map.header.get("tombstonePossible", True)):
            addresses = (at for block in groups.blocks for at in self._addresses(block))
            each = bytes_of_each(groups.marks, slots)
            for number, (address, marks) in enumerate(zip(addresses, each, strict=True)):
                why = "though tombstonePossible is false; clear() keeps it"
                yield from self._control_bytes(f"{where} {number}", address, marks, IMPOSSIBLE, why)
        if not states.count(EMPTY):
            yield NO_EMPTY.broken(
                table.address,
                f"table {table.first} at {table.address:#x}: no empty slot in {counted(count, 'group')}; "
                "every miss spins for ever",
            )
        probed.add(table, *groups)

    def _control_bytes(self, where: str, group: int, marks: bytes, deleted: Rule, why: str) -> Iterator[Finding]:
        """Control bytes that are illegal, or tombstones where the rule DELETED allows none."""
        allowed = deleted is IMPOSSIBLE and self.map.header.get("tombstonePossible", True)
        for slot, mark in enumerate(marks):
            address = group + self._places.marks + slot
            if mark == DELETED and not allowed:
                yield deleted.broken(address, f"{where} slot {slot}: deleted, {why}")
            elif mark > EMPTY and mark != DELETED:
                text = f"{where} slot {slot}: control byte {mark:#04x} is neither empty, deleted nor full"
                yield ILLEGAL_CTRL.broken(address, text)

    def _read(self, what: str, base: int, count: int) -> Generator[Finding, None, _Groups]:
        """The groups of an array, as far as they can be read."""
        read: list[Block] = []
        marks = b""
        for block in blocks(self.map.target.memory, base, self._places.size, 0, count, scan=True):
            if isinstance(block, Gap):
                yield UNREADABLE.broken(block.address, note_text(gap_note(what, block)))
            else:
                read.append(block)
                # Slot 0 is the control word's low byte.
                marks += all_marks(block.buffer, self._places, reverse=self.map.target.byte_order == "big")
        states = marks.translate(STATE_OF)
        self.buckets += len(marks) // self._places.slots
        self.entries += states.count(FULL)
        return _Groups(read, marks, states)

    def _addresses(self, block: Block) -> range:
        size = self._places.size
        return range(block.address, block.address + block.length * size, size)
