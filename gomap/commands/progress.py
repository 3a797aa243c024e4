"""A line on the terminal that says how far a command is, once it takes long."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Progress"]

#: Seconds before it is shown, and between two changes of it.
_PATIENCE, _PAUSE = 1.0, 0.1


class Progress:
    """The line, which overwrites itself.

    Args:
        write: to the terminal, at once.
        columns: how wide that is.
        begun: when the command began, by time.monotonic.
    """

    def __init__(self, write: Callable[[str], None], columns: int, begun: float) -> None:
        self._write = write
        self._columns = columns
        self._shown = 0
        self._next = begun + _PATIENCE

    def at(self, what: str) -> None:
        """The command is at WHAT."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _PAUSE
        line = "".join(char if char.isprintable() else "?" for char in what)[: self._columns - 1]
        self._write(f"\r{line.ljust(self._shown)}")
        self._shown = len(line)

    def clear(self) -> None:
        """Take the line away, before anything else is written."""
        if self._shown:
            self._write(f"\r{' ' * self._shown}\r")
            self._shown = 0
