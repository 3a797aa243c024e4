"""What statistics of a damaged map leave out, in words, as text and in JSON."""

from __future__ import annotations

import pytest

from gomap.maps.opening import open_map
from gomap.program.memory import ReadError
from gomap.statistics.classic import measure_classic
from gomap.statistics.model import AllocatorUnknown, EndlessChain, NoHasher, Statistics, UnreadableChain
from gomap.views.paint import Paint
from gomap.views.statistics import statistics_lines, statistics_object
from tests.unit.mademaps import HEADER, MadeMap

_BUCKET, _NOWHERE = 0x20000, 0xBAD000


@pytest.mark.parametrize(
    ("overflow", "kind", "text"),
    [
        (_BUCKET, EndlessChain, "the chain of the bucket at 0x20000 does not end"),
        (_NOWHERE, UnreadableChain, "the chain of the bucket at 0x20000: cannot read 80 bytes at 0xbad000"),
    ],
)
def test_a_chain_that_leads_astray_is_told(overflow: int, kind: type[object], text: str) -> None:
    made = MadeMap()
    made.put_hmap(count=1, buckets=_BUCKET, noverflow=1)
    made.put_bucket(_BUCKET, {0: (0x80, 1, 1)}, overflow=overflow)
    map, figures = open_map(made.image(), made.classic, HEADER), Statistics()
    measure_classic(map, figures, None)
    assert [type(each) for each in figures.trouble] == [kind]
    assert figures.entries == 1
    assert statistics_object(map, figures)["trouble"] == [text]
    assert f"note: {text}" in list(statistics_lines(map, figures, Paint()))


def test_what_is_not_measured_is_told() -> None:
    made = MadeMap()
    made.put_hmap()
    map, error = open_map(made.image(), made.classic, HEADER), ReadError(0x1000, 8)
    told = [
        "what the allocator takes is not told: cannot read 8 bytes at 0x1000",
        "hits are not measured, for keys are not hashed: cannot read 8 bytes at 0x1000",
    ]
    figures = Statistics(without=[AllocatorUnknown(error), NoHasher(error)])
    assert statistics_object(map, figures)["without"] == told
    assert [f"note: {text}" for text in told] == [
        line for line in statistics_lines(map, figures, Paint()) if line.startswith("note: ")
    ]
