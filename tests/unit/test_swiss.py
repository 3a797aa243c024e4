"""Swiss maps: what a walk finds in the memory of real programs, and what those programs say is there."""

from __future__ import annotations

from typing import Literal

import pytest

from gomap.maps.model import LIVE, Bucket, Selection, Table
from gomap.maps.opening import open_map
from gomap.maps.swiss import SwissMap
from gomap.maps.wording import derived, meaning, summary
from tests.unit.agreement import assert_as_the_program_says, buckets_in, notes_in
from tests.unit.mademaps import HEADER, MadeMap
from tests.unit.realmaps import SWISS, RealMap, Toolchain, real_map, real_maps

every_swiss = pytest.mark.parametrize("toolchain", SWISS, ids=str)


@every_swiss
@pytest.mark.parametrize("described", [False, True], ids=["dwarf", "descriptor"])
def test_each_table_group_slot_and_entry_is_where_the_program_says(toolchain: Toolchain, described: bool) -> None:
    for real in real_maps(toolchain).values():
        map = open_map(real.target(), real.described if described else real.type, real.address)
        assert isinstance(map, SwissMap)
        assert_as_the_program_says(map, real)


@every_swiss
def test_the_program_has_maps_in_every_state(toolchain: Toolchain) -> None:
    maps = real_maps(toolchain)
    depths = {table["local_depth"] for table in maps["main.uneven"].truth["tables"]}
    assert len(depths) > 1
    assert any(table["last"] > table["first"] for table in maps["main.uneven"].truth["tables"])
    marks = [mark for group in maps["main.tombstones"].truth["buckets"] for mark in group["marks"]]
    assert 0xFE in marks
    assert [group["table"] for group in maps["main.small"].truth["buckets"]] == [-1]


@every_swiss
def test_one_table_and_one_group_of_it(toolchain: Toolchain) -> None:
    real = real_map(toolchain, "uneven")
    map = swiss(real)
    for table in real.truth["tables"]:
        for entry in range(table["first"], table["last"] + 1):
            parts = list(map.walk(Selection(table=entry)))
            assert [part.address for part in parts if isinstance(part, Table)] == [table["address"]]
            groups = [group["address"] for group in real.truth["buckets"] if group["table"] == table["first"]]
            assert [group.address for group in buckets_in(parts)] == groups
            (group,) = buckets_in(map.walk(Selection(table=entry, bucket=3)))
            assert (group.index, group.address) == (3, groups[3])
    each = buckets_in(map.walk(Selection(bucket=0)))
    assert [group.address for group in each] == [table["groups"] for table in real.truth["tables"]]


def test_tables_and_groups_that_are_not_there() -> None:
    map = swiss(real_map(SWISS[0], "uneven"))
    length = map.header["dirLen"]
    for table in (-1, length, 1 << 70):
        assert notes_in(map.walk(Selection(table=table))) == [
            f"entry {table} of a directory of {length} leads to no table"
        ]
        assert buckets_in(map.walk(Selection(table=table))) == []
    for group in (-1, 128, 1 << 70):
        assert notes_in(map.walk(Selection(table=0, bucket=group))) == [f"there is no group {group}: the table has 128"]
    small = swiss(real_map(SWISS[0], "small"))
    assert len(buckets_in(small.walk(Selection(table=0, bucket=0)))) == 1
    for selection in (Selection(table=1), Selection(bucket=1)):
        assert notes_in(small.walk(selection)) == ["the map is small: all it has is group 0"]
        assert buckets_in(small.walk(selection)) == []


@every_swiss
def test_how_many_groups_a_walk_visits(toolchain: Toolchain) -> None:
    for name in ("uneven", "small", "empty", "tombstones"):
        map = swiss(real_map(toolchain, name))
        for selection in (LIVE, Selection(bucket=0), Selection(bucket=100), Selection(table=0), Selection(table=1)):
            assert list(map.totals(selection)) == [("group", len(buckets_in(map.walk(selection))))]


def test_the_header_in_words() -> None:
    uneven = swiss(real_map(SWISS[1], "uneven"))
    shift = uneven.header["globalShift"]
    assert meanings(uneven) == {"globalShift": f"table = directory[hash >> {shift}]"}
    tables = real_map(SWISS[1], "uneven").truth["tables"]
    groups = sum(table["length_mask"] + 1 for table in tables)
    capacity = sum(table["capacity"] for table in tables)
    assert summary(uneven) == f"{uneven.count} entries in {len(tables)} tables, {groups} groups"
    assert derived(uneven) == [("load", f"{uneven.count} of {capacity} slots, {uneven.count / capacity:.0%}")]
    small = swiss(real_map(SWISS[1], "small"))
    assert meanings(small) == {
        "dirPtr": "one group, no directory",
        "dirLen": "small map",
    }
    assert summary(small) == "5 entries in 1 group"


def test_nil_and_empty_maps() -> None:
    nil = swiss(real_map(SWISS[0], "nilMap"))
    assert (summary(nil), list(nil.fields()), list(nil.walk()), list(derived(nil))) == ("nil map", [], [], [])
    empty = swiss(real_map(SWISS[0], "empty"))
    assert (empty.count, list(empty.entries())) == (0, [])


@pytest.mark.parametrize("byte_order", ["little", "big"])
@pytest.mark.parametrize("pointer_size", [4, 8])
def test_every_pointer_size_and_byte_order(pointer_size: int, byte_order: Literal["little", "big"]) -> None:
    made = MadeMap(pointer_size, byte_order)
    made.put_map(used=3, seed=0x01020304, dirPtr=0x20000, dirLen=2, globalDepth=1, globalShift=63)
    made.put_directory(0x20000, [0x30000, 0x40000])
    made.put_table(0x30000, 0x50000, 0, used=2, capacity=8, growthLeft=4, localDepth=1, index=0)
    made.put_table(0x40000, 0x60000, 0, used=1, capacity=8, growthLeft=6, localDepth=1, index=1)
    made.put_group(0x50000, {0: (0x11, 1, 0xDEADBEEF), 1: (0xFE, 0, 0), 7: (0, 2, 3)})
    made.put_group(0x60000, {6: (0x7F, 0x01020304, 4)})
    map = SwissMap(made.image(), made.swiss, HEADER)
    first, one, second, other = map.walk()
    assert isinstance(one, Bucket) and isinstance(other, Bucket)
    assert first == Table(0, 0, 0x30000, 2, 8, 4, 1, 0, 0x50000, 0)
    assert second == Table(1, 1, 0x40000, 1, 8, 6, 1, 1, 0x60000, 0)
    assert [slot.state for slot in one.slots] == ["full", "deleted", *["empty"] * 5, "full"]
    assert [slot.number for slot in other.slots if slot.entry] == [6]
    pairs = [(made.integer(key, 4), made.integer(elem, 4)) for key, elem in ((1, 0xDEADBEEF), (2, 3), (0x01020304, 4))]
    assert [tuple(cell.buffer[cell.offset : cell.offset + 4] for cell in entry) for entry in map.entries()] == pairs


def swiss(real: RealMap) -> SwissMap:
    map = open_map(real.target(), real.type, real.address)
    assert isinstance(map, SwissMap)
    return map


def meanings(map: SwissMap) -> dict[str, str]:
    return {field.name: what for field in map.fields() if (what := meaning(map, field))}
