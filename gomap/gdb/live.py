"""Watching a program run in GDB: breakpoints and hardware watchpoints that ask a watcher whether to stop.

GDB asks a breakpoint's stop method while the thread that hit it stands still; on Linux the others run on meanwhile. So
what is seen there to stop for is looked into once more when GDB has stopped them all, in the breakpoint's commands, and
the program is continued if nothing comes of it. In the method breakpoints may be made, but not deleted: GDB is going
through those that were hit. What is no longer wanted is disabled, and deleted at the next occasion. A watchpoint that
the processor does not watch over makes GDB execute the program instruction by instruction, so none is ever set.

As the process ends all are deleted. What is left then is a breakpoint on the instruction at which the command was
given: in the next run expressions mean there what they meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import gdb

from gomap.expressions.scope import Scope
from gomap.gdb.failing import failure
from gomap.gdb.scope import live_scope
from gomap.gdb.target import forget_memory, is_core, live
from gomap.live.traps import A_CORE, MOST_WATCHED, NoWatchpointError, Sighting, Trap, Watcher
from gomap.program.program import ProgramError

__all__ = ["GdbLive", "confirm", "end_all"]

#: In what GDB says of a stop: a breakpoint that somebody else has set. Those of gomap's have numbers below 0.
_STOPPED_ELSE = re.compile(r"at breakpoint \d")
_SWITCHED_OFF = "hardware watchpoints are switched off: 'set can-use-hw-watchpoints 1' allows them"
#: What GDB, in C, calls as many bytes.
_TYPES = {1: "unsigned char", 2: "unsigned short", 4: "unsigned int", 8: "unsigned long long"}


class GdbLive:
    """What GDB offers to those who watch a program run."""

    def demand(self) -> None:
        live(force=True)
        if is_core(gdb.selected_inferior()):
            raise ProgramError(A_CORE)

    def keep(
        self,
        watcher: Watcher[Any],
        make: Callable[[Scope], Watcher[Any]],
        told: Callable[[Any], Iterable[str]],
    ) -> Iterator[str]:
        if gdb.parameter("can-use-hw-watchpoints") == 0 and any(trap.size for trap in watcher.traps()):
            raise NoWatchpointError(_SWITCHED_OFF)
        for kept in [kept for kept in _kept if kept.name == watcher.name]:
            kept.end()
        _kept.append(_Kept(watcher, make, told))
        if _on_exit not in _connected:
            gdb.events.exited.connect(_on_exit)
            _connected.append(_on_exit)
        yield f"'continue' goes on; '{watcher.name.split()[0]} -off' ends it"

    def drop(self, command: str) -> Sequence[str]:
        dropped = [kept for kept in _kept if kept.name.split()[0] == command]
        for kept in dropped:
            kept.end()
        return [kept.name for kept in dropped]


class _Kept:
    """A watcher with its breakpoints. Raises ProgramError if they cannot be set."""

    def __init__(
        self, watcher: Watcher[Any], make: Callable[[Scope], Watcher[Any]], told: Callable[[Any], Iterable[str]]
    ) -> None:
        self.name = watcher.name
        self._watcher: Watcher[Any] | None = watcher
        self._make, self._told = make, told
        self._set: dict[Trap, _Breakpoint] = {}
        self._again: _Again | None = None
        #: The trap for which the program was stopped, to be looked into.
        self._doubt: Trap | None = None
        #: Ctrl-C came while it looked, so that the program is to stop.
        self._interrupted = False
        #: It was said that it cannot be set again yet.
        self._waits = False
        frame = gdb.selected_frame()
        self._place = frame.pc()
        #: The same for a person.
        self.place = f"{frame.name() or 'an unknown function'} at {self._place:#x}"
        try:
            self._follow(watcher.traps())
        except ProgramError:
            self._follow(())
            _bury()
            raise

    def struck(self, trap: Trap) -> bool:
        """Whether the program is to be stopped at a breakpoint of this, as far as can be told while others run."""
        _bury()
        if self._watcher is None or trap not in self._set:
            return False
        stops = self._asked(trap, still=False)
        self._doubt = trap if stops else None
        return stops

    def confirmed(self) -> bool | None:
        """Whether the program, which stands still now, is to stay stopped; None if this has not stopped it."""
        trap, self._doubt = self._doubt, None
        interrupted, self._interrupted = self._interrupted, False
        if trap is None or interrupted:
            return interrupted or None
        try:
            return self._asked(trap, still=True)
        finally:
            _bury()

    def _asked(self, trap: Trap, still: bool) -> bool:
        """Whether the program is to stay stopped; what is to be said of that is."""
        forget_memory()
        watcher = self._watcher
        assert watcher is not None
        try:
            seen: Sighting | None = watcher.struck(trap, _lwp(), still)
            if seen is not None and (still or not seen.stops):
                for line in self._told(seen):
                    gdb.write(line + "\n")
            self._follow(watcher.traps())
        except KeyboardInterrupt:
            gdb.write(f"{self.name}: interrupted\n")
            self._interrupted = not still
            return True
        except Exception as error:
            if still:
                gdb.write(f"{self.name}: {failure(error)}\n")
            return True
        if not watcher.traps():
            _kept.remove(self)
        return seen is not None and seen.stops

    def again(self) -> None:
        """Begin anew in a new process, if what was typed means a map by now."""
        forget_memory()
        try:
            watcher = self._make(live_scope(force=True))
            self._follow(watcher.traps())
        except Exception as error:
            if not self._waits:
                gdb.write(f"{self.name}: not set again yet: {failure(error)}\n")
            self._waits = True
            return
        self._watcher = watcher
        gdb.write(f"{self.name}: set again\n")
        if self._again is not None:
            self._again.enabled = False
            _retired.append(self._again)
            self._again = None

    def process_ended(self) -> None:
        """Take all back, and wait for the next process."""
        self._follow(())
        _bury()
        self._watcher, self._waits, self._doubt = None, False, None
        if self._again is None:
            self._again = _Again(self, self._place)

    def end(self) -> None:
        """Take all back."""
        self._follow(())
        if self._again is not None:
            _retired.append(self._again)
        _bury()
        _kept.remove(self)

    def _follow(self, traps: Sequence[Trap]) -> None:
        """Have breakpoints at those traps and no others. Raises ProgramError."""
        for trap in [trap for trap in self._set if trap not in traps]:
            breakpoint = self._set.pop(trap)
            breakpoint.enabled = False
            _retired.append(breakpoint)
        for trap in traps:
            if trap not in self._set:
                self._set[trap] = _made(self, trap)


class _Breakpoint(gdb.Breakpoint):
    """What stands at one trap.

    Attributes:
        trap: which.
    """

    def __init__(self, kept: _Kept, trap: Trap) -> None:
        self._kept, self.trap = kept, trap
        self._make(trap)
        self.silent = True
        self.commands = f"python __import__({__name__!r}, fromlist=['confirm']).confirm()"

    def _make(self, trap: Trap) -> None:
        if not trap.size:
            super().__init__(f"*{trap.address:#x}", gdb.BP_BREAKPOINT, internal=True)
            return
        type = f"{_TYPES[trap.size]} *" if trap.size in _TYPES else f"unsigned char (*)[{trap.size}]"
        with gdb.with_parameter("language", "c"):
            super().__init__(f"*({type}) {trap.address:#x}", gdb.BP_WATCHPOINT, gdb.WP_WRITE, internal=True)

    def stop(self) -> bool:
        return self._kept.struck(self.trap)


class _Again(gdb.Breakpoint):
    """Where a command is carried out once more, in the next process."""

    def __init__(self, kept: _Kept, address: int) -> None:
        self._kept = kept
        super().__init__(f"*{address:#x}", gdb.BP_BREAKPOINT, internal=True)

    def stop(self) -> bool:
        self._kept.again()
        return False


#: Breakpoints that are disabled, and to be deleted.
_retired: list[gdb.Breakpoint] = []
#: The watchers that stand by, the oldest first; and what stands in GDB's registry of events.
_kept: list[_Kept] = []
_connected: list[Callable[[object], None]] = []


def _made(kept: _Kept, trap: Trap) -> _Breakpoint:
    """A breakpoint at TRAP. Raises ProgramError, of a watchpoint NoWatchpointError."""
    watching = [each for each in gdb.breakpoints() if each.type == gdb.BP_HARDWARE_WATCHPOINT and each.enabled]
    taken = sum(len(each.trap.pieces) if isinstance(each, _Breakpoint) else 1 for each in watching)
    if trap.size and taken + len(trap.pieces) > MOST_WATCHED:
        raise NoWatchpointError(
            f"{taken} of {MOST_WATCHED} hardware watchpoints are in use, and this takes {len(trap.pieces)} more; "
            "end another gomap-guard or gomap-watch with -off, or delete one of your own"
        )
    try:
        made = _Breakpoint(kept, trap)
    except gdb.error as error:
        what = NoWatchpointError if trap.size else ProgramError
        raise what(f"nothing can be set at {trap.address:#x}: {error}") from None
    if trap.size and made.type != gdb.BP_HARDWARE_WATCHPOINT:
        made.enabled = False
        made.delete()
        raise NoWatchpointError(f"this target has no hardware watchpoint for {trap.size} bytes at {trap.address:#x}")
    return made


def confirm() -> None:
    """The program has been stopped for a watcher: look into it, and go on for as long as nothing comes of it.

    At a stop that follows here GDB carries out no breakpoint's commands, since it is at some already.
    """
    while True:
        answers = [answer for kept in list(_kept) if (answer := kept.confirmed()) is not None]
        if any(answers):
            gdb.execute("frame")
            return
        if not answers or _STOPPED_ELSE.search(gdb.execute("info program", to_string=True)):
            return
        gdb.execute("continue")


def _bury() -> None:
    """Delete what is of no more use. Never while one of them is asked."""
    while _retired:
        with suppress(RuntimeError, gdb.error):  # somebody else has deleted it
            _retired.pop().delete()


def _lwp() -> int:
    thread = gdb.selected_thread()
    return int(thread.ptid[1] or thread.ptid[2])


def _on_exit(event: object) -> None:
    for kept in _kept:
        kept.process_ended()
        gdb.write(f"{kept.name}: the process has ended; set again once the next one gets to {kept.place}\n")


def end_all() -> None:
    """End all watchers, and let go of GDB's events."""
    for kept in list(_kept):
        kept.end()
    while _connected:
        gdb.events.exited.disconnect(_connected.pop())
