"""Delve's terminal, run on a terminal of its own between the person and gomap.

All keys go through to it, but for Ctrl-C while a command of gomap's runs: that is meant for the command, and Delve
would ask whether to leave the server.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import threading
import tty
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType
from typing import Any

__all__ = ["Terminal"]

_CTRL_C = b"\x03"
_CHUNK = 1 << 16


class Terminal:
    """A program on a terminal of its own, which shows what it writes on ours and hands it what is typed.

    Where gomap's own input is no terminal the program gets it as it is.

    Args:
        arguments: the program and what it is called with.
        environment: of the program.
        wants_interrupt: asked at each Ctrl-C; if it says so the program does not get it.

    Attributes:
        ended: set once the program has ended.
        status: its exit status, then.
    """

    def __init__(
        self, arguments: list[str], environment: Mapping[str, str], wants_interrupt: Callable[[], bool]
    ) -> None:
        self.ended = threading.Event()
        self.status = 0
        self._wants_interrupt = wants_interrupt
        self._ours = sys.stdin.fileno() if sys.stdin.isatty() and sys.stdout.isatty() else -1
        self._settings = termios.tcgetattr(self._ours) if self._ours >= 0 else []
        self._theirs = -1
        if self._ours < 0:
            self._pid = os.posix_spawnp(arguments[0], arguments, environment)
            self._thread = threading.Thread(target=self._wait, daemon=True)
        else:
            self._pid, self._theirs = pty.fork()
            if self._pid == 0:
                _without_output_processing()
                os.execvpe(arguments[0], arguments, environment)
            self._resize()
            signal.signal(signal.SIGWINCH, self._resize)
            tty.setraw(self._ours)
            # What the debugged program prints comes to our terminal too, with line feeds alone.
            _change(self._ours, lambda settings: [settings[0], self._settings[1], *settings[2:]])
            self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the program, as closing its window would, and give our terminal back."""
        if not self.ended.is_set():
            os.kill(self._pid, signal.SIGHUP)
            self.ended.wait(2)
        if self._ours >= 0:
            signal.signal(signal.SIGWINCH, signal.SIG_DFL)
            with suppress(termios.error):  # it was closed
                termios.tcsetattr(self._ours, termios.TCSADRAIN, self._settings)

    def _pass_on(self) -> None:
        while True:
            ready, _, _ = select.select([self._ours, self._theirs], [], [])
            if self._theirs in ready:
                try:
                    shown = os.read(self._theirs, _CHUNK)
                except OSError:  # the program has closed its side
                    shown = b""
                if not shown:
                    break
                _write_all(sys.stdout.fileno(), shown)
            if self._ours in ready:
                typed = os.read(self._ours, _CHUNK)
                if not typed:
                    os.kill(self._pid, signal.SIGHUP)
                    break
                if _CTRL_C in typed and self._wants_interrupt():
                    typed = typed.replace(_CTRL_C, b"")
                _write_all(self._theirs, typed)
        self._wait()

    def _wait(self) -> None:
        _, status = os.waitpid(self._pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        self.ended.set()

    def _resize(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Their terminal is as large as ours."""
        size = fcntl.ioctl(self._ours, termios.TIOCGWINSZ, struct.pack("4H", 0, 0, 0, 0))
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, size)


def _without_output_processing() -> None:
    """Our terminal makes each line feed go to the line's beginning, so the inner one is to leave them alone."""
    _change(sys.stdout.fileno(), lambda settings: [settings[0], settings[1] & ~termios.OPOST, *settings[2:]])


def _change(terminal: int, changed: Callable[[list[Any]], list[Any]]) -> None:
    termios.tcsetattr(terminal, termios.TCSANOW, changed(termios.tcgetattr(terminal)))


def _write_all(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]
