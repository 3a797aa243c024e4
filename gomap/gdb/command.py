"""What all of gomap's commands have in common: how they are declared, called, completed, and how they fail.

A command is a function with a decorator::

    @command("gomap-header", options=(TYPE, JSON))
    def header(options: Options, expression: str) -> Iterable[str]:
        '''Show every field of a map's header. ...'''

It gets its options by name and the rest of its line, and returns lines; each is printed as it comes. All that a command
needs is imported when it is called, so that loading gomap costs next to nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import gdb

from gomap.commands.options import Option, UsageError, complete, describe, parse, usage

__all__ = ["COMMANDS", "JSON", "TYPE", "MapCommand", "Options", "command", "explained"]

Options = dict[str, Any]
Run = Callable[[Options, str], Iterable[str]]

JSON = Option("json", "", "Print one JSON object instead of text.")
TYPE = Option(
    "type",
    "TYPE",
    """EXPR is the address of the header of a map of this type, e.g. -type 'map[string]int';
    quote it if it holds blanks.""",
)

#: Every command by name, in the order of declaration.
COMMANDS: dict[str, MapCommand] = {}

_EXPRESSION_HELP = """\
EXPR is an expression as for print, and Go's own: m, main.counts, net/http.DefaultServeMux.m,
servers[3].conns, m["key"], *p. Pointers and interfaces are followed to the map."""


class MapCommand(gdb.Command):
    """A command that takes options and one argument.

    Attributes:
        summary: the first line of its help.
    """

    def __init__(
        self, name: str, run: Run, options: Sequence[Option], argument: str, instead: str | None, text: str
    ) -> None:
        self.name = name
        self.summary = text.partition("\n")[0]
        self._run = run
        self._options = options
        self._argument = argument
        self._instead = instead
        parts = [text, f"Usage: {usage(name, options, argument)}"]
        if argument == "EXPR":
            parts.append(_EXPRESSION_HELP)
        if options:
            parts.append(f"Options:\n{describe(options)}")
        self.__doc__ = "\n\n".join(parts)
        super().__init__(name, gdb.COMMAND_DATA)

    def invoke(self, argument: str, _from_tty: bool) -> None:
        from gomap.gdb.target import forget_memory

        self.dont_repeat()
        forget_memory()
        try:
            options, rest = parse(self._options, argument)
            if self._argument and not rest and not (self._instead and options[self._instead]):
                raise UsageError(f"needs {self._argument}. Usage: {usage(self.name, self._options, self._argument)}")
            if rest and self._instead and options[self._instead]:
                raise UsageError(f"-{self._instead} stands in place of {self._argument}, such as {rest}")
            if rest and not self._argument:
                raise UsageError(f"takes no argument, such as {rest}")
            for line in self._run(options, rest):
                gdb.write(line + "\n")
        except UsageError as error:
            raise gdb.GdbError(f"{self.name}: {error}") from None
        except gdb.GdbError:
            raise
        except Exception as error:
            raise gdb.GdbError(explained(error)) from None

    def complete(self, text: str, word: str | None) -> list[str] | int:
        names, expression = complete(self._options, text)
        if names:
            # GDB takes the dash for a boundary between words; what is to be replaced is behind it.
            return [name.lstrip("-") for name in names]
        if expression is None or not self._argument:
            return []
        from gomap.gdb.completion import completions

        return completions(expression, word)


def command(
    name: str, *, options: Sequence[Option] = (), argument: str = "EXPR", instead: str | None = None
) -> Callable[[Run], Run]:
    """Registers the decorated function as the GDB command NAME; its docstring is the command's help.

    INSTEAD: the option that may stand in the argument's place.
    """

    def register(run: Run) -> Run:
        COMMANDS[name] = MapCommand(name, run, options, argument, instead, inspect.cleandoc(run.__doc__ or ""))
        return run

    return register


def explained(error: Exception) -> str:
    """One line for any exception: gomap's own errors as they are, any other as the defect that it is."""
    from gomap.expressions.go_values import ExpressionError
    from gomap.gdb.target import ProgramError
    from gomap.program.gotypes import LayoutError
    from gomap.program.memory import ReadError

    text = str(error)
    if not isinstance(error, (ExpressionError, ProgramError, LayoutError, ReadError)):
        if gdb.parameter("gomap debug"):
            import traceback

            gdb.write(traceback.format_exc(), gdb.STDERR)
        if not isinstance(error, gdb.error):  # GDB's own words, about what it was asked to do
            text = (
                f"gomap failed: {type(error).__name__}: {text} "
                "(a defect in gomap; please report it, with what 'set gomap debug on' then shows)"
            )
    # A name that came out of the program's memory may hold anything.
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
