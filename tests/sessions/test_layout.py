"""gomap-layout says of each type of map what the program's own reflection says of it."""

from __future__ import annotations

import json

from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.doors import Files
from tests.sessions.test_find import SCHEMA, Build
from tests.sessions.test_find import pytest_generate_tests as pytest_generate_tests  # the same builds


def test_every_field_and_slot_is_where_reflection_has_it(chosen: Build) -> None:
    binary = build("lookups", chosen.go, experiment=chosen.experiment, goarch=chosen.goarch)
    core = kernel_core_of(binary, str(chosen.keys), "abort")
    files, looked = Files(binary, core.path), 0
    for map in json.loads(core.printed.read_text())["maps"]:
        if not map["declared"]:
            continue
        looked += 1
        said = files.run(f"gomap-layout -json {map['declared']}")
        assert said.startswith("{"), said
        shown = json.loads(said)
        SCHEMA.validate(shown)
        parts = {part["name"]: part for part in shown["layouts"][0]["parts"]}
        header = {field["name"]: [field["offset"], field["size"]] for field in parts["header"]["fields"]}
        assert header == map["header"]
        bucket, where = parts.get("bucket") or parts["group"], map["placement"]
        assert bucket["size"] == where["Size"]
        covered = sum(field["size"] + field["padding"] for field in bucket["fields"])
        assert covered == bucket["size"] and all(field["padding"] >= 0 for field in bucket["fields"])
        at = {field["name"]: field["offset"] for field in bucket["fields"]}
        for name, start, stride in (
            ("key", where["Keys"], where["KeyStride"]),
            ("elem", where["Elems"], where["ElemStride"]),
        ):
            row = at.get(f"{name}s", at.get(name))
            if row is not None:
                assert row == start
            else:
                assert [at[f"{name} {slot}"] for slot in range(8)] == [start + slot * stride for slot in range(8)]
        assert parts["header"]["align"] == (8 if chosen.goarch == "amd64" else 4)
    assert looked == 26


def test_two_types_stand_beside_each_other(chosen: Build) -> None:
    binary = build("lookups", chosen.go, experiment=chosen.experiment, goarch=chosen.goarch)
    files = Files(binary, kernel_core_of(binary, str(chosen.keys), "abort").path)
    alone = [files.run(f"gomap-layout {name}").splitlines() for name in ("map[int8]int", "map[main.blank]int")]
    both = files.run("gomap-layout map[int8]int map[main.blank]int").splitlines()
    assert [line.partition(" | ")[0].rstrip() for line in both if line.partition(" | ")[0].strip()] == alone[0]
    assert [line.partition(" | ")[2].rstrip() for line in both if " | " in line] == alone[1]
    assert files.run("gomap-layout map[any]int").startswith("map[interface {}]int (")
    assert "indirect node (" in files.run("gomap-layout main.Synced") or "read (" in files.run("gomap-layout sync.Map")
    assert files.run("gomap-layout map[int8]nope") == "no type map[int8]nope in the program's debug information"
