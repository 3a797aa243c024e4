"""gomap in Delve as a person meets it: loading, help, options, live processes, what is no map, how long it takes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from gomap.commands import COMMANDS as ALL
from tests.fixtures.builds import build, gdb_core_of, kernel_core_of
from tests.fixtures.toolchains import GO_VERSIONS, gdb18
from tests.sessions.debugger import Gdb
from tests.sessions.delve import SCRIPT, Delve
from tests.sessions.targets import READY

COMMANDS = ("gomap-header", "gomap-walk", "gomap-check", "gomap-whatis")
#: What there is in Delve's scripts.
_HERE = {*COMMANDS, "gomap-find", "gomap-poke"}
#: Go 1.27 has moved it.
PRINT_SWITCH = 'print "internal/runtime/maps".UseAeshash'
_REPOSITORY = SCRIPT.parents[1]
#: A map in gomap-check -all of whose keys that is said.
_UNHASHED = re.compile(r"^(.*):\n.*: no findings in .*\nnote: hashes are not checked: keys of type .*\n", re.M)

pytestmark = pytest.mark.xdist_group("dlv-commands")


@pytest.fixture(scope="module")
def binary() -> Path:
    return build("maps", "1.27.3")


@pytest.mark.parametrize("typed", ["dlv_scripts/gomap.star", str(SCRIPT)])
def test_sourcing_it(binary: Path, typed: str) -> None:
    """From the repository's root and by its full path; twice does no harm."""
    with Delve("core", binary, kernel_core_of(binary, "abort").path, load=False, cwd=_REPOSITORY) as delve:
        for _ in range(2):
            said = delve.run(f"source {typed}")
            assert said.startswith("gomap: commands gomap-header, ") and "\n" not in said
        assert delve.run("gomap-header main.nilMap") == "map[string]int (swiss): nil map"
        assert delve.run("gomap_header main.nilMap") == "map[string]int (swiss): nil map"


def test_sourcing_it_from_a_path_with_blanks(binary: Path, tmp_path: Path) -> None:
    (tmp_path / "with blanks").symlink_to(SCRIPT.parent)
    with Delve("core", binary, kernel_core_of(binary, "abort").path, load=False) as delve:
        assert delve.run(f"source {tmp_path}/with blanks/gomap.star").startswith("gomap: commands ")


def test_a_core_of_another_build_is_not_taken_for_empty_maps() -> None:
    """It has zeros where this program has its variables."""
    core = kernel_core_of(build("maps", "1.23.9"), "abort").path
    with Delve("core", build("maps", "1.24.11"), core) as delve:
        for command in ("gomap-check -all", "gomap-header main.grown", "gomap-whatis 0xc000012340"):
            assert delve.run(command).startswith("the memory is not that of this program, or was cut short: "), command


def test_the_overview_names_every_command(delve: Delve) -> None:
    _, *here, elsewhere, _ = delve.run("gomap").splitlines()
    assert {line.strip() for line in here} == _HERE
    assert set(re.findall(r"gomap-\w+", elsewhere)) == ALL.keys() - _HERE - {"gomap"}


@pytest.mark.parametrize("command", sorted(ALL.keys() - _HERE - {"gomap"}))
def test_what_needs_python_says_how_it_is_to_be_had(delve: Delve, command: str) -> None:
    for typed in (command, f"{command} -json main.grown"):
        said = delve.run(typed)
        assert said.startswith(f"{command} needs Python: ") and "\n" not in said
        assert "'gomap dlv'" in said and "'gomap connect HOST:PORT'" in said
    assert delve.run(f"help {command}").splitlines()[0] == ALL[command].help.splitlines()[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_that_of_gdb(delve: Delve, command: str) -> None:
    with Gdb(gdb18()) as gdb:
        theirs = gdb.run(f"help {command}")
    ours = delve.run(f"help {command}")
    assert ours.partition("\n\n")[0] == theirs.partition("\n\n")[0]
    wanted, shown = _options(theirs), _options(ours)
    if command == "gomap-walk":
        # GDB has a setting for it.
        assert wanted["-limit N|unlimited"].pop().startswith("0 is unlimited; 32 without it (in GDB, ")
        assert shown["-limit N|unlimited"].pop() == "0 is unlimited; 32 without it."
        assert wanted["-full"].pop().startswith("(in GDB, ")
        wanted["-full"][-1] += "."
    # What plain Delve has not.
    for option in ("-force", "-deep", "-html FILE"):
        wanted.pop(option, None)
    # Delve selects goroutines and frames by itself, so that what is meant without them differs, and with it the words.
    for option in ("-goroutine N", "-frame N"):
        assert shown.pop(option) and wanted.pop(option)
    # What only Starlark is so slow as to need.
    assert (shown.pop("-sample", None) is not None) == (command == "gomap-check")
    assert shown == wanted


def _options(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.partition("Options:\n")[2].splitlines():
        if line.startswith("  -"):
            found[line.strip()] = []
        elif line.strip():
            found[list(found)[-1]].append(line.strip())
    return found


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("gomap-walk main.nilMap", r"map\[string\]int \(swiss\): nil map"),
        ("gomap-check main.nilMap", r"map\[string\]int \(swiss\): nil map"),
        ("gomap-walk main.keyName", r"main\.keyName: function main\.keyName is inlined"),
        ("gomap-walk main.boxed", r"main\.boxed is a main\.holder, not a map"),
        ("gomap-header main.boxed.Name", r"main\.boxed\.Name is a string, not a map"),
        ("gomap-walk 5", r"5 is a number, not a map; if it is the address of a map's header, give -type 'map\[K\]V'"),
        ("gomap-walk nonesuch", "Command failed: could not find symbol value for nonesuch"),
        ("gomap-walk", r"gomap-walk: needs EXPR\. Usage: gomap-walk \[-limit N\|unlimited\] .* EXPR"),
        (
            "gomap-walk -nonesuch m",
            r"gomap-walk: no option -nonesuch; there are -limit, -bucket, -old, .*, -goroutine, -frame",
        ),
        ("gomap-walk -limit x m", r"gomap-walk: -limit takes N\|unlimited, not x"),
        ("gomap-walk -limit", r"gomap-walk: -limit takes a value: N\|unlimited"),
        ("gomap-header -type map[string]int 0x10", r"0x10: no map header at 0x10: cannot read 48 bytes at 0x10"),
        ("gomap-walk *(*map[string]int)(0x10)", r"\*\(\*map\[string\]int\)\(0x10\): cannot read 8 bytes at 0x10"),
        ("gomap-header *(**map[string]int)(0x10)", r"\*\(\*\*map\[string\]int\)\(0x10\): .*0x10.*"),
        ("gomap-whatis -1", "0xffffffffffffffff: not mapped"),
        ("gomap-header -type nonesuch 0x10", "-type nonesuch: not a map type"),
        ("gomap-header -type map[bool]bool 0x10", r"no type map\[bool\]bool in the program's debug information"),
    ],
)
def test_one_clear_line(delve: Delve, typed: str, answer: str) -> None:
    assert re.fullmatch(answer, delve.run(typed))
    assert delve.run("gomap-header main.small").count("\n") > 5


def test_all_maps_of_all_packages(binary: Path, delve: Delve) -> None:
    """As in GDB, but for keys that are not hashed here: such a map is named, and what is left out; and sync.Maps."""
    ours = delve.run("gomap-check -all")
    with Gdb(gdb18(), binary, kernel_core_of(binary, "abort").path) as gdb:
        maps = [one for one in gdb.json("gomap-check -all -json")["maps"] if one["type"] != "sync.Map"]
        theirs = gdb.run("gomap-check -all")
    what = f"{len(maps)} maps checked, {sum(one['entries'] for one in maps)} entries:"
    assert _UNHASHED.sub("", ours) == re.sub(r"\d+ maps checked, \d+ entries:", what, theirs)
    assert [each[1] for each in _UNHASHED.finditer(ours)] == ["main.anys", "main.errs", "main.stringers"]


@pytest.mark.parametrize("aes", [True, False])
@pytest.mark.parametrize("go", GO_VERSIONS)
def test_each_version_of_go_and_both_families_of_hashes(go: str, aes: bool) -> None:
    """Live, where nothing is wrong: every key is where its hash says."""
    environment = {} if aes else {"GODEBUG": "cpu.aes=off"}
    with Delve("exec", build("maps", go), program_arguments=("stop",), environment=environment) as delve:
        delve.run(f"break {READY}")
        delve.run("continue")
        assert delve.run("print runtime.useAeshash" if go < "1.27" else PRINT_SWITCH) == str(aes).lower()
        last = delve.run("gomap-check -all").splitlines()[-1]
        assert re.fullmatch(r"\d\d maps checked, \d{4} entries: no findings; not looked at: .*", last)
        grown = delve.run("gomap-check main.grown")
        assert "no findings in 1000 entries" in grown and "1000 hashes" in grown


def test_ctrl_c_ends_a_walk() -> None:
    binary = build("large", "1.27.3")
    with Delve("core", binary, kernel_core_of(binary, "abort").path) as delve:
        said = delve.interrupted("gomap-walk -limit unlimited main.million", once_said="group 1 at")
        assert "interrupt" in said
        assert delve.run("gomap-header main.million").startswith("map[int]int at 0x")


def test_ways_to_a_map(delve: Delve) -> None:
    """Pointers and interfaces are followed; a header's address does, with its type; options may be shortened."""
    small = delve.run("gomap-walk main.small")
    address = small.partition(" at ")[2].partition(" ")[0]
    assert delve.run("gomap-walk main.pointerToMap") == small
    assert delve.run("gomap-walk main.boxes[1].Members") == small
    assert delve.run(f"gomap-walk -type 'map[string]int' {address}") == small
    assert delve.run(f"gomap-walk -t map[string]int -- {address}") == small
    assert delve.run("gomap-walk main.anyMap") == delve.run("gomap-walk main.afterDeletes")
    assert delve.run("gomap-header main.header").startswith("main.Header at 0x")


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
def test_live_processes(go: str) -> None:
    """Locals of the selected frame; the same in a core that GDB made there."""
    binary = build("maps", go, optimised=False)
    with Delve("exec", binary, program_arguments=("stop",)) as delve:
        delve.run(f"break {READY}")
        assert READY in delve.run("continue")
        assert "no findings" in delve.run("gomap-check main.grown")
        local = _local(delve)
    core = gdb_core_of(binary, READY, "stop", gdb=gdb18())
    with Delve("core", binary, core.path) as delve:
        assert _entries(_local(delve)) == _entries(local)
    assert len(_entries(local)) == 25


def _local(delve: Delve) -> str:
    """The walk of main.withLocals' map, from whichever frame has it."""
    for frame in range(1, 9):
        delve.run(f"frame {frame}")
        said = delve.run("gomap-walk local")
        if said.startswith("map["):
            return said
    raise AssertionError("no frame has it")


def _entries(walk: str) -> list[str]:
    """In each process they have other hashes, and so another order."""
    return sorted(re.findall(r"full +(.*)", walk))


def test_attaching(binary: Path) -> None:
    with subprocess.Popen([binary, "stop"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            process.stdout.readline()
            with Delve("attach", str(process.pid), binary) as delve:
                assert "no findings in 1000 entries" in delve.run("gomap-check main.grown")
                assert " full " in delve.run("gomap-walk main.small")
        finally:
            process.kill()


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
def test_a_hundred_thousand_entries(go: str) -> None:
    binary = build("large", go)
    with Delve("core", binary, kernel_core_of(binary, "abort").path) as delve:
        name = "main.hundredThousand"
        walk = delve.run(f"gomap-walk -limit unlimited {name}")
        assert len(re.findall(r"^  \d  ..  full ", walk, re.M)) == 100_000
        assert delve.run(f"gomap-walk -json -limit unlimited {name}").count('"state": "full"') == 100_000
        check = delve.run(f"gomap-check {name}")
        assert "no findings in 100000 entries" in check and "100000 hashes" in check
