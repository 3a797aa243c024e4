"""What print, info args and bt show of arguments in optimised code whose function has called on since."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.fixtures.builds import build
from tests.sessions.debugger import Gdb
from tests.sessions.pairs import PAIRS, Pair
from tests.sessions.targets import debugger

_THEIRS, _OTHERS = 'map[string]int with 1 entry = {["theirs"] = 1}', "map[string]int with 2 entries = {"
_LOST = "<may be stale: {} was in a register, which a call has overwritten since>"


@contextmanager
def called_from(pair: Pair, function: str) -> Iterator[Gdb]:
    """A session in the frame of that function of tests/fixtures/stale, which has called others since."""
    with Gdb(debugger(pair.gdb), build("stale", pair.go)) as session:
        session.run(f"tbreak main.{function}")
        session.run("run < /dev/null > /dev/null")
        session.run("tbreak main.ready")
        session.run("continue")
        assert function in session.run(f"frame function main.{function}")
        yield session


@pytest.mark.parametrize("pair", PAIRS)
def test_a_register_that_has_another_map_now(pair: Pair) -> None:
    with called_from(pair, "passed") as gdb:
        doubtful = _OTHERS.replace(" =", f" {_LOST.format('m')} =")
        assert doubtful in gdb.run("print m")
        assert f"m = {doubtful}" in gdb.run("info args")
        assert gdb.run("gomap-walk m").startswith("m was in a register, which a call has overwritten since")
        # Where GDB shows a map's summary beside the name of whichever function, nothing is said of another's.
        assert "stale:" not in gdb.run("bt")


@pytest.mark.parametrize("pair", PAIRS)
def test_a_map_in_a_struct_in_registers(pair: Pair) -> None:
    with called_from(pair, "wrapped") as gdb:
        said = gdb.run("print r")
        assert "Members = map[string]int" in said
        assert _LOST.format("r") in said, said
        assert _LOST.format("r") in gdb.run("print r.Members")


@pytest.mark.parametrize("pair", PAIRS)
def test_a_register_of_which_the_stack_has_a_copy(pair: Pair) -> None:
    with called_from(pair, "spilled") as gdb:
        said = gdb.run("print m")
        assert _OTHERS.replace(" =", " <stale: gomap's commands show m as its copy on the stack has it> =") in said
        assert '"theirs": 1' in gdb.run("gomap-walk -entries m")


@pytest.mark.parametrize("pair", PAIRS)
def test_what_is_not_stale_is_not_called_so(pair: Pair) -> None:
    with called_from(pair, "kept") as gdb:
        assert _THEIRS in gdb.run("print m")
        assert "stale:" not in gdb.run("bt -full")
        gdb.run("frame function main.overwrite")
        assert _OTHERS in gdb.run("print m")
        assert _THEIRS in gdb.run("print 'main.theirs'")


@pytest.mark.parametrize("pair", PAIRS)
def test_a_string_of_which_a_part_is_optimized_out(pair: Pair) -> None:
    with called_from(pair, "measured") as gdb:
        for command in ("print s", "info args", "bt", "bt -full"):
            said = gdb.run(command)
            assert re.search(r"\bs ?= ?<string: value has been optimized out>|= <string: value has", said), said
            assert "Python" not in said
