"""Real maps in memory that is damaged at random: every look at them ends, soon, and shows no bucket twice."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gomap.goruntime.rtype import RuntimeTypes
from gomap.hashing import HashState, hasher_for
from gomap.language import Literals
from gomap.maps.model import LIVE, Bucket, Entry, GoMap, Selection, Table
from gomap.maps.opening import open_map
from gomap.maps.wording import derived, meaning, note_text, summary
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from tests.unit.agreement import buckets_in
from tests.unit.checked import check_map
from tests.unit.deadline import soon
from tests.unit.image import Image
from tests.unit.objects import Objects
from tests.unit.realmaps import CLASSIC, SWISS, RealMap, Toolchain, real_map

EVERYTHING = Selection(old=True, unused=True)

PAGE = 4096
#: Numbers that are worth putting anywhere.
NASTY = (0, 1, 2, 0x80, 0xFE, 0xFF, 0xFFFF, 1 << 31, 1 << 40, 1 << 47, 1 << 60, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)

# Maps with something of everything, small enough to be ruined often.
VICTIMS = (
    "growing",
    "growingSameSize",
    "growingStrings",
    "chained",
    "bigBoth",
    "uneven",
    "tombstones",
    "small",
    "voids",
)
RUINED_WITH = (CLASSIC[1], CLASSIC[2], SWISS[0], SWISS[2], SWISS[3])


def pieces(real: RealMap) -> list[tuple[int, int]]:
    """Address and size of all that the map consists of, according to the program."""
    truth, pointer = real.truth, real.pointer_size
    there = [(real.address, real.type.header.size)]
    there += [(bucket["address"], real.places["size"]) for bucket in truth["buckets"]]
    for table in truth["tables"]:
        assert real.table is not None
        there.append((table["address"], real.table.size))
        there.append((real.header("dirPtr") + pointer * table["first"], pointer))
    return there


class Ruin(NamedTuple):
    """What was done to a program's memory: bytes written over others, then all of a page or of a segment's end lost."""

    written: list[tuple[int, bytes]]
    cut: list[tuple[int, bool]]

    def of(self, real: RealMap) -> Image:
        memory = {address: bytearray(content) for address, content in real.memory.items()}
        for at, wrong in self.written:
            start = max(address for address in memory if address <= at)
            wrong = wrong[: len(memory[start]) - (at - start)]
            memory[start][at - start : at - start + len(wrong)] = wrong
        for at, whole_page in self.cut:
            cut(memory, at, whole_page)
        segments = {address: bytes(content) for address, content in memory.items() if content}
        types = [real.table] if real.table else []
        return Image(segments, pointer_size=real.pointer_size, types=types, variables=real.variables)


def cut(memory: dict[int, bytearray], address: int, whole_page: bool) -> None:
    """Take away the page around ADDRESS, or its segment from there on, as a truncated core does."""
    start = max((one for one in memory if one <= address), default=None)
    if start is None or address - start >= len(memory[start]):
        return  # gone already
    content = memory.pop(start)
    first = address // PAGE * PAGE if whole_page else address
    memory[start] = content[: max(first - start, 0)]
    if whole_page:
        memory[first + PAGE] = content[first + PAGE - start :]


@st.composite
def ruins(draw: st.DrawFn) -> tuple[RealMap, Ruin]:
    real = real_map(draw(st.sampled_from(RUINED_WITH)), draw(st.sampled_from(VICTIMS)))
    parts, width = pieces(real), real.pointer_size
    # The header is one piece among hundreds, and the one that matters most.
    piece = st.one_of(st.just(parts[0]), st.sampled_from(parts))
    place = piece.flatmap(lambda part: st.integers(part[0], part[0] + part[1] - 1))
    address = st.sampled_from([address for address, _ in parts])
    number = st.one_of(address, address.map(lambda a: a + 8), st.sampled_from(NASTY), st.integers(0, 2**64 - 1))
    word = number.map(lambda n: (n % (1 << 8 * width)).to_bytes(width, "little"))
    aligned = place.map(lambda at: at // width * width)
    write = st.one_of(st.tuples(aligned, word), st.tuples(place, st.binary(min_size=1, max_size=16)))
    written = draw(st.lists(write, min_size=1, max_size=6))
    return real, Ruin(written, draw(st.lists(st.tuples(place, st.booleans()), max_size=2)))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(ruins())
def test_no_ruin_stops_a_walk(ruined: tuple[RealMap, Ruin]) -> None:
    real, ruin = ruined
    target = ruin.of(real)
    for type in (real.type, real.described):
        try:
            map = open_map(target, type, real.address)
        except ReadError:
            continue
        assert_harmless(map)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(ruins(), st.booleans())
def test_no_ruin_stops_a_check(ruined: tuple[RealMap, Ruin], books: bool) -> None:
    """With the heap's books and without: where these cannot be read, all pointers pass."""
    real, ruin = ruined
    target = ruin.of(real)
    types = RuntimeTypes(target)
    for type in (real.type, real.described):
        try:
            map = open_map(target, type, real.address)
            hasher = hasher_for(HashState.read(target), target, types, map.key)
        except (ReadError, LayoutError):
            continue
        with soon():
            check_map(map, Literals(target, types), Objects(real) if books else None, hasher)


@pytest.mark.parametrize("toolchain", SWISS, ids=str)
def test_a_table_without_any_group_is_reported(toolchain: Toolchain) -> None:
    """Its capacity is 0, and lengthMask says so too: 2^64 - 1."""
    real = real_map(toolchain, "uneven")
    assert real.table is not None
    target, table = real.target(), real.truth["tables"][0]["address"]
    groups = real.table.field("groups")
    target.write(table + real.table.field("capacity").offset, bytes(2))
    target.write(table + groups.offset + groups.type.field("lengthMask").offset, b"\xff" * 8)
    types = RuntimeTypes(target)
    map = open_map(target, real.type, real.address)
    hasher = hasher_for(HashState.read(target), target, types, map.key)
    report = check_map(map, Literals(target, types), None, hasher)
    assert "table-capacity" in {finding.rule.name for finding in report.findings}


def assert_harmless(map: GoMap) -> None:
    """Whatever can be asked is answered, and no bucket is shown twice."""
    with soon():
        derived(map), summary(map), map.totals(LIVE)
        [meaning(map, field) for field in map.fields()], [note_text(note) for note in map.notes()]
    with soon():
        parts = list(map.walk(EVERYTHING))
    tables = [part.address for part in parts if isinstance(part, Table)]
    assert len(set(tables)) == len(tables)
    shown: set[tuple[int, str, int]] = set()
    table = 0
    for part in parts:
        if isinstance(part, Table):
            table = part.address
        elif isinstance(part, Bucket):
            where = (table, part.role.replace("old overflow", "overflow"), part.address)
            assert where not in shown
            shown.add(where)
            assert [slot.number for slot in part.slots] == list(range(8))
    alive = buckets_in(map.walk())
    assert len(alive) <= len(shown)
    with soon():
        entries = [entry for entry in map.entries() if isinstance(entry, Entry)]
    assert len(entries) == sum(slot.entry is not None for bucket in alive for slot in bucket.slots)
    for entry in entries:
        for cell, type in ((entry.key, map.key), (entry.elem, map.elem)):
            assert isinstance(cell, ReadError) or len(cell.buffer) - cell.offset >= type.size
