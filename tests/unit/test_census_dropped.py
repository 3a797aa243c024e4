"""What maps retain, beside what the runtime frees when they are dropped and collected."""

from __future__ import annotations

import json

import pytest

from gomap.census.census import take_census, with_retained
from gomap.elf.target import open_core
from gomap.program.program import Program
from tests.fixtures.builds import build, kernel_core_of


@pytest.mark.parametrize("go", ["1.19", "1.23.9", "1.27.3"])
def test_a_map_retains_what_is_freed_with_it(go: str) -> None:
    """Each alone: nothing that is dropped before it has to do with it. HeapAlloc less, after runtime.GC()."""
    binary = build("census", go)
    core = kernel_core_of(binary, "dropped")
    truths = [json.loads(line) for line in core.printed.read_text().splitlines()]
    assert len(truths) == 7
    census = with_retained(take_census(Program(open_core(binary, core.path)), lambda what: None), lambda what: None)
    assert census.retained is not None
    by_address = {found.address: found for found in census.maps}
    for truth in truths:
        found = by_address[truth["address"]]
        assert census.path(found) == truth["path"]
        assert census.retained[found.number] == pytest.approx(truth["retained"], rel=0.01), truth["path"]
