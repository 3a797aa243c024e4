"""Arrays read in pieces: each record once, a gap where memory cannot be read, and little read for little asked."""

from __future__ import annotations

from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomap.maps.blocks import Block, Gap, blocks, gap_note
from gomap.maps.wording import note_text
from gomap.program.memory import Memory, ReadError

PAGE = 4096
BASE = 0x10000


class Holes:
    """Memory of which whole pages cannot be read; what is read at an address says the address. Counts bytes read."""

    def __init__(self, end: int, missing: frozenset[int] = frozenset()) -> None:
        self.end = end
        self.missing = missing
        self.calls = 0
        self.bytes = 0
        self.memory = Memory(self._read, 8)

    def _read(self, address: int, length: int) -> bytes:
        self.calls += 1
        for page in range(address // PAGE, (address + length - 1) // PAGE + 1):
            if page in self.missing or page * PAGE >= self.end:
                raise ReadError(address, length)
        self.bytes += length
        return content(address, length)


def content(address: int, length: int) -> bytes:
    start = address % 251
    return (bytes(range(251)) * (length // 251 + 2))[start : start + length]


@given(
    stride=st.sampled_from([8, 76, 208, 272, 2064, 4096, 5000]),
    offset=st.integers(0, PAGE),
    count=st.integers(0, 300),
    missing=st.frozensets(st.integers(BASE // PAGE, BASE // PAGE + 100), max_size=20),
)
def test_each_record_once_and_gaps_exactly_where_a_page_is_missing(
    stride: int, offset: int, count: int, missing: frozenset[int]
) -> None:
    base = BASE + offset
    parts = list(blocks(Holes(1 << 40, missing).memory, base, stride, 0, count))
    assert [part.first for part in parts] == [sum(p.length for p in parts[:n]) for n in range(len(parts))]
    assert sum(part.length for part in parts) == count
    for part in parts:
        assert part.length > 0
        for number in range(part.first, part.first + part.length):
            start = base + number * stride
            pages = range(start // PAGE, (start + stride - 1) // PAGE + 1)
            assert isinstance(part, Gap) == any(page in missing for page in pages)
        if isinstance(part, Block):
            assert part.address == base + part.first * stride
            assert part.buffer == content(part.address, part.length * stride)
        else:
            assert part.address // PAGE in missing
            assert part.tried == part.length
    kinds = [type(part) for part in parts]
    assert (Gap, Gap) not in pairwise(kinds)


def test_some_records_from_the_middle() -> None:
    (only,) = blocks(Holes(1 << 40).memory, BASE, 208, 7, 8)
    assert only == Block(7, 1, BASE + 7 * 208, content(BASE + 7 * 208, 208))


def test_the_first_record_of_a_million_costs_a_page_or_two() -> None:
    holes = Holes(1 << 40)
    assert next(blocks(holes.memory, BASE, 208, 0, 1_000_000)) == Block(0, 1, BASE, content(BASE, 208))
    assert holes.bytes <= 2 * PAGE


def test_a_million_records_cost_few_reads() -> None:
    holes = Holes(1 << 40)
    assert sum(part.length for part in blocks(holes.memory, BASE, 208, 0, 1_000_000)) == 1_000_000
    assert holes.calls < 500


@pytest.mark.parametrize("stride", [8, 208, 5000])
def test_a_wild_length_ends_soon(stride: int) -> None:
    holes = Holes(BASE + 100 * PAGE)
    parts = list(blocks(holes.memory, BASE, stride, 0, 1 << 47))
    good = 100 * PAGE // stride
    last = parts[-1]
    assert isinstance(last, Gap) and last.tried < last.length
    assert last.first + last.length == 1 << 47
    assert next(part.first for part in parts if isinstance(part, Gap)) == good
    assert holes.calls < 10_000


def test_nothing_is_read_before_it_is_asked_for() -> None:
    holes = Holes(1 << 40)
    pieces = blocks(holes.memory, BASE, 208, 0, 1 << 47)
    assert holes.calls == 0
    assert sum(part.length for part in islice(pieces, 5)) == 1 + 2 + 4 + 8 + 16


def test_gaps_in_words() -> None:
    assert note_text(gap_note("bucket", Gap(3, 1, 0x1000, 1))) == "bucket 3: cannot read memory at 0x1000"
    note = gap_note("group", Gap(3, 1000, 0x1000, 40))
    assert note.address == 0x1000
    assert note_text(note) == "groups 3 to 1002: cannot read memory at 0x1000; not tried from group 43 on"
