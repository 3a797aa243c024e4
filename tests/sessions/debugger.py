"""A GDB at a terminal, driven as a person would: type a command, read what it says."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema

from tests.sessions.terminal import Terminal

__all__ = ["GOMAP", "Gdb", "schema"]

#: What people source.
GOMAP = Path(__file__).parents[2] / "gdb_gomap"


@functools.cache
def schema() -> jsonschema.Draft202012Validator:
    """What checks an answer in JSON."""
    text = (GOMAP.parent / "gomap" / "views" / "gomap.schema.json").read_text()
    return jsonschema.Draft202012Validator(json.loads(text))


class Gdb(Terminal):
    """A session with one debugger.

    Args:
        gdb: the program.
        arguments: for its command line.
        load: whether to source gomap.
        colour: whether it may style what it says.
        cwd: where it runs.
        timeout: seconds that any command may take.
    """

    def __init__(
        self,
        gdb: Path,
        *arguments: str | Path,
        load: bool = True,
        colour: bool = False,
        cwd: Path | None = None,
        timeout: float = 60,
    ) -> None:
        settings = [
            "set auto-load off",
            "set confirm off",
            "set width 0",
            "set pagination off",
            "set debuginfod enabled off",
            f"set style enabled {'on' if colour else 'off'}",
        ]
        command = ["-nx", "-q"]
        for setting in settings:
            command += ["-iex", setting]
        environment = {
            "TERM": "xterm-256color" if colour else "dumb",
            "INPUTRC": "/dev/null",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        super().__init__(
            gdb,
            [*command, *map(str, arguments)],
            prompt="(gdb) ",
            environment=environment,
            cwd=cwd,
            timeout=timeout,
        )
        if load:
            self.greeting += self.run(f"source {GOMAP}")

    def json(self, command: str, timeout: float | None = None) -> Any:
        """Type COMMAND, which answers in JSON as gomap's schema has it; the answer as an object.

        Raises AssertionError if it says anything else.
        """
        said = self.run(command, timeout)
        try:
            answer = json.loads(said)
        except ValueError:
            raise AssertionError(f"{command}: no JSON:\n{said[:2000]}") from None
        wrong = jsonschema.exceptions.best_match(schema().iter_errors(answer))
        assert wrong is None, f"{command}: {wrong}"
        return answer
