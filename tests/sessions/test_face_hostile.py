"""Maps whose header or memory is ruined: clear words, no traceback, within a second, and what is sound is still shown.

The program's own memory is changed from GDB and put back after each test.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.debugger import Gdb
from tests.sessions.pairs import CLASSIC, PAIRS, SWISS, Pair, live, truth
from tests.sessions.targets import Stopped, debugger

_COMMANDS = ("gomap-header {}", "gomap-walk {}", "gomap-walk -json {}", "gomap-header -json {}", "print '{}'")
_UNREADABLE = 0x10


pytestmark = pytest.mark.xdist_group("face-hostile")


@pytest.fixture(scope="module")
def classic() -> Iterator[Stopped]:
    with live(CLASSIC) as there:
        there.gdb.run("frame 0")
        yield there


@pytest.fixture(scope="module")
def swiss() -> Iterator[Stopped]:
    with live(SWISS) as there:
        there.gdb.run("frame 0")
        yield there


@pytest.fixture(params=["classic", "swiss"])
def either(request: pytest.FixtureRequest) -> Stopped:
    there: Stopped = request.getfixturevalue(request.param)
    return there


@contextmanager
def changed(gdb: Gdb, address: int, size: int, value: int) -> Iterator[None]:
    """The SIZE bytes at ADDRESS are VALUE for a while."""
    type = {1: "unsigned char", 4: "unsigned int", 8: "unsigned long"}[size]
    gdb.run("set language c")
    before = gdb.run(f"output/u *({type} *){address}")
    assert gdb.run(f"set var *({type} *){address} = {value}") == ""
    gdb.run("set language auto")
    try:
        yield
    finally:
        gdb.run("set language c")
        gdb.run(f"set var *({type} *){address} = {before}")
        gdb.run("set language auto")


def field(stopped: Stopped, name: str, field: str) -> int:
    """Where a field of the header of the map NAME lies."""
    view = truth(stopped, name)
    (offset,) = [each["offset"] for each in view["header"] if each["name"] == field]
    address: int = view["address"]
    return address + offset


def answers(gdb: Gdb, name: str) -> dict[str, str]:
    """What each command says of the map. Fails if any takes long, or fails itself."""
    said = {}
    for command in _COMMANDS:
        start = time.monotonic()
        said[command] = gdb.run(command.format(name))
        taken = time.monotonic() - start
        assert taken < 3, f"{command}: {taken:.1f} s"  # a second, on a machine with nothing else to do
        for word in ("Traceback", "Python Exception", "gomap failed"):
            assert word not in said[command], said[command][:2000]
    return said


def ruin_header(stopped: Stopped, name: str, what: str, size: int, value: int, message: str) -> None:
    sound = stopped.gdb.run(f"gomap-walk {name}")
    with changed(stopped.gdb, field(stopped, name, what), size, value):
        said = answers(stopped.gdb, name)
        assert message in said["gomap-walk {}"]
        assert message.rpartition(" ")[2] in said["gomap-header {}"]
    assert stopped.gdb.run(f"gomap-walk {name}") == sound


@pytest.mark.parametrize(
    ("name", "what", "size", "value", "message"),
    [
        ("main.grown", "count", 8, 1 << 60, "count is 1152921504606846976"),
        ("main.grown", "count", 8, (1 << 64) - 1, "count is -1"),
        ("main.grown", "B", 1, 255, "B is 255"),
        ("main.grown", "B", 1, 60, "B is 60"),
        ("main.grown", "buckets", 8, _UNREADABLE, "0x10"),
        ("main.grown", "buckets", 8, 0, "buckets is nil"),
    ],
)
def test_a_classic_header(classic: Stopped, name: str, what: str, size: int, value: int, message: str) -> None:
    ruin_header(classic, name, what, size, value, message)


@pytest.mark.parametrize(
    ("kind", "what", "size", "value"),
    [
        ("classic", "B", 1, 255),
        ("classic", "buckets", 8, _UNREADABLE),
        ("swiss", "dirPtr", 8, _UNREADABLE),
        ("swiss", "dirLen", 8, 3),
    ],
)
def test_a_key_in_a_part_that_cannot_be_read_is_not_said_to_be_missing(
    request: pytest.FixtureRequest, kind: str, what: str, size: int, value: int
) -> None:
    there: Stopped = request.getfixturevalue(kind)
    key, elem = truth(there, "main.grown")["entries"][-1]
    with changed(there.gdb, field(there, "main.grown", what), size, value):
        for call in (f"output $gomap_has('main.grown', {key})", f"output $gomap_get('main.grown', {key})"):
            said = there.gdb.run(call)
            assert "no such key in what can be read of the map" in said or said in ("1", elem), said
        said = there.gdb.run("output $gomap_has('main.grown', \"nobody\")")
        assert said.startswith("$gomap_has: no such key in what can be read of the map: "), said
        assert len(said.splitlines()) == 1
    assert there.gdb.run(f"output $gomap_has('main.grown', {key})") == "1"


@pytest.mark.parametrize(
    ("name", "what", "size", "value", "message"),
    [
        ("main.grown", "used", 8, 1 << 60, "used is 1152921504606846976"),
        ("main.small", "used", 8, 1 << 60, "used is 1152921504606846976"),
        ("main.grown", "dirLen", 8, 3, "dirLen is 3, no power of two"),
        ("main.grown", "dirLen", 8, 1 << 60, "dirLen is 1152921504606846976"),
        ("main.grown", "dirLen", 8, (1 << 64) - 5, "dirLen is -5"),
        ("main.grown", "dirPtr", 8, _UNREADABLE, "0x10"),
        ("main.small", "dirPtr", 8, _UNREADABLE, "0x10"),
        ("main.grown", "globalDepth", 1, 200, "globalDepth is 200"),
    ],
)
def test_a_swiss_header(swiss: Stopped, name: str, what: str, size: int, value: int, message: str) -> None:
    ruin_header(swiss, name, what, size, value, message)


def test_old_buckets_that_are_none(classic: Stopped) -> None:
    with changed(classic.gdb, field(classic, "main.growing", "oldbuckets"), 8, _UNREADABLE):
        answers(classic.gdb, "main.growing")
        said = classic.gdb.run("gomap-walk -limit unlimited main.growing")
        assert re.search(r"^note: .*0x10", said, re.MULTILINE), said
        assert "full" in said, "the new buckets are shown"


def test_a_pointer_to_a_map_that_is_none(either: Stopped) -> None:
    address = int(either.gdb.run("output/x &'main.pointerToMap'"), 16)
    with changed(either.gdb, address, 8, _UNREADABLE):
        said = either.gdb.run("gomap-walk main.pointerToMap")
        assert said == "main.pointerToMap: cannot read 8 bytes at 0x10"
    variable = int(either.gdb.run("output/x &'main.small'"), 16)
    with changed(either.gdb, variable, 8, _UNREADABLE):
        assert either.gdb.run("gomap-walk main.small").startswith("main.small: no map header at 0x10: cannot read")
        printed = either.gdb.run("print 'main.small'")
        assert re.match(r"\$\d+ = map\[string\]int <.*no map header at 0x10: cannot read \d+ bytes at 0x10>$", printed)
        assert re.match(r".*no map header at 0x10", either.gdb.run("print $gomap_len('main.small')"))


def test_an_interface_without_a_type(either: Stopped) -> None:
    address = int(either.gdb.run("output/x &'main.anyMap'"), 16)
    for word in (1, _UNREADABLE, truth(either, "main.small")["address"]):
        with changed(either.gdb, address, 8, word):
            said = either.gdb.run("gomap-walk main.anyMap")
            assert said.startswith(f"main.anyMap has no type at {word:#x}: "), said
            assert len(said.splitlines()) == 1
    with changed(either.gdb, address, 8, 0):
        assert either.gdb.run("gomap-walk main.anyMap") == "main.anyMap is a nil interface {}"


def test_a_directory_entry_of_1(swiss: Stopped) -> None:
    (directory,) = [each["value"] for each in truth(swiss, "main.uneven")["header"] if each["name"] == "dirPtr"]
    with changed(swiss.gdb, directory, 8, 1):
        said = answers(swiss.gdb, "main.uneven")
        assert "0x1" in said["gomap-walk {}"]
        assert "full" in said["gomap-walk {}"], "the other tables are shown"


def test_a_cycle_of_overflow_buckets(classic: Stopped) -> None:
    chained = [bucket for bucket in truth(classic, "main.chained")["buckets"] if bucket["overflow"]]
    bucket = chained[0]["address"]
    classic.gdb.run("set language c")
    size = int(classic.gdb.run("output/d sizeof(*'main.chained'->buckets)"))
    # The overflow pointer is a bucket's last word.
    assert int(classic.gdb.run(f"output/d *(long *){bucket + size - 8}")) == chained[0]["overflow"]
    classic.gdb.run("set language auto")
    with changed(classic.gdb, bucket + size - 8, 8, bucket):
        said = answers(classic.gdb, "main.chained")
        assert re.search(rf"^note: .*{bucket:#x}", said["gomap-walk {}"], re.MULTILINE), said["gomap-walk {}"]


@pytest.mark.parametrize("pair", PAIRS)
def test_a_truncated_core(pair: Pair, tmp_path: Path) -> None:
    binary = build("maps", pair.go, optimised=pair.optimised)
    core = kernel_core_of(binary, "abort").path
    whole = core.read_bytes()
    for part in (0.9, 0.5, 0.1):
        cut = tmp_path / f"core-{part}"
        cut.write_bytes(whole[: int(len(whole) * part)])
        with Gdb(debugger(pair.gdb), binary, cut) as gdb:
            answers(gdb, "main.grown")
            answers(gdb, "main.small")


def test_a_variable_that_leads_to_no_header_is_not_left_out_of_a_check_of_all(either: Stopped) -> None:
    gdb = either.gdb
    before = re.fullmatch(r"(\d+) maps checked, \d+ entries: .*", gdb.run("gomap-check -all -quick").splitlines()[-1])
    variable = re.search(r"0x[0-9a-f]+", gdb.run("output &'main.grown'"))
    assert before and variable
    with changed(gdb, int(variable[0], 16), 8, _UNREADABLE):
        *lines, last = gdb.run("gomap-check -all -quick").splitlines()
        assert [line for line in lines if line.startswith("main.grown: ")] == [
            "main.grown: cannot read 48 bytes at 0x10"
        ]
        assert last.startswith(f"{int(before[1]) - 1} maps checked, ")
        assert "; 1 map cannot be read; not looked at: " in last
        assert [each["variable"] for each in gdb.json("gomap-check -all -quick -json")["unreadable"]] == ["main.grown"]


def test_a_header_says_which_of_its_pointers_lead_nowhere(request: pytest.FixtureRequest) -> None:
    for kind, what in (("classic", "buckets"), ("classic", "oldbuckets"), ("classic", "extra"), ("swiss", "dirPtr")):
        there: Stopped = request.getfixturevalue(kind)
        assert "cannot be read" not in there.gdb.run("gomap-header main.grown")
        with changed(there.gdb, field(there, "main.grown", what), 8, _UNREADABLE):
            said = there.gdb.run("gomap-header main.grown")
        assert re.search(rf"^  {what} +0x10 +cannot be read$", said, re.MULTILINE), said


def test_a_wild_depth_is_one_finding_and_accuses_no_table_and_no_key(swiss: Stopped) -> None:
    fields = swiss.gdb.json("gomap-header -json main.grown")["fields"]
    (length,) = [each["value"] for each in fields if each["name"] == "dirLen"]
    for depth in (200, 9, 0):
        with changed(swiss.gdb, field(swiss, "main.grown", "globalDepth"), 1, depth):
            (found,) = swiss.gdb.json("gomap-check -json main.grown")["findings"]
        assert found["rule"] == "header-implausible"
        assert found["text"].startswith(f"dirLen is {length}, not 2^{depth} (globalDepth is {depth})")
