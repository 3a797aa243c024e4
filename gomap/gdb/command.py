"""gomap's commands as commands of GDB's: registered under their names, printed as they come, failing in one line."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

import gdb

from gomap.commands import COMMANDS
from gomap.commands.command import Command
from gomap.commands.functions import FUNCTIONS
from gomap.commands.options import UsageError, complete, value_begun
from gomap.gdb.failing import failing_in_one_line

if TYPE_CHECKING:
    from gomap.commands.progress import Progress
    from gomap.expressions.scope import Scope
    from gomap.language import Limits
    from gomap.program.program import Program
    from gomap.views.paint import Paint

__all__ = ["GdbDoor", "register"]


class GdbDoor:
    """What GDB offers to a command: its selected frame and its settings."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def scope(self) -> Scope:
        from gomap.gdb.scope import live_scope

        return live_scope(force=True)

    def program(self) -> Program:
        from gomap.gdb.target import live

        return live(force=True).program

    def limits(self) -> Limits:
        from gomap.gdb.rendering import limits

        return limits()

    def walk_limit(self) -> int | None:
        limit: int | None = gdb.parameter("gomap limit")
        return limit

    def paint(self) -> Paint:
        from gomap.gdb.styling import paint

        return paint()

    def progress(self, what: str) -> None:
        if self._progress is not None:
            self._progress.at(what)

    def write(self, line: str) -> None:
        """Print a line of what the command says."""
        self.clear()
        gdb.write(line + "\n")

    def clear(self) -> None:
        """Leave nothing on the terminal but what the command said."""
        progress = self.__dict__.get("_progress")  # if there was any
        if progress is not None:
            progress.clear()

    @cached_property
    def _progress(self) -> Progress | None:
        import shutil

        from gomap.commands.progress import Progress
        from gomap.gdb.styling import at_terminal

        return Progress(_at_once, shutil.get_terminal_size().columns, self._begun) if at_terminal() else None

    def besides(self) -> Iterable[str]:
        yield "Functions, for print, conditions and scripts:"
        width = max(len(each.call) for each in FUNCTIONS) + 1
        for each in FUNCTIONS:
            yield f"  {each.call:{width}} {each.summary}"
        yield "print, info locals and IDEs show maps by their contents."
        yield "'help COMMAND' says more; 'show gomap' lists the settings."


def _at_once(text: str) -> None:
    gdb.write(text, gdb.STDERR)
    gdb.flush(gdb.STDERR)


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
        try:
            with failing_in_one_line():
                try:
                    for line in self._command.lines(door, argument):
                        door.write(line)
                finally:
                    door.clear()
        except UsageError as error:
            raise gdb.GdbError(f"{self._command.name}: {error}") from None

    def complete(self, text: str, word: str | None) -> list[str] | int:
        value = value_begun(self._command.options, text)
        if value is not None and value[0].name == "type":
            from gomap.gdb.completion import map_types

            return map_types(value[1], word)
        names, expression = complete(self._command.options, text)
        if names:
            # GDB takes the dash for a boundary between words; what is to be replaced is behind it.
            return [name.lstrip("-") for name in names]
        if expression is None or not self._command.argument:
            return []
        from gomap.gdb.completion import completions

        return completions(expression, word)


def register() -> None:
    """Register every command."""
    for command in COMMANDS.values():
        _Registered(command)
