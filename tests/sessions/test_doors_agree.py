"""GDB, files alone and Delve's server say the same of the same core, byte for byte, as text and as JSON.

One brain answers behind all three; what differs between them is what they are built on: GDB's reader of DWARF and
gomap's own, GDB's reading of cores, gomap's and Delve's. Left out, and why:

- Delve for amd64 reads no cores of 386; of arm64 it does, which test_other_machines.py has;
- faults in programs for arm64: they are made by the same code as for amd64, and each would need qemu;
- gomap-whatis of code and package variables: the debuggers know different symbols at some of their addresses;
- locals and arguments: files alone have none. test_delve_terminal.py and test_face_names.py have them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from tests.fixtures.builds import CoreDump, Experiment, build, kernel_core_of, qemu_core_of
from tests.fixtures.toolchains import GO_VERSIONS, gdb18
from tests.sessions.configurations import run_for_each
from tests.sessions.debugger import Gdb
from tests.sessions.doors import DelveRpc, Files, serving
from tests.sessions.test_check_faults import modes_of, open_core

COMMANDS = (
    *("gomap-header", "gomap-walk", "gomap-walk -all", "gomap-walk -limit 2 -old", "gomap-walk -entries"),
    *(
        "gomap-walk -bucket 1",
        "gomap-walk -bucket 0:1",
        "gomap-walk -full -limit 2",
        "gomap-check",
        "gomap-check -quick",
    ),
    *("gomap-header -json", "gomap-walk -json -all", "gomap-check -json"),
)
#: What is asked about each map that has a fault.
FAULTY = (
    *("gomap-check", "gomap-header", "gomap-walk", "gomap-walk -all -limit 100"),
    *("gomap-check -json", "gomap-header -json", "gomap-walk -json -limit 8"),
)


#: A program for 386 that does this to its map hangs as it dies, in half of all runs (Go 1.23.9).
HANGS = "ghost-collector-marks-records"


class Build(NamedTuple):
    """How the fixtures are compiled."""

    go: str
    experiment: Experiment | None = None
    goarch: str = "amd64"

    def __str__(self) -> str:
        return "-".join(filter(None, self))


ARM64 = (Build("1.23.9", goarch="arm64"), Build("1.27.3", goarch="arm64"))
#: In make test: the oldest and the newest of both kinds of map, 386 and arm64.
FAULTS_IN = (Build("1.19"), Build("1.23.9"), Build("1.24.11"), Build("1.27.3"), Build("1.27.3", goarch="386"))
SOME = (*FAULTS_IN, *ARM64)
EVERY = (
    *map(Build, GO_VERSIONS),
    Build("1.24.11", "noswissmap"),
    Build("1.27.3", "mapsplitgroup"),
    Build("1.23.9", goarch="386"),
    Build("1.27.3", goarch="386"),
    *ARM64,
)


class Door(Protocol):
    """A way to have a command answered."""

    def run(self, command: str) -> str: ...


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "build_of" in metafunc.fixturenames:
        builds = EVERY if metafunc.config.getoption("--matrix") else SOME
        if metafunc.function is test_every_fault:
            builds = tuple(each for each in builds if each not in ARM64)
        run_for_each(metafunc, "build_of", builds, group="doors")


@pytest.fixture(scope="module")
def build_of(request: pytest.FixtureRequest) -> Build:
    chosen = request.param
    assert isinstance(chosen, Build)
    return chosen


@pytest.fixture(scope="module")
def binary(build_of: Build) -> Path:
    return build("maps", build_of.go, experiment=build_of.experiment, goarch=build_of.goarch)


@pytest.fixture(scope="module")
def core(build_of: Build, binary: Path) -> CoreDump:
    return qemu_core_of(binary, "abort") if build_of in ARM64 else kernel_core_of(binary, "abort")


@pytest.fixture(scope="module")
def gdb(binary: Path, core: CoreDump) -> Iterator[Gdb]:
    with Gdb(gdb18(), binary, core.path) as session:
        yield session


@pytest.fixture(scope="module")
def others(build_of: Build, binary: Path, core: CoreDump) -> Iterator[dict[str, Door]]:
    """The other doors to the same core."""
    files = Files(binary, core.path)
    if build_of.goarch != "amd64":
        yield {"files": files}
        return
    with serving("core", binary, core.path) as port:
        yield {"files": files, "Delve": DelveRpc(port, binary)}


@pytest.fixture(scope="module")
def maps(core: CoreDump) -> list[str]:
    """Expressions for the maps of the fixture, in all states and of all kinds, as it prints them itself."""
    (document,) = [json.loads(line) for line in core.printed.read_text().splitlines() if line.startswith("{")]
    names = [view["name"] for view in document["maps"]]
    found = [name for name in names if name.startswith(("main.", "example.org/"))]
    assert len(found) > 60
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_every_state_and_kind(gdb: Gdb, others: dict[str, Door], maps: list[str], command: str) -> None:
    for name in maps:
        theirs = gdb.run(f"{command} {name}")
        for door, other in others.items():
            assert other.run(f"{command} {name}") == theirs, f"{door}: {command} {name}"


def test_all_package_variables(gdb: Gdb, others: dict[str, Door]) -> None:
    for command in ("gomap-check -all", "gomap-check -all -json", "gomap-check -all -quick"):
        theirs = gdb.run(command)
        assert "main." in theirs or "checked" in theirs
        for door, other in others.items():
            assert other.run(command) == theirs, f"{door}: {command}"


def test_what_an_address_is(gdb: Gdb, others: dict[str, Door], maps: list[str]) -> None:
    said = [gdb.run(f"gomap-header {name}") for name in maps]
    headers = [int(text.partition(" at ")[2].split(" ")[0], 16) for text in said if " at 0x" in text]
    assert len(headers) > 50
    for typed in [*headers, *(each + 3 for each in headers[:9]), 0, 0x10, *(f"-json {each}" for each in headers[::4])]:
        theirs = gdb.run(f"gomap-whatis {typed}")
        for door, other in others.items():
            assert other.run(f"gomap-whatis {typed}") == theirs, f"{door}: {typed}"


def test_one_map_is_looked_into_alike(gdb: Gdb, others: dict[str, Door], maps: list[str]) -> None:
    asked = 0
    for name in maps[::8]:
        entries = json.loads(gdb.run(f"gomap-walk -entries -json -limit 2 {name}"))["entries"]
        keys = [entry["key"]["text"] for entry in entries if "..." not in entry["key"]["text"]]
        commands = [*(f"gomap-find {name} {key}" for key in keys), f"gomap-find -json {name} 77", f"gomap-stats {name}"]
        for command in (*commands, f"gomap-layout {name}", f"gomap-diff {name} {maps[0]}"):
            theirs = gdb.run(command)
            asked += "found" in theirs
            for door, other in others.items():
                assert other.run(command) == theirs, f"{door}: {command}"
    assert asked > 10


def test_what_is_not_there(gdb: Gdb, others: dict[str, Door]) -> None:
    """Errors too, and the command line's."""
    for command in (
        *("gomap-walk main.nope", "gomap-header main.ints.x", "gomap-check", "gomap-walk -bucket x main.ints"),
        *(
            "gomap-header -type map[nope]int 0x1000",
            "gomap-check -quick -all main.ints",
            "gomap-walk -bucket 9999 main.ints",
        ),
    ):
        theirs = gdb.run(command)
        for door, other in others.items():
            assert other.run(command) == theirs, f"{door}: {command}"


def test_every_fault(build_of: Build, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Of each fault that the fixture makes; but with --matrix the builds share them, and Delve has one in eight."""
    binary = build("faults", build_of.go, experiment=build_of.experiment, goarch=build_of.goarch)
    whole = request.config.getoption("--matrix")
    modes = [mode for mode in modes_of(binary) if not mode.startswith("spinning-")]
    if build_of.goarch == "386" and HANGS in modes:
        modes.remove(HANGS)
    assert len(modes) > 150
    differing: list[str] = []
    with Gdb(gdb18(), binary) as gdb:
        for number, mode in enumerate(modes):
            if not whole and number % len(FAULTS_IN) != FAULTS_IN.index(build_of):
                continue
            name = open_core(gdb, binary, mode, tmp_path)["variable"]
            core = tmp_path / "opened"
            theirs = {f"{command} {name}": gdb.run(f"{command} {name}") for command in FAULTY}
            differing += differences(f"{mode}, files", Files(binary, core), theirs)
            if build_of.goarch == "amd64" and (whole or number % 8 == 0):
                with serving("core", binary, core) as port:
                    differing += differences(f"{mode}, Delve", DelveRpc(port, binary), theirs)
    assert not differing, f"{len(differing)} answers differ:\n" + "\n\n".join(differing[:5])


def differences(door: str, other: Door, theirs: dict[str, str]) -> Iterator[str]:
    """Where a door's answers to commands are not those of GDB."""
    for command, expected in theirs.items():
        said = other.run(command)
        if said != expected:
            yield f"{door}: {command}\n{expected}\n--- but\n{said}"
