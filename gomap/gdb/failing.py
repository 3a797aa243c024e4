"""How whatever goes wrong in GDB is told: in one line."""

from __future__ import annotations

import sys

import gdb

from gomap.commands.command import explained

__all__ = ["failure"]


def failure(error: Exception) -> str:
    """One line for any exception. GDB's own errors are about what it was asked to do; they are no defect of gomap's."""
    if isinstance(error, gdb.error):
        from gomap.program.program import ProgramError

        return explained(ProgramError(str(error)))
    text = explained(error)
    if text.startswith("gomap failed") and gdb.parameter("gomap debug"):
        import traceback

        print(*traceback.format_exception(error), sep="", file=sys.stderr)
    return text
