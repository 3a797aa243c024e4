"""On the same core Delve says what GDB says, byte for byte, as text and as JSON: headers, buckets, slots, findings.

Left out of the comparison, and why:

- gomap-check of maps with interface keys: only GDB's side hashes what an interface holds, and Delve's says so
  (``HELD_KEYS``);
- some of what interfaces hold, which test_delve_values.py lists and compares by itself; of that, one thing is here: the
  number by which the debug information tells types of one name apart that are local to functions (``main.local·1``);
- the local variables of the fixture: the goroutine that died stands on the runtime's own stack, so neither debugger
  has them in scope in a core;
- what findings come from: only GDB's side looks for causes;
- faults of which only GDB's side tells, or tells otherwise, each with its reason (``DIFFERING``);
- what an object holds, in gomap-whatis: only GDB's side looks for its type;
- a map with more than a thousand findings, of which none of the fixtures makes one: the checks end at the same
  finding, but not with the same count of entries.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import CoreDump, build, gdb_core_of
from tests.fixtures.toolchains import gdb18
from tests.sessions.corefile import CoreFile
from tests.sessions.debugger import Gdb
from tests.sessions.delve import Delve
from tests.sessions.targets import READY
from tests.sessions.test_check_faults import await_spinning, modes_of, open_core

VERSIONS = ("1.23.9", "1.24.11", "1.27.3")

HELD_KEYS = {"anys", "errs", "stringers"}

#: Faults of which the two say different things: how the modes' names begin, and why.
DIFFERING = {
    **dict.fromkeys(
        ("key-string-", "key-inner-", "key-data-", "key-type-", "key-pointer-"), "only GDB's side looks into keys"
    ),
    **dict.fromkeys(
        ("elem-string-", "elem-data-", "elem-type-", "elem-slice-", "elem-pointer-"), "only GDB's side looks into them"
    ),
    "word-": "only GDB's side says what a word looks like that can be no pointer",
    **dict.fromkeys(
        ("extra-overflow-", "extra-oldoverflow-", "extra-next-"), "only GDB's side looks where extra's fields lead"
    ),
    **dict.fromkeys(
        ("keys-in-one-buffer", "slots-zeroed", "group-zeroed"),
        "each compares keys with those of the buckets that it reads at once, and equal ones are in any",
    ),
    **dict.fromkeys(
        ("seed-", "storage-of-another"),
        "only GDB's side looks for another seed, and for other maps with the same buckets",
    ),
    **dict.fromkeys(("healthy-grown-anys", "healthy-grown-pairs"), "only GDB's side hashes interface keys"),
}

#: What tells local types apart, in text and in JSON.
_LOCAL = re.compile(r"(?:·|\\u00b7)\d+")

#: What is asked about each map that has a fault.
FAULTY = (
    *("gomap-check", "gomap-header", "gomap-walk", "gomap-walk -all -limit 100"),
    *("gomap-check -json", "gomap-header -json", "gomap-walk -json -limit 8"),
)


@pytest.fixture(
    scope="module", params=[pytest.param(go, marks=pytest.mark.xdist_group(f"dlv-{go}")) for go in VERSIONS]
)
def go(request: pytest.FixtureRequest) -> str:
    version = request.param
    assert isinstance(version, str)
    return version


@pytest.fixture(scope="module")
def binary(go: str) -> Path:
    return build("maps", go)


@pytest.fixture(scope="module")
def gdb(binary: Path, core: CoreDump) -> Iterator[Gdb]:
    with Gdb(gdb18(), binary, core.path) as session:
        yield session


@pytest.fixture(scope="module")
def variables(core: CoreDump) -> list[str]:
    """Every package variable of the fixture that leads to a map, in all states and of all kinds."""
    (document,) = [json.loads(line) for line in core.printed.read_text().splitlines() if line.startswith("{")]
    names = [view["name"] for view in document["maps"]]
    found = [name for name in names if name.startswith(("main.", "example.org/"))]
    assert len(found) > 60
    return found


@pytest.mark.parametrize(
    "command",
    [
        *("gomap-header", "gomap-walk", "gomap-walk -all", "gomap-walk -limit 2 -old"),
        *("gomap-walk -bucket 1", "gomap-walk -bucket 0:1", "gomap-check", "gomap-check -quick"),
        *("gomap-walk -entries", "gomap-walk -entries -all -full", "gomap-walk -entries -json -limit 3"),
        *("gomap-header -json", "gomap-walk -json -limit 2", "gomap-walk -json -all", "gomap-check -json -quick"),
    ],
)
def test_every_state_and_kind(gdb: Gdb, delve: Delve, variables: list[str], command: str) -> None:
    for name in variables:
        if command == "gomap-check" and _variable(name) in HELD_KEYS:
            continue
        theirs = gdb.run(f"{command} {name}")
        ours = delve.run(f"{command} {_as_delve_spells(name)}")
        if "registry" in name:
            theirs = theirs.replace(name, _as_delve_spells(name))
        assert _LOCAL.sub("", ours) == theirs, f"{command} {name}"


def test_what_an_address_is(gdb: Gdb, delve: Delve, variables: list[str]) -> None:
    headers = [
        delve.run(f"gomap-header {_as_delve_spells(name)}").split(" at ")[-1].split(" ")[0] for name in variables
    ]
    addresses = [int(text, 16) for text in headers if text.startswith("0x")]
    assert len(addresses) > 50
    asked = [*addresses, *(each + 3 for each in addresses[:9]), 0, 0x10, 1 << 63]
    # Text and package variables have symbols, of which the two debuggers know different ones.
    for typed in asked:
        # GDB's side recognises headers, and adds that.
        ours, theirs = delve.run(f"gomap-whatis {typed}"), gdb.run(f"gomap-whatis {typed}")
        assert theirs == ours or theirs.startswith(f"{ours}: header of a map"), (ours, theirs)
    for address in asked[::4]:
        ours, theirs = (json.loads(each.run(f"gomap-whatis -json {address}")) for each in (delve, gdb))
        theirs.pop("holds", None)
        assert ours == theirs


def test_every_fault(go: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    binary = build("faults", go)
    modes = [mode for mode in modes_of(binary) if not mode.startswith(("spinning-", *DIFFERING))]
    assert len(modes) > 150
    if not request.config.getoption("--matrix"):
        # The two Swiss versions have the same modes, and share those that are left.
        modes = modes[::3] if go == "1.23.9" else modes[3 * (VERSIONS.index(go) % 2) :: 6]
    differing = []
    with Gdb(gdb18(), binary) as gdb:
        for mode in modes:
            truth = open_core(gdb, binary, mode, tmp_path)
            name = truth["variable"]
            with Delve("core", binary, tmp_path / "opened") as delve:
                for command in FAULTY:
                    theirs, ours = gdb.run(f"{command} {name}"), delve.run(f"{command} {name}")
                    if ours != theirs and not _but_for_causes(command, theirs, ours):
                        differing.append(f"{mode}: {command} {name}\n{theirs}\n--- but in Delve\n{ours}")
    assert not differing, f"{len(differing)} of {len(modes)} modes differ:\n" + "\n\n".join(differing[:5])


def _but_for_causes(command: str, theirs: str, ours: str) -> bool:
    """Whether all that GDB's side says more is what findings come from, which it alone looks for."""
    if command == "gomap-check":
        # What follows from a cause is shown below it, and elsewhere than in Delve: that it is the same, JSON tells.
        return "\n  cause    " in theirs and theirs.partition("\n")[0] == ours.partition("\n")[0]
    if command != "gomap-check -json":
        return False
    answer = json.loads(theirs)
    answer.pop("causes", None)
    for finding in answer["findings"]:
        finding.pop("cause", None)
    return bool(answer == json.loads(ours))


@pytest.mark.parametrize("version", ["1.24.11", "1.27.3"])
def test_a_program_that_spins_in_mapassign(version: str) -> None:
    """golang/go 76641, attached to by both in turn: a write is under way, and what it does not explain stays."""
    binary = build("faults", version)
    command = [binary, "spinning-ints", "stop"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        try:
            assert process.stdout
            name = json.loads(process.stdout.readline())["variable"]
            await_spinning(process.pid)
            with Gdb(gdb18(), binary) as gdb:
                gdb.run(f"attach {process.pid}")
                theirs = gdb.run(f"gomap-check {name}")
                gdb.run("detach")
            with Delve("attach", str(process.pid), binary) as delve:
                ours = delve.run(f"gomap-check {name}")
        finally:
            process.kill()
    assert ours == theirs
    assert "spins for ever" in ours and "the map was being written" in ours


def test_a_core_cut_off_in_the_middle(binary: Path, core: CoreDump, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    heap = int(_address_of(binary, core), 16)
    CoreFile(core.path).cut_off(heap + 24, cut)  # in the middle of the header
    with Delve("core", binary, cut) as delve:
        said = delve.run("gomap-walk main.grown")
        assert said.count("\n") == 0 and "0x" in said, said
        again = delve.run("gomap-header main.nilMap")
        assert "nil map" in again or again.count("\n") == 0


def _address_of(binary: Path, core: CoreDump) -> str:
    with Delve("core", binary, core.path) as delve:
        return delve.run("gomap-header main.grown").partition(" at ")[2].partition(" ")[0]


def _variable(name: str) -> str:
    return name.removeprefix("main.").split("[")[0].split(".")[0]


def _as_delve_spells(name: str) -> str:
    """Delve knows packages by their names, and their paths in quotes."""
    return name.replace("example.org/maps/registry.", "registry.")


@pytest.mark.xdist_group("dlv-1.27.3")
def test_names_of_packages_are_spelled_as_in_go() -> None:
    """Debug information escapes dots in the last part of a package's path, and Delve's own names have that."""
    binary = build("named", "1.27.3")
    core = gdb_core_of(binary, READY)
    name = "example.org/named/store.v2"
    with Gdb(gdb18(), binary, core.path) as gdb, Delve("core", binary, core.path) as delve:
        for command in ("gomap-walk", "gomap-walk -json", "gomap-header -json", "gomap-check"):
            said = gdb.run(f"{command} {name}.Items")
            assert f"map[{name}.Kind]{name}.Item" in said
            assert delve.run(f"{command} store.Items").replace("store.Items", f"{name}.Items") == said
        address = re.search(r" at (0x[0-9a-f]+) ", gdb.run(f"gomap-header {name}.Items"))
        assert address
        by_type = f"gomap-walk -type map[{name}.Kind]{name}.Item {address[1]}"
        assert delve.run(by_type) == gdb.run(by_type)
