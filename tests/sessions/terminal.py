"""A debugger at a terminal, driven as a person would: type a command, read what it says."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import pexpect

__all__ = ["Terminal", "expect_held", "on_screen"]

_Self = TypeVar("_Self", bound="Terminal")
#: Escape sequences that readline or the debugger's own styling may send.
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A session with one debugger.

    Args:
        program: the debugger.
        arguments: for its command line.
        prompt: what it says when it waits.
        environment: what it finds in its environment besides.
        codec_errors: what becomes of bytes that are no UTF-8, as ``bytes.decode`` has it.
        cwd: where it runs.
        timeout: seconds that any command may take.
        before: what its process does before it begins.
    """

    def __init__(
        self,
        program: Path,
        arguments: Sequence[str],
        *,
        prompt: str,
        environment: Mapping[str, str],
        codec_errors: str = "strict",
        cwd: Path | None,
        timeout: float,
        before: Callable[[], None] | None = None,
    ) -> None:
        self._prompt = prompt
        self._terminal: pexpect.spawn[str] = pexpect.spawn(
            str(program),
            list(arguments),
            cwd=cwd,
            env={**os.environ, "LC_ALL": "C.UTF-8", **environment},
            encoding="utf-8",
            codec_errors=codec_errors,
            timeout=timeout,
            preexec_fn=before,
            maxread=1 << 20,
            dimensions=(50, 4000),
        )
        # pexpect would wait before each line, for programs that ask for passwords.
        self._terminal.delaybeforesend = None
        #: What it said before its first prompt, and when gomap was loaded.
        self.greeting = self._read()

    def run(self, command: str, timeout: float | None = None) -> str:
        """Type COMMAND; all that is said until the next prompt, without the echo and the last line's end."""
        self._terminal.sendline(command)
        said = self._read(timeout)
        _, _, answer = said.partition("\n")
        return answer.rstrip("\n")

    def raw(self, command: str) -> str:
        """The same, escape sequences and all."""
        self._terminal.sendline(command)
        self._terminal.expect_exact(self._prompt)
        return str(self._terminal.before or "").partition("\n")[2]

    def press(self, keys: str) -> None:
        """Send keys as they are: ``\\t`` for Tab, ``\\x03`` for Ctrl-C."""
        self._terminal.send(keys)

    def read_until(self, text: str, timeout: float | None = None) -> str:
        """All that is said until TEXT, that included."""
        self._terminal.expect_exact(text, timeout=timeout or -1)
        return self._plain(f"{self._terminal.before}{text}")

    def read_held_until(self, text: str) -> str:
        """The same, while the program stands still for most of the time: what it does takes long on any machine."""
        expect_held(self._terminal, text)
        return self._plain(f"{self._terminal.before}{text}")

    def exit_status(self) -> int:
        """Wait until the program ends by itself; its exit status, negative if a signal ended it."""
        self._terminal.expect(pexpect.EOF)
        self._terminal.close()
        status, signal = self._terminal.exitstatus, self._terminal.signalstatus
        return status if status is not None else -(signal or 0)

    @property
    def pid(self) -> int:
        """Of the program."""
        pid: int = self._terminal.pid
        return pid

    def close(self) -> None:
        """End the session and what it debugs, unless it attached to that."""
        try:
            self._terminal.close(force=True)
        except pexpect.ExceptionPexpect:
            # It was killed, but a busy machine takes longer than pexpect waits to see it go.
            self._terminal.ptyproc.wait()

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, timeout: float | None = None) -> str:
        try:
            self._terminal.expect_exact(self._prompt, timeout=timeout or -1)
        except (pexpect.TIMEOUT, pexpect.EOF) as failure:
            so_far = self._plain(self._terminal.before or "")
            raise AssertionError(f"no prompt ({type(failure).__name__}) after:\n{so_far[-4000:]}") from None
        return self._plain(self._terminal.before or "")

    def _plain(self, said: str) -> str:
        return on_screen(_ESCAPES.sub("", said))


def expect_held(terminal: pexpect.spawn[str], text: str | type[pexpect.EOF]) -> None:
    """Waits for TEXT while the program stands still for most of the time, so that it takes long on any machine."""
    while terminal.expect_exact([text, pexpect.TIMEOUT], timeout=0.05):
        terminal.kill(signal.SIGSTOP)
        time.sleep(0.2)
        terminal.kill(signal.SIGCONT)


def on_screen(written: str) -> str:
    """What is left on a terminal of what was WRITTEN to it: a progress line is written over and over, and at last away.

    On a busy machine any command may take long enough to show one.
    """
    return "\n".join(map(_overwritten, re.sub("\r+\n", "\n", written).split("\n")))


def _overwritten(line: str) -> str:
    if "\r" not in line:
        return line
    shown: list[str] = []
    for part in line.split("\r"):
        shown[: len(part)] = part
    return "".join(shown).rstrip(" ")
