"""The doors that need no GDB, run in this process: each says what a command prints, as its terminal would show it."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

from gomap.delve.bridge import Request
from gomap.delve.door import DelveServer
from gomap.delve.rpc import Rpc
from gomap.elf.target import open_core
from gomap.program.program import Program
from gomap.shell.door import ShellDoor
from gomap.shell.session import Session
from tests.fixtures import toolchains

__all__ = ["DelveRpc", "Files", "serving"]

_LISTENS = re.compile(r"listening at: \S+:(\d+)")


class Files:
    """``gomap core PROGRAM CORE``."""

    def __init__(self, program: Path, core: Path) -> None:
        door = ShellDoor(Program(open_core(program, core)))
        self._session = Session(lambda: nullcontext(door))

    def run(self, command: str) -> str:
        """All that COMMAND prints, errors too."""
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
            self._session.run(command)
        return shown.getvalue().rstrip("\n")


class DelveRpc:
    """``gomap connect`` to a server that listens at PORT, whose program is that file; without Delve's own terminal."""

    def __init__(self, port: int, program: Path, core: Path | None = None, donor: Path | None = None) -> None:
        self._server = DelveServer(Rpc("127.0.0.1", port), program, core, donor)

    def run(self, command: str, goroutine: int = -1, frame: int = 0) -> str:
        """All that COMMAND prints, errors too."""
        name, _, line = command.partition(" ")
        return "\n".join(self._server.answer(Request(name, goroutine, frame, line)))


@contextlib.contextmanager
def serving(*arguments: str | Path) -> Iterator[int]:
    """A Delve that serves, started with those arguments (``core``, a program, a core): the port it listens at."""
    options = ["--headless", "--accept-multiclient", "--listen=127.0.0.1:0", "--check-go-version=false"]
    command = [toolchains.delve(), *arguments, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            assert server.stdout
            said = server.stdout.readline()
            found = _LISTENS.search(said)
            assert found, said + server.stdout.read()
            yield int(found[1])
        finally:
            server.kill()
