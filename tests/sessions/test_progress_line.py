"""What a person sees who waits: a line that says how far a command is, and at Ctrl-C what was found so far."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pexpect
import pytest

from tests.fixtures.builds import build, kernel_core_of
from tests.fixtures.toolchains import gdb18, system_gdb
from tests.sessions.debugger import Gdb
from tests.sessions.gomap import ROOT, GomapDelve, Shell, gomap
from tests.sessions.terminal import Terminal, expect_held, on_screen

pytestmark = pytest.mark.xdist_group("progress")

_CHECK = "check main.million"


class Subject(NamedTuple):
    """A program with a map of a million entries, and its core."""

    binary: Path
    core: Path

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "gomap", "core", str(self.binary), str(self.core)]


@pytest.fixture(scope="module")
def subject() -> Subject:
    binary = build("large", "1.27.3")
    return Subject(binary, kernel_core_of(binary, "abort").path)


def started(subject: Subject, command: str) -> pexpect.spawn[str]:
    """``gomap core`` with a COMMAND, at a terminal."""
    return pexpect.spawn(
        *(subject.command[0], [*subject.command[1:], *command.split()]),
        encoding="utf-8",
        timeout=60,
        cwd=ROOT,
        dimensions=(50, 200),
    )


def interrupted(terminal: pexpect.spawn[str]) -> str:
    """What is on the screen at the end, if Ctrl-C comes now: with status 2."""
    said = f"{terminal.before}{terminal.after}"
    terminal.send("\x03")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 2
    return on_screen(said + str(terminal.before))


@pytest.fixture(params=["core", "GDB 18", "GDB 13", "Delve"])
def session(request: pytest.FixtureRequest, subject: Subject, tmp_path: Path) -> Iterator[Terminal]:
    """A session of each door."""
    doors: dict[str, Callable[[], Terminal]] = {
        "core": lambda: Shell("core", *subject, state=tmp_path),
        "GDB 18": lambda: Gdb(gdb18(), *subject, colour=True),
        "GDB 13": lambda: Gdb(system_gdb(), *subject, colour=True),
        "Delve": lambda: GomapDelve("dlv", "core", *subject),
    }
    with doors[request.param]() as terminal:
        yield terminal


def test_the_line_appears_and_vanishes(subject: Subject) -> None:
    terminal = started(subject, _CHECK)
    expect_held(terminal, pexpect.EOF)
    terminal.close()
    said = str(terminal.before)
    assert len(re.findall(r"\r\d+ of 1000000 entries checked", said)) > 3
    piped = gomap(*subject.command[3:], *_CHECK.split())
    assert on_screen(said) == piped.stdout
    assert (terminal.exitstatus, piped.returncode, piped.stderr) == (0, 0, "")


def test_nothing_of_it_beside_a_pipe(subject: Subject) -> None:
    """As with ``| less``: the standard error is still the terminal."""
    ours, theirs = os.openpty()
    try:
        done = subprocess.run(
            [*subject.command, *_CHECK.split()],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
            timeout=60,
            check=True,
        )
        os.write(theirs, b"end\n")
        assert os.read(ours, 1 << 12) == b"end\r\n"
    finally:
        os.close(ours)
        os.close(theirs)
    assert b": no findings in 1000000 entries" in done.stdout and b"\r" not in done.stdout


@pytest.mark.parametrize(
    ("command", "begun", "found"),
    [
        (_CHECK, "entries checked", r"no findings in \d+ entries .*\nnote: interrupted: there may be more findings\n"),
        ("check -all", "now main.million: ", r"note: interrupted: there may be more findings\n"),
    ],
)
def test_an_interruption_ends_with_status_2(subject: Subject, command: str, begun: str, found: str) -> None:
    terminal = started(subject, command)
    expect_held(terminal, begun)
    assert re.search(found, interrupted(terminal), re.S)


def test_an_interrupted_walk_ends_with_status_2(subject: Subject) -> None:
    terminal = started(subject, "walk -limit unlimited main.million")
    terminal.expect_exact("group 100 ")
    assert re.search(r"group 99 at .*interrupted\n", interrupted(terminal), re.S)


def test_an_interrupted_check_shows_what_it_found(session: Terminal) -> None:
    session.press("gomap-check main.million\n")
    session.read_held_until("000 entries checked")
    session.press("\x03")
    said = session.read_until("note: interrupted: there may be more findings")
    assert "no findings in " in said and "no findings in 1000000 entries" not in said
    session.read_until(") ")  # the prompt
    assert "1000000 entries" in session.run("gomap-header main.million")


def test_an_interrupted_walk_ends(session: Terminal) -> None:
    session.press("gomap-walk -limit unlimited main.million\n")
    session.read_until("group 100 ")
    session.press("\x03")
    session.read_until("interrupted")
    session.read_until(") ")  # the prompt
    assert "1000000 entries" in session.run("gomap-header main.million")
