"""What doors have in common, unless they have their own way: limits as GDB's are unless changed, and no colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gomap.commands.progress import Progress, progress_on_terminal
from gomap.language import Limits
from gomap.live.traps import Live
from gomap.program.program import ProgramError
from gomap.views.paint import Paint

if TYPE_CHECKING:
    from gomap.expressions.scope import Scope
    from gomap.poking.changes import Process

__all__ = ["PlainDoor"]


class PlainDoor:
    """What a Door needs besides its program and the scope of its expressions, which subclasses add; for one command.

    Args:
        progress: the line that says how far it is; None: one on the standard error.
    """

    def __init__(self, progress: Progress | None = None) -> None:
        self._progress = progress or progress_on_terminal()

    def process(self) -> Process:
        from gomap.poking.changes import ONLY_A_CORE

        raise ProgramError(ONLY_A_CORE)

    def frame(self, number: int) -> Scope | None:
        return None

    def limits(self) -> Limits:
        return Limits(elements=200, depth=20, repeats=10, bytes_as_text=True)

    def walk_limit(self) -> int | None:
        return 32

    def progress(self, what: str) -> None:
        self._progress.at(what)

    def clear(self) -> None:
        self._progress.clear()

    def live(self) -> Live:
        raise ProgramError(
            "this needs a program that runs in a debugger, GDB or Delve; "
            "a core does not run, and gomap attach sets no breakpoints"
        )

    def paint(self) -> Paint:
        return Paint()
