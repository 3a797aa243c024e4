"""A Delve at a terminal, driven as a person would: type a command, read what it says."""

from __future__ import annotations

import os
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

import pexpect

from tests.fixtures import toolchains
from tests.sessions.terminal import Terminal

__all__ = ["SCRIPT", "Delve"]

#: What people source.
SCRIPT = Path(__file__).parents[2] / "dlv_scripts" / "gomap.star"


class Delve(Terminal):
    """A session with Delve.

    Args:
        arguments: for its command line: ``core``, a program, a core; ``exec``, a program.
        program_arguments: for the program.
        load: whether to source gomap.
        environment: what the program finds in its environment besides.
        cwd: where it runs.
        timeout: seconds that any command may take.
    """

    def __init__(
        self,
        *arguments: str | Path,
        program_arguments: tuple[str, ...] = (),
        load: bool = True,
        environment: dict[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 120,
    ) -> None:
        # Neither the settings nor the history of whoever runs the tests has a part in this.
        self._home = tempfile.TemporaryDirectory(prefix="gomap-")
        after = ["--", *program_arguments] if program_arguments else []
        super().__init__(
            toolchains.delve(),
            # Delve 1.27 refuses programs of Go before 1.25 unless it is told not to.
            [*map(str, arguments), "--check-go-version=false", *after],
            prompt="(dlv) ",
            environment={"TERM": "dumb", "XDG_CONFIG_HOME": self._home.name, **(environment or {})},
            codec_errors="replace",
            cwd=cwd,
            timeout=timeout,
        )
        self.run("config source-list-line-count 0")
        if load:
            self.greeting += self.run(f"source {SCRIPT}")

    def interrupted(self, command: str, once_said: str) -> str:
        """Type COMMAND, and Ctrl-C as soon as it has said that; what is said from there on to the next prompt."""
        self._terminal.sendline(command)
        self._terminal.expect_exact(once_said)
        self._terminal.send("\x03")
        said = self._read()
        # The line that was being read when the interrupt came is still to be finished.
        self.run("")
        return said

    def leave(self, command: str, question: str, answer: str) -> None:
        """Type COMMAND, which ends the session once QUESTION has been answered so."""
        self._terminal.sendline(command)
        self._terminal.expect_exact(question)
        self._terminal.sendline(answer)
        self._terminal.expect(pexpect.EOF)

    def close(self) -> None:
        """End the session and what it debugs, unless it attached to that."""
        started = self._started()
        super().close()
        self._home.cleanup()
        for process in started:  # Delve's end leaves it to itself, and some never end
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def _started(self) -> list[int]:
        """The processes that Delve has started."""
        tasks = Path(f"/proc/{self._terminal.pid}/task")
        try:
            return [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]
        except OSError:
            return []
