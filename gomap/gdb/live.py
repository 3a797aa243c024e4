"""Watching a program run in GDB: breakpoints and hardware watchpoints that ask a watcher whether to stop.

GDB asks a breakpoint's stop method while the thread that hit it stands still; on Linux the others run on meanwhile. A
breakpoint's commands are carried out when GDB has stopped them all; from there the program is continued if nothing is
to be stopped for. In the method breakpoints may be made, but not deleted: GDB is going through those that were hit. A
watchpoint that the processor does not watch over makes GDB execute the program instruction by instruction, so none is
ever set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import gdb

from gomap.expressions.scope import Scope
from gomap.gdb.failing import failure
from gomap.gdb.scope import live_scope
from gomap.gdb.target import forget_memory, is_core, live
from gomap.language.told_by_gdb import at_a_breakpoint, bytes_in_c, discard_preemption
from gomap.live.standing import Here, StandingBy
from gomap.live.traps import A_CORE, NoWatchpointError, Trap, Watcher, demand_room
from gomap.program.program import ProgramError

__all__ = ["GdbLive", "confirm", "end_all"]


class GdbLive:
    """What GDB offers to those who watch a program run."""

    def demand(self) -> None:
        live(force=True)
        if is_core(gdb.selected_inferior()):
            raise ProgramError(A_CORE)

    def keep(
        self, watcher: Watcher[Any], make: Callable[[Scope], Watcher[Any]], told: Callable[[Any], Iterable[str]]
    ) -> Iterator[str]:
        if gdb.parameter("can-use-hw-watchpoints") == 0 and any(trap.size for trap in watcher.traps()):
            raise NoWatchpointError("hardware watchpoints are switched off: 'set can-use-hw-watchpoints 1' allows them")
        _standing.add(watcher, make, told)
        if not all(trap.size for trap in watcher.traps()):
            discard_preemption(partial(gdb.execute, to_string=True), gdb.write)
        yield f"'continue' goes on; '{watcher.name.split()[0]} -off' ends it"

    def drop(self, command: str) -> Sequence[str]:
        return _standing.drop(command)


class _Breakpoint(gdb.Breakpoint):
    """What stands at one trap.

    Attributes:
        trap: which.
    """

    def __init__(self, trap: Trap, struck: Callable[[], bool]) -> None:
        self.trap, self._struck = trap, struck
        self._make(trap)
        self.silent = True
        self.commands = f"python __import__({__name__!r}, fromlist=['confirm']).confirm()"

    def _make(self, trap: Trap) -> None:
        if not trap.size:
            super().__init__(f"*{trap.address:#x}", gdb.BP_BREAKPOINT, internal=True)
            return
        with gdb.with_parameter("language", "c"):
            super().__init__(bytes_in_c(trap.address, trap.size), gdb.BP_WATCHPOINT, gdb.WP_WRITE, internal=True)

    def stop(self) -> bool:
        return self._struck()


class _Pause(gdb.Breakpoint):
    """A breakpoint at which the program never stops for long."""

    def __init__(self, address: int, reached: Callable[[], None]) -> None:
        self._reached = reached
        # As a process ends GDB makes it, and then fails to insert watchpoints, its user's among them.
        with suppress(gdb.error):
            super().__init__(f"*{address:#x}", gdb.BP_BREAKPOINT, internal=True)

    def stop(self) -> bool:
        self._reached()
        return False


class _Gdb:
    """What GDB does for watchers that stand by."""

    def __init__(self) -> None:
        #: Breakpoints that are disabled, and to be deleted.
        self._retired: list[gdb.Breakpoint] = []

    def trap(self, trap: Trap, struck: Callable[[], bool]) -> gdb.Breakpoint:
        """Raises NoWatchpointError if it is one on bytes."""
        watching = [each for each in gdb.breakpoints() if each.type == gdb.BP_HARDWARE_WATCHPOINT and each.enabled]
        taken = sum(len(each.trap.pieces) if isinstance(each, _Breakpoint) else 1 for each in watching)
        demand_room(trap, taken)
        try:
            made = _Breakpoint(trap, struck)
        except gdb.error as error:
            what = NoWatchpointError if trap.size else ProgramError
            raise what(f"nothing can be set at {trap.address:#x}: {error}") from None
        if trap.size and made.type != gdb.BP_HARDWARE_WATCHPOINT:
            made.enabled = False
            made.delete()
            where = f"{trap.size} bytes at {trap.address:#x}"
            raise NoWatchpointError(f"this target has no hardware watchpoint for {where}")
        return made

    def pause(self, address: int, reached: Callable[[], None]) -> gdb.Breakpoint:
        return _Pause(address, reached)

    def retire(self, breakpoint: gdb.Breakpoint) -> None:
        with suppress(RuntimeError, gdb.error):  # somebody else has deleted it
            breakpoint.enabled = False
        self._retired.append(breakpoint)

    def bury(self) -> None:
        while self._retired:
            with suppress(RuntimeError, gdb.error):  # somebody else has deleted it
                self._retired.pop().delete()

    def here(self) -> Here:
        frame = gdb.selected_frame()
        return Here(frame.pc(), f"{frame.name() or 'an unknown function'} at {frame.pc():#x}")

    def thread(self) -> int:
        thread = gdb.selected_thread()
        return int(thread.ptid[1] or thread.ptid[2])

    def scope(self) -> Scope:
        return live_scope(force=True)

    def forget(self) -> None:
        forget_memory()

    def say(self, line: str) -> None:
        gdb.write(line + "\n")

    def failure(self, error: Exception) -> str:
        return failure(error)


#: The watchers that stand by.
_standing = StandingBy(_Gdb())


def confirm() -> None:
    """The program has been stopped for a watcher: look into it, and go on for as long as nothing comes of it.

    At a stop that follows here GDB carries out no breakpoint's commands, since it is at some already.
    """
    while True:
        stays = _standing.confirmed()
        if stays:
            gdb.execute("frame")
        if stays is not False or at_a_breakpoint(gdb.execute("info program", to_string=True)):
            return
        gdb.execute("continue")


def _on_exit(event: object) -> None:
    _standing.process_ended()


def end_all() -> None:
    """End all watchers, and let go of GDB's events: another load of gomap takes over."""
    _standing.end_all()
    gdb.events.exited.disconnect(_on_exit)


gdb.events.exited.connect(_on_exit)
