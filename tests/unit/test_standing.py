"""Watchers that stand by: what a debugger is told to do at each trap, as the process ends and in the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, cast

import pytest

from gomap.expressions.scope import Scope
from gomap.live.standing import Here, StandingBy
from gomap.live.traps import Suspicion, Trap
from gomap.program.program import ProgramError

FIRST, SECOND = Trap(0x1000, 8), Trap(0x2000, 8)


class Seen(NamedTuple):
    text: str
    stops: bool


class Script:
    """A watcher that sees what it is told to, one thing each time that it is asked."""

    def __init__(self, *sees: Seen | Suspicion | BaseException | None, traps: Sequence[Trap] = (FIRST,)) -> None:
        self.name = "gomap-guard main.m"
        self.asked: list[tuple[Trap, bool]] = []
        self.wants = list(traps)
        self._sees = list(sees)

    def traps(self) -> Sequence[Trap]:
        return self.wants

    def struck(self, trap: Trap, lwp: int, still: bool) -> Seen | Suspicion | None:
        assert lwp == 77
        self.asked.append((trap, still))
        seen = self._sees.pop(0)
        if isinstance(seen, BaseException):
            raise seen
        return seen


class Recorded:
    """A debugger whose breakpoints are numbers."""

    def __init__(self) -> None:
        self.set: dict[int, Callable[[], object]] = {}
        self.places: dict[int, Trap | int] = {}
        self.retired: list[int] = []
        self.said: list[str] = []
        self.refuses: Trap | None = None
        self._made = 0

    def _make(self, place: Trap | int, asks: Callable[[], object]) -> int:
        self._made += 1
        self.set[self._made], self.places[self._made] = asks, place
        return self._made

    def trap(self, trap: Trap, struck: Callable[[], bool]) -> int:
        if trap == self.refuses:
            raise ProgramError("none left")
        return self._make(trap, struck)

    def pause(self, address: int, reached: Callable[[], None]) -> int:
        return self._make(address, reached)

    def retire(self, breakpoint: int) -> None:
        self.retired.append(breakpoint)

    def bury(self) -> None:
        for number in self.retired:
            del self.set[number], self.places[number]
        self.retired.clear()

    def here(self) -> Here:
        return Here(0x401000, "main.main at 0x401000")

    def thread(self) -> int:
        return 77

    def scope(self) -> Scope:
        return cast(Scope, None)

    def forget(self) -> None:
        pass

    def say(self, line: str) -> None:
        self.said.append(line)

    def failure(self, error: Exception) -> str:
        return str(error)

    def strike(self, place: Trap | int) -> object:
        """Whether the program is to stop at the breakpoint at PLACE."""
        (number,) = (number for number, there in self.places.items() if there == place and number not in self.retired)
        return self.set[number]()


def started(watcher: Script, make: Callable[[Scope], Script] | None = None) -> tuple[Recorded, StandingBy[int]]:
    debugger = Recorded()
    standing = StandingBy(debugger)
    standing.add(watcher, make or (lambda scope: watcher), told)
    return debugger, standing


def told(seen: Seen) -> Iterable[str]:
    return [seen.text]


def test_a_suspicion_is_looked_into_when_all_threads_stand_still() -> None:
    watcher = Script(Suspicion(), Seen("broken", True))
    debugger, standing = started(watcher)
    assert standing.confirmed() is None
    assert debugger.strike(FIRST) is True
    assert debugger.said == []
    assert standing.confirmed() is True
    assert debugger.said == ["broken"]
    assert watcher.asked == [(FIRST, False), (FIRST, True)]
    assert standing.confirmed() is None


def test_a_suspicion_that_comes_to_nothing_lets_the_program_go_on() -> None:
    debugger, standing = started(Script(Suspicion(), None))
    assert debugger.strike(FIRST) is True
    assert standing.confirmed() is False
    assert debugger.said == []


def test_what_does_not_stop_is_said_at_once() -> None:
    debugger, standing = started(Script(Seen("a step", False)))
    assert debugger.strike(FIRST) is False
    assert debugger.said == ["a step"]
    assert standing.confirmed() is None


def test_traps_are_moved_as_the_watcher_asks() -> None:
    watcher = Script(None, None)
    debugger, standing = started(watcher)
    watcher.wants = [SECOND]
    assert debugger.strike(FIRST) is False
    assert sorted(debugger.places.values()) == [FIRST, SECOND]  # GDB is still going through the first
    assert debugger.strike(SECOND) is False
    assert list(debugger.places.values()) == [SECOND]
    assert standing.drop("gomap-watch") == []
    assert standing.drop("gomap-guard") == [watcher.name]
    assert not debugger.places


def test_with_no_traps_left_it_is_over() -> None:
    watcher = Script(None)
    debugger, standing = started(watcher)
    watcher.wants = []
    assert debugger.strike(FIRST) is False
    assert standing.drop("gomap-guard") == []


def test_one_of_the_same_name_takes_its_place() -> None:
    debugger, standing = started(Script())
    standing.add(Script(traps=[SECOND]), lambda scope: Script(), told)
    assert list(debugger.places.values()) == [SECOND]
    assert len(standing.drop("gomap-guard")) == 1


def test_traps_that_cannot_be_set_leave_none_behind() -> None:
    debugger = Recorded()
    debugger.refuses = SECOND
    standing = StandingBy(debugger)
    with pytest.raises(ProgramError, match="none left"):
        standing.add(Script(traps=[FIRST, SECOND]), lambda scope: Script(), told)
    assert not debugger.places
    assert standing.drop("gomap-guard") == []


@pytest.mark.parametrize("still", [False, True])
def test_an_interrupt_stops_the_program_and_is_said(still: bool) -> None:
    watcher = Script(*([Suspicion()] if still else []), KeyboardInterrupt())
    debugger, standing = started(watcher)
    assert debugger.strike(FIRST) is True
    assert standing.confirmed() is True
    assert debugger.said == ["gomap-guard main.m: interrupted"]
    assert len(watcher.asked) == 1 + still


def test_an_error_stops_the_program_and_is_said_once() -> None:
    debugger, standing = started(Script(ProgramError("gone"), ProgramError("gone")))
    assert debugger.strike(FIRST) is True
    assert standing.confirmed() is True
    assert debugger.said == ["gomap-guard main.m: gone"]


def test_the_next_process_gets_its_traps_where_the_command_was_given() -> None:
    made: list[Script | Exception] = [ProgramError("no map yet"), ProgramError("no map yet"), Script(traps=[SECOND])]

    def make(scope: Scope) -> Script:
        found = made.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    debugger, standing = started(Script(), make)
    standing.process_ended()
    assert list(debugger.places.values()) == [0x401000]
    for _ in range(3):
        debugger.strike(0x401000)
    assert debugger.said == [
        "gomap-guard main.m: the process is gone; set again once the next one gets to main.main at 0x401000",
        "gomap-guard main.m: not set again yet: no map yet",
        "gomap-guard main.m: set again",
    ]
    standing.end_all()
    assert not debugger.places
