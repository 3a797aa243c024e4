"""gomap-diff tells what a program did to its maps between two stops, and how two variables differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.builds import build, gdb_core_of
from tests.fixtures.toolchains import system_gdb
from tests.sessions.debugger import Gdb
from tests.sessions.doors import Files
from tests.sessions.targets import READY, expect_stop
from tests.sessions.test_find import SCHEMA

pytestmark = pytest.mark.xdist_group("diff")


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
def test_what_was_done_between_two_stops(go: str, tmp_path: Path) -> None:
    binary, printed = build("changes", go), tmp_path / "printed"
    with Gdb(system_gdb(), binary) as gdb:
        gdb.run(f"break {READY}")
        expect_stop(gdb.run(f"run > {printed}"))
        for number in range(1, 4):
            kept = gdb.run("gomap-diff -save before main.m")
            assert kept.startswith("main.m is kept as before: ")
            gdb.run("continue")
            did = json.loads(printed.read_text().splitlines()[number])
            said = gdb.run("gomap-diff -json -since before")
            shown = json.loads(said)
            SCHEMA.validate(shown)
            assert shown["sameMap"]
            assert of_gomap(shown) == of_program(did), said
            header = {each["name"]: int(each["after"], 0) - int(each["before"], 0) for each in shown["header"]}
            grown = len(did["added"] or ()) - len(did["removed"] or ())
            assert header["count" if go == "1.23.9" else "used"] == grown
            words = gdb.run("gomap-diff -since before -limit unlimited main.m")
            counts = (len(did["added"] or ()), len(did["removed"] or ()), len(did["changed"] or ()))
            assert "entries: {} added, {} removed, {} changed\n".format(*counts) in words
            if number == 2:  # it grew
                assert shown["moved"] and shown["made"] and shown["places"]
                assert go != "1.23.9" or {"buckets", "oldbuckets", "B"} <= set(header)
        assert ("\nevacuated: " in words) == (go == "1.23.9")


def of_program(did: dict[str, Any]) -> dict[str, Any]:
    return {
        "added": {f'"{key}"': str(elem) for key, elem in (did["added"] or {}).items()},
        "removed": {f'"{key}"' for key in did["removed"] or ()},
        "changed": {f'"{key}"': (str(before), str(after)) for key, (before, after) in (did["changed"] or {}).items()},
        "evacuated": {f"old bucket {number}" for number in did["evacuated"] or ()},
    }


def of_gomap(shown: dict[str, Any]) -> dict[str, Any]:
    return {
        "added": {each["key"]: each["elem"] for each in shown["added"]},
        "removed": {each["key"] for each in shown["removed"]},
        "changed": {each["name"]: (each["before"], each["after"]) for each in shown["changed"]},
        "evacuated": set(shown["evacuated"]),
    }


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
def test_two_variables(go: str, tmp_path: Path) -> None:
    binary = build("changes", go)
    files = Files(binary, gdb_core_of(binary, READY, gdb=system_gdb()).path)
    assert "\none map: both variables lead to the header at 0x" in files.run("gomap-diff main.m main.shared")
    assert files.run("gomap-diff main.m main.twin").endswith(
        "\ntwo maps that share nothing\nthey have the same 40 entries"
    )
    told = files.run("gomap-diff main.m main.other").splitlines()[2:]
    assert told[:2] == [
        "two maps that share nothing",
        "entries: 1 in main.other only, 1 in main.m only, 1 with different elements",
    ]
    assert [line.partition("  bucket")[0].partition("  table")[0] for line in told[2:]] == [
        '  + "only": 1',
        '  - "key-1": 1',
        '  ~ "key-2": 2 -> 200',
    ]
    assert "two headers that share " in files.run("gomap-diff main.m main.copied")
    assert files.run("gomap-diff main.empty main.empty").endswith("both are nil")
    kept = tmp_path / "kept.json"
    assert files.run(f"gomap-diff -save {kept} main.m").startswith(f"main.m is kept as {kept}: 40 entries in ")
    assert files.run(f"gomap-diff -since {kept} main.m").endswith("\nentries: the same")
    kept.write_text('{"type": 3}')
    assert files.run(f"gomap-diff -since {kept}") == f"gomap-diff: {kept} is no snapshot that gomap-diff -save wrote"
    assert files.run("gomap-diff -since nothing") == "gomap-diff: no snapshot nothing; there are: none"
    assert files.run("gomap-diff main.m") == "gomap-diff: needs two maps, not main.m"
    assert files.run("gomap-diff") == (
        "gomap-diff: needs two maps, or -save NAME EXPR, or -since NAME. See 'help gomap-diff'"
    )
