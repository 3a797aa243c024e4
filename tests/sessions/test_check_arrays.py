"""Sound maps whose bucket arrays are much larger than their buckets: what the allocator rounds up is no damage."""

from __future__ import annotations

import pytest

from tests.fixtures.builds import Experiment, build
from tests.sessions.targets import Debugger, Stopped, Way, bring_up, debugger


@pytest.mark.parametrize(
    ("go", "experiment", "by", "way"),
    [
        ("1.19", None, "gdb18", "live"),
        ("1.21.13", None, "system_gdb", "kernel core"),
        ("1.23.9", None, "system_gdb", "live"),
        ("1.23.9", None, "gdb18", "kernel core"),
        ("1.24.11", "noswissmap", "gdb18", "live"),
        ("1.27.3", None, "system_gdb", "live"),
    ],
)
def test_arrays_with_preallocated_overflow_buckets_are_sound(
    go: str, experiment: Experiment | None, by: Debugger, way: Way
) -> None:
    with bring_up(way, debugger(by), build("arrays", go, experiment=experiment)) as stopped:
        all_sound(stopped)


@pytest.mark.parametrize(
    ("go", "by", "way"),
    [
        ("1.19", "gdb18", "live"),
        ("1.23.9", "system_gdb", "live"),
        ("1.24.11", "gdb18", "live"),
        ("1.27.3", "system_gdb", "live"),
    ],
)
def test_redzones_make_objects_larger(go: str, by: Debugger, way: Way) -> None:
    with bring_up(way, debugger(by), build("arrays", go, asan=True)) as stopped:
        all_sound(stopped)


def all_sound(stopped: Stopped) -> None:
    """Each of the program's maps has no findings, with all its entries looked at and hashed."""
    for name, entries in stopped.printed.items():
        checked = stopped.gdb.json(f"gomap-check -json main.{name}")
        assert checked["findings"] == [], name
        assert checked["entries"] == checked["hashes"] == entries, name
