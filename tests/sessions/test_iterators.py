"""gomap-iter on iterations that wait in their loop's body: what they have seen, and, as they go on, all the rest.

The program itself prints both: the keys up to the core, and those that came behind it, from the same process.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.fixtures.builds import CoreDump, Experiment, build, gdb_core_of
from tests.fixtures.toolchains import gdb18, system_gdb
from tests.sessions.configurations import run_for_each
from tests.sessions.debugger import Gdb, schema
from tests.sessions.doors import DelveRpc, Files, serving
from tests.sessions.targets import READY


class Build(NamedTuple):
    """How the fixture is compiled."""

    go: str
    experiment: Experiment | None = None
    goarch: str = "amd64"
    optimised: bool = True

    def __str__(self) -> str:
        return "-".join(filter(None, (self.go, self.experiment, self.goarch, "" if self.optimised else "N")))


BUILDS = (
    *map(Build, ("1.19", "1.21.13", "1.23.9", "1.24.11", "1.27.3")),
    Build("1.24.11", "noswissmap"),
    Build("1.27.3", "mapsplitgroup"),
    Build("1.23.9", goarch="386"),
    Build("1.27.3", goarch="386"),
    Build("1.23.9", optimised=False),
    Build("1.27.3", optimised=False),
)
#: Those that are looked at without --matrix.
SOME = tuple(map(Build, ("1.23.9", "1.27.3")))
#: Iterations that do not go on.
LEFT, FINISHED = ("left",), ("finished",)
#: Those under which the map has grown, or is growing; and under which Go 1.24 and later note that it was cleared.
GROWN = ("grown", "much", "smallGrown")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "built" in metafunc.fixturenames:
        run_for_each(metafunc, "built", BUILDS if metafunc.config.getoption("--matrix") else SOME)


@pytest.fixture(scope="module")
def built(request: pytest.FixtureRequest) -> Build:
    chosen = request.param
    assert isinstance(chosen, Build)
    return chosen


@pytest.fixture(scope="module")
def binary(built: Build) -> Path:
    return build("iterators", built.go, experiment=built.experiment, goarch=built.goarch, optimised=built.optimised)


@pytest.fixture(scope="module")
def core(binary: Path) -> CoreDump:
    return gdb_core_of(binary, READY, gdb=gdb18(), to_the_end=True)


@pytest.fixture(scope="module")
def reports(core: CoreDump) -> dict[str, dict[str, Any]]:
    """What each iteration printed at its end, by name."""
    lines = [line for line in core.printed.read_text().splitlines() if line.startswith("[")]
    assert len(lines) == 2, "the program did not come to its end"
    return {one["name"]: one for one in json.loads(lines[1])}


@pytest.fixture(scope="module")
def answer(binary: Path, core: CoreDump) -> dict[str, Any]:
    return answered(Files(binary, core.path).run("gomap-iter -json -all -limit unlimited"))


@pytest.fixture(scope="module")
def found(answer: dict[str, Any], reports: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The one iterator over each iteration's map, by the iteration's name."""
    by_map: dict[str, list[dict[str, Any]]] = {}
    for one in answer["iterators"]:
        by_map.setdefault(one["map"], []).append(one)
    of = {name: by_map.get(report["map"], []) for name, report in reports.items()}
    # A loop that was left may have left an iterator behind in the same function.
    going_on = {
        name: [one for one in several if one["state"] != "left" or name in LEFT] for name, several in of.items()
    }
    assert {name: len(several) for name, several in going_on.items()} == dict.fromkeys(reports, 1)
    return {name: several[0] for name, several in going_on.items()}


def answered(said: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(said)
    schema().validate(document)
    return document


def printed(name: str, entry: dict[str, Any]) -> str:
    """A key as the program prints it."""
    if name == "indirect":
        return str(int(re.findall(r"0x[0-9a-f]+|\d+", entry["key"]["text"].partition("{")[2])[0], 0))
    if name == "growingNaN":
        return f"{entry['key']['text']}={entry['elem']['text']}"
    boxed = re.fullmatch(r"int\((\d+)\)", entry["key"]["text"])
    return boxed[1] if boxed else str(entry["key"]["text"])


def test_each_is_at_the_key_that_its_loop_was_at(
    found: dict[str, dict[str, Any]], reports: dict[str, dict[str, Any]]
) -> None:
    for name, one in found.items():
        if name in (*FINISHED, "cleared", "deleted"):
            continue  # what it was at may be gone
        assert printed(name, one) == reports[name]["seen"][-1], name
    assert found["finished"]["key"] is None


def test_each_will_visit_what_it_then_did(found: dict[str, dict[str, Any]], reports: dict[str, dict[str, Any]]) -> None:
    for name, one in found.items():
        if name in (*LEFT, *FINISHED):
            assert one["toCome"] is None
            continue
        rest = reports[name]["rest"] or []
        assert [printed(name, entry) for entry in one["next"]] == rest, name
        assert one["toCome"] == len(rest), name
        assert not one["notes"] or (one["passed"] is None and reports[name]["changed"]), name


def test_each_has_passed_what_its_loop_has_seen(
    found: dict[str, dict[str, Any]], reports: dict[str, dict[str, Any]]
) -> None:
    for name, one in found.items():
        if not reports[name]["changed"]:
            assert one["passed"] == len(reports[name]["seen"]), name


def test_where_each_lies_and_whether_it_goes_on(
    found: dict[str, dict[str, Any]], reports: dict[str, dict[str, Any]], built: Build
) -> None:
    in_heap = ("reflected",) if built.optimised else ("reflected", "onStack")
    for name, one in found.items():
        expected = {**dict.fromkeys(LEFT, "left"), **dict.fromkeys(FINISHED, "finished")}
        expected |= dict.fromkeys(("spinning", *in_heap), "may be finished")
        if name == "spinning" and (built.goarch == "386" or not built.optimised):
            # sync/atomic is not inlined there: the loop may have been stopped in a call, which tells that it goes on.
            assert one["state"] in ("under way", "may be finished")
            continue
        assert one["state"] == expected.get(name, "under way"), f"{name}: {one['why']}"
        if name in in_heap:
            assert one["goroutine"] is None and int(one["object"], 16) <= int(one["address"], 16)
        elif name in ("all", "keys", "pulled"):  # in package maps' function, or where that was inlined
            assert re.search(r"main\.all|(All|Keys)\[\.\.\.\]\.func1$|-range1$", one["function"]), name
        else:
            assert one["function"] == reports[name]["function"], name


def test_what_growth_and_clear_did(found: dict[str, dict[str, Any]], built: Build) -> None:
    for name in GROWN:
        # In some maps it began while they grew, and they are done with that.
        told = ("has grown", "map grew", "was emptied or replaced")
        assert any(words in change for change in found[name]["changes"] for words in told), name
    noted = built.go >= "1.24" and built.optimised  # without optimisation each key is deleted by itself
    assert any("cleared" in change for change in found["cleared"]["changes"]) == noted
    for name in ("small", "large", "tables", "deleted", "left"):
        assert not found[name]["changes"], name
    classic = found["small"]["kind"] == "classic"
    for name in ("growing", "growingNaN", "sameSize"):
        assert bool(found[name]["changes"]) == classic, name


def test_those_that_do_not_go_on_are_left_out(binary: Path, core: CoreDump, answer: dict[str, Any]) -> None:
    files = Files(binary, core.path)
    short = answered(files.run("gomap-iter -json"))
    gone = [one for one in answer["iterators"] if one["state"] in ("left", "finished")]
    assert len(short["iterators"]) + len(gone) == len(answer["iterators"])
    assert short["leftOut"] == len(gone) >= 2
    assert all(len(one["next"]) <= 5 for one in short["iterators"])
    assert files.run("gomap-iter").splitlines()[-1] == (
        f"{len(short['iterators'])} iterators; {len(gone)} more that are finished or left, which -all shows"
    )


def test_of_one_map(binary: Path, core: CoreDump, reports: dict[str, dict[str, Any]]) -> None:
    files = Files(binary, core.path)
    address = reports["large"]["map"]
    typed = f"-type 'map[int]int' {address}"
    one = answered(files.run(f"gomap-iter -json {typed}"))
    assert [each["map"] for each in one["iterators"]] == [address]
    said = files.run(f"gomap-iter -limit 2 {typed}").splitlines()
    assert said[0].startswith("iterator at 0x") and "main.large): under way" in said[0]
    assert said[-1] == "1 iterator"
    assert files.run("gomap-iter main.nope").startswith("no ")
    nowhere = reports["finished"]["map"]
    assert (
        files.run(f"gomap-iter -type 'map[int]int' {nowhere}")
        == "no iterator; 1 more that are finished or left, which -all shows"
    )


def test_every_door_says_the_same(built: Build, binary: Path, core: CoreDump) -> None:
    files = Files(binary, core.path)
    commands = ("gomap-iter -all -limit 3", "gomap-iter -json -all")
    expected = {command: files.run(command) for command in commands}
    debuggers = (gdb18(), system_gdb()) if built.go in ("1.23.9", "1.27.3") else (gdb18(),)
    for program in debuggers:
        with Gdb(program, binary, core.path) as gdb:
            for command in commands:
                assert gdb.run(command) == expected[command], f"{program}: {command}"
    if built.goarch == "amd64":  # Delve for amd64 reads no cores of 386
        with serving("core", binary, core.path) as port:
            delve = DelveRpc(port, binary)
            for command in commands:
                assert delve.run(command) == expected[command], f"Delve: {command}"
