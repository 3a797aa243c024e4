"""From a line typed in Delve's terminal to gomap, and back: some lines of Starlark there, two FIFOs between.

Starlark in Delve reads and writes whole files, and FIFOs are files. A request is one line: the command, the goroutine
and frame that are selected, and what was typed behind the command. The answer comes in pieces as it is made, each of
whole lines; a NUL ends the last. Each piece but the first is asked for, with an empty line: a piece that was sent while
the one before is still being read could get lost, as the reader lets go of the FIFO.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

__all__ = ["Bridge", "Request"]

_BETWEEN = "\x1f"
_END = b"\0"
#: Lines are sent on in pieces of that many bytes, or after that many seconds.
_PIECE, _SOON = 1 << 14, 0.05

_SCRIPT = """\
# Hands gomap's commands to the gomap that started this Delve.

def ask(command, args):
    scope = cur_scope()
    write_file({requests}, "{between}".join([command, str(scope.GoroutineID), str(scope.Frame), args]) + "\\n")
    while True:
        piece = read_file({answers})
        text = piece[:-1] if piece.endswith("\\0") else piece
        if text:
            print(text.removesuffix("\\n"))
        if len(text) < len(piece):
            return
        write_file({requests}, "\\n")

{commands}
def main():
{aliases}
"""
_COMMAND = '''\
def command_{word}(args):
    """{help}"""
    ask("{name}", args)

'''


class Request(NamedTuple):
    """A command that was typed.

    Attributes:
        command: its name: ``gomap-walk``.
        goroutine, frame: those that were selected; -1 is the goroutine that Delve has selected.
        line: what stands behind the command's name.
    """

    command: str
    goroutine: int
    frame: int
    line: str


class Bridge:
    """The two FIFOs, and the script for Delve, in a directory that goes with this.

    Args:
        commands: the help of each command, by its name.

    Attributes:
        script: what Delve has to source.
    """

    def __init__(self, commands: Mapping[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="gomap-")
        folder = Path(self._folder.name)
        self.script = folder / "gomap.star"
        requests, self._answers = folder / "requests", folder / "answers"
        os.mkfifo(requests, 0o600)
        os.mkfifo(self._answers, 0o600)
        # Open for reading and writing, it never comes to an end.
        self._requests = os.open(requests, os.O_RDWR | os.O_NONBLOCK)
        self._received = b""
        #: A piece was sent, and the next has not been asked for yet.
        self._unasked = False
        words = {name: name.replace("-", "_") for name in commands}
        self.script.write_text(
            _SCRIPT.format(
                requests=_quoted(str(requests)),
                answers=_quoted(str(self._answers)),
                between=_BETWEEN.encode("unicode_escape").decode(),
                commands="\n".join(
                    _COMMAND.format(word=words[name], name=name, help=_within_quotes(help))
                    for name, help in commands.items()
                ),
                aliases="\n".join(
                    f'    dlv_command("config alias {word} {name}")' for name, word in words.items() if word != name
                ),
            )
        )

    def request(self, gone: threading.Event) -> Request | None:
        """The next command that is typed; None once Delve is GONE.

        A Ctrl-C meanwhile is nobody's: the command that it was meant for has just ended.
        """
        with _uninterrupted(afterwards=False):
            while not (line := self._line(gone)):  # somebody may have asked for a piece that was interrupted
                if line is None:
                    return None
            command, goroutine, frame, rest = line.decode("utf-8", "replace").split(_BETWEEN, 3)
            return Request(command, int(goroutine), int(frame), rest)

    def answer(self, lines: Iterable[str], gone: threading.Event) -> None:
        """Send LINES as they come; what iterating over them raises is raised here, with the answer ended.

        An interruption, of their making or of their sending, ends it with a line that says so.
        """
        piece, since = "", time.monotonic()
        try:
            for line in lines:
                piece += line + "\n"
                if len(piece) >= _PIECE or time.monotonic() - since >= _SOON:
                    sent, piece = piece, ""
                    self._send(sent.encode("utf-8", "replace"), gone)
                    since = time.monotonic()
        except KeyboardInterrupt:
            piece += "interrupted\n"
        finally:
            self._send(piece.encode("utf-8", "replace") + _END, gone)

    def close(self) -> None:
        os.close(self._requests)
        self._folder.cleanup()

    def _line(self, gone: threading.Event) -> bytes | None:
        """The next line that Delve sends; None once it is GONE."""
        while b"\n" not in self._received:
            if gone.is_set():
                return None
            ready, _, _ = select.select([self._requests], [], [], 0.1)
            if ready:
                self._received += os.read(self._requests, 1 << 16)
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _send(self, piece: bytes, gone: threading.Event) -> None:
        """Wait until Delve asks for it, and give it the piece."""
        with _uninterrupted():
            self._hand_over(piece, gone)

    def _hand_over(self, piece: bytes, gone: threading.Event) -> None:
        if self._unasked:
            self._line(gone)
            self._unasked = False
        while not gone.is_set():
            try:
                answers = os.open(self._answers, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:  # nobody reads yet
                    raise
                time.sleep(0.0005)
                continue
            os.set_blocking(answers, True)
            self._unasked = not piece.endswith(_END)
            with os.fdopen(answers, "wb") as writer:
                writer.write(piece)
            return


@contextmanager
def _uninterrupted(afterwards: bool = True) -> Iterator[None]:
    """A Ctrl-C meanwhile comes to bear AFTERWARDS, or not at all.

    Between two statements of a handing over it would leave a FIFO open for ever, or what Delve asked for forgotten, and
    Delve would wait.
    """
    held: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if held and afterwards:
            signal.raise_signal(signal.SIGINT)


def _quoted(text: str) -> str:
    """As a string of Starlark's."""
    return '"' + _within_quotes(text) + '"'


def _within_quotes(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
