"""What keeps maps alive though neither a variable nor a stack leads to them, and what nothing keeps."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest

from gomap.census.census import Census, take_census, with_unreached
from gomap.elf.target import open_core
from gomap.program.program import Program
from tests.fixtures.builds import build, kernel_core_of

#: What the path of the map of each kind has in it. Go 1.24 has cleanups in the queue of finalizers.
_PATHS = (
    ("1.23.9", "finalizer", "queue of finalizers"),
    ("1.23.9", "register", " main.spin"),
    ("1.23.9", "signal", " main.deep"),
    ("1.24.11", "cleanup", "queue of finalizers"),
    ("1.27.3", "finalizer", "queue of finalizers"),
    ("1.27.3", "cleanup", "queue of cleanups"),
    ("1.27.3", "register", " main.spin"),
    ("1.27.3", "signal", " main.deep"),
)


@functools.cache
def taken(go: str) -> tuple[Census, dict[str, int], dict[str, Any]]:
    """The census, and what the program says: address of the map of each kind, what it dropped."""
    binary = build("roots", go)
    core = kernel_core_of(binary)
    *kinds, dropped = (json.loads(line) for line in core.printed.read_text().splitlines())
    program = Program(open_core(binary, core.path))
    census = with_unreached(program, take_census(program, lambda what: None), lambda what: None)
    return census, {each["kind"]: each["address"] for each in kinds}, dropped


@pytest.mark.parametrize(("go", "kind", "path"), _PATHS)
def test_what_waits_to_be_run_and_what_running_goroutines_have_is_reached(go: str, kind: str, path: str) -> None:
    census, addresses, _ = taken(go)
    found = next((found for found in census.maps if found.address == addresses[kind]), None)
    assert found is not None and path in census.path(found)


@pytest.mark.parametrize("go", ("1.24.11", "1.27.3"))
def test_what_only_a_weak_pointer_leads_to_is_not_reached(go: str) -> None:
    census, addresses, _ = taken(go)
    assert addresses["weak"] not in {found.address for found in census.maps}


@pytest.mark.parametrize("go", ["1.23.9", "1.24.11", "1.27.3"])
def test_what_was_dropped_is_garbage_and_when_it_was_allocated_is_told(go: str) -> None:
    """The program itself leaves some more: what it printed, say; and its runtime allocates meanwhile what it keeps."""
    census, _, dropped = taken(go)
    found = census.unreached
    assert found is not None
    for amount, truth in ((found.all, dropped), (found.since, dropped["since"])):
        assert truth["maps"] <= amount.maps <= truth["maps"] + 2
        assert truth["objects"] - 10 <= amount.objects <= truth["objects"] + 100
        assert abs(amount.bytes - truth["bytes"]) <= 0.1 * truth["bytes"]
