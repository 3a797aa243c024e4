"""Whoever writes to a map is seen, wherever the write was stopped: then gomap-check has nothing to say of its flag.

tests/fixtures/writer has one goroutine that writes. It is brought to where GDB does not show what it is in the middle
of. That a map is being written its own flag says, which these tests read by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.fixtures.builds import build
from tests.sessions.debugger import Gdb
from tests.sessions.targets import READY, Debugger, debugger
from tests.sessions.test_check_quiet import being_written

#: runtime/stack.go: what makes a function that looks at stackguard0 give way.
_PREEMPT = -1314


class Subject(NamedTuple):
    """A build of the program, and who looks at it."""

    go: str
    goarch: str
    by: Debugger

    def __str__(self) -> str:
        return "-".join(self)


#: A signal's handler is entered from Go 1.21 on in a way that GDB knows.
_SUBJECTS = (
    Subject("1.19", "amd64", "system_gdb"),
    Subject("1.23.9", "amd64", "system_gdb"),
    Subject("1.19", "386", "gdb18"),
    Subject("1.27.3", "amd64", "gdb18"),
)


@pytest.fixture(params=_SUBJECTS, ids=str)
def gdb(request: pytest.FixtureRequest) -> Iterator[Gdb]:
    """A session in which the program has made its maps, and is the only one of its threads to run."""
    subject = request.param
    assert isinstance(subject, Subject)
    with Gdb(debugger(subject.by), build("writer", subject.go, goarch=subject.goarch)) as session:
        session.run("set environment GOMAXPROCS 1")
        session.run(f"tbreak {READY}")
        assert READY in session.run("run < /dev/null > /dev/null")
        session.run("set scheduler-locking on")
        session.run("set variable $g = *('runtime.allgs').array")
        assert session.run("print $g.goid") == "$1 = 1"
        yield session


def test_while_it_gives_way_to_another_goroutine(gdb: Gdb) -> None:
    """At a function's first instructions, where the frame pointer is still the caller's and leads past it."""
    compare_keys(gdb)
    gdb.run(f"set variable $g.stackguard0 = {_PREEMPT}")
    go_to(gdb, "runtime.newstack")
    none_found(gdb, "anys")
    go_to(gdb, "runtime.schedule")
    none_found(gdb, "anys")


def test_while_its_stack_moves(gdb: Gdb) -> None:
    """Between two instructions of runtime.copystack; and when the frame pointers on the new stack are the old ones."""
    compare_keys(gdb)
    gdb.run("set variable $g.stackguard0 = $sp + 8")
    gdb.run("with language c -- watch -location $g.stack.lo")
    assert "New value" in gdb.run("continue")
    none_found(gdb, "anys")
    for _ in range(4):
        go_to(gdb, "runtime.adjustframe")
        none_found(gdb, "anys")


def test_while_a_signal_is_handled(gdb: Gdb) -> None:
    """Up to the instructions that end the handler."""
    compare_keys(gdb)
    gdb.run("tbreak runtime.sighandler")
    assert "sighandler" in gdb.run("signal SIGURG")
    none_found(gdb, "anys")
    gdb.run(r"rbreak ^runtime\.sigreturn")
    assert re.search(r"hit Breakpoint.* runtime\.sigreturn", gdb.run("continue"))
    none_found(gdb, "anys")


def test_while_it_asks_for_the_time(gdb: Gdb) -> None:
    """For which its thread is on another stack."""
    go_to(gdb, "runtime.gcStart")
    go_to(gdb, "runtime.nanotime1")
    for _ in range(60):
        gdb.run("stepi")
        if gdb.run("print $g.stack.lo <= $sp && $sp < $g.stack.hi").endswith("= false"):
            break
    else:
        pytest.fail("it did not leave its stack")
    none_found(gdb, "grown")


def compare_keys(gdb: Gdb) -> None:
    """Run until a write is about to compare two keys."""
    go_to(gdb, "*'runtime.nilinterequal'")


def go_to(gdb: Gdb, place: str) -> None:
    gdb.run(f"tbreak {place}")
    said = gdb.run("continue")
    assert "hit Temporary breakpoint" in said, said


def none_found(gdb: Gdb, name: str) -> None:
    """Fails unless that map is being written, and is said to be, and nothing else."""
    answer = gdb.json(f"gomap-check -json main.{name}")
    assert being_written(gdb, f"main.{name}", answer["kind"])
    assert answer["beingWritten"]
    assert answer["findings"] == []
