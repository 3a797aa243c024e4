"""Maps of generic types: which type they really have, and who was at them.

The program is tests/fixtures/generic. Of two of its types the compiler makes one code: in there a map's type is known
up to its shape. It says itself where its maps are; their types are those that its source declares.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.fixtures.builds import build, core_of
from tests.sessions.debugger import Gdb
from tests.sessions.doors import DelveRpc, Files, serving
from tests.sessions.gomap import gomap
from tests.sessions.targets import debugger

_BUILDS = [("1.21.13", "amd64"), ("1.23.9", "amd64"), ("1.27.3", "amd64"), ("1.23.9", "386"), ("1.27.3", "arm64")]
_USERS = "map[string]main.entry[*main.user]"


class Died:
    """The program that died in that way, and gomap's commands on its core."""

    def __init__(self, go: str, mode: str, goarch: str = "amd64") -> None:
        self.program = build("generic", go, goarch=goarch)
        core = core_of(self.program, mode)
        self.core = core.path
        self.maps: dict[str, str] = json.loads(core.printed.read_text())
        self.run = Files(self.program, self.core).run

    def goroutines(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run("goroutines -json"))["goroutines"]
        return found

    def why(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.run("why -json"))
        return said


@pytest.mark.parametrize(("go", "goarch"), _BUILDS)
@pytest.mark.parametrize("mode", ["called", "inlined"])
def test_a_race_in_generic_methods(go: str, goarch: str, mode: str) -> None:
    died = Died(go, mode, goarch)
    said = died.why()
    assert said["verdict"] == "race"
    assert (said["map"]["type"], said["map"]["address"]) == (_USERS, died.maps["users"])
    assert (said["map"]["path"], said["map"]["pathIn"]) in (
        ("c.items", "main.(*cache[...]).get"),
        ("c.items", "main.(*cache[...]).count"),
        ("users.items", "main.main"),
    )
    assert [lock["path"].rpartition(".")[2] for lock in said["locks"]] == ["mu"]
    # The other one is in put, or its loop, which only calls it: then it is possible, and never said to be elsewhere.
    (loop,) = [
        each["id"]
        for each in died.goroutines()
        if any(re.match(r"main\.main\.func\d", frame["function"]) for frame in each["frames"])
    ]
    assert loop in {side["goroutine"] for side in said["sides"]}
    assert loop not in {each["goroutine"] for each in said["notInvolved"]}


@pytest.mark.parametrize("ldflags", ["", "-s -w"])
@pytest.mark.parametrize(("go", "goarch"), _BUILDS[1:])
def test_where_no_frame_has_the_map_it_is_the_only_one_of_its_type(go: str, goarch: str, ldflags: str) -> None:
    program = build("generic", go, goarch=goarch, ldflags=ldflags)
    core = core_of(program, "lost")
    said = json.loads(gomap("core", program, core.path, "why", "-json").stdout)
    assert said["verdict"] == "race"
    assert (said["map"]["type"], said["map"]["address"]) == (_USERS, json.loads(core.printed.read_text())["users"])


@pytest.mark.parametrize("go", ["1.27.3"])
def test_where_no_frame_has_the_map_those_of_its_type_are_named(go: str) -> None:
    died = Died(go, "either")
    said = died.why()
    assert said["verdict"] == "race" and "map" not in said
    by = re.fullmatch(
        r"main\.\S+ passes map\[int\]main\.entry\[main\.order\], and the heap has 2: (.*), (.*)",
        said["operation"]["by"],
    )
    assert by is not None
    assert all(re.match(r"goroutine \d+ main\.\S+: \S+\.items$", path) for path in by.groups())


def test_whose_variable_is_meant_is_a_function_of_the_programs_own() -> None:
    died = Died("1.27.3", "lost")
    id = died.why()["death"]["goroutine"]
    said = died.run(f"header -goroutine {id} s.users.items")
    assert said.startswith("no variable s.users.items in frame ")
    assert re.search(r"; frame \d+, main\.\(\*shop\)\.visit, has it$", said)


@pytest.mark.parametrize(("go", "goarch"), _BUILDS)
def test_a_race_in_a_map_within_a_map_names_its_path_and_who_has_the_lock(go: str, goarch: str) -> None:
    died = Died(go, "nested", goarch)
    said = died.why()
    assert said["verdict"] == "race"
    assert said["map"]["address"] == died.maps["statuses"]
    assert (said["map"]["path"], said["map"]["pathIn"]) in (
        *(
            (f'{name}.pages["/a.b"]', function)
            for name, function in (("visits", "main.main"), ("visits", "main.main.func4"))
        ),
        *(('c.pages["/a.b"]', f"main.(*counters).{function}") for function in ("hit", "reset")),
    )
    (lock,) = said["locks"]
    assert lock["path"].endswith(".mu")
    # hit unlocks by a defer statement, which is no call in its code.
    inside = {
        each["id"]
        for each in died.goroutines()
        if any(frame["function"] == "main.(*counters).hit" for frame in each["frames"])
    }
    if lock["taken"]:
        assert {each["goroutine"] for each in lock["holders"]} == inside
    hits = {each["id"] for each in died.goroutines() if each["id"] == 1}
    assert not hits & set(lock["without"])


@pytest.mark.parametrize(("go", "goarch"), _BUILDS)
def test_the_maps_of_a_generic_method_have_their_types(go: str, goarch: str) -> None:
    died = Died(go, "waits", goarch)
    waiting = [
        each["id"]
        for each in died.goroutines()
        if any(frame["function"] == "main.(*cache[...]).waits" for frame in each["frames"])
    ]
    shown = {}
    for id in waiting:
        title = re.match(r"(map\S+) at (0x[0-9a-f]+) ", died.run(f"header -goroutine {id} c.items"))
        assert title is not None
        shown[title[2]] = title[1]
    # Up to Go 1.21 nothing tells two instances of one shape apart: then it is the shape that is named.
    shape = "map[go.shape.string]main.entry[go.shape.*uint8]" if go == "1.21.13" else ""
    assert shown == {
        died.maps["users"]: shape or _USERS,
        died.maps["orders"]: shape or "map[string]main.entry[*main.order]",
        died.maps["numbered"]: "map[int]main.entry[main.order]",
    }
    # What is in them is of these types too, where the dictionary of the instance is known.
    users = next(id for id in waiting if died.maps["users"] in died.run(f"header -goroutine {id} c.items"))
    walked = died.run(f"walk -entries -all -goroutine {users} c.items")
    assert shape or '"key-7": main.entry[*main.user]{Val:' in walked
    listed = died.run("list -each -limit unlimited")
    assert died.maps["tags of key-7"] in listed
    assert "go.shape" not in listed


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
def test_the_debuggers_say_the_same(go: str) -> None:
    died = Died(go, "waits")
    id = next(
        each["id"]
        for each in died.goroutines()
        if any(frame["function"] == "main.(*cache[...]).waits" for frame in each["frames"])
    )
    ours = died.run(f"header -goroutine {id} c.items")
    with Gdb(debugger("gdb18"), died.program, died.core) as gdb:
        assert gdb.run(f"gomap-header -goroutine {id} c.items") == ours
    with serving("core", died.program, died.core) as port:
        assert DelveRpc(port, died.program, died.core).run(f"gomap-header -goroutine {id} c.items") == ours
