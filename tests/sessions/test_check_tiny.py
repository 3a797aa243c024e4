"""A map's pointers may not lead to tiny objects, which are in use and of 16 bytes whatever size is asked for."""

from __future__ import annotations

import pytest

from tests.fixtures.builds import build
from tests.sessions.targets import bring_up, debugger

_CLASSIC = {
    "(*main.flags).buckets": "dangling-buckets",
    "(*main.growing).oldbuckets": "dangling-oldbuckets",
    "(*main.wide).buckets[3].overflow": "dangling-overflow",
    "(*main.flags).extra": "dangling-extra",
}
_SWISS = {
    "(*main.flags).dirPtr": "dangling-directory",
    "*(*main.flags).dirPtr": "dangling-table",
    "(**(*main.growing).dirPtr).groups.data": "dangling-groups",
}


@pytest.mark.parametrize(("go", "pointers"), [("1.19", _CLASSIC), ("1.23.9", _CLASSIC), ("1.27.3", _SWISS)])
def test_a_pointer_to_a_tiny_object_is_astray(go: str, pointers: dict[str, str]) -> None:
    with bring_up("live", debugger("system_gdb"), build("arrays", go)) as stopped:
        gdb = stopped.gdb
        tiny = gdb.run("output/x main.tiny")
        for pointer, rule in pointers.items():
            gdb.run(f"python place = int(gdb.parse_and_eval('&{pointer}'))")
            gdb.run("python before = bytes(gdb.selected_inferior().read_memory(place, 8))")
            gdb.run(f"python gdb.selected_inferior().write_memory(place, int.to_bytes({tiny}, 8, 'little'))")
            name = pointer.partition(")")[0].lstrip("(*")
            found = gdb.json(f"gomap-check -json {name}")["findings"]
            gdb.run("python gdb.selected_inferior().write_memory(place, before)")
            named = [finding for finding in found if finding["rule"] == rule]
            assert len(named) == 1, named
            finding = named[0]
            assert finding["address"] == gdb.run("python print(hex(place))"), finding
            assert f"-> {tiny}: " in finding["text"], finding
            assert gdb.json(f"gomap-check -json {name}")["findings"] == [], pointer
