"""The colours of the output, or none: each door says which it has."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

__all__ = ["Colours", "Paint"]

#: As they are numbered in escape sequences (ECMA-48, SGR), the colours from 30 on.
_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_INTENSITIES = {"bold": "1", "dim": "2"}
_RESET = "\x1b[m"


class Paint:
    """Leaves every part of the output as it is."""

    def type(self, text: str) -> str:
        """The name of a Go type."""
        return text

    def address(self, text: str) -> str:
        """A hexadecimal address."""
        return text

    def state(self, text: str) -> str:
        """The state of a slot."""
        return text

    def literal(self, text: str) -> str:
        """A Go literal."""
        return text

    def note(self, text: str) -> str:
        """What could not be shown or is not as it must be."""
        return text


class Colours(Paint):
    """Colours every part for a terminal; Go literals as Pygments does, where Python has it.

    Args:
        style: gives the colour and the intensity of ``type``, ``address``, ``state`` and ``note``: names as in _COLOURS
            and _INTENSITIES, any others for none.
    """

    def __init__(self, style: Callable[[str], tuple[str, str]]) -> None:
        self._style = style

    def type(self, text: str) -> str:
        return self._styled("type", text)

    def address(self, text: str) -> str:
        return self._styled("address", text)

    def state(self, text: str) -> str:
        return self._styled("state", text)

    def literal(self, text: str) -> str:
        return _highlighter()(text)

    def note(self, text: str) -> str:
        return self._styled("note", text)

    def _styled(self, part: str, text: str) -> str:
        colour, intensity = self._style(part)
        codes = [_INTENSITIES[intensity]] if intensity in _INTENSITIES else []
        if colour in _COLOURS:
            codes.append(str(30 + _COLOURS.index(colour)))
        return f"\x1b[{';'.join(codes)}m{text}{_RESET}"


@cache
def _highlighter() -> Callable[[str], str]:
    try:
        from pygments import highlight
        from pygments.formatters import TerminalFormatter
        from pygments.lexers import GoLexer
    except ImportError:
        return str
    lexer, formatter = GoLexer(stripnl=False, ensurenl=False), TerminalFormatter()
    return lambda text: str(highlight(text, lexer, formatter))
