"""What gomap in Delve makes of names: other frames and goroutines, types with names, what is no map or not there.

The program is tests/fixtures/scopes, which says in its source what there is to be found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import build
from tests.fixtures.toolchains import GO_VERSIONS
from tests.sessions.delve import Delve

pytestmark = pytest.mark.xdist_group("dlv-scopes")

KINDS = ("1.23.9", "1.27.3")
_COMMANDS = ("gomap-header", "gomap-walk", "gomap-check", "gomap-whatis", "gomap-poke")
#: What a person's own script may define.
_ANOTHER_SCRIPT = """
Gomap = None
POINTER = PAGE = 3
def Read(*args): return "mine"
def Number(): pass
def Check(): pass
"""


@pytest.fixture(scope="module", params=KINDS)
def go(request: pytest.FixtureRequest) -> str:
    version = request.param
    assert isinstance(version, str)
    return version


@pytest.fixture(scope="module")
def delve(go: str) -> Iterator[Delve]:
    """The program compiled without optimisation, at main.fixtureReady."""
    with _at_ready(build("scopes", go, optimised=False)) as session:
        yield session


def _at_ready(binary: Path) -> Delve:
    session = Delve("exec", binary)
    session.run("break main.fixtureReady")
    session.run("continue")
    return session


def test_a_frame_is_chosen_by_an_option(delve: Delve) -> None:
    assert "could not find symbol" in delve.run("gomap-walk dropped")
    assert "9: 3" not in delve.run("gomap-walk -frame 1 main.counts")
    walk = delve.run("gomap-walk -frame 1 dropped")
    assert re.findall(r"full +(\d: \d)", walk) == ["0: 0", "3: 1", "6: 2"]
    assert delve.run("gomap-check -frame 1 dropped").startswith("map[int]int at 0x")
    assert "stack of goroutine 1 " in delve.run("gomap-whatis -frame 1 &dropped")
    # Where Delve itself has been told of a frame, nothing needs to be said.
    delve.run("frame 1")
    assert delve.run("gomap-walk dropped") == walk
    delve.run("frame 0")


def test_a_goroutine_is_chosen_by_an_option(delve: Delve) -> None:
    waiting = re.findall(r"Goroutine (\d+) - .* main\.hold ", delve.run("goroutines"))
    found = set()
    for number in waiting:
        stack = delve.run(f"goroutine {number} stack")
        frame = re.search(r"^(\d+) .* in main\.hold", stack, re.M)
        assert frame
        mine = delve.run(f"gomap-walk -goroutine {number} -frame {frame[1]} mine")
        found.add(tuple(sorted(re.findall(r"full +(.*)", mine))))
        header = delve.run(f"gomap-header -goroutine {number} -frame {frame[1]} -json mine")
        assert header.startswith('{"command": "header", "type": "map[string]int"')
    assert found == {('"first": 1',), ('"second": 1', '"third": 2')}
    assert "\n" not in delve.run("gomap-walk -goroutine 99999 mine")


@pytest.mark.parametrize("command", _COMMANDS)
def test_help_says_that_prefixes_do_not_reach_scripts(delve: Delve, command: str) -> None:
    text = " ".join(delve.run(f"help {command}").split())
    assert "-goroutine N" in text and "-frame N" in text and "do not reach scripts" in text


def test_maps_of_named_types_without_entries(delve: Delve, go: str) -> None:
    kind, none = ("classic", "0 buckets") if go == "1.23.9" else ("swiss", "no group yet")
    for name, type in (("nilHeader", "main.header"), ("nilSet", "main.set[string]")):
        for command in ("gomap-header", "gomap-walk", "gomap-check"):
            assert delve.run(f"{command} main.{name}") == f"{type} ({kind}): nil map"
            said = delve.run(f"{command} -json main.{name}")
            assert f'"type": "{type}", "address": "0x0", "kind": "{kind}", "count": 0' in said
    for name, type in (("emptyHeader", "main.header"), ("emptySet", "main.set[int]")):
        walk = delve.run(f"gomap-walk main.{name}")
        assert walk.startswith(f"{type} at 0x") and f" ({kind}): 0 entries in " in walk
        assert none in walk or walk.count("empty") >= 1
        assert " no findings in 0 entries (" in delve.run(f"gomap-check main.{name}")
        assert delve.run(f"gomap-header main.{name}").count("\n") >= 9
    assert re.fullmatch(
        r"\d+ maps checked, \d+ entries: no findings; .*", delve.run("gomap-check -all").splitlines()[-1]
    )


def test_the_address_of_a_variable_with_a_type(delve: Delve) -> None:
    counts = delve.run("gomap-walk main.counts")
    assert '"one": 1' in counts
    assert delve.run("gomap-walk -type map[string]int &main.counts") == counts


def test_keys_are_equal_as_in_go(delve: Delve, go: str) -> None:
    """+0 and -0 are one key, and so are two that differ in a blank field only."""
    for name, value in (("zeros", 1 << 63), ("blanks", 7 << 32 | 1)):
        walk = delve.run(f"gomap-walk main.{name}")
        array = re.search(r"^(?:group|bucket) 0 at (0x[0-9a-f]+)$", walk, re.M)
        slot = re.search(r"^  (\d)  .. +full +.*: 2$", walk, re.M)
        assert array and slot
        # Eight marks, then keys of eight bytes: one behind the other, or each with its element.
        address = int(array[1], 16) + 8 + int(slot[1]) * (8 if go == "1.23.9" else 16)
        before = delve.run(f"print *(*uint64)({address})")
        delve.run(f"set *(*uint64)({address}) = {value}")
        said = delve.run(f"gomap-check main.{name}")
        delve.run(f"set *(*uint64)({address}) = {before}")
        assert "duplicate-key" in said, said
        assert "no findings in 2 entries" in delve.run(f"gomap-check main.{name}")


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("gomap-check -all main.counts", r"gomap-check: -all checks every package variable.*; leave out main\.counts"),
        ("gomap-check main.counts -quick", r"map\[string\]int at .*: no findings in 1 entry \(1 \w+, 0 hashes\)"),
        ("gomap-check -- main.counts -quick", r".*quick.*"),
        ('gomap-walk "abc"', '"abc" is a string, not a map'),
        ("gomap-walk 5", r"5 is a number, not a map; if it is the address of a map's header, give -type 'map\[K\]V'"),
        ("gomap-walk nil", "nil is no map"),
    ],
)
def test_one_clear_line(delve: Delve, typed: str, answer: str) -> None:
    assert re.fullmatch(answer, delve.run(typed))


def test_scripts_of_others_change_nothing(delve: Delve, tmp_path: Path) -> None:
    """Scripts share their globals in Delve, and the last one wins: gomap has taken what it needs by then."""
    commands = [
        f"{command} main.counts" for command in ("gomap-header", "gomap-walk", "gomap-walk -json", "gomap-check")
    ]
    before = [delve.run(command) for command in commands]
    (tmp_path / "mine.star").write_text(_ANOTHER_SCRIPT)
    delve.run(f"source {tmp_path / 'mine.star'}")
    assert [delve.run(command) for command in commands] == before


def test_what_the_compiler_has_not_kept() -> None:
    with _at_ready(build("scopes", "1.23.9")) as delve:
        said = delve.run("gomap-walk -frame 1 dropped")
    assert said == "dropped: optimised out here: the compiler has not kept its value for this place in the program"


@pytest.mark.parametrize("go", [go for go in GO_VERSIONS if go >= "1.21"])
def test_inside_the_runtimes_own_functions(go: str) -> None:
    """There the header says nothing of its map's type; the other argument does."""
    with _at_ready(build("scopes", go)) as delve:
        delve.run("break runtime.mapassign_faststr")
        assert "runtime.mapassign_faststr" in delve.run("continue")
        argument = "h" if "could not find symbol" in delve.run("print m") else "m"
        assert '"one": 1' in delve.run(f"gomap-walk {argument}")
        assert delve.run(f"gomap-walk {argument}") == delve.run("gomap-walk main.counts")


@pytest.mark.parametrize("flags", ["-w", "-s"])
def test_without_debug_information(flags: str) -> None:
    with Delve("exec", build("packagemaps", "1.27.3", ldflags=flags)) as delve:
        for command in ("gomap-check -all", "gomap-walk main.m", "gomap-whatis 0x10"):
            said = delve.run(command)
            assert said.startswith("this program has no debug information (built with -ldflags=-w or -s,"), said


def test_pointers_of_four_bytes() -> None:
    """Delve opens programs for 386, too."""
    with Delve("exec", build("scopes", "1.27.3", goarch="386")) as delve:
        for command in ("gomap-check -all", "gomap-walk main.counts", "gomap-whatis 0x10"):
            assert delve.run(command) == (
                "this program has pointers of 4 bytes; in Delve gomap knows those of 8 bytes only: use GDB"
            )


def test_a_program_that_has_exited() -> None:
    with Delve("exec", build("scopes", "1.27.3")) as delve:
        delve.run("continue")
        for command in ("gomap-check -all", "gomap-walk main.counts", "gomap-whatis 0x10"):
            assert re.fullmatch(r"(Command failed: )?Process \d+ has exited with status 0", delve.run(command))
