"""gomap-watch stops a real program at each change of an entry, and at nothing else, while growth moves it.

The fixture counts in main.current the steps at which it changes the entry; the comments at its lines name them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fixtures.builds import build
from tests.sessions.debugger import Gdb
from tests.sessions.gomap import GomapDelve
from tests.sessions.targets import READY, Debugger, ended, started

_SOURCE = Path(__file__).parents[1] / "fixtures" / "watched" / "main.go"
_LINES = {
    line.rpartition("// ")[2]: number
    for number, line in enumerate(_SOURCE.read_text().splitlines(), 1)
    if line.startswith("\t") and "// " in line
}
_SOME: list[tuple[str, Debugger]] = [("1.23.9", "system_gdb"), ("1.27.3", "gdb18")]
_MORE: list[tuple[str, Debugger]] = [("1.23.9", "gdb18"), ("1.27.3", "system_gdb"), ("1.24.11", "gdb18")]
#: What happens to the entry 7 of main.numbers: at which step, by which function, at which of its lines; what is said.
_STOPS = [
    (2, "main.set", "set", r": 70 -> 71  .*; growth has moved it [5-9] times$"),
    (4, "main.remove", "remove", r": the key is gone; it was 71  "),
    (5, "main.set", "set", r": the key is there now, with 0 until its element is stored  "),
    (5, "main.set", "set", r": 0 -> 72  "),
    (6, "main.empty", "empty", r": the key is gone; it was 72  "),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    whole = metafunc.config.getoption("--matrix")
    if "either" in metafunc.fixturenames:
        metafunc.parametrize("either", _SOME + _MORE if whole else _SOME[:1], ids=lambda one: "-".join(one))
    if "subject" in metafunc.fixturenames:
        metafunc.parametrize("subject", _SOME + _MORE if whole else _SOME, ids=lambda one: "-".join(one))


def _started(subject: tuple[str, Debugger], arguments: str = "") -> Gdb:
    return started(subject[1], build("watched", subject[0]), arguments)


def _is(said: str, watch: str, stop: tuple[int, str, str, str]) -> None:
    """SAID is of that STOP."""
    _, function, line, text = stop
    first, second = [*said[said.index(watch) :].splitlines(), "", ""][:2]
    assert re.match(re.escape(watch) + text, first), said
    assert re.match(rf"  goroutine 1, .*in {re.escape(function)} at main\.go:{_LINES[line]}$", second), said


def test_an_entry_is_followed(subject: tuple[str, Debugger]) -> None:
    with _started(subject) as session:
        said = session.run("gomap-watch main.numbers 7")
        assert re.search(r"^7: 70  (bucket|group) 0 slot 0$", said, re.M), said
        assert re.search(r"^watched: the element at 0x[0-9a-f]+, and whether the key is there$", said, re.M), said
        for stop in _STOPS:
            _is(session.run("continue"), "gomap-watch main.numbers 7", stop)
            assert session.run("output 'main.current'") == str(stop[0])
        # And all over again.
        said = session.run("run < /dev/null")
        assert "gomap-watch main.numbers 7: the process is gone; set again once the next one gets to main.fix" in said
        assert "gomap-watch main.numbers 7: set again\n" in said
        _is(said[said.index("set again\n") :], "gomap-watch main.numbers 7", _STOPS[0])
        assert re.search(r"^-\d+ +hw watchpoint", session.run("maint info breakpoints"), re.M)
        assert session.run("gomap-watch -off") == "gomap-watch main.numbers 7: ended"
        assert not re.search(r"^-\d+ .*(watchpoint|breakpoint) +keep", session.run("maint info breakpoints"), re.M)


def test_other_watchpoints_are_set_as_the_process_ends(subject: tuple[str, Debugger]) -> None:
    """GDB can insert none of them any more then, and says so of whatever is made or switched off meanwhile."""
    with _started(subject) as session:
        session.run("gomap-guard main.numbers")
        session.run("gomap-watch main.pairs")
        session.run("watch 'main.current'")
        session.run(f"ignore {session.run('output $bpnum')} 1000")
        session.run("gomap-watch -off")
        said = session.run("continue")
        assert ended(said), said
        said += session.run("run < /dev/null")
        assert "Python Exception" not in said, said
        first, *again = said.split("gomap-guard main.numbers: set again\n")
        assert first.count("gomap-guard main.numbers: the process is gone; ") == len(again) == 1, said
        assert session.run("gomap-guard -off") == "gomap-guard main.numbers: ended"


def test_an_element_of_many_words(either: tuple[str, Debugger]) -> None:
    watched = 24 if either[0] == "1.23.9" else 16
    with _started(either) as session:
        said = session.run('gomap-watch main.pairs "seven"')
        assert f"whether the key is there; not watched: its last {56 - watched} bytes of 56" in said, said
        said = last = session.run("continue")
        assert session.run("output 'main.current'") == "3"
        assert re.search(r'main\.pair\{name:"first", size:1, .*\} -> main\.pair\{', said), said
        assert "in main.rename at main.go:" in said
        assert "note: an element of several words is stored in parts" in said
        while not ended(said := session.run("continue")):
            assert session.run("output 'main.current'") == "3"
            last = said
        assert '-> main.pair{name:"second", size:1,' in last, last


def test_fields_of_the_header() -> None:
    with _started(_SOME[0]) as session:
        session.run("gomap-watch -header B main.numbers")
        # 601 entries at 6.5 in a bucket take 128 buckets.
        for b in range(7):
            said = session.run("continue")
            assert f"gomap-watch main.numbers: B: {b} -> {b + 1}\n" in said, said
            assert "assigns to the map, in main.fill at main.go:" in said
        assert ended(session.run("continue"))
    with _started(_SOME[1], "1") as session:
        session.run("gomap-watch main.numbers")
        counts = []
        for _ in range(10):
            said = session.run("continue")
            found = re.search(r"gomap-watch main\.numbers: used: (\d+) -> (\d+)", said)
            assert found, said
            counts.append((int(found[1]), int(found[2])))
        # Five times another one, with the removal of 7 and its return between them, then a clear, and one more.
        assert counts == [(1, 2), (2, 3), (3, 4), (4, 5), (5, 4), (4, 5), (5, 6), (6, 7), (7, 0), (0, 1)]


def test_states_and_overflow_pointers() -> None:
    with _started(_SOME[0]) as session:
        assert "watched: the state of its slot" in session.run("gomap-watch -state main.numbers 7")
        said = session.run("continue")
        assert re.search(r"main\.numbers 7: full -> evacuated[XY]  (old )?bucket 0 slot 0$", said, re.M), said
        assert "assigns to the map, in main.fill at main.go:" in said
    with _started(_SOME[0], "0 overflow") as session:
        said = session.run("gomap-watch -overflow main.numbers 7")
        assert "watched: the overflow pointer of its bucket" in said, said
        said = session.run("continue")
        assert "gomap-watch main.numbers 7: overflow pointer 0x0 -> 0x8  bucket 0 slot 0\n" in said, said
        assert f"in main.chain at main.go:{_LINES['chain']}" in said
    with _started(_SOME[1]) as session:
        session.run("gomap-watch -state main.numbers 7")
        said = session.run("continue")
        assert re.search(r"main\.numbers 7: full -> (empty|deleted)  table 0 group", said), said
        assert session.run("output 'main.current'") == "4"
        said = session.run("gomap-watch -overflow main.numbers 7")
        assert said == "gomap-watch main.numbers 7: groups of a Swiss map have no overflow pointer"
        said = session.run("gomap-watch -header B main.numbers")
        assert "has no field 'B'" in said
        assert session.run("gomap-watch -state main.numbers") == (
            "gomap-watch: -state is about an entry: needs KEY behind EXPR"
        )


def test_in_delve(delve_go: str) -> None:
    # What the program prints comes to the terminal when it will, in the middle of a line of gomap's too.
    options = ("--redirect=stdout:/dev/null", "--check-go-version=false")
    with GomapDelve("dlv", "exec", build("watched", delve_go), *options) as session:
        session.run(f"break {READY}")
        session.run("continue")
        session.run("clearall")
        for stop in _STOPS:
            said = session.run("gomap-watch main.numbers 7")
            assert "watched: " in said, said
            _is(said.partition("watched: ")[2], "gomap-watch main.numbers 7", stop)
            assert session.run("print main.current") == str(stop[0])
            assert "Watchpoint" not in session.run("breakpoints")
        said = session.run("gomap-watch main.numbers 7")
        assert said.endswith("gomap-watch main.numbers 7: the process has ended, with status 0")


def test_what_a_sync_map_has_not_is_said(either: tuple[str, Debugger]) -> None:
    with started(either[1], build("syncmaps", either[0]), "stop") as session:
        said = session.run("gomap-watch main.full")
        assert said.startswith(
            "gomap-watch main.full: the map's header has no count; -header names one of its fields; it has "
        )
        assert session.run("gomap-watch main.full 1").endswith(": a sync.Map cannot be watched, only a map can")
        assert session.run("gomap-trace main.full").endswith(" cannot be traced, only a map's")
        assert " has no flag in its header that is set during each write" in session.run("gomap-guard main.full")
