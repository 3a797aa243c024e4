"""gomap's commands as commands of GDB's: registered under their names, printed as they come, failing in one line."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import gdb

from gomap.commands import COMMANDS, functions
from gomap.commands.command import Command
from gomap.commands.progress import Progress
from gomap.gdb.failing import failing_in_one_line

if TYPE_CHECKING:
    from gomap.expressions.scope import Scope
    from gomap.language import Limits
    from gomap.live.traps import Live
    from gomap.poking.changes import Process
    from gomap.program.program import Program
    from gomap.views.paint import Paint

__all__ = ["GdbDoor", "register"]


class GdbDoor:
    """What GDB offers to a command: its selected frame and its settings."""

    def __init__(self) -> None:
        self._progress = Progress(_at_once, _at_terminal, time.monotonic())

    def scope(self) -> Scope:
        from gomap.gdb.scope import live_scope

        return live_scope(force=True)

    def program(self) -> Program:
        from gomap.gdb.target import live

        return live(force=True).program

    def process(self) -> Process:
        from gomap.gdb.writing import process

        return process()

    def limits(self) -> Limits:
        from gomap.gdb.rendering import limits

        return limits()

    def walk_limit(self) -> int | None:
        limit: int | None = gdb.parameter("gomap limit")
        return limit

    def paint(self) -> Paint:
        from gomap.gdb.styling import paint

        return paint()

    def live(self) -> Live:
        from gomap.gdb.live import GdbLive

        return GdbLive()

    def progress(self, what: str) -> None:
        self._progress.at(what)

    def clear(self) -> None:
        self._progress.clear()

    def besides(self) -> Iterable[str]:
        yield from functions.overview()
        yield "print, info locals and IDEs show maps by their contents."
        yield "'help COMMAND' says more; 'show gomap' lists the settings."


def _at_once(text: str) -> None:
    gdb.write(text, gdb.STDERR)
    gdb.flush(gdb.STDERR)


def _at_terminal() -> bool:
    from gomap.gdb.styling import at_terminal

    return at_terminal()


class _Registered(gdb.Command):
    """One command in GDB."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self.__doc__ = command.help
        super().__init__(command.name, gdb.COMMAND_DATA)

    def invoke(self, argument: str, _from_tty: bool) -> None:
        from gomap.gdb.target import forget_memory

        self.dont_repeat()
        forget_memory()
        door = GdbDoor()
        with failing_in_one_line(self._command.name):
            try:
                for line in self._command.lines(door, argument):
                    gdb.write(line + "\n")
            except KeyboardInterrupt:  # GDB's word for it is Quit
                raise gdb.GdbError("interrupted") from None

    def complete(self, text: str, word: str | None) -> list[str] | int:
        """What may stand in place of WORD, in which TEXT ends; None while GDB still looks for that word."""
        from gomap.commands.completing import completions, goes_on_as_the_debuggers
        from gomap.gdb.scope import GdbScope
        from gomap.gdb.target import current, forget_memory
        from gomap.program.program import ProgramError

        if goes_on_as_the_debuggers(self._command, text):
            return gdb.COMPLETE_EXPRESSION
        if word is None:
            return []
        forget_memory()
        try:
            offers = completions(self._command, text, lambda: GdbScope(current()))
        except ProgramError:
            return []
        # WORD begins behind the last character that GDB takes for punctuation, such as an option's dash.
        return [whole[len(text) - len(word) :] for whole in offers]


def register() -> None:
    """Register every command."""
    for command in COMMANDS.values():
        _Registered(command)
