"""A line on the terminal that says how far a command is, once it takes long."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

__all__ = ["Progress"]

#: Seconds before it is shown, and between two changes of it.
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
