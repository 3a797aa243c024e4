"""Pointers that are C's are numbers to Go's collector: they may lead anywhere, and nothing is kept alive by them."""

from __future__ import annotations

import pytest

from tests.fixtures.builds import build
from tests.sessions.targets import Debugger, bring_up, debugger


@pytest.mark.parametrize(("go", "by"), [("1.19", "system_gdb"), ("1.23.9", "gdb18"), ("1.27.3", "system_gdb")])
def test_maps_of_handles_are_sound(go: str, by: Debugger) -> None:
    with bring_up("live", debugger(by), build("opaque", go, libc=True)) as stopped:
        assert stopped.printed
        for name, entries in stopped.printed.items():
            checked = stopped.gdb.json(f"gomap-check -json main.{name}")
            assert checked["findings"] == [], name
            assert checked["entries"] == checked["hashes"] == entries, name
