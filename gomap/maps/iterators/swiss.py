"""Iterators over Swiss maps: internal/runtime/maps.Iter.

Source: Iter in internal/runtime/maps/table.go. An Iter goes through the directory from a random entry on (dirOffset; in
all dirIdx entries so far), in each table from a random slot on (entryOffset; entryIdx slots so far). A map of one group
has no directory: dirIdx is -1 then. It stays in a table that it has begun: where the table has been replaced since
(index is -1), or the one group has become tables, its keys are looked up in the map as it is now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Union

from gomap.maps.iterators.model import MOST_VISITED, End, MapIterator, Place, Progress, Untold, Visit, told
from gomap.maps.model import Cell, Entry, Table
from gomap.maps.slots import SlotReader
from gomap.maps.swiss import EMPTY, SwissMap
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.structs import Struct
from gomap.program.target import pointer_at

__all__ = ["SwissIterator"]

_UINT64 = (1 << 64) - 1


class _Stand(NamedTuple):
    """Where an Iter is: its fields dirIdx, dirOffset, tab and entryIdx, adjusted to the directory as it is now."""

    directory: int
    offset: int
    tab: int
    entry: int


class SwissIterator(MapIterator):
    """An Iter."""

    map: SwissMap
    _hexadecimal = frozenset({"entryOffset", "dirOffset"})

    def __init__(self, program: Program, layout: Struct, address: int, map: SwissMap) -> None:
        """Raises ReadError."""
        super().__init__(program, layout, address, map)
        self._slots = SlotReader(program, map.places)
        group = layout.type.field("group")
        self.fields["group"] = pointer_at(program, address + group.offset + group.type.field("data").offset)

    @property
    def small(self) -> bool:
        """Whether the map was a single group when it began."""
        return self.fields["dirIdx"] < 0

    @property
    def plausible(self) -> bool:
        fields, header, slots = self.fields, self.map.header, self.map.places.slots
        if fields["globalDepth"] > header["globalDepth"] or fields["clearSeq"] > header.get("clearSeq", 0):
            return False
        if self.small:
            return (
                fields["dirIdx"] == -1
                and fields["globalDepth"] == 0
                and fields["tab"] == 0
                and fields["group"] != 0
                and fields["entryIdx"] <= slots
                and (header["dirLen"] > 0 or fields["group"] == header["dirPtr"])
            )
        if fields["key"] and not fields["tab"]:
            return False
        if not 0 <= fields["dirIdx"] <= 1 << fields["globalDepth"] or not header["dirLen"]:
            return False
        if not fields["tab"]:
            return fields["entryIdx"] == 0 and fields["group"] == 0
        table = self._table(fields["tab"])
        return self.map.consistent(table) and fields["entryIdx"] < table.capacity + slots

    @property
    def leads(self) -> Sequence[tuple[int, int]]:
        tab, group = self.fields["tab"], self.fields["group"]
        leads = [(tab, self.map.layout.table.size)] if tab else []
        return [*leads, (group, self.map.places.size)] if group else leads

    @property
    def progress(self) -> Progress:
        fields = self.fields
        if fields["key"]:
            return Progress.AT_ENTRY
        if self.small:
            return Progress.AT_END if fields["entryIdx"] else Progress.NOT_BEGUN
        return Progress.AT_END if fields["dirIdx"] else Progress.NOT_BEGUN

    @property
    def table(self) -> Table | None:
        """The table that it is in; None in a map that was a single group, and between tables. Raises ReadError."""
        return self._table(self.fields["tab"]) if self.fields["tab"] else None

    @property
    def slot(self) -> int | None:
        """The slot of its group that has the key that it is at; None if that is elsewhere."""
        places, group = self.map.places, self.fields["group"]
        offset = self.fields["key"] - group - places.keys
        if places.indirect_key or not group or not 0 <= offset < places.slots * places.key_stride:
            return None
        return offset // places.key_stride

    def upcoming(self) -> Iterator[Union[Visit, Untold]]:
        fields = self.fields
        if self.progress is Progress.AT_END:
            return iter(())
        if self.small:
            return told(self._in_group(fields["entryIdx"], self.map.places.slots))
        orders = self.map.header["globalDepth"] - fields["globalDepth"]
        offset = fields["dirOffset"] << orders & _UINT64
        return told(self._walk(_Stand(fields["dirIdx"] << orders, offset, fields["tab"], fields["entryIdx"]), None))

    def passed(self) -> Iterator[Union[Visit, Untold]]:
        fields = self.fields
        if self.progress is Progress.NOT_BEGUN:
            return iter(())
        if self.small:
            return told(self._in_group(0, fields["entryIdx"]))
        orders = self.map.header["globalDepth"] - fields["globalDepth"]
        end = None
        if self.progress is not Progress.AT_END:
            end = _Stand(fields["dirIdx"] << orders, 0, fields["tab"], fields["entryIdx"])
        return told(self._walk(_Stand(0, fields["dirOffset"] << orders & _UINT64, 0, 0), end))

    def _in_group(self, first: int, end: int) -> Iterator[Union[Visit, Untold]]:
        """What it visits in the map's only group, from entryIdx FIRST to that before END."""
        places, grown = self.map.places, self.map.header["dirLen"] > 0
        ctrl, entry = self._group(self.fields["group"])
        for index in range(first, end):
            slot = (index + self.fields["entryOffset"]) % places.slots
            if not ctrl[slot] & EMPTY:
                found = self._given(entry(slot), grown)
                if found is not None:
                    yield Visit(found, Place("old group" if grown else "group", 0, 0, None, slot))

    def _walk(self, stand: _Stand, end: _Stand | None) -> Iterator[Union[Visit, Untold]]:
        """What Next comes to, called again and again, from STAND to END; None: to its end."""
        header, word = self.map.header, self.program.pointer_size
        index, offset, tab, entry_index = stand
        visited = 0
        while index < header["dirLen"]:
            last = end is not None and index == end.directory
            if end is not None and last:
                tab = end.tab  # the table that it is in, even if the directory has others there now
            if not tab:
                entry = (index + offset) % header["dirLen"]
                tab = pointer_at(self.program, header["dirPtr"] + entry * word)
                first = self._table(tab).index
                if 0 <= first < entry:  # it began in the middle of a table's directory entries
                    offset = offset - (entry - first) & _UINT64
            table = self._table(tab)
            if not self.map.consistent(table) or table.local_depth > header["globalDepth"]:
                yield Untold(tab, End.NO_TABLE)
                return
            stop = min(end.entry, table.capacity) if end is not None and last else table.capacity
            yield from self._in_table(table, entry_index, stop)
            if last:
                return
            visited += table.length_mask + 1
            if visited > MOST_VISITED:
                yield Untold(self.address, End.MANY)
                return
            index, tab, entry_index = index + (1 << header["globalDepth"] - table.local_depth), 0, 0
        if end is not None:
            yield Untold(self.address, End.LOST)

    def _in_table(self, table: Table, first: int, end: int) -> Iterator[Union[Visit, Untold]]:
        """What it visits in a table, from entryIdx FIRST to that before END."""
        places, grown = self.map.places, table.index == -1
        current = -1
        index = first
        while index < end:
            at = (index + self.fields["entryOffset"]) % table.capacity
            group, slot = divmod(at, places.slots)
            if group != current:
                ctrl, entry = self._group(table.groups + group * places.size)
                current = group
            if not ctrl[slot] & EMPTY:
                found = self._given(entry(slot), grown)
                if found is not None:
                    yield Visit(found, Place("old group" if grown else "group", group, 0, table.index, slot))
            index += 1

    def _given(self, entry: Entry, grown: bool) -> Entry | None:
        """What it gives for a full slot; None if it passes it by. Raises UntoldError, ReadError."""
        key = entry.key
        if not isinstance(key, Cell):
            raise key
        if not grown:
            return entry
        found = self.current.of(key)
        same = self.fields["clearSeq"] == self.map.header.get("clearSeq", 0)
        if found is None and same and not self.current.equals_itself(key):
            return entry
        return found

    def _group(self, address: int) -> tuple[bytes, Callable[[int], Entry]]:
        """Control bytes of the group at ADDRESS, and what gives a slot's entry. Raises ReadError."""
        places = self.map.places
        buffer = self.program.memory.read(address, places.size)
        ctrl = buffer[places.marks : places.marks + places.slots]
        if self.program.byte_order == "big":
            ctrl = ctrl[::-1]
        return ctrl, self._slots.entry(buffer, 0, address)

    def _table(self, address: int) -> Table:
        """The table at ADDRESS. Raises ReadError."""
        table = self.map.read_table(0, 0, address)
        if not isinstance(table, Table):
            raise ReadError(address, self.map.layout.table.size)
        return table
