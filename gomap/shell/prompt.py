"""Lines as a person types them: with a prompt, a history that lasts, and Tab; or as a script has them."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path

from gomap.commands import COMMANDS
from gomap.commands.command import Door
from gomap.commands.completing import completions, expression_begun

__all__ = ["Prompt"]

_PROMPT = "(gomap) "
_MOST_LINES = 1000


class Prompt:
    """The lines of the standard input.

    Args:
        opened: gives the door for the time of one question: which names an expression may go on with.
    """

    def __init__(self, opened: Callable[[], AbstractContextManager[Door]]) -> None:
        self._opened = opened
        self._offers: list[str] = []

    def __iter__(self) -> Iterator[str]:
        if not sys.stdin.isatty():
            yield from sys.stdin
            return
        # Who started us may have had it ignored, as a shell does for what it puts in the background.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            import readline
        except ImportError:  # a Python built without it
            readline = None  # type: ignore[assignment]
        history = _history_file()
        if readline is not None:
            with suppress(OSError):
                readline.read_history_file(history)
            readline.set_history_length(_MOST_LINES)
            readline.set_completer(self._complete)
            readline.set_completer_delims(" ")
            readline.parse_and_bind("tab: complete")
            readline.parse_and_bind("set bell-style none")
        try:
            while True:
                try:
                    yield input(_PROMPT)
                except KeyboardInterrupt:
                    print()
        except EOFError:
            print()
        finally:
            if readline is not None:
                with suppress(OSError):
                    history.parent.mkdir(parents=True, exist_ok=True)
                    readline.write_history_file(history)

    def _complete(self, word: str, number: int) -> str | None:
        if number == 0:
            import readline

            self._offers = self._all_offers(readline.get_line_buffer()[: readline.get_endidx()], word)
        return self._offers[number] if number < len(self._offers) else None

    def _all_offers(self, line: str, word: str) -> list[str]:
        name, blank, rest = line.lstrip().partition(" ")
        short = [each.removeprefix("gomap-") for each in COMMANDS]
        if not blank or name == "help":
            return [each + " " for each in [*short, *COMMANDS, "help", "quit"] if each.startswith(word)]
        command = COMMANDS.get(name) or COMMANDS.get("gomap-" + name)
        if command is None:
            return []
        with ExitStack() as opened:
            offers = completions(command, rest, lambda: opened.enter_context(self._opened()).scope())
        behind = " " if expression_begun(command, rest) is None else ""
        return [whole[len(rest) - len(word) :] + behind for whole in offers]


def _history_file() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "gomap" / "history"
