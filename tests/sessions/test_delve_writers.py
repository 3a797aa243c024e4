"""In Delve too whoever writes to a map is seen, wherever the write was stopped (test_check_writers has more to say)."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator

import pytest

from tests.fixtures.builds import build
from tests.sessions.delve import Delve
from tests.sessions.targets import READY

#: runtime/stack.go: what makes a function that looks at stackguard0 give way.
_PREEMPT = (1 << 64) - 1314


@pytest.fixture(params=["1.23.9", "1.27.3"])
def delve(request: pytest.FixtureRequest) -> Iterator[Delve]:
    """A session in which the program is about to compare two keys, at the first instruction of what does that."""
    with Delve("exec", build("writer", request.param), environment={"GOMAXPROCS": "1"}) as session:
        go_to(session, READY)
        code = session.run("disassemble -l runtime.nilinterequal")
        go_to(session, f"*{re.findall('0x[0-9a-f]+', code)[0]}")
        yield session


def test_while_it_gives_way_to_another_goroutine(delve: Delve) -> None:
    delve.run(f"set runtime.curg.stackguard0 = {_PREEMPT}")
    go_to(delve, "runtime.newstack")
    none_found(delve)
    go_to(delve, "runtime.schedule", "total")
    none_found(delve)


def test_while_a_signal_is_handled(delve: Delve) -> None:
    thread = re.search(r"^\* Thread (\d+) ", delve.run("threads"), re.MULTILINE)
    assert thread
    os.kill(int(thread[1]), signal.SIGURG)
    go_to(delve, "runtime.sigtrampgo")
    none_found(delve)
    go_to(delve, "runtime.sigreturn__sigaction")
    none_found(delve)


def go_to(delve: Delve, place: str, who: str = "goroutine(1)") -> None:
    """Let the program run until the goroutine that writes is there; or WHO, as Delve has it.

    In "total" all hits are counted, also those on no goroutine's behalf.
    """
    delve.run("clearall")
    assert "Breakpoint" in delve.run(f"break {place}")
    for _ in range(20):
        said = delve.run("continue")
        if f"hits {who}:" in said:
            return
    pytest.fail(said)


def none_found(delve: Delve) -> None:
    """Fails unless the map is said to be written, and nothing else."""
    said = delve.run("gomap-check -quick main.anys")
    assert "no findings in" in said
    # What follows needs no explanation: there is nothing.
    assert said.endswith("\nnote: the map was being written when the program stopped")
