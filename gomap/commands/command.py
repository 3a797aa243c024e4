"""How a command is declared, called, explained, and how it fails: once for all doors.

A command is a function with a decorator::

    @command("gomap-header", options=(JSON, TYPE))
    def header(door: Door, options: Options, expression: str) -> Iterable[str]:
        '''Show every field of a map's header. ...'''

It gets the door that it was typed in, its options by name and the rest of its line, and yields lines, which the door
prints as they come; a generator may return 1 to say that it had findings. All that a command needs is imported when it
is called, so that loading costs next to nothing; for the same reason nothing here imports dataclasses or inspect.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from gomap.commands.options import Option, UsageError, describe, number, parse, usage

if TYPE_CHECKING:
    from gomap.expressions.scope import Scope
    from gomap.language import Limits
    from gomap.live.traps import Live
    from gomap.poking.changes import Process
    from gomap.program.program import Program
    from gomap.views.paint import Paint

__all__ = [
    "COMMANDS",
    "FORCE",
    "FRAME",
    "GOROUTINE",
    "INCOMPLETE",
    "JSON",
    "TYPE",
    "Command",
    "Door",
    "Options",
    "command",
    "explained",
    "help_in",
    "json_line",
    "scope_of",
    "scope_within",
]

Options = dict[str, Any]

JSON = Option("json", "", "Print one JSON object instead of text.")
TYPE = Option(
    "type",
    "TYPE",
    """EXPR is the address of the header of a map of this type, e.g. -type 'map[string]int';
    quote it if it holds blanks.""",
)
GOROUTINE = Option(
    "goroutine",
    "N",
    """EXPR means what it means in goroutine N: its locals, arguments, receivers. Of a frame that has called
    another one, what was in a register only is lost.""",
    number,
)
FRAME = Option(
    "frame",
    "N",
    """In this frame of that goroutine, as gomap-goroutines -stack numbers them; without it
    in the innermost one of the program's own functions. In Delve, without -goroutine, it is one
    of the selected goroutine, as Delve's own stack numbers them.""",
    number,
)
FORCE = Option("force", "", "Look even where the process, or the core, is of another build than the program.")

#: What a command ends with that could not look at all that it was to look at.
INCOMPLETE = 2

_EXPRESSION_HELP = """\
EXPR is an expression as Go has them: m, main.counts, net/http.DefaultServeMux.m, servers[3].conns,
m["key"], *p, *(*map[string]int)(0xc000012345); and whatever else the debugger understands. Pointers
and interfaces are followed to the map."""


class Door(Protocol):
    """What a command asks of the debugger, or of the shell, that it was typed in."""

    def scope(self) -> Scope:
        """Where expressions are evaluated. Raises ProgramError without a process or a core."""
        ...

    def program(self) -> Program:
        """The program that stands still. Raises ProgramError without a process or a core."""
        ...

    def process(self) -> Process:
        """The process behind it, to write to. Raises ProgramError of a core, or if it cannot be written to."""
        ...

    def frame(self, number: int) -> Scope | None:
        """A frame of what is selected, as the debugger itself numbers them; None where it has its own way to name one.

        Raises ExpressionError where there is none.
        """
        ...

    def limits(self) -> Limits:
        """How much of a value is shown."""
        ...

    def walk_limit(self) -> int | None:
        """How many buckets or groups a walk shows unless told otherwise; None: all."""
        ...

    def paint(self) -> Paint:
        """The colours of the command that is running."""
        ...

    def progress(self, what: str) -> None:
        """Tell who waits at a terminal what the command is at, if it takes long."""
        ...

    def clear(self) -> None:
        """Take away from the terminal what progress has said."""
        ...

    def live(self) -> Live:
        """What watches the program run. Raises ProgramError where nothing runs."""
        ...

    def besides(self) -> Iterable[str]:
        """Lines about what gomap adds here besides its commands."""
        ...


Run = Callable[[Door, Options, str], Iterable[str]]


class Command(NamedTuple):
    """One command.

    Attributes:
        name: as it is typed.
        run: the function behind it.
        options: what it takes before its argument.
        argument: what that is, for a person: ``EXPR``, ``ADDR``; ``[EXPR]`` if it may be left out; empty if it takes
            none.
        instead: the option that may stand in the argument's place.
        text: its help, without what follows from the options.
    """

    name: str
    run: Run
    options: Sequence[Option]
    argument: str
    instead: str | None
    text: str

    @property
    def summary(self) -> str:
        """The first line of its help."""
        return self.text.partition("\n")[0]

    @property
    def usage(self) -> str:
        return usage(self.name, self.options, self.argument)

    @property
    def help(self) -> str:
        parts = [self.text, f"Usage: {self.usage}"]
        if self.argument.strip("[]").startswith("EXPR"):
            parts.append(_EXPRESSION_HELP)
        if self.options:
            parts.append(f"Options:\n{describe(self.options)}")
        return "\n\n".join(parts)

    def lines(self, door: Door, typed: str) -> Generator[str, None, int | None]:
        """What the command says when TYPED stands behind its name.

        It returns a status: 1 if there are findings, INCOMPLETE if something could not be looked at, else 0 or nothing.
        Raises UsageError, and any of gomap's errors.
        """
        from gomap.program.program import ProgramError

        options, rest = parse(self.options, typed)
        replaced = self.instead is not None and options[self.instead]
        if self.argument and not rest and not replaced and not self.argument.startswith("["):
            raise UsageError(f"needs {self.argument}. Usage: {self.usage}")
        if rest and replaced:
            raise UsageError(f"-{self.instead} stands in place of {self.argument}, such as {rest}")
        if rest and not self.argument:
            raise UsageError(f"takes no argument, such as {rest}")
        wrong = door.program().other_build if FORCE in self.options else None
        if wrong and not options[FORCE.name]:
            raise ProgramError(f"{wrong}; with -force, gomap's commands look all the same")
        if wrong and options[JSON.name] is not True:  # where it is said too
            yield f"warning: {wrong}"
        lines = iter(self.run(door, options, rest))
        while True:
            try:
                line = next(lines)
            except StopIteration as end:
                status: int | None = end.value
                return status
            finally:
                door.clear()
            yield line


#: Every command by name, in the order of declaration.
COMMANDS: dict[str, Command] = {}


def command(
    name: str, *, options: Sequence[Option] = (), argument: str = "EXPR", instead: str | None = None
) -> Callable[[Run], Run]:
    """Declares the decorated function as the command NAME; its docstring is the command's help.

    INSTEAD: the option that may stand in the argument's place.
    """

    def declare(run: Run) -> Run:
        COMMANDS[name] = Command(name, run, options, argument, instead, help_in(run))
        return run

    return declare


def help_in(function: Callable[..., object]) -> str:
    """The docstring of FUNCTION, without the indentation that it has in the source."""
    first, _, rest = (function.__doc__ or "").partition("\n")
    return f"{first}\n{textwrap.dedent(rest)}".strip()


def scope_of(door: Door, options: Options) -> Scope:
    """Where a command's expression is evaluated: the frame that its options name, or else the door's own.

    Raises UsageError, and what FrameScope does.
    """
    frame = options.get(FRAME.name)
    if frame is not None and options.get(GOROUTINE.name) is None:
        selected = door.frame(frame)
        if selected is not None:
            return selected
    return scope_within(door.scope, options)


def scope_within(scope: Callable[[], Scope], options: Options) -> Scope:
    """The same, where the door's own SCOPE is known and not the door; OPTIONS need not have those that name a frame."""
    goroutine, frame = options.get(GOROUTINE.name), options.get(FRAME.name)
    if goroutine is None:
        if frame is not None:
            raise UsageError(f"-frame {frame} is one of a goroutine: give -goroutine N too")
        return scope()
    from gomap.expressions.frame_scope import FrameScope

    return FrameScope(scope(), goroutine, frame)


def json_line(door: Door, object: dict[str, Any]) -> Iterable[str]:
    """OBJECT as the one line that ``-json`` prints."""
    import json

    other_build = door.program().other_build
    yield json.dumps({**object, "otherBuild": other_build} if other_build else object)


def explained(error: Exception, command: str = "") -> str:
    """One line for any exception: gomap's own errors as they are, any other as the defect that it is.

    COMMAND: the name of the command that was typed; said where it was mistyped.
    """
    if command and isinstance(error, UsageError):
        return f"{command}: {error}"
    from gomap.expressions.go_values import ExpressionError
    from gomap.program.gotypes import LayoutError
    from gomap.program.memory import ReadError
    from gomap.program.printable import printable
    from gomap.program.program import ProgramError

    text = str(error)
    if not isinstance(error, (ExpressionError, ProgramError, LayoutError, ReadError, UsageError)):
        text = (
            f"gomap failed: {type(error).__name__}: {text} "
            "(a defect in gomap; please report it, with what 'set gomap debug on' then shows)"
        )
    # What was typed, and GDB's own words, may hold anything.
    return printable(text)
