"""A line on the terminal that says how far a command is, once it takes long."""

from __future__ import annotations

import functools
import os
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress

__all__ = ["Progress", "progress_on_terminal"]

#: Seconds before it is shown, and between two changes of it, or a change and whatever was written in its place.
_PATIENCE, _PAUSE = 1.0, 0.1


class Progress:
    """The line, which overwrites itself.

    Args:
        write: to the terminal, at once.
        at_terminal: whether there is one. Asked once, when there is something to show.
        begun: when the command began, by time.monotonic.
    """

    def __init__(self, write: Callable[[str], None], at_terminal: Callable[[], bool], begun: float) -> None:
        self._write = write
        self._at_terminal = functools.cache(at_terminal)
        self._shown = 0
        self._next = begun + _PATIENCE

    def at(self, what: str) -> None:
        """The command is at WHAT."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _PAUSE
        if not self._at_terminal():
            return
        from shutil import get_terminal_size  # which loads more than all commands together

        line = "".join(char if char.isprintable() else "?" for char in what)[: get_terminal_size().columns - 1]
        self._write(f"\r{line.ljust(self._shown)}")
        self._shown = len(line)

    def clear(self) -> None:
        """Take the line away, before anything else is written."""
        if self._shown:
            self._write(f"\r{' ' * self._shown}\r")
            self._shown = 0
            self._next = time.monotonic() + _PAUSE


def progress_on_terminal() -> Progress:
    """The line of a command that begins now, on the standard error."""
    return Progress(_at_once, _at_terminal, time.monotonic())


def _at_once(text: str) -> None:
    print(text, end="", file=sys.__stderr__, flush=True)


def _at_terminal() -> bool:
    """Whether the standard error is a terminal that the command has to itself: none of it goes to a pager, say."""
    if sys.__stderr__ is None or not sys.__stderr__.isatty():
        return False
    with suppress(OSError):  # the standard output is closed
        return not stat.S_ISFIFO(os.fstat(1).st_mode)
    return True
