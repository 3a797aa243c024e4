"""gomap's own ways to a program, as a person types them: ``python3 -m gomap ...`` at a terminal or in a script."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.fixtures import toolchains
from tests.sessions.terminal import Terminal

__all__ = ["ROOT", "GomapDelve", "Shell", "gomap"]

ROOT = Path(__file__).parents[2]


def gomap(*arguments: str | Path, typed: str | None = None, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run gomap with ARGUMENTS, its standard input being TYPED; what it printed, and its exit status."""
    return subprocess.run(
        [sys.executable, "-m", "gomap", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "DLV": str(toolchains.delve())},
        input=typed or "",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class Shell(Terminal):
    """gomap's prompt, with a history of its own.

    Args:
        arguments: ``core``, a program, a core; ``attach``, a process.
        state: where it keeps its history.
        before: what its process does before it begins.
    """

    def __init__(
        self, *arguments: str | Path, state: Path, timeout: float = 60, before: Callable[[], None] | None = None
    ) -> None:
        super().__init__(
            Path(sys.executable),
            ["-m", "gomap", *map(str, arguments)],
            prompt="(gomap) ",
            environment={"TERM": "dumb", "XDG_STATE_HOME": str(state), "INPUTRC": "/dev/null"},
            cwd=ROOT,
            timeout=timeout,
            before=before,
        )


class GomapDelve(Terminal):
    """``gomap dlv ...`` or ``gomap connect ...``: Delve's terminal with gomap's commands in it.

    COMMAND is gomap, by default this checkout's.
    """

    def __init__(
        self,
        *arguments: str | Path,
        command: Sequence[str | Path] = (sys.executable, "-m", "gomap"),
        timeout: float = 120,
    ) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="gomap-")
        program, *before = command
        super().__init__(
            Path(program),
            [*map(str, before), *map(str, arguments)],
            prompt="(dlv) ",
            environment={"TERM": "dumb", "XDG_CONFIG_HOME": self._home.name, "DLV": str(toolchains.delve())},
            codec_errors="replace",
            cwd=ROOT,
            timeout=timeout,
        )
        self.run("config source-list-line-count 0")

    def close(self) -> None:
        super().close()
        self._home.cleanup()
