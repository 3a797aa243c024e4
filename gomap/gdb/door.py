"""What GDB offers to a command: its selected frame and its settings."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import gdb

from gomap.commands import functions
from gomap.commands.plain_door import PlainDoor
from gomap.commands.progress import Progress
from gomap.expressions.scope import Scope
from gomap.gdb.rendering import limits
from gomap.gdb.scope import live_scope
from gomap.gdb.styling import at_terminal, paint
from gomap.gdb.target import live
from gomap.language import Limits
from gomap.live.traps import Live
from gomap.program.program import Program
from gomap.views.paint import Paint

if TYPE_CHECKING:
    from gomap.poking.changes import Process  # loaded when something is changed, not before

__all__ = ["GdbDoor"]


class GdbDoor(PlainDoor):
    """GDB, for one command."""

    def __init__(self) -> None:
        super().__init__(Progress(_at_once, at_terminal, time.monotonic()))

    def scope(self) -> Scope:
        return live_scope(force=True)

    def program(self) -> Program:
        return live(force=True).program

    def process(self) -> Process:
        from gomap.gdb.writing import GdbProcess

        return GdbProcess()

    def limits(self) -> Limits:
        return limits()

    def walk_limit(self) -> int | None:
        limit: int | None = gdb.parameter("gomap limit")
        return limit

    def paint(self) -> Paint:
        return paint()

    def live(self) -> Live:
        from gomap.gdb.live import GdbLive

        return GdbLive()

    def besides(self) -> Iterable[str]:
        yield from functions.overview()
        yield "print, info locals and IDEs show maps by their contents."
        yield "'help COMMAND' says more; 'show gomap' lists the settings."


def _at_once(text: str) -> None:
    gdb.write(text, gdb.STDERR)
    gdb.flush(gdb.STDERR)
