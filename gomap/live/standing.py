"""Watchers that stand by, in a debugger that runs the program by itself and asks at each trap whether to stop it.

It asks while the thread that struck the trap stands still, and others may run on. So what is seen there to stop for is
looked into once more when the debugger has stopped them all. What is no longer wanted is retired while the debugger
asks, and deleted at the next occasion.

As the process ends all traps are taken back. What is left then is a breakpoint on the instruction at which the command
was given: in the next run expressions mean there what they meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from gomap.expressions.scope import Scope
from gomap.live.traps import Sighting, Trap, Watcher
from gomap.program.program import ProgramError

__all__ = ["Debugger", "Here", "StandingBy"]

B = TypeVar("B")


class Here(NamedTuple):
    """Where the program stands.

    Attributes:
        address: of the instruction.
        name: the same for a person.
    """

    address: int
    name: str


class Debugger(Protocol[B]):
    """What the debugger does for those who stand by; a B is a breakpoint of its."""

    def trap(self, trap: Trap, struck: Callable[[], bool]) -> B:
        """Set one; STRUCK says whether the program is to stop at it. Raises ProgramError."""
        ...

    def pause(self, address: int, reached: Callable[[], None]) -> B:
        """Set one on an instruction, at which the program goes on after REACHED."""
        ...

    def retire(self, breakpoint: B) -> None:
        """Let nothing come of it any more; it is deleted later. It may be one that is being asked."""
        ...

    def bury(self) -> None:
        """Delete those that are retired. None of them is being asked."""
        ...

    def here(self) -> Here:
        """Where the program stands."""
        ...

    def thread(self) -> int:
        """The number that the system has given to the thread that has struck a trap."""
        ...

    def scope(self) -> Scope:
        """Where expressions are evaluated now. Raises ProgramError."""
        ...

    def forget(self) -> None:
        """Forget what was read of the program: it has run since."""
        ...

    def say(self, line: str) -> None:
        """Tell the person at the debugger."""
        ...

    def failure(self, error: Exception) -> str:
        """One line for any exception."""
        ...


class StandingBy(Generic[B]):
    """The watchers that stand by, the oldest first.

    Args:
        debugger: it.
    """

    def __init__(self, debugger: Debugger[B]) -> None:
        self._debugger = debugger
        self._kept: list[_Kept[B]] = []

    def add(
        self, watcher: Watcher[Any], make: Callable[[Scope], Watcher[Any]], told: Callable[[Any], Iterable[str]]
    ) -> None:
        """Let WATCHER stand by, in place of one of its name; arguments and errors are those of Live.keep."""
        self._end(lambda kept: kept.name == watcher.name)
        self._kept.append(_Kept(self._debugger, watcher, make, told, self._kept.remove))

    def drop(self, command: str) -> Sequence[str]:
        """End all watchers of a command; their names."""
        return self._end(lambda kept: kept.name.split()[0] == command)

    def confirmed(self) -> bool | None:
        """Whether the program, which stands still now, is to stay stopped; None if nobody here has stopped it."""
        answers = [answer for kept in list(self._kept) if (answer := kept.confirmed()) is not None]
        return any(answers) if answers else None

    def process_ended(self) -> None:
        """Take all traps back, and wait for the next process."""
        for kept in self._kept:
            kept.process_ended()

    def end_all(self) -> None:
        """End all watchers."""
        self._end(lambda kept: True)

    def _end(self, those: Callable[[_Kept[B]], bool]) -> list[str]:
        ended = [kept for kept in self._kept if those(kept)]
        for kept in ended:
            kept.end()
            self._kept.remove(kept)
        return [kept.name for kept in ended]


class _Kept(Generic[B]):
    """A watcher with its breakpoints. OVER: is told once it needs none. Raises ProgramError if they cannot be set."""

    def __init__(
        self,
        debugger: Debugger[B],
        watcher: Watcher[Any],
        make: Callable[[Scope], Watcher[Any]],
        told: Callable[[Any], Iterable[str]],
        over: Callable[[_Kept[B]], None],
    ) -> None:
        self.name = watcher.name
        self._debugger = debugger
        self._watcher: Watcher[Any] | None = watcher
        self._make, self._told, self._over = make, told, over
        self._set: dict[Trap, B] = {}
        self._again: B | None = None
        #: The trap for which the program was stopped, to be looked into.
        self._doubt: Trap | None = None
        #: Ctrl-C came while it looked, so that the program is to stop.
        self._interrupted = False
        #: It was said that it cannot be set again yet.
        self._waits = False
        self._place = debugger.here()
        try:
            self._follow(watcher.traps())
        except ProgramError:
            self._follow(())
            debugger.bury()
            raise

    def confirmed(self) -> bool | None:
        """As StandingBy.confirmed."""
        trap, self._doubt = self._doubt, None
        interrupted, self._interrupted = self._interrupted, False
        if trap is None or interrupted:
            return interrupted or None
        try:
            return self._asked(trap, still=True)
        finally:
            self._debugger.bury()

    def process_ended(self) -> None:
        """Take all back, and wait for the next process."""
        self._follow(())
        self._debugger.bury()
        self._watcher, self._waits, self._doubt = None, False, None
        if self._again is None:
            self._again = self._debugger.pause(self._place.address, self._begin_again)
        self._debugger.say(f"{self.name}: the process is gone; set again once the next one gets to {self._place.name}")

    def end(self) -> None:
        """Take all back."""
        self._follow(())
        if self._again is not None:
            self._debugger.retire(self._again)
        self._debugger.bury()

    def _struck(self, trap: Trap) -> bool:
        """Whether the program is to be stopped at a trap of this, as far as can be told while others run."""
        self._debugger.bury()
        if self._watcher is None or trap not in self._set:
            return False
        stops = self._asked(trap, still=False)
        self._doubt = trap if stops else None
        return stops

    def _asked(self, trap: Trap, still: bool) -> bool:
        """Whether the program is to stay stopped; what is to be said of that is."""
        debugger, watcher = self._debugger, self._watcher
        debugger.forget()
        assert watcher is not None
        try:
            seen: Sighting | None = watcher.struck(trap, debugger.thread(), still)
            if seen is not None and (still or not seen.stops):
                for line in self._told(seen):
                    debugger.say(line)
            self._follow(watcher.traps())
        except KeyboardInterrupt:
            debugger.say(f"{self.name}: interrupted")
            self._interrupted = not still
            return True
        except Exception as error:
            if still:
                debugger.say(f"{self.name}: {debugger.failure(error)}")
            return True
        if not watcher.traps():
            self._over(self)
        return seen is not None and seen.stops

    def _begin_again(self) -> None:
        """Begin anew in a new process, if what was typed means a map by now."""
        self._debugger.forget()
        try:
            watcher = self._make(self._debugger.scope())
            self._follow(watcher.traps())
        except Exception as error:
            if not self._waits:
                self._debugger.say(f"{self.name}: not set again yet: {self._debugger.failure(error)}")
            self._waits = True
            return
        self._watcher = watcher
        self._debugger.say(f"{self.name}: set again")
        if self._again is not None:
            self._debugger.retire(self._again)
            self._again = None

    def _follow(self, traps: Sequence[Trap]) -> None:
        """Have breakpoints at those traps and no others. Raises ProgramError."""
        for trap in [trap for trap in self._set if trap not in traps]:
            self._debugger.retire(self._set.pop(trap))
        for trap in traps:
            if trap not in self._set:
                self._set[trap] = self._debugger.trap(trap, partial(self._struck, trap))
