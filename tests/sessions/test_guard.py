"""gomap-guard stops a real program at the very operation that breaks a map, and at no other.

The fixture knows at which operation it makes which fault, and counts them in main.current.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fixtures.builds import Experiment, build, kernel_core_of
from tests.sessions.debugger import Gdb
from tests.sessions.doors import DelveRpc, serving
from tests.sessions.gomap import GomapDelve, gomap
from tests.sessions.targets import READY, Debugger, debugger, ended, started

_SOURCE = Path(__file__).parents[1] / "fixtures" / "guarded" / "main.go"
#: The line that makes the runtime misplace a key.
_LINE = next(n for n, line in enumerate(_SOURCE.read_text().splitlines(), 1) if line.endswith("// the fault"))


class Subject(NamedTuple):
    """A build, and the debugger that runs it."""

    go: str
    debugger: Debugger
    optimised: bool = True
    experiment: Experiment | None = None


_SOME = [Subject("1.23.9", "system_gdb"), Subject("1.27.3", "gdb18")]
_MORE = [
    Subject("1.23.9", "gdb18", False),
    Subject("1.27.3", "system_gdb", False),
    Subject("1.24.11", "gdb18", True, "noswissmap"),
    Subject("1.24.11", "system_gdb"),
    Subject("1.27.3", "gdb18", True, "mapsplitgroup"),
]

#: What makes the header something else than a map's.
_FAULTS = ["scribble", "freed"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    whole = metafunc.config.getoption("--matrix")
    if "fault" in metafunc.fixturenames:
        pairs = itertools.product(_FAULTS, _SOME) if whole else zip(_FAULTS, _SOME, strict=True)
        metafunc.parametrize(("fault", "subject"), list(pairs), ids=str)
    elif "either" in metafunc.fixturenames:
        metafunc.parametrize("either", _SOME if whole else _SOME[1:], ids=str)
    elif "subject" in metafunc.fixturenames:
        metafunc.parametrize("subject", _SOME + _MORE if whole else _SOME, ids=str)


def _started(subject: Subject, arguments: str) -> Gdb:
    """A GDB whose program stands before its first operation."""
    binary = build("guarded", subject.go, optimised=subject.optimised, experiment=subject.experiment)
    return started(subject.debugger, binary, arguments)


def _current(session: Gdb) -> int:
    return int(session.run("output 'main.current'"))


def _is_caught(said: str, operation: int) -> None:
    """SAID: of the fault of the runtime's own assignment, at that operation."""
    whose = f"goroutine 1 assigns to it, in main.misplace at main.go:{_LINE}"
    first = f"gomap-guard main.guarded: broken by this operation: {whose}"
    assert f"{first}; {operation - 1} operations before it broke nothing" in said, said
    assert re.search(rf"error +hash-mismatch .*: -{operation} ", said), said


def test_stops_at_the_operation_that_breaks_it(subject: Subject) -> None:
    with _started(subject, "hash 57 100 1000") as session:
        said = session.run("gomap-guard main.guarded")
        assert said.startswith("gomap-guard main.guarded: map[int]int at 0x"), said
        assert "broken" not in said
        _is_caught(session.run("continue"), 57)
        assert _current(session) == 57
        assert session.run("info breakpoints").startswith("No breakpoints")
        # What is broken now is not told of again, and what comes breaks nothing more.
        before = session.run("continue")
        assert ended(before), before
        assert "broken" not in before
        # In the next run it is there again by itself. Damage that no operation did is found as the next one begins.
        said = session.run("run count 7 20 100 < /dev/null")
        again = "gomap-guard main.guarded: the process is gone; set again once the next one gets to main.fixtureReady"
        assert again in before + said
        assert "gomap-guard main.guarded: set again\n" in said, said
        head = "gomap-guard main.guarded: broken before this operation, by no operation: goroutine 1 begins it "
        assert head + "(deletes from it), in main.remove at main.go:" in said, said
        assert "; 6 operations before it broke nothing" in said
        assert "count-mismatch" in said
        assert _current(session) == 7
        # A sound map is never stopped for, whatever is done to it.
        said = session.run("run clear 0 120 1000 < /dev/null")
        assert "gomap-guard main.guarded: set again\n" in said, said
        assert ended(said), said
        assert "broken" not in said
        assert session.run("gomap-guard -off") == "gomap-guard main.guarded: ended"
        assert not re.search(r"^-\d+ .*(watchpoint|breakpoint) +keep", session.run("maint info breakpoints"), re.M)
        assert session.run("gomap-guard -off") == "gomap-guard: there is none"
        said = session.run("run hash 9 20 100 < /dev/null")
        assert ended(said), said
        assert "gomap-guard" not in said


def test_without_watchpoints_it_stands_on_the_functions_that_change_maps(subject: Subject) -> None:
    with _started(subject, "hash 7 9 20") as session:
        session.run("set can-use-hw-watchpoints 0")
        said = session.run("gomap-guard main.guarded")
        assert "\nnote: hardware watchpoints are switched off: 'set can-use-hw-watchpoints 1' allows them. " in said
        assert re.search(
            r"Breakpoints stand on the \d+ functions that change maps instead: each write to any map", said
        )
        _is_caught(session.run("continue"), 7)
        assert _current(session) == 7
        said = session.run("continue")
        assert ended(said), said
        assert "broken" not in said
        said = session.run("run count 5 9 20 < /dev/null")
        assert "gomap-guard main.guarded: set again\n" in said, said
        assert "gomap-guard main.guarded: broken before this operation, by no operation: goroutine 1 begins it " in said
        assert "; 4 operations before it broke nothing" in said
        assert _current(session) == 5
        said = session.run("run clear 0 21 20 < /dev/null")
        assert ended(said), said
        assert "broken" not in said
        assert session.run("gomap-guard -off") == "gomap-guard main.guarded: ended"
        assert not re.search(r"^-\d+ .*breakpoint +keep", session.run("maint info breakpoints"), re.M)


def test_without_watchpoints_an_operation_that_panicked_is_not_blamed(either: Subject) -> None:
    with _started(either, "panics 5 9 20") as session:
        session.run("set can-use-hw-watchpoints 0")
        session.run("gomap-guard main.guarded")
        said = session.run("continue")
        assert "gomap-guard main.guarded: broken before this operation, by no operation: goroutine 1 begins it " in said
        assert "in main.store at main.go:" in said
        assert _current(session) == 5


def test_what_is_no_map_any_more_gets_no_verdict(fault: str, subject: Subject) -> None:
    """Other code writes to the header's memory: by a wild pointer, or since it has it by right."""
    with _started(subject, f"{fault} 9 20 100") as session:
        session.run("gomap-guard main.guarded")
        said = session.run("continue")
        head = "gomap-guard main.guarded: the map's header is written to outside of all map functions: goroutine 1, in "
        assert f"{head}main.{'scribble' if fault == 'scribble' else 'reuse'} at main.go:" in said, said
        assert "; 8 operations before it broke nothing" in said
        assert "or the map is out of use and its memory serves something else; the guard ends" in said
        assert "error" not in said
        assert _current(session) == 9
        assert session.run("gomap-guard -off") == "gomap-guard: there is none"


def test_who_broke_it_is_not_told_if_another_writes_too() -> None:
    with _started(_SOME[1], "beside 4 20 100") as session:
        session.run("gomap-guard main.guarded")
        said = session.run("continue")
        _is_caught(said, 4)
        note = r"note: a race: inside a write to this map as well: goroutine (\d+); which one broke it cannot be told"
        found = re.search(note, said)
        assert found, said
        assert f"goroutine {found[1]} " in session.run("gomap-goroutines"), said


def test_in_the_middle_of_an_operation_it_blames_nobody_for_what_was_there(subject: Subject) -> None:
    flag, count = ("flags", "count") if subject.go == "1.23.9" else ("writing", "used")
    with _started(subject, "none 0 9 100") as session:
        session.run(f"gomap-watch -header {flag} main.guarded")
        assert "assigns to the map" in session.run("continue")
        session.run("gomap-watch -off")
        session.run(f"gomap-poke -field {count} -value 99 main.guarded")
        session.run("gomap-guard main.guarded")
        said = session.run("continue")
        assert (
            "gomap-guard main.guarded: broken before the guard began, or by the operation that was under way then: "
            "seen as goroutine 1 assigns to it, in main."
        ) in said, said
        assert "count-mismatch" in said
        assert ended(session.run("continue"))


def test_the_collector_at_work_breaks_nothing(either: Subject) -> None:
    """GDB asks at a watchpoint while other threads run on, and sees the heap's books in the middle of a change."""
    with _started(either, "rich 0 3 100") as session:
        session.run("gomap-guard main.rich")
        said = session.run("continue", 120)
        assert ended(said), said
        assert "gomap-guard main.rich: the process is gone" in said or "exited normally" not in said
        assert "broken" not in said
        assert "no longer" not in said


def test_a_condition_is_asked_while_other_threads_write(subject: Subject) -> None:
    """A sound map is not called broken then, and a broken one is."""
    with _started(subject, "shared 0 12 12") as session:
        session.run('break main.operation if $gomap_findings("main.shared") > 0')
        said = session.run("continue", 120)
        assert ended(said), said
        session.run("delete")
        session.run("break main.fixtureReady")
        session.run("run count 7 20 100 < /dev/null")
        session.run("delete")
        session.run('break main.operation if $gomap_findings("main.guarded") > 0')
        said = session.run("continue")
        assert "main.operation" in said, said
        assert _current(session) == 8


def test_what_cannot_be_guarded_and_what_is_broken_already_is_said() -> None:
    with _started(_SOME[0], "none 0 5 100") as session:
        for number in range(4):
            assert "'continue' goes on" in session.run(f"gomap-guard main.others[{number}]")
        said = session.run("gomap-guard main.guarded").splitlines()[1]
        assert said.startswith("note: 4 of 4 hardware watchpoints are in use, and this takes 1 more; end another"), said
        said = session.run("gomap-watch main.guarded").splitlines()[-1]
        assert said.startswith("gomap-watch main.guarded has not begun: 4 of 4 hardware watchpoints are in use"), said
        assert session.run("gomap-watch -off") == "gomap-watch: there is none"
        assert session.run("gomap-guard -off").count("ended") == 5
        # A map that is broken at the beginning is said to be so, and not stopped for.
        session.run("set language c")
        session.run("set var *(unsigned char *) *(unsigned long *) &'main.guarded' = 99")
        said = session.run("gomap-guard main.guarded")
        assert "it is broken already; what is found now is not told of again:" in said, said
        assert "count-mismatch" in said
        assert ended(session.run("continue"))
        session.run("kill")
        said = session.run("gomap-guard main.guarded")
        assert said == "no process: run the program, attach to it, or open a core file"


def test_a_core_is_refused_in_a_line() -> None:
    binary = build("maps", "1.27.3")
    core = kernel_core_of(binary, "abort")
    with Gdb(debugger("gdb18"), binary, core.path) as session:
        said = session.run("gomap-guard main.uneven")
        assert said == "a core does not run: this needs a live process"
    with serving("core", binary, core.path) as port:
        server = DelveRpc(port, binary)
        assert server.run("gomap-guard main.uneven") == "a core does not run: this needs a live process"
        assert server.run("gomap-watch main.uneven 1") == "a core does not run: this needs a live process"
    done = gomap("core", binary, core.path, "guard", "main.uneven")
    assert done.returncode == 2
    assert done.stderr == (
        "gomap: this needs a program that runs in a debugger, GDB or Delve; a core does not run, and gomap attach "
        "sets no breakpoints\n"
    )


def _in_delve(go: str, *arguments: str) -> GomapDelve:
    binary = build("guarded", go)
    # What the program prints comes to the terminal when it will, in the middle of a line of gomap's too.
    options = ("--redirect=stdout:/dev/null", "--check-go-version=false")
    session = GomapDelve("dlv", "exec", binary, *options, "--", *arguments)
    session.run(f"break {READY}")
    session.run("continue")
    session.run("clearall")
    return session


def test_in_delve(delve_go: str) -> None:
    with _in_delve(delve_go, "hash", "57", "100", "1000") as session:
        _is_caught(session.run("gomap-guard main.guarded"), 57)
        assert session.run("print main.current") == "57"
        assert "Watchpoint" not in session.run("breakpoints")
        stop = re.search(r"Breakpoint \d+", session.run("break main.remove"))
        assert stop
        said = session.run("gomap-guard main.guarded")
        assert "it is broken already" in said
        assert f"gomap-guard main.guarded: ended by {stop[0].lower()}; give it again to go on with it" in said
        assert session.run("print main.current") == "59"
        session.run("clearall")
        said = session.run("gomap-guard main.guarded")
        assert said.endswith("gomap-guard main.guarded: the process has ended, with status 0")


def test_in_delve_without_a_watchpoint_left(delve_go: str) -> None:
    with _in_delve(delve_go, "hash", "7", "9", "20") as session:
        for number in range(4):
            assert session.run(f"watch -w main.others[{number}]").startswith("Watchpoint ")
        said = session.run("gomap-guard main.guarded")
        assert re.search(
            r"^note: nothing can be set at 0x.* 'clear' frees one of yours. Breakpoints stand on", said, re.M
        )
        _is_caught(said, 7)
        assert session.run("print main.current") == "7"
        left = session.run("breakpoints")
        assert left.count("Watchpoint main.others[") == 4
        assert not re.search(r"^Breakpoint \d", left, re.M)


def test_interrupted_in_delve(delve_go: str) -> None:
    with _in_delve(delve_go, "none", "0", "100", "100000000") as session:
        session.press("gomap-guard main.guarded\n")
        session.read_until("40 entries")
        session.press("\x03")
        assert "interrupted" in session.read_until("(dlv) ")
        assert "Watchpoint" not in session.run("breakpoints")
        assert "> " in session.run("frame 0")


#: Fifty operations on the map, and meanwhile a million writes to each of nine others.
_BUSY = ("hash", "50", "50", "1000000")


def _alone(go: str) -> float:
    """Seconds that the program takes by itself, the best of two."""
    command = [build("guarded", go), *_BUSY]
    return min(int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in "12") / 1e9


def test_other_maps_cost_nothing_in_gdb(subject: Subject, request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--matrix") or subject not in _SOME:
        pytest.skip("with --matrix only: it measures time")
    alone = _alone(subject.go)
    with _started(subject, " ".join(_BUSY)) as session:
        session.run("gomap-guard main.guarded")
        start = time.monotonic()
        _is_caught(session.run("continue"), 50)
        guarded = time.monotonic() - start
    times = f"{guarded:.2f} s, alone {alone:.2f} s: {guarded / alone:.2f} times that"
    print(f"go{subject.go} in {subject.debugger}: {times}")
    assert guarded < 3 * alone


def test_other_maps_cost_nothing_in_delve(delve_go: str, request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--matrix"):
        pytest.skip("with --matrix only: it measures time")
    alone = _alone(delve_go)
    with _in_delve(delve_go, *_BUSY) as session:
        start = time.monotonic()
        _is_caught(session.run("gomap-guard main.guarded"), 50)
        guarded = time.monotonic() - start
    print(f"go{delve_go} in Delve: {guarded:.2f} s, alone {alone:.2f} s: {guarded / alone:.2f} times that")
    assert guarded < 3 * alone
