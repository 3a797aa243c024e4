"""What a shell offers to a command: a program out of files, all of whose variables are package variables."""

from __future__ import annotations

from collections.abc import Iterable

from gomap.commands.plain_door import PlainDoor
from gomap.expressions.package_scope import PackageScope
from gomap.poking.changes import Process
from gomap.program.program import Program

__all__ = ["ShellDoor"]


class ShellDoor(PlainDoor):
    """A program in the shell, for one command.

    Args:
        program: which.
        process: the process that its memory is; None of a core.
    """

    def __init__(self, program: Program, process: Process | None = None) -> None:
        super().__init__()
        self._program, self._process = program, process

    def process(self) -> Process:
        return self._process or super().process()

    def scope(self) -> PackageScope:
        return PackageScope(self._program)

    def program(self) -> Program:
        return self._program

    def besides(self) -> Iterable[str]:
        yield "Each may be typed without gomap- before it. 'help COMMAND' says more; 'quit' or Ctrl-D leaves."
