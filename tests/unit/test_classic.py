"""Classic maps: what a walk finds in the memory of real programs, and what those programs say is there."""

from __future__ import annotations

from collections import Counter
from typing import Literal

import pytest

from gomap.maps.classic import ClassicMap
from gomap.maps.model import LIVE, Bucket, Selection
from gomap.maps.notes import NoSuchBucket
from gomap.maps.opening import open_map
from gomap.maps.wording import derived, flag_names, meaning, note_text, summary
from tests.unit.agreement import assert_as_the_program_says, buckets_in
from tests.unit.mademaps import HEADER, MadeMap
from tests.unit.realmaps import CLASSIC, RealMap, Toolchain, real_map, real_maps

every_classic = pytest.mark.parametrize("toolchain", CLASSIC, ids=str)


@every_classic
@pytest.mark.parametrize("described", [False, True], ids=["dwarf", "descriptor"])
def test_each_bucket_slot_and_entry_is_where_the_program_says(toolchain: Toolchain, described: bool) -> None:
    for real in real_maps(toolchain).values():
        map = open_map(real.target(), real.described if described else real.type, real.address)
        assert isinstance(map, ClassicMap)
        assert_as_the_program_says(map, real)


@every_classic
def test_the_program_has_maps_in_every_state(toolchain: Toolchain) -> None:
    maps = real_maps(toolchain)
    roles = {name: Counter(bucket["role"] for bucket in real.truth["buckets"]) for name, real in maps.items()}
    assert roles["main.growing"]["old bucket"] == roles["main.growing"]["bucket"] / 2
    assert roles["main.growingSameSize"]["old bucket"] == roles["main.growingSameSize"]["bucket"]
    assert roles["main.chained"]["overflow"] >= 3
    assert roles["main.grown"]["unused overflow"] > 0
    marks = {mark for real in maps.values() for bucket in real.truth["buckets"] for mark in bucket["marks"]}
    assert marks >= set(range(5))


@every_classic
def test_a_growing_map_says_so(toolchain: Toolchain) -> None:
    growing = classic(real_map(toolchain, "growing"))
    old = growing.oldbuckets
    assert growing.buckets == 2 * old > 0
    assert f", growing from {old} (evacuated below {growing.header['nevacuate']})" in summary(growing)
    same_size = classic(real_map(toolchain, "growingSameSize"))
    assert same_size.buckets == same_size.oldbuckets
    assert f", regrouping from {same_size.oldbuckets} (" in summary(same_size)
    assert "sameSizeGrow" in meanings(same_size)["flags"]


@every_classic
def test_one_bucket_is_shown_with_its_chain_and_its_old_bucket(toolchain: Toolchain) -> None:
    real = real_map(toolchain, "growing")
    map = classic(real)
    truth = [bucket for bucket in real.truth["buckets"] if bucket["role"] != "unused overflow"]
    for number in range(map.buckets):
        shown = buckets_in(map.walk(Selection(bucket=number, old=True)))
        assert [bucket.address for bucket in shown] == [
            bucket["address"]
            for bucket in truth
            if bucket["index"] == (number % map.oldbuckets if bucket["role"].startswith("old") else number)
        ]


@pytest.mark.parametrize("number", [-1, 256, 1 << 70])
def test_a_bucket_that_is_not_there(number: int) -> None:
    map = classic(real_map(CLASSIC[1], "grown"))
    assert map.buckets == 256
    (only,) = map.walk(Selection(bucket=number))
    assert only == NoSuchBucket(map.address, number, 256)
    assert note_text(only) == f"there is no bucket {number}: the map has 256"


def test_how_many_buckets_a_walk_visits_at_most() -> None:
    growing = classic(real_map(CLASSIC[1], "growing"))
    for selection in (LIVE, Selection(old=True), Selection(bucket=3), Selection(bucket=3, old=True)):
        roles = Counter(bucket.role for bucket in buckets_in(growing.walk(selection)))
        for role, most in growing.totals(selection):
            assert roles[role] <= most
            if selection.old or role == "bucket":
                assert roles[role] == most


def test_the_header_in_words() -> None:
    growing = classic(real_map(CLASSIC[1], "growing"))
    evacuated = growing.header["nevacuate"]
    assert meanings(growing) == {
        "count": "",
        "flags": flag_names(growing.header["flags"]),
        "B": "64 buckets",
        "noverflow": "",
        "hash0": "",
        "buckets": "",
        "oldbuckets": "32 old buckets",
        "nevacuate": f"old buckets below {evacuated} are evacuated",
        "extra": "",
    }
    assert derived(growing) == [("load", f"{growing.count / 64:.2f} entries per bucket")]


def test_nil_and_empty_maps() -> None:
    nil = classic(real_map(CLASSIC[1], "nilMap"))
    assert (summary(nil), list(nil.fields()), list(nil.walk()), list(derived(nil))) == ("nil map", [], [], [])
    empty = classic(real_map(CLASSIC[1], "empty"))
    assert (summary(empty), empty.count, list(empty.walk()), list(derived(empty))) == (
        "0 entries in 0 buckets",
        0,
        [],
        [],
    )


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (0, ""),
        (1, "iterator"),
        (3, "iterator, oldIterator"),
        (12, "hashWriting, sameSizeGrow"),
        (0xF4, "hashWriting, unknown 0xf0"),
    ],
)
def test_flags_by_name(flags: int, names: str) -> None:
    assert flag_names(flags) == names


@pytest.mark.parametrize("byte_order", ["little", "big"])
@pytest.mark.parametrize("pointer_size", [4, 8])
def test_every_pointer_size_and_byte_order(pointer_size: int, byte_order: Literal["little", "big"]) -> None:
    made = MadeMap(pointer_size, byte_order)
    made.put_hmap(count=3, B=1, hash0=0x01020304, buckets=0x20000, noverflow=1)
    made.put_bucket(0x20000, {0: (0xAB, 1, 0xDEADBEEF), 1: (1, 0, 0)}, overflow=0x30000)
    made.put_bucket(0x20000 + made.bucket.size, {7: (5, 0x01020304, 2)})
    made.put_bucket(0x30000, {0: (0xFF, 3, 4)})
    map = ClassicMap(made.image(), made.classic, HEADER)
    assert {field.name: field.value for field in map.fields()} == {
        "count": 3,
        "flags": 0,
        "B": 1,
        "noverflow": 1,
        "hash0": 0x01020304,
        "buckets": 0x20000,
        "oldbuckets": 0,
        "nevacuate": 0,
        "extra": 0,
    }
    first, overflow, second = map.walk()
    assert isinstance(first, Bucket) and isinstance(overflow, Bucket) and isinstance(second, Bucket)
    assert (first.overflow, overflow.address, second.overflow) == (0x30000, 0x30000, 0)
    assert [slot.state for slot in first.slots] == ["full", "emptyOne"] + ["emptyRest"] * 6
    pairs = [(made.integer(key, 4), made.integer(elem, 4)) for key, elem in ((1, 0xDEADBEEF), (3, 4), (0x01020304, 2))]
    assert [tuple(cell.buffer[cell.offset : cell.offset + 4] for cell in entry) for entry in map.entries()] == pairs


def classic(real: RealMap) -> ClassicMap:
    map = open_map(real.target(), real.type, real.address)
    assert isinstance(map, ClassicMap)
    return map


def meanings(map: ClassicMap) -> dict[str, str]:
    return {field.name: meaning(map, field) for field in map.fields()}
