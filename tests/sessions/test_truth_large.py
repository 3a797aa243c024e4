"""Maps of 100,000 and of a million entries: all of them are there, and the first of them at once.

What tests/fixtures/large holds follows from its size, so the truth need not be printed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import build
from tests.sessions.debugger import GOMAP, Gdb
from tests.sessions.targets import READY, Debugger, debugger, expect_stop

#: Both kinds of map, both debuggers.
_SESSIONS: list[tuple[str, Debugger]] = [("1.23.9", "system_gdb"), ("1.27.3", "gdb18")]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((go, gdb), id=f"go{go}-{gdb}", marks=pytest.mark.xdist_group(f"large-{go}-{gdb}"))
        for go, gdb in _SESSIONS
    ],
)
def session(request: pytest.FixtureRequest) -> Iterator[Gdb]:
    go, gdb = request.param
    with Gdb(debugger(gdb), build("large", go)) as there:
        there.run(f"break {READY}")
        expect_stop(there.run("run"))
        yield there


def test_print_shows_each_of_100_000_entries(session: Gdb) -> None:
    session.run("set print elements unlimited")
    said = session.run("print main.hundredThousand")
    shown = re.findall(r'\["key-(\d+)"\] = (\d+)', said)
    assert len(shown) == 100_000
    assert {(int(key), int(elem)) for key, elem in shown} == {(i, i) for i in range(100_000)}


@pytest.mark.parametrize("pretty", ["off", "on"])
def test_print_without_a_limit_is_laid_out_as_with_one(session: Gdb, pretty: str) -> None:
    # GDB counts children only where there is a limit; without one gomap hands it many entries as one.
    unlimited, limited = (
        session.run(f"print -pretty {pretty} -elements {elements} -- main.hundredThousand").partition(" = ")[2]
        for elements in ("unlimited", "1000000")
    )
    assert unlimited.splitlines() == limited.splitlines()
    assert len(unlimited.splitlines()) == (1 if pretty == "off" else 100_002)


def test_print_stops_where_gdb_is_told_to(session: Gdb) -> None:
    # Keys and elements count each; shorter strings than that are shown whole.
    session.run("set print elements 10")
    said = session.run("print main.hundredThousand")
    assert len(re.findall(r'\["key-\d+"\] = \d+', said)) == 5, said
    assert said.endswith("...}")


def test_walk_shows_each_of_a_million_entries(session: Gdb, tmp_path: Path) -> None:
    # Through a pipe: a terminal takes longer than gomap does.
    session.run(f"pipe gomap-walk -limit unlimited main.million | cat > {tmp_path / 'walk'}", timeout=240)
    shown = re.findall(r"^  [0-7]  [0-9a-f]{2}  full +(\d+): (\d+)$", (tmp_path / "walk").read_text(), re.MULTILINE)
    assert len(shown) == 1_000_000
    assert {(int(key), int(elem)) for key, elem in shown} == {(i, 3 * i + 1) for i in range(1_000_000)}


def test_the_first_of_a_million_entries_come_at_once(session: Gdb) -> None:
    taken = []
    for _ in range(5):
        # The program moves, so what was read before is forgotten.
        session.run("stepi")
        start = time.monotonic()
        said = session.run("gomap-walk -limit 1 main.million")
        taken.append(time.monotonic() - start)
        assert "1000000 entries" in said.partition("\n")[0]
    assert min(taken) < 0.2, taken


def test_sourcing_costs_next_to_nothing(session: Gdb) -> None:
    taken = []
    for _ in range(5):
        start = time.monotonic()
        session.run(f"source {GOMAP}")
        taken.append(time.monotonic() - start)
    assert min(taken) < 0.15, taken
