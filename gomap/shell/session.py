"""Commands typed in a shell: one from the command line, or as many as a prompt or a script gives."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

from gomap.commands import COMMANDS
from gomap.commands.command import Command, Door, explained
from gomap.shell.prompt import Prompt

__all__ = ["CLEAN", "FAILED", "FINDINGS", "Session"]

#: Exit statuses.
CLEAN, FINDINGS, FAILED = 0, 1, 2

_PREFIX = "gomap-"
_LEAVE = ("quit", "exit", "q")


class Session:
    """A program whose maps are looked at.

    Args:
        opened: gives the door for the time of one command; a process stands still meanwhile.
    """

    def __init__(self, opened: Callable[[], AbstractContextManager[Door]]) -> None:
        self._opened = opened
        #: What errors begin with: who says it, where it is not plain from a prompt.
        self._blame = ""

    def run_words(self, words: Sequence[str]) -> int:
        """Run the command that a shell has taken apart into WORDS; its exit status."""
        command = _named(words[0])
        self._blame = "gomap: "
        return self.run(" ".join([words[0], _joined(command, words[1:]) if command else " ".join(words[1:])]))

    def run(self, line: str) -> int:
        """Run the command in LINE; its exit status. Errors go to the standard error."""
        name, _, rest = line.strip().partition(" ")
        if name == "help":
            return self._help(rest.strip())
        command = _named(name)
        if command is None:
            known = ", ".join(each.removeprefix(_PREFIX) for each in COMMANDS)
            return self._fail(f"no command {name}; there are {known}, and help")
        try:
            with self._opened() as door:
                return _show(command.lines(door, rest))
        except KeyboardInterrupt:
            return self._fail("interrupted")
        except BrokenPipeError:
            raise
        except Exception as error:
            return self._fail(explained(error, command.name))

    def converse(self) -> int:
        """Run what is typed, or what a script has, line by line to its end; the highest exit status that a line had."""
        status = CLEAN
        for line in Prompt(self._opened):
            if line.strip() in _LEAVE:
                break
            if line.strip() and not line.lstrip().startswith("#"):
                status = max(status, self.run(line))
        return status

    def _help(self, name: str) -> int:
        command = _named(name or "gomap")
        if command is None:
            return self._fail(f"no command {name}")
        if name:
            print(command.help)
            return CLEAN
        return self.run("gomap")

    def _fail(self, text: str) -> int:
        sys.stdout.flush()
        print(self._blame + text, file=sys.stderr)
        return FAILED


def _named(name: str) -> Command | None:
    return COMMANDS.get(name) or COMMANDS.get(_PREFIX + name)


def _joined(command: Command, words: Sequence[str]) -> str:
    """WORDS as a line: what a shell has unquoted, the value of an option is quoted anew where it has blanks."""
    takes_value = {f"-{option.name}" for option in command.options if option.value}
    line = []
    for before, word in zip(["", *words], words, strict=False):
        names = [name for name in takes_value if before.startswith("-") and name.startswith(before)]
        line.append(f"'{word}'" if names and any(map(str.isspace, word)) else word)
    return " ".join(line)


def _show(lines: Iterator[str]) -> int:
    """Print LINES as they come; the status that their iteration ends with."""
    try:
        while True:
            print(next(lines))
    except StopIteration as end:
        return end.value or CLEAN
