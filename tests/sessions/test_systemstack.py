"""Where GDB's backtrace ends in runtime.systemstack, as README says, the script beside it goes on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.debugger import GOMAP, Gdb
from tests.sessions.pairs import PAIRS, Pair
from tests.sessions.targets import debugger


@pytest.mark.parametrize("pair", PAIRS)
def test_the_goroutine_that_the_program_died_of(pair: Pair) -> None:
    binary = build("fatal", pair.go)
    core = kernel_core_of(binary)
    with Gdb(debugger(pair.gdb), binary, core.path) as gdb:
        frames = gdb.run("backtrace")
        assert " in runtime.systemstack " in frames
        assert "main." not in frames
        said = gdb.run(f"source {GOMAP.parent / 'examples' / 'stack.gdb'}")
        # GDB's demangler puts brackets round a name.
        shown = [re.sub(r"\[(\w+)\] \+", r".\1 +", line).split(" + ")[0] for line in said.splitlines() if " + " in line]
        complained = _stack_of(core.path)
        assert [name for name in complained if "mapassign" in name or "count" in name] == [
            name for name in shown if "mapassign" in name or "count" in name
        ]
        assert shown[-1].startswith("runtime.goexit")
        # The second argument of the assignment is the map's header.
        (header,) = re.findall(r"mapassign_faststr\(0x[0-9a-f]+, (0x[0-9a-f]+), ", _complaint(core.path))[:1]
        checked = gdb.run(f"gomap-check -type 'map[string]int' {header}")
        assert checked.startswith(f"map[string]int at {header} ")


def _complaint(core: Path) -> str:
    """What the runtime said of the goroutine that the program died of."""
    said = (core.parent / "complained").read_text()
    return said[said.index("[running]:") :].partition("\n\n")[0]


def _stack_of(core: Path) -> list[str]:
    return [
        line.rpartition("(")[0]
        for line in _complaint(core).splitlines()[1:]
        if not line.startswith(("\t", "created by"))
    ]
