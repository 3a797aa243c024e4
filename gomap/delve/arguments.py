"""Delve's own arguments, which ``gomap dlv`` hands on: to the server, to its terminal, to the program."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

__all__ = ["DelveArguments"]

#: Delve's options whose value may be the next word.
_WITH_VALUE = (
    *("--api-version", "--backend", "--build-flags", "--init", "--listen", "-l", "--log-dest", "--log-output"),
    *("--output", "-o", "--redirect", "-r", "--tty", "--waitfor", "--waitfor-duration", "--waitfor-interval", "--wd"),
)
#: Delve's commands that tell of Delve itself.
_NO_PROGRAM = ("", "completion", "help", "version")
#: Delve's commands that serve nobody who types, and what there is instead.
_NOT_SERVED = {
    "connect": "a Delve that serves already is for 'gomap connect HOST:PORT'",
    "dap": "nothing can be typed there; 'gomap connect HOST:PORT' goes with an IDE that attaches to 'dlv exec "
    "--headless --accept-multiclient'",
    "trace": "nothing can be typed there; gomap-trace is a command of 'gomap dlv exec', 'debug', 'test' and 'attach'",
}


class DelveArguments:
    """What ``gomap dlv`` was called with, taken apart.

    Attributes:
        command: of Delve's: ``exec``, ``core``...; empty if there is none.
        delves: what the server gets.
        programs: the dashes that end that, and what the program gets.
        program, core: those of ``core PROGRAM CORE``; None where Delve itself tells, or finds them.
        init: the file of commands for the terminal; the server has none.
        options: the names of Delve's options.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        at = list(arguments).index("--") if "--" in arguments else len(arguments)
        self.delves: list[str] = []
        self.programs = list(arguments[at:])
        self.init: str | None = None
        self.options: set[str] = set()
        words: list[str] = []
        rest = iter(arguments[:at])
        for word in rest:
            if not word.startswith("-"):
                words.append(word)
                self.delves.append(word)
                continue
            name, equals, value = word.partition("=")
            self.options.add(name)
            given = [word] if equals or name not in _WITH_VALUE else [word, *islice(rest, 1)]
            if name == "--init":
                self.init = value if equals else given[-1]
            else:
                self.delves += given
        self.command, *files = words or [""]
        self.program: Path | None = None
        self.core: Path | None = None
        if self.command == "core" and len(files) > 1:
            self.program, self.core = Path(files[0]), Path(files[1])

    @property
    def asks_to_debug(self) -> bool:
        """Whether there is to be a program in the end, not help or a version."""
        return self.command not in _NO_PROGRAM and self.options.isdisjoint(("-h", "--help"))

    def refused(self) -> str | None:
        """What to say if gomap cannot go with these; None if it can."""
        if self.command in _NOT_SERVED:
            return f"dlv {self.command}: {_NOT_SERVED[self.command]}"
        if "--log-dest" in self.options:
            return "--log-dest: Delve would say there, not to gomap, where it listens; --log alone logs to here"
        return None
