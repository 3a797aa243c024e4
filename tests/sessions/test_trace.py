"""gomap-trace tells each step of a map's growth, and no other: the program looks at its map's memory after each
operation, and prints what has changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fixtures.builds import build
from tests.sessions.debugger import Gdb
from tests.sessions.gomap import GomapDelve
from tests.sessions.targets import READY, Debugger, debugger, started

_ENTRIES = 1500
_SOME: list[tuple[str, Debugger]] = [("1.23.9", "system_gdb"), ("1.27.3", "gdb18")]
_MORE: list[tuple[str, Debugger]] = [
    ("1.23.9", "gdb18"), ("1.27.3", "system_gdb"), ("1.24.11", "gdb18"), ("1.19", "system_gdb")
]  # fmt: skip
_LINE = re.compile(r"^gomap-trace main\.numbers: (?P<what>.*); (?P<entries>\d+) entr(?:y|ies); (?P<whose>.*)$", re.M)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    whole = metafunc.config.getoption("--matrix")
    if "subject" in metafunc.fixturenames:
        metafunc.parametrize("subject", _SOME + _MORE if whole else _SOME, ids=lambda one: "-".join(one))


def _compare(said: str, printed: list[str], classic: bool) -> None:
    """What the trace SAID with what the program PRINTED."""
    steps = [(match["what"], int(match["entries"])) for match in _LINE.finditer(said)]
    assert {match["whose"].partition(" at ")[0] for match in _LINE.finditer(said)} <= {
        "goroutine 1, in main.store", "goroutine 1, in main.remove"
    }  # fmt: skip
    own = [line.split() for line in printed if not line.startswith("end")]
    if classic:
        _compare_classic(steps, own)
    else:
        _compare_swiss(steps, own)


def _compare_classic(steps: list[tuple[str, int]], own: list[list[str]]) -> None:
    grows = [(entries, *map(int, re.findall(r"\d+", what))) for what, entries in steps if what.startswith("grows from")]
    assert grows == [tuple(map(int, line[1:])) for line in own if line[0] == "grows"]
    done = [int(re.findall(r"\d+", what)[0]) for what, _ in steps if what.startswith("all ")]
    assert done == [int(line[1]) for line in own if line[0] == "done"]
    assert len(grows) >= 6
    overflows = [tuple(map(int, re.findall(r"\d+", what))) for what, _ in steps if what.startswith("an overflow")]
    # One operation may make several.
    own_overflows = [
        (number, number + 1) for line in own if line[0] == "overflow" for number in range(int(line[1]), int(line[2]))
    ]
    # What an operation made before it began to grow is not counted any more once it is done.
    assert len(overflows) - len(own_overflows) in range(len(grows) + 1)
    assert set(own_overflows) <= set(overflows)
    quarters = [what for what, _ in steps if re.fullmatch(r"\d+ of \d+ old buckets evacuated", what)]
    assert len(quarters) >= len(grows)


def _compare_swiss(steps: list[tuple[str, int]], own: list[list[str]]) -> None:
    grows = []
    slots = 8
    for what, entries in steps:
        numbers = [int(each) for each in re.findall(r"\d+", re.sub(r"^table \d+ ", "", what))]
        if "becomes a table" in what or " grows from " in what:
            before, after = numbers
            grows.append((entries, slots, slots + after - before))
        elif " splits into two " in what:
            grows.append((entries, slots, slots + numbers[0]))
        else:
            continue
        slots = grows[-1][2]
    assert grows == [tuple(map(int, line[1:])) for line in own if line[0] == "grows"]
    assert len(grows) >= 8
    doubles = [entries for what, entries in steps if what.endswith("; the directory doubles")]
    assert doubles == [int(line[1]) for line in own if line[0] == "doubles"]
    prunes = [entries for what, entries in steps if " may clean up " in what]
    assert {int(line[1]) for line in own if line[0] == "prunes"} <= set(prunes)


def test_each_step_is_told(subject: tuple[str, Debugger], tmp_path: Path) -> None:
    printed, page = tmp_path / "printed", tmp_path / "growth.html"
    with started(subject[1], build("grown", subject[0]), str(_ENTRIES), printed) as session:
        said = session.run(f"gomap-trace -html {tmp_path}/none/growth.html main.numbers")
        assert said.startswith(f"gomap-trace: cannot write {tmp_path}/none/growth.html: ") and "\n" not in said, said
        assert session.run("gomap-trace -off") == "gomap-trace: there is none"
        said = session.run(f"gomap-trace -html {page} main.numbers")
        assert "gomap-trace main.numbers: how it grew" in page.read_text()
        assert "'continue' goes on; 'gomap-trace -off' ends it" in said
        said = session.run("continue")
        assert "exited normally" in said, said
        _compare(said, printed.read_text().splitlines(), subject[0] < "1.24")
        assert session.run("info breakpoints").startswith("No breakpoints")
        # The next run is traced by itself, until it is told not to be.
        again = session.run(f"run 100 < /dev/null > {printed}")
        assert "gomap-trace main.numbers: set again" in again
        _compare_begun(again, printed.read_text().splitlines(), subject[0] < "1.24")
        assert session.run("gomap-trace -off") == "gomap-trace main.numbers: ended"
        assert session.run("gomap-trace -off") == "gomap-trace: there is none"
    html = page.read_text()
    assert "gomap-trace main.numbers: how it grew" in html
    assert html.count("#") > 100


def _compare_begun(said: str, printed: list[str], classic: bool) -> None:
    first = next(line.split() for line in printed)
    match = _LINE.search(said)
    assert match and first[:2] == ["grows", match["entries"]], said
    assert ("grows from 1 to 2 buckets" if classic else "its group of 8 slots becomes a table of 16") == match["what"]


def test_in_delve(delve_go: str, tmp_path: Path) -> None:
    printed = tmp_path / "printed"
    with GomapDelve(
        "dlv", "exec", f"--redirect=stdout:{printed}", build("grown", delve_go), "--check-go-version=false",
        "--", "200",
    ) as session:  # fmt: skip
        session.run(f"break {READY}")
        session.run("continue")
        session.run("clearall")
        said = session.run("gomap-trace main.numbers")
        assert said.endswith("gomap-trace main.numbers: the process has ended, with status 0"), said
    steps = [match["what"] for match in _LINE.finditer(said)]
    own = [line.split() for line in printed.read_text().splitlines()]
    grows = [each for each in steps if "grows from" in each or "becomes a table" in each]
    assert len(grows) == sum(line[0] == "grows" for line in own) >= 4, said


def test_what_is_refused_in_a_line() -> None:
    with Gdb(debugger("gdb18"), build("grown", "1.27.3")) as session:
        said = session.run("gomap-trace main.numbers")
        assert said == "no process: run the program, attach to it, or open a core file"
