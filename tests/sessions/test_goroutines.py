"""What gomap-goroutines says of a program that knows what each of its goroutines does (tests/fixtures/stuck).

Stacks are compared with those that the runtime itself printed as it died: function, file and line of each call, inlined
ones too, stack pointer and instruction of each frame. Maps are compared with what the program said of itself.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from tests.fixtures.builds import build, core_of
from tests.sessions.debugger import GOMAP, Gdb
from tests.sessions.doors import DelveRpc, Files, serving
from tests.sessions.gomap import gomap
from tests.sessions.targets import debugger
from tests.sessions.tracebacks import PrintedGoroutine, goroutines_in

#: This processor runs them; and cores of others too can be had.
_RUN_HERE = [
    *(pytest.param((go, "amd64"), id=f"go{go}") for go in ("1.19", "1.21.13", "1.23.9", "1.24.11", "1.27.3")),
    *(pytest.param((go, "386"), id=f"go{go}-386") for go in ("1.23.9", "1.27.3")),
]
_BUILDS = [*_RUN_HERE, *(pytest.param((go, "arm64"), id=f"go{go}-arm64") for go in ("1.23.9", "1.27.3"))]
_SCHEMA = jsonschema.Draft202012Validator(json.loads((GOMAP.parent / "gomap/views/gomap.schema.json").read_text()))


class Dead(NamedTuple):
    """The program that has died."""

    program: Path
    core: Path
    printed: dict[int, PrintedGoroutine]
    known: list[dict[str, Any]]
    files: Files
    #: What gomap says of each goroutine, by its number.
    said: dict[int, dict[str, Any]]


@pytest.fixture(scope="module", params=_BUILDS)
def dead(request: pytest.FixtureRequest) -> Dead:
    go, goarch = request.param
    program = build("stuck", go, goarch=goarch)
    core = core_of(program)
    printed = goroutines_in((core.path.parent / "complained").read_text(errors="replace"))
    files = Files(program, core.path)
    said = _valid(files.run("goroutines -json"))
    known = json.loads(core.printed.read_text())
    return Dead(program, core.path, printed, known, files, {each["id"]: each for each in said["goroutines"]})


def test_every_stack_is_as_the_runtime_printed_it(dead: Dead) -> None:
    assert len(dead.printed) > 20
    for id, goroutine in dead.printed.items():
        ours = dead.said[id]["frames"]
        names = [(each["function"], each["file"], each["line"]) for each in ours]
        # The runtime calls it panic; and begins with it, while gomap goes on to what it has called since.
        theirs = [
            ("runtime.gopanic" if each.function == "panic" else each.function, each.file, each.line)
            for each in goroutine.calls
        ]
        frames = [(int(each["sp"], 16), int(each["pc"], 16)) for each in ours if not each["inlined"]]
        printed = [(each.sp, each.pc) for each in goroutine.calls if each.sp is not None]
        if goroutine.cut:  # which of a long stack are left out differs from version to version
            assert names[:49] == theirs[:49]
            assert frames[:49] == printed[:49]
        else:
            assert names[-len(theirs) :] == theirs, id
            assert frames[-len(printed) :] == printed, id
        if goroutine.status not in ("running", "runnable"):
            assert len(names) == len(theirs), id


def test_inlined_calls_are_marked(dead: Dead) -> None:
    (waits,) = (each for each in dead.known if each["function"] == "main.waits")
    frames = {each["function"]: each["inlined"] for each in dead.said[waits["id"]]["frames"]}
    assert frames["main.inlined"]
    assert not frames["main.waits"]


def test_of_a_long_stack_the_middle_is_left_out(dead: Dead) -> None:
    (deep,) = (each for each in dead.known if each["function"] == "main.deep")
    said = dead.said[deep["id"]]
    assert 200 < said["leftOut"] < 320
    assert len(said["frames"]) - 100 <= sum(each["inlined"] for each in said["frames"])
    assert said["frames"][-1]["function"] == "runtime.goexit"
    assert sum(each["function"] == "main.deep" for each in said["frames"]) + said["leftOut"] == 301
    assert f"{said['leftOut']} frames left out" in dead.files.run("goroutines -stack")


def test_statuses_are_as_the_runtime_printed_them(dead: Dead) -> None:
    for id, goroutine in dead.printed.items():
        if goroutine.status not in ("running", "runnable"):
            assert dead.said[id]["status"] == goroutine.status
    statuses = {each["function"]: dead.said[each["id"]]["status"] for each in dead.known}
    assert statuses["main.waits"] == "chan receive"
    assert {dead.said[each["id"]]["status"] for each in dead.known} >= {"select (no cases)", "sleep"}


def test_operations_and_their_maps(dead: Dead) -> None:
    assert_operations(dead.known, dead.said)


def assert_operations(known: list[dict[str, Any]], said: dict[int, dict[str, Any]]) -> int:
    """Compare what is SAID with what is KNOWN; how many operations were found."""
    found = 0
    for truth in known:
        operations = said[truth["id"]]["operations"]
        assert len(operations) == (1 if truth["operation"] and truth["surely"] else len(operations)), truth
        assert len(operations) <= bool(truth["operation"]), truth
        for operation in operations:
            found += 1
            if truth["function"] == "main.grow" and operation["kind"] == "make":
                continue  # it makes a map for each round, and has not said yet which one is next
            filling = truth["operation"] == "clear" and operation["kind"] in ("assign", "iterate")
            assert operation["kind"] == truth["operation"] or filling, truth
            assert "map" in operation, (truth, operation)
            # Generic functions pass on the type that stands for all of its shape.
            assert re.sub(r"go\.shape\.(\w+?)(_\d+)?$", r"\1", operation["map"]["type"]) == truth["type"]
            assert int(operation["map"]["address"], 16) == truth["header"]
            frames = said[truth["id"]]["frames"]
            assert frames[operation["outer"] + 1]["function"].startswith((truth["function"], "reflect."))
            if "accessText" in truth["function"] and "key" in operation:
                assert operation["key"].startswith('"longlonglong')
    for goroutine in said.values():
        if goroutine["id"] not in {each["id"] for each in known}:
            assert not goroutine["operations"], goroutine
    return found


def test_who_holds_a_map(dead: Dead) -> None:
    by_function = {each["function"]: each for each in dead.known}
    waits, deep = by_function["main.waits"], by_function["main.deep"]
    assert waits["header"] == deep["header"]
    said = _valid(dead.files.run(f"goroutines -json -type map[string]int {waits['header']:#x}"))
    assert said["address"] == f"{waits['header']:#x}"
    holders = {each["id"]: each for each in said["goroutines"]}
    assert {waits["id"], deep["id"]} <= set(holders) <= {waits["id"], deep["id"], 1}
    frames = holders[waits["id"]]["frames"]
    held = [(each["part"], frames[each["frame"]]["function"]) for each in holders[waits["id"]]["holds"]]
    assert {part for part, _ in held} == {"header"}
    assert {function for _, function in held} & {"main.waits", "main.receive"}


def test_what_a_person_sees(dead: Dead) -> None:
    said = dead.files.run("goroutines")
    assert f"{len(dead.said)} goroutines: " in said
    (truth,) = (each for each in dead.known if each["function"] == "main.assignText")
    line = f"assigns to map[string]int at {truth['header']:#x} "
    start = said.index(line)
    assert ": h.Counts" in said[start:].partition("\n")[0]
    assert said[:start].splitlines()[-2].startswith(f"goroutine {truth['id']} ")
    assert "main.assignText  main.go:" in said[:start].splitlines()[-2]


@pytest.mark.parametrize("dead", _BUILDS[2:5:2], indirect=True)
def test_the_debuggers_say_the_same(dead: Dead) -> None:
    with Gdb(debugger("gdb18"), dead.program, dead.core) as gdb:
        in_gdb = {each["id"]: each for each in gdb.json("gomap-goroutines -json")["goroutines"]}
    assert in_gdb == dead.said
    with serving("core", dead.program, dead.core) as port:
        answer = _valid(DelveRpc(port, dead.program).run("gomap-goroutines -json"))
    assert {each["id"]: each for each in answer["goroutines"]} == dead.said


@pytest.fixture(params=_RUN_HERE[2:])
def living(request: pytest.FixtureRequest) -> Iterator[tuple[Path, int, list[dict[str, Any]]]]:
    """The program as it runs: its file, its process, and what it said."""
    go, goarch = request.param
    program = build("stuck", go, goarch=goarch)
    with subprocess.Popen([program, "stay"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout
            yield program, process.pid, json.loads(process.stdout.readline())
        finally:
            process.kill()


def test_a_process_that_runs(living: tuple[Path, int, list[dict[str, Any]]]) -> None:
    """Its threads are stopped anywhere, in the middle of hashing a key mostly."""
    _, process, known = living
    done = gomap("attach", str(process), "goroutines", "-json")
    said = {each["id"]: each for each in _valid(done.stdout)["goroutines"]}
    grown = next(each for each in known if each["function"] == "main.grow")
    known = [each for each in known if each is not grown and each["operation"]]
    for truth in known:
        truth["surely"] = False
    for truth in known:
        for operation in said[truth["id"]]["operations"]:
            if "map" in operation and operation["certain"]:
                assert int(operation["map"]["address"], 16) == truth["header"], (truth, operation)
    inside = [each for each in known if said[each["id"]]["operations"]]
    told = [each for each in inside if "map" in said[each["id"]]["operations"][0]]
    assert len(inside) >= 8
    assert len(told) >= len(inside) - 2


@pytest.mark.parametrize(
    ("go", "goarch"),
    [("1.19", "arm64"), ("1.23.9", "amd64"), ("1.23.9", "386"), ("1.27.3", "amd64"), ("1.27.3", "arm64")],
)
def test_map_functions_that_give_way_as_they_begin(go: str, goarch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have no frame yet, and their arguments are where their callers left room for them."""
    monkeypatch.setenv("GODEBUG", "asyncpreemptoff=1")
    program = build("yielding", go, goarch=goarch)
    core = core_of(program)
    said = {each["id"]: each for each in _valid(Files(program, core.path).run("goroutines -json"))["goroutines"]}
    known = json.loads(core.printed.read_text())
    begun = 0
    for truth in known:
        (operation,) = said[truth["id"]]["operations"]
        told = operation["kind"], int(operation["map"]["address"], 16), operation["certain"], operation["key"]
        assert told == (truth["operation"], truth["header"], True, truth["key"]), operation
        begun += said[truth["id"]]["frames"][0]["function"].startswith("runtime.map")
    assert begun >= len(known) / 2


def _valid(text: str) -> Any:
    answer = json.loads(text)
    wrong = jsonschema.exceptions.best_match(_SCHEMA.iter_errors(answer))
    assert wrong is None, wrong
    return answer
