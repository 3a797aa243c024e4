"""Looks that take longer than Go's runtime lets a goroutine run, at breakpoints that it goes on from.

Other tests switch off that goroutines are made to give way; here they are, as in any program.
"""

from __future__ import annotations

from typing import get_args

import pytest

from tests.fixtures.builds import build
from tests.sessions.debugger import Gdb
from tests.sessions.targets import Debugger, debugger

pytestmark = pytest.mark.xdist_group("preemption")

_NOTE = "note: SIGURG, with which Go's runtime makes goroutines give way, does not reach the program from here on: "


@pytest.mark.parametrize(("name", "go"), [*zip(get_args(Debugger), ("1.23.9", "1.27.3"), strict=True)])
def test_a_condition_does_not_hold_the_program_up_for_ever(name: Debugger, go: str) -> None:
    with Gdb(debugger(name), build("preempted", go)) as gdb:
        gdb.run("break main.step if $gomap_findings('main.m') > 0")
        said = gdb.run("run")
        assert "steps: 5" in said and "exited normally" in said
        assert said.count(_NOTE) == 1
        assert gdb.run("info signals SIGURG").splitlines()[1].split()[:4] == ["SIGURG", "No", "No", "No"]


@pytest.mark.parametrize(("name", "go"), [*zip(get_args(Debugger), ("1.27.3", "1.23.9"), strict=True)])
def test_nor_does_a_guard_without_a_watchpoint(name: Debugger, go: str) -> None:
    with Gdb(debugger(name), build("preempted", go)) as gdb:
        gdb.run("set can-use-hw-watchpoints 0")
        gdb.run("break main.step")
        gdb.run("run")
        gdb.run("delete")
        assert _NOTE in gdb.run("gomap-guard main.m")
        said = gdb.run("continue")
        assert "steps: 5" in said and "exited normally" in said
