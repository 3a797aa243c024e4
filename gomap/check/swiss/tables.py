"""The invariants of a Swiss map's table: its header against the directory and against its groups.

Source: table in internal/runtime/maps/table.go, and its checkInvariants in table_debug.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from gomap.check.finding import Finding, rule
from gomap.maps.model import Table
from gomap.maps.swiss import SwissMap
from gomap.maps.wording import counted

__all__ = ["table_findings"]

USED = rule("table-used", "a table counts its full slots")
CAPACITY = rule("table-capacity", "capacity is a power of two, and lengthMask goes with it")
GROWTH_LEFT = rule("table-growthleft", "growthLeft is what full slots and tombstones leave of seven eighths")
DEPTH = rule("table-depth", "no table is deeper than the directory")
INDEX = rule("table-index", "index is a table's first directory entry")
STALE = rule("table-stale", "no table in the directory is marked stale")
RUN = rule("directory-run", "a table stands in 2^(globalDepth-localDepth) directory entries, at a multiple of that")

#: maxAvgGroupLoad in group.go, of eight slots: the same since Go 1.24.
_MAX_AVG_GROUP_LOAD = 7


def table_findings(map: SwissMap, table: Table, groups: int, used: int, deleted: int) -> Iterator[Finding]:
    """What is wrong with TABLE, in whose GROUPS groups USED slots are full and DELETED are tombstones."""
    struct = map.layout.table.type
    name = f"table {table.first} at {table.address:#x}"

    def field(name: str) -> int:
        return table.address + struct.field(name).offset

    if table.used != used:
        there = counted(used, "slot is", "slots are")
        yield USED.broken(field("used"), f"{name}: used is {table.used}, but {there} full")
    if not map.consistent(table):
        yield CAPACITY.broken(
            field("capacity"),
            f"{name}: capacity is {table.capacity}, lengthMask {table.length_mask:#x}, groups {groups}; "
            "probes leave the table or miss groups",
        )
    left = groups * _MAX_AVG_GROUP_LOAD - used - deleted
    # The field is unsigned: a table that is overfull has a large one.
    if table.growth_left != left % (1 << 8 * struct.field("growthLeft").type.size):
        yield GROWTH_LEFT.broken(
            field("growthLeft"),
            f"{name}: growthLeft is {table.growth_left}, but {max(left, 0)} {'is' if left == 1 else 'are'} left; "
            + ("it grows too early" if table.growth_left < left else "it fills up, and then every miss spins"),
        )
    depth = map.depth
    if table.local_depth > depth:
        yield DEPTH.broken(field("localDepth"), f"{name}: localDepth is {table.local_depth}, globalDepth {depth}")
        return
    if table.index == -1:
        yield STALE.broken(
            field("index"), f"{name}: marked stale (index -1), but directory entry {table.first} leads to it"
        )
    elif table.index != table.first:
        yield INDEX.broken(
            field("index"), f"{name}: index is {table.index}, but its first directory entry is {table.first}"
        )
    run = 1 << (depth - table.local_depth)
    if table.last - table.first + 1 != run or table.first % run:
        yield RUN.broken(
            map.header["dirPtr"] + table.first * map.target.pointer_size,
            f"{name}: localDepth {table.local_depth} of globalDepth {depth} means {run} of the directory's entries, "
            f"but it stands in {table.first} to {table.last}; lookups go astray",
        )
