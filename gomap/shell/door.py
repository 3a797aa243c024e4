"""What a shell offers to a command: a program out of files, all of whose variables are package variables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gomap.commands.plain_door import PlainDoor
from gomap.expressions.go_values import ExpressionError, GoValue
from gomap.program.program import Program

__all__ = ["ShellDoor"]


class ShellDoor(PlainDoor):
    """A program in the shell; it is also the scope of its expressions.

    Args:
        program: which.
    """

    def __init__(self, program: Program) -> None:
        self._program = program

    def scope(self) -> _PackageScope:
        return _PackageScope(self._program)

    def program(self) -> Program:
        return self._program

    def besides(self) -> Iterable[str]:
        yield "Each may be typed without gomap- before it. 'help COMMAND' says more; 'quit' or Ctrl-D leaves."


class _PackageScope:
    """Expressions over package variables: files have no selected frame, and nobody else to evaluate anything."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def without(self, name: str) -> str:
        return "package main (locals of a goroutine are named with -goroutine N)"

    def local(self, name: str) -> GoValue | None:
        return None

    def locals(self) -> Sequence[str]:
        return ()

    def packages(self) -> Sequence[str]:
        return ("main",)

    def evaluate(self, text: str) -> GoValue:
        raise ExpressionError(
            f"{text}: not understood; without a debugger EXPR is one of Go's: names, fields, indexes, *p, conversions"
        )
