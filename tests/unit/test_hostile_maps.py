"""Maps that lie in one particular way: what can be shown is shown, what cannot is said, and it is over soon."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from gomap.maps.classic import ClassicMap
from gomap.maps.model import Cell, Entry, GoMap, Note, Selection
from gomap.maps.opening import open_map
from gomap.maps.swiss import SwissMap
from gomap.maps.wording import meaning, note_text, summary
from gomap.program.memory import ReadError
from tests.unit.agreement import buckets_in, notes_in
from tests.unit.deadline import soon
from tests.unit.mademaps import HEADER, MadeMap
from tests.unit.realmaps import CLASSIC, SWISS, Toolchain, real_map

EVERYTHING = Selection(old=True, unused=True)


class TestClassicHeader:
    """Two buckets, an overflow bucket, and a header that lies."""

    def test_count(self) -> None:
        for count in (1 << 60, -1, 33):
            map = made_classic(count=count)
            assert shown_keys(map) == [1, 2, 3]
            assert notes_in(map.walk()) == [f"count is {count}, which 2 buckets cannot hold; the header is corrupt"]
            assert summary(map).startswith(f"{count} entries in 2 buckets")
        assert notes_in(made_classic(count=32).walk()) == []

    @pytest.mark.parametrize("b", [255, 64, 48, 43])
    def test_absurd_b(self, b: int) -> None:
        map = made_classic(B=b)
        (note,) = map.walk(EVERYTHING)
        assert isinstance(note, Note)
        assert note_text(note) == f"B is {b}: 2^{b} buckets of 80 bytes fit in no address space; the header is corrupt"
        assert note.address == HEADER + 9
        assert summary(map) == f"3 entries, B = {b}"
        assert {field.name: meaning(map, field) for field in map.fields()}["B"] == "absurd"

    @pytest.mark.parametrize("b", [5, 30, 40, 41])
    def test_b_that_is_too_large_but_not_absurd(self, b: int) -> None:
        with soon():
            map = made_classic(B=b)
            assert shown_keys(map) == [1, 2, 3]
            (note,) = notes_in(map.walk())
            assert note.startswith(f"buckets 2 to {(1 << b) - 1}: cannot read memory at 0x200a0")

    def test_buckets_unmapped(self) -> None:
        for buckets in (1, 0xDEAD0000, (1 << 64) - 8):
            map = made_classic(buckets=buckets)
            assert shown_keys(map) == []
            assert notes_in(map.walk()) == [f"buckets 0 to 1: cannot read memory at {buckets:#x}"]

    def test_buckets_nil(self) -> None:
        map = made_classic(buckets=0)
        assert notes_in(map.walk()) == ["buckets is nil in a map whose count is 3; the header is corrupt"]
        assert shown_keys(map) == []

    def test_oldbuckets_unmapped(self) -> None:
        map = made_classic(oldbuckets=0xDEAD0000)
        assert shown_keys(map) == [1, 2, 3]
        assert notes_in(map.walk()) == ["old bucket 0: cannot read memory at 0xdead0000"]

    def test_extra_unmapped(self) -> None:
        map = made_classic(extra=0xDEAD0000, B=1)
        assert notes_in(map.walk(EVERYTHING)) == ["extra.nextOverflow of the map: cannot read memory at 0xdead0000"]

    def test_the_header_at_the_end_of_memory(self) -> None:
        made = MadeMap()
        made.segments[HEADER] = bytes(made.hmap.size - 1)
        with pytest.raises(ReadError) as caught:
            open_map(made.image(), made.classic, HEADER)
        assert caught.value.address == HEADER
        for address in (1, (1 << 64) - 8, 1 << 64, -8):
            with pytest.raises(ReadError):
                open_map(made.image(), made.classic, address)


class TestChains:
    """Overflow pointers that lead where they must not."""

    def test_a_bucket_that_is_its_own_overflow(self) -> None:
        map = made_classic(overflow=0x20000)
        assert notes_in(map.walk()) == [
            "overflow pointer of bucket 0 at 0x20000 -> 0x20000: the chain runs in a circle"
        ]
        assert shown_keys(map) == [1, 3]

    def test_an_overflow_bucket_that_is_its_own_overflow(self) -> None:
        map = made_classic(chain=[0x30000])
        assert notes_in(map.walk()) == [
            "overflow pointer of overflow 0 at 0x30000 -> 0x30000: the chain runs in a circle"
        ]
        assert shown_keys(map) == [1, 2, 3]

    def test_a_long_circle(self) -> None:
        chain = [0x40000 + 80 * number for number in range(1000)]
        map = made_classic(chain=[*chain, chain[500]])
        assert notes_in(map.walk()) == [
            f"overflow pointer of overflow 0 at {chain[-1]:#x} -> {chain[500]:#x}: the chain runs in a circle"
        ]
        assert len(buckets_in(map.walk())) == 2 + 1 + 1000

    def test_a_chain_without_end(self) -> None:
        made = MadeMap()
        made.put_hmap(count=1, buckets=0x20000)
        made.put_bucket(0x20000, {}, overflow=0x100000)
        words = b"".join(bytes(72) + made.integer(0x100000 + 80 * (n + 1), 8) for n in range(10_000))
        made.segments[0x100000] = words
        with soon():
            parts = list(ClassicMap(made.image(), made.classic, HEADER).walk())
        (note,) = notes_in(parts)
        assert note.endswith("the chain is over 4096 buckets long; the rest is not shown")
        assert len(parts) == 1 + 4096 + 1

    def test_into_another_chain(self) -> None:
        map = made_classic(second=0x30000)
        assert shown_keys(map) == [1, 2, 3]
        assert notes_in(map.walk()) == ["overflow pointer of bucket 1 at 0x20050 -> 0x30000: a bucket of another chain"]

    def test_into_the_bucket_array(self) -> None:
        map = made_classic(chain=[0x20050])
        assert shown_keys(map) == [1, 2, 3]
        assert notes_in(map.walk()) == [
            "overflow pointer of overflow 0 at 0x30000 -> 0x20050: a bucket of another chain"
        ]

    def test_many_chains_that_end_in_one(self) -> None:
        made = MadeMap()
        count = 1 << 12
        tail = [0x4000000 + 80 * number for number in range(4000)]
        made.put_hmap(count=0, B=12, buckets=0x20000)
        made.segments[0x20000] = (bytes(72) + made.integer(tail[0], 8)) * count
        made.segments[tail[0]] = b"".join(bytes(72) + made.integer(address, 8) for address in [*tail[1:], 0])
        with soon():
            parts = list(ClassicMap(made.image(), made.classic, HEADER).walk())
        assert len(buckets_in(parts)) == count + len(tail)
        assert len(notes_in(parts)) == count - 1

    @pytest.mark.parametrize("pointer", [1, 0xDEAD0000, 1 << 47, (1 << 64) - 1])
    def test_nowhere(self, pointer: int) -> None:
        map = made_classic(overflow=pointer)
        assert shown_keys(map) == [1, 3]
        assert notes_in(map.walk()) == [
            f"overflow pointer of bucket 0 at 0x20000 -> {pointer:#x}: cannot read memory at {pointer:#x}"
        ]


class TestDirectory:
    """Two tables of one group each, and a directory that lies."""

    def test_dir_len_that_is_no_power_of_two(self) -> None:
        map = made_swiss(dirLen=3)
        assert shown_keys(map) == [1, 2]
        assert notes_in(map.walk()) == ["dirLen is 3, no power of two (globalDepth is 1); showing 2 directory entries"]

    @pytest.mark.parametrize("length", [1 << 60, 1 << 40, 4])
    def test_dir_len_that_is_too_large(self, length: int) -> None:
        with soon():
            map = made_swiss(dirLen=length)
            assert shown_keys(map) == [1, 2]
            assert notes_in(map.walk()) == [
                f"dirLen is {length}, not 2^1 (globalDepth is 1); showing 2 directory entries"
            ]

    @pytest.mark.parametrize("depth", [2, 40, 63, 64, 255])
    def test_global_depth_that_is_too_large(self, depth: int) -> None:
        map = made_swiss(globalDepth=depth)
        assert shown_keys(map) == [1, 2]
        assert notes_in(map.walk()) == [
            f"dirLen is 2, not 2^{depth} (globalDepth is {depth}); showing 2 directory entries"
        ]

    @pytest.mark.parametrize("depth", [26, 40, 60])
    def test_both_too_large(self, depth: int) -> None:
        with soon():
            map = made_swiss(dirLen=1 << depth, globalDepth=depth)
            assert shown_keys(map) == [1, 2]
            (note,) = notes_in(map.walk())
            assert note == f"directory entries 2 to {min(1 << depth, 1 << 26) - 1}: cannot read memory at 0x90010"

    def test_dir_len_below_zero(self) -> None:
        assert notes_in(made_swiss(dirLen=-2).walk()) == [
            "dirLen is -2, no power of two (globalDepth is 1); showing 0 directory entries",
            "used is 2, but the tables have 0 slots; the header is corrupt, or tables are missing",
        ]

    @pytest.mark.parametrize("entry", [0, 1, 0xDEAD0000, (1 << 64) - 1])
    def test_an_entry_that_leads_nowhere(self, entry: int) -> None:
        map = made_swiss(tables=(entry, 0x40000))
        assert shown_keys(map) == [2]
        (note,) = [part for part in map.walk() if isinstance(part, Note)]
        assert note_text(note) == (f"directory entry 0 -> {entry:#x}: no table there: cannot read memory at {entry:#x}")
        assert note.address == 0x90000

    def test_an_entry_that_stands_again_behind_another(self) -> None:
        made = made_map_of_tables((0x30000, 0x40000, 0x30000, 0x30000), dirLen=4, globalDepth=2)
        map = SwissMap(made.image(), made.swiss, HEADER)
        assert shown_keys(map) == [1, 2]
        assert notes_in(map.walk()) == ["directory entries 2 to 3 -> 0x30000: the table of directory entry 0 again"]

    def test_a_directory_of_nothing_but_garbage(self) -> None:
        garbage = [(number << 32) + 7 for number in range(1 << 10)]
        made = made_map_of_tables(garbage, dirLen=1 << 10, globalDepth=10)
        with soon():
            notes = notes_in(SwissMap(made.image(), made.swiss, HEADER).walk())
        assert len(notes) < 25
        assert notes[-1] == "16 directory entries in a row lead nowhere; 16 to 1023 are not tried"

    def test_a_directory_that_cannot_be_read(self) -> None:
        map = made_swiss(dirPtr=0xDEAD0000)
        assert "directory entries 0 to 1: cannot read memory at 0xdead0000" in notes_in(map.walk())
        assert shown_keys(map) == []

    @pytest.mark.parametrize("mask", [1, 7, 1 << 60, (1 << 64) - 1])
    def test_length_mask_that_is_wild(self, mask: int) -> None:
        with soon():
            made = made_map_of_tables((0x30000, 0x40000))
            made.put_table(0x30000, 0x50000, mask, used=1, capacity=8)
            map = SwissMap(made.image(), made.swiss, HEADER)
            assert shown_keys(map) == [1, 2]
            assert notes_in(map.walk()) == [
                f"table at 0x30000: lengthMask is {mask:#x} but capacity is 8; showing 1 group"
            ]

    def test_capacity_that_is_wild(self) -> None:
        made = made_map_of_tables((0x30000, 0x40000))
        made.put_table(0x30000, 0x50000, 0, used=1, capacity=65535)
        map = SwissMap(made.image(), made.swiss, HEADER)
        assert shown_keys(map) == [1, 2]
        assert notes_in(map.walk()) == ["table at 0x30000: lengthMask is 0x0 but capacity is 65535; showing 1 group"]

    def test_groups_that_cannot_be_read(self) -> None:
        made = made_map_of_tables((0x30000, 0x40000))
        made.put_table(0x30000, 0xDEAD0000, 0, used=1, capacity=8)
        map = SwissMap(made.image(), made.swiss, HEADER)
        assert shown_keys(map) == [2]
        assert notes_in(map.walk()) == ["group 0: cannot read memory at 0xdead0000"]

    @pytest.mark.parametrize("used", [17, 1 << 60, (1 << 64) - 1])
    def test_used_that_the_tables_cannot_hold(self, used: int) -> None:
        map = made_swiss(used=used)
        assert shown_keys(map) == [1, 2]
        assert notes_in(map.walk()) == [
            f"used is {used}, but the tables have 16 slots; the header is corrupt, or tables are missing"
        ]

    def test_a_small_map_that_claims_more_than_a_group_holds(self) -> None:
        map = made_swiss(dirLen=0, dirPtr=0x50000, used=9)
        assert shown_keys(map) == [1]
        assert notes_in(map.walk()) == [
            "used is 9, but a map without directory holds 8 entries at most; the header is corrupt"
        ]

    def test_control_bytes_that_mean_nothing(self) -> None:
        made = made_map_of_tables((0x30000, 0x40000))
        made.put_group(0x50000, {0: (0x81, 9, 9), 1: (0xFF, 9, 9), 2: (0x7F, 1, 1), 3: (0xFD, 9, 9)})
        map = SwissMap(made.image(), made.swiss, HEADER)
        group = buckets_in(map.walk())[0]
        assert [slot.state for slot in group.slots[:4]] == ["illegal", "illegal", "full", "illegal"]
        assert shown_keys(map) == [1, 2]

    def test_the_header_at_the_end_of_memory(self) -> None:
        made = MadeMap()
        made.segments[HEADER] = bytes(made.map.size - 1)
        with pytest.raises(ReadError) as caught:
            open_map(made.image(), made.swiss, HEADER)
        assert caught.value.address == HEADER


@pytest.mark.parametrize("toolchain", [CLASSIC[1], *SWISS], ids=str)
def test_a_large_key_that_is_gone(toolchain: Toolchain) -> None:
    real = real_map(toolchain, "bigBoth")
    bucket = next(bucket for bucket in real.truth["buckets"] if bucket["live"])
    slot = bucket["live"][0]
    at = bucket["address"] + real.places["keys"] + slot["slot"] * real.places["key_stride"]
    target = real.target()
    target.write(at, target.word(0xBAD0))
    entries = list(open_map(target, real.type, real.address).entries())
    (gone,) = [entry.key for entry in entries if isinstance(entry, Entry) and isinstance(entry.key, ReadError)]
    assert (gone.address, len(entries)) == (0xBAD0, real.truth["len"])


def made_classic(*, overflow: int = 0x30000, second: int = 0, chain: Sequence[int] = (), **header: int) -> ClassicMap:
    """Keys 1 and 2 in the chain of bucket 0, 3 in bucket 1; CHAIN: more overflow buckets, and the last's pointer."""
    made = MadeMap()
    made.put_hmap(**{"count": 3, "B": 1, "buckets": 0x20000, **header})
    made.put_bucket(0x20000, {0: (0xAA, 1, 10)}, overflow)
    made.put_bucket(0x20050, {0: (0xBB, 3, 30)}, second)
    made.put_bucket(0x30000, {7: (0xCC, 2, 20)}, chain[0] if chain else 0)
    for address, following in pairwise(chain):
        if address not in made.segments:
            made.put_bucket(address, {}, following)
    return ClassicMap(made.image(), made.classic, HEADER)


def made_map_of_tables(tables: Sequence[int], **header: int) -> MadeMap:
    """Key 1 in the table at 0x30000, 2 in the one at 0x40000."""
    made = MadeMap()
    made.put_map(**{"used": 2, "dirPtr": 0x90000, "dirLen": 2, "globalDepth": 1, "globalShift": 63, **header})
    directory = b"".join(made.integer(table, 8) for table in tables)
    made.segments[0x90000] = directory
    made.put_table(0x30000, 0x50000, 0, used=1, capacity=8, growthLeft=6, localDepth=1, index=0)
    made.put_table(0x40000, 0x60000, 0, used=1, capacity=8, growthLeft=6, localDepth=1, index=1)
    made.put_group(0x50000, {0: (0x11, 1, 10)})
    made.put_group(0x60000, {7: (0x22, 2, 20)})
    return made


def made_swiss(tables: Sequence[int] = (0x30000, 0x40000), **header: int) -> SwissMap:
    made = made_map_of_tables(tables, **header)
    return SwissMap(made.image(), made.swiss, HEADER)


def shown_keys(map: GoMap) -> list[int]:
    keys = [entry.key for entry in map.entries() if isinstance(entry, Entry)]
    return [int.from_bytes(key.buffer[key.offset : key.offset + 4], "little") for key in keys if isinstance(key, Cell)]
