"""Maps as text: every line of a walk, of maps that real programs describe, and the corners of how it looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gomap.goruntime.rtype import RuntimeTypes
from gomap.language import Limits, Literals
from gomap.maps.classic import ClassicMap
from gomap.maps.model import LIVE, GoMap, Selection
from gomap.maps.opening import open_map
from gomap.maps.swiss import SwissMap
from gomap.views.entries import entries_lines
from gomap.views.paint import Paint
from gomap.views.text import header_lines, title, walk_lines
from tests.unit.agreement import CONTROL, TOPHASH, moved_buckets
from tests.unit.image import Image
from tests.unit.mademaps import HEADER, MadeMap
from tests.unit.realmaps import CLASSIC, SWISS, TOOLCHAINS, RealMap, Toolchain, real_map

PLAIN = Paint()
#: Maps whose keys and elements hold all that there is to show.
SELF_CONTAINED = (
    *("nilMap", "empty", "roomy", "single", "small", "eight", "grown", "emptied", "cleared", "afterDeletes", "nans"),
    *("growing", "growingStrings", "growingSameSize", "chained", "uneven", "tombstones"),
    *("bools", "ints8", "ints16", "ints32", "ints64", "uints64", "uintptrs", "floats32", "floats64", "complexes"),
    *("matrices", "structs", "named", "flags", "voids", "voidKeys", "noArrays", "bothVoid"),
)


def unlimited(target: Image) -> Literals:
    return Literals(target, RuntimeTypes(target), Limits(None, None))


def walked(map: GoMap, selection: Selection = LIVE, limit: int | None = None, every_slot: bool = False) -> list[str]:
    return list(walk_lines(map, unlimited(map.target), selection, limit, every_slot, PLAIN))  # type: ignore[attr-defined]


def expected(real: RealMap, *, everything: bool) -> Iterator[str]:
    """The lines of a walk, made of what the program says."""
    tables = {table["first"]: table for table in real.truth["tables"]}
    moved = set(moved_buckets(real.truth["buckets"]))
    for bucket in real.truth["buckets"]:
        if not everything and (bucket["address"] in moved or bucket["role"] == "unused overflow"):
            continue
        if bucket["table"] in tables:
            yield table_line(tables.pop(bucket["table"]))
        yield bucket_line(bucket, bucket["address"] in moved)
        live = {slot["slot"]: f"{slot['key']}: {slot['elem']}" for slot in bucket["live"]}
        names = TOPHASH if real.kind == "classic" else CONTROL
        for slot, mark in enumerate(bucket["marks"]):
            state = names.get(mark, "full")
            yield f"  {slot}  {mark:02x}  " + (f"{state:<11}{live[slot]}" if slot in live else state)
            if state == "emptyRest" and not everything:
                break


def table_line(table: dict[str, Any]) -> str:
    first, last = table["first"], table["last"]
    return (
        f"table {first} at {table['address']:#x} "
        f"(directory {f'entry {first}' if first == last else f'entries {first} to {last}'}): "
        f"used {table['used']}, capacity {table['capacity']}, growthLeft {table['growth_left']}, "
        f"localDepth {table['local_depth']}, index {table['index']}"
    )


def bucket_line(bucket: dict[str, Any], moved: bool) -> str:
    role, address = bucket["role"], f"{bucket['address']:#x}"
    if role in ("overflow", "old overflow"):
        return f"  overflow -> {address}"
    if role == "unused overflow":
        return f"unused overflow at {address}"
    ending = {"old bucket": ", evacuated" if moved else ", not evacuated yet"}.get(role, "")
    return f"{role} {bucket['index']} at {address}{ending}"


@pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=str)
def test_every_line_of_a_walk(toolchain: Toolchain) -> None:
    for name in SELF_CONTAINED:
        real = real_map(toolchain, name)
        map = open_map(real.target(), real.type, real.address)
        shown = walked(map, Selection(old=True, unused=True), every_slot=True)
        assert shown[1:] == list(expected(real, everything=True)), name
        assert walked(map)[1:] == list(expected(real, everything=False)), name
        count = real.truth["len"]
        where = f" at {real.address:#x} ({real.kind}): {count} entr{'y' if count == 1 else 'ies'} in "
        assert shown[0].startswith(real.truth["type"] + (where if real.address else f" ({real.kind}): nil map"))


@pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=str)
def test_nothing_that_moves_a_terminal(toolchain: Toolchain) -> None:
    """Keys and elements with control characters, invalid UTF-8 and text that runs from right to left."""
    real = real_map(toolchain, "strs")
    target = real.target()
    literals = Literals(target, RuntimeTypes(target))
    lines = list(walk_lines(open_map(target, real.type, real.address), literals, LIVE, None, True, PLAIN))
    assert sum(" full " in line for line in lines) == 10
    for line in lines:
        assert line.isprintable(), line


@pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=str)
def test_entries_alone(toolchain: Toolchain) -> None:
    """A line for each entry that the program sees, where it sees it."""
    for name in SELF_CONTAINED:
        real = real_map(toolchain, name)
        map = open_map(real.target(), real.type, real.address)
        title, *lines = list(entries_lines(map, unlimited(real.target()), LIVE, None, PLAIN))
        assert title == walked(map)[0]
        assert [re.sub(" +", " ", line) for line in lines] == list(expected_entries(real)), name
        assert len(lines) == real.truth["len"]


def expected_entries(real: RealMap) -> Iterator[str]:
    moved = set(moved_buckets(real.truth["buckets"]))
    link = 0
    for bucket in real.truth["buckets"]:
        role, index = bucket["role"], bucket["index"]
        link = link + 1 if "overflow" in role else 0
        if bucket["address"] in moved or role == "unused overflow":
            continue
        place = f"{'old bucket' if role.startswith('old') else 'bucket'} {index}"
        if real.kind == "swiss":
            place = f"group {index}" if bucket["table"] < 0 else f"table {bucket['table']} group {index}"
        for slot in bucket["live"]:
            where = f"{place}, overflow {link}" if link else place
            yield re.sub(" +", " ", f" {where} slot {slot['slot']} {slot['key']}: {slot['elem']}")


class TestLimit:
    def test_of_entries(self) -> None:
        real = real_map(CLASSIC[1], "grown")
        map = opened(real)
        lines = list(entries_lines(map, unlimited(real.target()), LIVE, 3, PLAIN))
        assert len(lines) == 5
        assert lines[-1] == "997 more entries; see 'help gomap-walk' for -limit"
        every = list(entries_lines(map, unlimited(real.target()), LIVE, 1000, PLAIN))
        assert every == list(entries_lines(map, unlimited(real.target()), LIVE, None, PLAIN))

    def test_of_entries_that_the_header_does_not_count(self) -> None:
        made = MadeMap()
        made.put_hmap(count=1, buckets=0x20000)
        made.put_bucket(0x20000, {0: (0xAB, 1, 2), 1: (0xAC, 3, 4)})
        image = made.image()
        map = ClassicMap(image, made.classic, HEADER)
        lines = list(entries_lines(map, unlimited(image), LIVE, 1, PLAIN))
        assert lines[1:] == ["  bucket 0 slot 0  1: 2", "1 more entry; see 'help gomap-walk' for -limit"]

    def test_what_is_left_out_is_said(self) -> None:
        real = real_map(CLASSIC[1], "growing")
        map = ClassicMap(real.target(), real.type, real.address)
        lines = walked(map, limit=3)
        assert [line for line in lines if line.startswith("bucket")] == [
            bucket_line(bucket, False) for bucket in real.truth["buckets"][:4] if bucket["role"] == "bucket"
        ][:3]
        left = map.oldbuckets - map.header["nevacuate"]
        assert lines[-1] == (
            f"61 more buckets and up to {left} more old buckets; see 'help gomap-walk' for -bucket and -limit"
        )

    def test_a_limit_that_is_enough_leaves_nothing_out(self) -> None:
        map = opened(real_map(CLASSIC[1], "grown"))
        assert walked(map, limit=256) == walked(map)
        assert walked(map, limit=255)[-1] == "1 more bucket; see 'help gomap-walk' for -bucket and -limit"

    def test_a_table_of_which_no_group_is_shown_is_not_shown(self) -> None:
        real = real_map(SWISS[0], "uneven")
        groups = sum(table["length_mask"] + 1 for table in real.truth["tables"])
        first = real.truth["tables"][0]["length_mask"] + 1
        lines = walked(opened(real), limit=first)
        assert [line for line in lines if line.startswith("table")] == [table_line(real.truth["tables"][0])]
        assert lines[-1] == f"{groups - first} more groups; see 'help gomap-walk' for -bucket and -limit"

    @pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=str)
    def test_little_is_read_for_little_shown(self, toolchain: Toolchain) -> None:
        real = real_map(toolchain, "grown")
        target = real.target()
        read = []
        raw = target.memory._raw
        target.memory._raw = lambda address, length: read.append(length) or raw(address, length)  # type: ignore[func-returns-value]
        map = open_map(target, real.type, real.address)
        lines = list(walk_lines(map, unlimited(target), LIVE, 1, False, PLAIN))
        assert "more" in lines[-1]
        assert sum(read) <= 20 * 4096  # of 60 KiB of buckets and what their strings lie in


def test_the_header_of_a_classic_map() -> None:
    made = MadeMap()
    made.put_hmap(count=7, flags=3, B=1, noverflow=2, hash0=0xCAFE, buckets=0x20000, nevacuate=0)
    made.segments[0x20000] = bytes(160)
    assert list(header_lines(ClassicMap(made.image(), made.classic, HEADER), PLAIN)) == [
        "map[uint32]uint32 at 0x10000 (classic): 7 entries in 2 buckets + 2 overflow",
        "  count       7",
        "  flags       0x3                 iterator, oldIterator",
        "  B           1                   2 buckets",
        "  noverflow   2",
        "  hash0       0xcafe",
        "  buckets     0x20000",
        "  oldbuckets  0x0                 not growing",
        "  nevacuate   0",
        "  extra       0x0",
        "  load        3.50 entries per bucket",
    ]


def test_the_header_of_a_swiss_map_that_lies() -> None:
    made = MadeMap()
    made.put_map(used=9, seed=0xCAFE, dirPtr=0x20000, globalShift=64, writing=1)
    made.segments[0x20000] = bytes(72)
    assert list(header_lines(SwissMap(made.image(), made.swiss, HEADER), PLAIN)) == [
        "map[uint32]uint32 at 0x10000 (swiss): 9 entries in 1 group",
        "  used               9",
        "  seed               0xcafe",
        "  dirPtr             0x20000             one group, no directory",
        "  dirLen             0                   small map",
        "  globalDepth        0",
        "  globalShift        64",
        "  writing            1                   a write is under way",
        "  tombstonePossible  0",
        "  clearSeq           0",
        "  load               9 of 8 slots, 112%",
        "note: used is 9, but a map without directory holds 8 entries at most; the header is corrupt",
    ]


def test_a_nil_map() -> None:
    made = MadeMap()
    map = ClassicMap(made.image(), made.classic, 0)
    assert title(map, PLAIN) == "map[uint32]uint32 (classic): nil map"
    assert walked(map) == list(header_lines(map, PLAIN)) == ["map[uint32]uint32 (classic): nil map"]


def test_what_cannot_be_read_is_said_in_its_place() -> None:
    real = real_map(CLASSIC[1], "bigBoth")
    bucket = next(bucket for bucket in real.truth["buckets"] if bucket["live"])
    slot = bucket["live"][0]["slot"]
    target = real.target()
    target.write(bucket["address"] + real.places["keys"] + slot * real.places["key_stride"], target.word(0xBAD0))
    target.write(bucket["address"] + real.places["overflow"], target.word(0xBAD1))
    lines = walked(open_map(target, real.type, real.address))
    (line,) = [line for line in lines if "<unreadable 0xbad0>" in line]
    assert line.startswith(f"  {slot}  {bucket['marks'][slot]:02x}  full       <unreadable 0xbad0>: (*main.BigKey)(0x")
    (note,) = [line for line in lines if line.startswith("note: ")]
    assert note.endswith("-> 0xbad1: cannot read memory at 0xbad1")


class Marking(Paint):
    """Paints by marks that a test can see."""

    def type(self, text: str) -> str:
        return f"<t {text}>"

    def address(self, text: str) -> str:
        return f"<a {text}>"

    def state(self, text: str) -> str:
        return f"<s {text}>"

    def literal(self, text: str) -> str:
        return f"<l {text}>"

    def note(self, text: str) -> str:
        return f"<n {text}>"


def test_each_part_is_painted_as_what_it_is() -> None:
    made = MadeMap()
    made.put_hmap(count=1, buckets=0x20000)
    made.put_bucket(0x20000, {0: (0xAB, 1, 2)}, overflow=0xBAD0)
    image = made.image()
    map = ClassicMap(image, made.classic, HEADER)
    assert list(walk_lines(map, unlimited(image), LIVE, None, False, Marking())) == [
        "<t map[uint32]uint32> at <a 0x10000> (classic): 1 entry in 1 bucket",
        "bucket 0 at <a 0x20000>",
        "  0  ab  <s full>       <l 1>: <l 2>",
        "  1  00  <s emptyRest>",
        "<n note: overflow pointer of bucket 0 at 0x20000 -> 0xbad0: cannot read memory at 0xbad0>",
    ]
    real = real_map(SWISS[0], "uneven")
    map = open_map(real.target(), real.type, real.address)
    painted = list(walk_lines(map, unlimited(real.target()), LIVE, None, True, Marking()))
    assert [re.sub(r"<[tasln] (.*?)>", r"\1", line) for line in painted] == walked(map, every_slot=True)


def opened(real: RealMap) -> GoMap:
    return open_map(real.target(), real.type, real.address)
