"""Swiss maps: Go 1.24 on.

Source: internal/runtime/maps (map.go, table.go, group.go). A ``Map`` of up to eight entries is a single group; a larger
one has a directory of 2^globalDepth pointers to tables, in which a table of smaller localDepth stands several times in
a row. A table is an array of groups; a group is eight slots and their control bytes: 0x80 empty, 0xFE deleted (a
tombstone), below 0x80 full with H2, the low seven bits of the hash.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby

from gomap.maps.blocks import Gap, blocks, gap_note
from gomap.maps.layout import SwissLayout, swiss_layout
from gomap.maps.model import LIVE, Bucket, GoMap, Part, Selection, Table
from gomap.maps.notes import (
    DirectoryGivenUp,
    DirectoryUnreadable,
    GroupsMismatch,
    NoSuchGroup,
    NoSuchTable,
    NoTable,
    Note,
    OneGroupOnly,
    SmallOverfull,
    TableAgain,
    TablesOverfull,
    WrongDirLen,
)
from gomap.maps.slots import SlotReader, slots_in
from gomap.program.gotypes import GoType
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = ["SwissMap"]

# Control bytes, from group.go.
EMPTY = 0x80
DELETED = 0xFE
# What stands for all of those that are full, and for all that are illegal.
FULL = 0x00
ILLEGAL = 0xFF
#: 1 for the state of full slots (see STATE_OF), 0 for the others.
IS_FULL = bytes(state == FULL for state in range(256))
#: The state of a slot by its control byte.
STATES = tuple(
    "full" if byte < 0x80 else "empty" if byte == EMPTY else "deleted" if byte == DELETED else "illegal"
    for byte in range(256)
)

#: Directory entries that lead nowhere, in a row, after which the rest of the directory is not tried.
_MOST_BAD = 16
#: A directory longer than this is none: with full tables it would hold 2^36 entries.
_MOST_ENTRIES = 1 << 26


class SwissMap(GoMap):
    """A ``Map``."""

    kind = "swiss"
    writing_field, count_field = "writing", "used"
    _hexadecimal = frozenset({"seed", "dirPtr"})

    def __init__(self, target: Target, map_type: GoType, address: int) -> None:
        """Raises LayoutError, and ReadError where the header cannot be read."""
        self.layout: SwissLayout = swiss_layout(map_type, target, target.type_named("internal/runtime/maps.table"))
        super().__init__(target, map_type, address, self.layout.header, self.layout.places)
        self._slots = SlotReader(target, self.places)

    @property
    def count(self) -> int:
        return self.header["used"]

    @property
    def being_written(self) -> bool:
        return bool(self.header.get("writing"))

    @property
    def seed(self) -> int:
        return self.header["seed"]

    @property
    def small(self) -> bool:
        """Whether the map is a single group, or nothing yet."""
        return self.header["dirLen"] == 0

    @property
    def depth(self) -> int:
        """globalDepth, unless dirLen and globalShift agree on another."""
        length = self.header["dirLen"]
        depth = length.bit_length() - 1
        agreed = length == 1 << max(depth, 0) and self.header.get("globalShift") == 8 * self.target.pointer_size - depth
        return depth if agreed else self.header["globalDepth"]

    @property
    def index_shift(self) -> int:
        """What a hash is shifted by to become an index in a directory of that depth (depthToShift)."""
        return 8 * self.target.pointer_size - min(self.depth, 8 * self.target.pointer_size)

    def totals(self, selection: Selection) -> Sequence[tuple[str, int]]:
        if self.small:
            return [("group", 1 if self.header["dirPtr"] and not selection.bucket and not selection.table else 0)]
        groups = [self.groups_of(table) for table in self.tables if _selected(table, selection)]
        only = selection.bucket
        return [("group", sum(groups) if only is None else sum(0 <= only < total for total in groups))]

    def notes(self) -> Iterator[Note]:
        slots, length, depth = self.places.slots, self.header["dirLen"], self.header["globalDepth"]
        if self.small:
            if self.count > slots:
                yield SmallOverfull(self.field_address("used"), self.count, slots)
            return
        if length != 1 << depth:
            yield WrongDirLen(self.field_address("dirLen"), length, depth, self.believed)
        if self.count > self.capacity:
            yield TablesOverfull(self.field_address("used"), self.count, self.capacity)

    def walk(self, selection: Selection = LIVE) -> Iterator[Part]:
        if not self.address:
            return
        yield from self.notes()
        if self.small:
            yield from self._small(selection)
            return
        if selection.table is not None and not any(_selected(table, selection) for table in self.tables):
            yield NoSuchTable(self.address, selection.table, self.header["dirLen"])
        yield from self._no_such_group(selection)
        for part in self._directory:
            if isinstance(part, Note):
                yield part
            elif _selected(part, selection) and self._has_group(part, selection.bucket):
                yield part
                yield from self._table(part, selection.bucket)

    def _has_group(self, table: Table, group: int | None) -> bool:
        return group is None or 0 <= group < self.groups_of(table)

    def _no_such_group(self, selection: Selection) -> Iterator[Note]:
        """A note if the walk visits one group of each table, and none of them has so many."""
        sizes = [self.groups_of(table) for table in self.tables if _selected(table, selection)]
        if sizes and selection.bucket is not None and not 0 <= selection.bucket < max(sizes):
            yield NoSuchGroup(self.address, selection.bucket, len(sizes), max(sizes))

    def _small(self, selection: Selection) -> Iterator[Part]:
        """A map of one group, which has no table around it."""
        if selection.table or selection.bucket:
            yield OneGroupOnly(self.address)
        elif self.header["dirPtr"]:
            yield from self._array(self.header["dirPtr"], 0, 1)

    @cached_property
    def tables(self) -> list[Table]:
        """Each table once, in the directory's order."""
        return [part for part in self._directory if isinstance(part, Table)]

    @cached_property
    def _directory(self) -> list[Table | Note]:
        """Each table once, in the directory's order, and what is wrong with the directory."""
        return [] if self.small else list(self._read_directory())

    @property
    def believed(self) -> int:
        """How many directory entries to look at.

        There are 2^globalDepth of them: of that and dirLen the smaller is the one to believe, if any.
        """
        return max(0, min(self.header["dirLen"], 1 << min(self.depth, 64), _MOST_ENTRIES))

    def _read_directory(self) -> Iterator[Table | Note]:
        header, pointer, believed = self.header, self.target.pointer_size, self.believed
        seen: dict[int, int] = {}
        bad = 0
        for first, last, address in self.runs(believed):
            table: Table | Note
            entry = header["dirPtr"] + first * pointer
            if address is None:
                table = DirectoryUnreadable(entry, first, last)
            elif address in seen:
                table = TableAgain(entry, first, last, address, seen[address])
            else:
                seen[address] = first
                table = self.read_table(first, last, address)
            yield table
            bad = bad + 1 if isinstance(table, Note) else 0
            if bad >= _MOST_BAD and last + 1 < believed:
                yield DirectoryGivenUp(header["dirPtr"], last + 1, believed - 1, bad)
                return

    def runs(self, length: int) -> Iterator[tuple[int, int, int | None]]:
        """Directory entries that are alike and stand in a row: first, last, and the pointer; None where unreadable.

        A table of smaller localDepth stands in several entries in a row.
        """
        size = self.target.pointer_size
        code = ("<" if self.target.byte_order == "little" else ">") + "%d" + ("Q" if size == 8 else "I")
        first, current = 0, -1
        for block in blocks(self.target.memory, self.header["dirPtr"], size, 0, length):
            if isinstance(block, Gap):
                if current >= 0:
                    yield first, block.first - 1, current
                yield block.first, block.first + block.length - 1, None
                current = -1
                continue
            at = block.first
            for pointer, same in groupby(struct.unpack(code % block.length, block.buffer)):
                if pointer != current:
                    if current >= 0:
                        yield first, at - 1, current
                    first, current = at, pointer
                at += len(list(same))
        if current >= 0:
            yield first, length - 1, current

    def read_table(self, first: int, last: int, address: int) -> Table | NoTable:
        """The table at ADDRESS, where directory entries FIRST to LAST lead; a note if it cannot be read."""
        layout = self.layout
        try:
            header = layout.table.read(address)
            groups = layout.groups.read(address + layout.groups_offset)
        except ReadError as error:
            entry = self.header["dirPtr"] + first * self.target.pointer_size
            return NoTable(entry, first, last, address, error.address)
        return Table(
            first,
            last,
            address,
            header["used"],
            header["capacity"],
            header["growthLeft"],
            header["localDepth"],
            header["index"],
            groups["data"],
            groups["lengthMask"],
        )

    def groups_of(self, table: Table) -> int:
        """How many groups to walk: what lengthMask says, if capacity, a small integer, bears it out."""
        return min(table.length_mask + 1, -(-table.capacity // self.places.slots))

    def consistent(self, table: Table) -> bool:
        """Whether its lengthMask and its capacity say the same: a power of two."""
        groups = table.length_mask + 1
        return not groups & table.length_mask and groups * self.places.slots == table.capacity

    def _table(self, table: Table, only: int | None) -> Iterator[Part]:
        groups = self.groups_of(table)
        if not self.consistent(table):
            yield GroupsMismatch(table.address, table.length_mask, table.capacity, groups)
        if only is None:
            yield from self._array(table.groups, 0, groups)
        else:
            yield from self._array(table.groups, only, only + 1)

    def _array(self, base: int, first: int, end: int) -> Iterator[Part]:
        places = self.places
        for block in blocks(self.target.memory, base, places.size, first, end):
            if isinstance(block, Gap):
                yield gap_note("group", block)
                continue
            for number in range(block.length):
                offset = number * places.size
                yield self._group(block.first + number, block.address + offset, block.buffer, offset)

    def read_group(self, number: int, address: int) -> Bucket:
        """The group at ADDRESS alone. Raises ReadError."""
        return self._group(number, address, self.target.memory.read(address, self.places.size), 0)

    def _group(self, number: int, address: int, buffer: bytes, offset: int) -> Bucket:
        start = offset + self.places.marks
        ctrl = buffer[start : start + self.places.slots]
        if self.target.byte_order == "big":  # slot 0 is the control word's low byte
            ctrl = ctrl[::-1]
        entry = self._slots.entry(buffer, offset, address)
        return Bucket("group", number, address, ctrl, slots_in(FULL, ctrl.translate(STATE_OF)), STATES, entry)

    @property
    def capacity(self) -> int:
        """How many slots there are."""
        if self.small:
            return self.places.slots if self.header["dirPtr"] else 0
        return sum(table.capacity for table in self.tables)


#: Every control byte to its state. Few patterns of eight such bytes occur.
STATE_OF = bytes(FULL if byte < EMPTY else byte if byte in (EMPTY, DELETED) else ILLEGAL for byte in range(256))


def _selected(table: Table, selection: Selection) -> bool:
    return selection.table is None or table.first <= selection.table <= table.last
