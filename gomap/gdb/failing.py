"""How whatever goes wrong in GDB is told: in one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import gdb

from gomap.commands.command import explained

__all__ = ["failing_in_one_line", "failure"]


@contextmanager
def failing_in_one_line(command: str = "gomap") -> Iterator[None]:
    """Whatever goes wrong inside is a GdbError, which GDB shows as a line; it names the COMMAND that was mistyped."""
    try:
        yield
    except gdb.GdbError:
        raise
    except Exception as error:
        raise gdb.GdbError(failure(error, command)) from None


def failure(error: Exception, command: str = "") -> str:
    """One line for any exception; COMMAND as for explained.

    GDB's own errors are about what it was asked to do; they are no defect of gomap's.
    """
    if isinstance(error, gdb.error):
        from gomap.program.printable import printable

        return printable(str(error))
    text = explained(error, command)
    if text.startswith("gomap failed") and gdb.parameter("gomap debug"):
        import traceback

        print(*traceback.format_exception(error), sep="", file=sys.stderr)
    return text
