"""Colour: Go literals by Pygments where GDB's Python has it, the rest as GDB itself is set to show such things.

None of it where ``set style enabled`` is off (as under -batch), where GDB's output is no terminal, or where a script
asked for it: what gdb.execute hands over is not to be littered with escape sequences.
"""

from __future__ import annotations

import sys
from types import FrameType

import gdb

from gomap.language.told_by_gdb import last_was_piped
from gomap.views.paint import Colours, Paint

__all__ = ["at_terminal", "paint"]

#: Which of GDB's styles a part of the output has.
_STYLES = {"type": "title", "address": "address", "state": "metadata", "note": "highlight"}


def paint() -> Paint:
    """The paint for the command that is running."""
    return Colours(_colour_and_intensity) if at_terminal() else Paint()


def at_terminal() -> bool:
    """Whether what the command that is running writes goes to a terminal that knows more than plain text."""
    if not gdb.parameter("style enabled") or sys.__stdout__ is None or not sys.__stdout__.isatty():
        return False
    # GDB tells nothing else of where output goes.
    if last_was_piped(gdb.execute("show commands", to_string=True)):
        return False
    # A command that GDB itself called has no Python below its first frame; gdb.execute in a script does.
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code.co_name != "invoke":
        frame = frame.f_back
    return frame is None or frame.f_back is None


def _colour_and_intensity(part: str) -> tuple[str, str]:
    style = f"style {_STYLES[part]}"
    return str(gdb.parameter(f"{style} foreground")), str(gdb.parameter(f"{style} intensity"))
