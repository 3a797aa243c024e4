"""Maps in cores that debuggers made, opened without one: all is as the program had printed it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.builds import CoreDump, build, delve_core_of, gdb_core_of
from tests.sessions.targets import READY, Debugger, debugger
from tests.unit.incore import assert_core


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
@pytest.mark.parametrize("buildmode", ["", "pie"])
def test_a_core_of_delve(go: str, buildmode: str) -> None:
    program = build("maps", go, buildmode=buildmode)
    assert_core_at_ready(program, delve_core_of(program, READY, "stop"))


@pytest.mark.parametrize("gdb", ["system_gdb", "gdb18"])
@pytest.mark.parametrize(("goarch", "buildmode"), [("amd64", "pie"), ("386", "")])
def test_a_core_of_gdb(gdb: Debugger, goarch: str, buildmode: str) -> None:
    program = build("maps", "1.27.3", goarch=goarch, buildmode=buildmode)
    assert_core_at_ready(program, gdb_core_of(program, READY, "stop", gdb=debugger(gdb)))


def assert_core_at_ready(program: Path, core: CoreDump) -> None:
    target = assert_core(program, core)
    functions = {symbol.name for thread in target.threads() if (symbol := target.symbol_at(thread.pc))}
    assert READY in functions
