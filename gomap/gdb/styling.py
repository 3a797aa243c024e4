"""Colour: Go literals by Pygments where GDB's Python has it, the rest as GDB itself is set to show such things.

None of it where ``set style enabled`` is off (as under -batch), where GDB's output is no terminal, or where a script
asked for it: what gdb.execute hands over is not to be littered with escape sequences.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import lru_cache
from types import FrameType

import gdb

from gomap.views.paint import Paint

__all__ = ["at_terminal", "paint"]

_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_INTENSITIES = {"bold": "1", "dim": "2"}
_RESET = "\x1b[m"
#: A line of GDB's history that sends output to a shell command. GDB tells nothing else of where output goes.
_PIPED = re.compile(r"\s*\d+\s+(\||pipe?\b)")


class Colours(Paint):
    """GDB's own styles."""

    def type(self, text: str) -> str:
        return _styled("title", text)

    def address(self, text: str) -> str:
        return _styled("address", text)

    def state(self, text: str) -> str:
        return _styled("metadata", text)

    def literal(self, text: str) -> str:
        return _highlighter()(text)

    def note(self, text: str) -> str:
        return _styled("highlight", text)


def paint() -> Paint:
    """The paint for the command that is running."""
    return Colours() if at_terminal() else Paint()


def at_terminal() -> bool:
    """Whether what the command that is running writes goes to a terminal that knows more than plain text."""
    if not gdb.parameter("style enabled") or sys.__stdout__ is None or not sys.__stdout__.isatty():
        return False
    if _PIPED.match(_typed()):
        return False
    # A command that GDB itself called has no Python below its first frame; gdb.execute in a script does.
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code.co_name != "invoke":
        frame = frame.f_back
    return frame is None or frame.f_back is None


def _typed() -> str:
    """The line that was typed last; empty if none was."""
    lines = gdb.execute("show commands", to_string=True).rstrip("\n").splitlines()
    return lines[-1] if lines else ""


def _styled(style: str, text: str) -> str:
    return f"{_escape(style)}{text}{_RESET}"


def _escape(style: str) -> str:
    colour = gdb.parameter(f"style {style} foreground")
    intensity = gdb.parameter(f"style {style} intensity")
    codes = [_INTENSITIES[intensity]] if intensity in _INTENSITIES else []
    if str(colour) in _COLOURS:
        codes.append(str(30 + _COLOURS.index(str(colour))))
    return f"\x1b[{';'.join(codes)}m"


@lru_cache(maxsize=1)
def _highlighter() -> Callable[[str], str]:
    try:
        from pygments import highlight
        from pygments.formatters import TerminalFormatter
        from pygments.lexers import GoLexer
    except ImportError:
        return str
    lexer, formatter = GoLexer(stripnl=False, ensurenl=False), TerminalFormatter()
    return lambda text: str(highlight(text, lexer, formatter))
