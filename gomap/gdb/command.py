"""gomap's commands as commands of GDB's: registered under their names, printed as they come, failing in one line."""

from __future__ import annotations

import gdb

from gomap.commands import COMMANDS
from gomap.commands.command import Command
from gomap.gdb.failing import failing_in_one_line

__all__ = ["register"]


class _Registered(gdb.Command):
    """One command in GDB."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self.__doc__ = command.help
        super().__init__(command.name, gdb.COMMAND_DATA)

    def invoke(self, argument: str, _from_tty: bool) -> None:
        from gomap.gdb.door import GdbDoor
        from gomap.gdb.target import forget_memory

        self.dont_repeat()
        forget_memory()
        with failing_in_one_line(self._command.name):
            try:
                for line in self._command.lines(GdbDoor(), argument):
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
