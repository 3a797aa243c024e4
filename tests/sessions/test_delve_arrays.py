"""In Delve, too, what the allocator rounds up, or puts behind an object, is no damage: see test_check_arrays.py."""

from __future__ import annotations

import json

import pytest

from tests.fixtures.builds import Experiment, build
from tests.sessions.delve import Delve
from tests.sessions.targets import READY


@pytest.mark.xdist_group("dlv-arrays")
@pytest.mark.parametrize(
    ("go", "experiment", "asan"),
    [
        *((go, None, False) for go in ("1.19", "1.21.13", "1.23.9", "1.27.3")),
        ("1.24.11", "noswissmap", False),
        *((go, None, True) for go in ("1.23.9", "1.27.3")),
    ],
)
def test_sound_maps_have_no_findings(go: str, experiment: Experiment | None, asan: bool) -> None:
    with Delve("exec", build("arrays", go, experiment=experiment, asan=asan)) as delve:
        delve.run(f"break {READY}")
        counts = delve.run("continue")
        for name in ("flags", "things", "bytes", "wide", "growing"):
            checked = json.loads(delve.run(f"gomap-check -json main.{name}"))
            assert checked["findings"] == [], name
            assert checked["entries"] == checked["count"] >= 100, name
            # Only GDB's side hashes what is in interfaces.
            assert checked["hashes"] == (0 if name == "things" else checked["entries"]), name
        assert READY in counts
