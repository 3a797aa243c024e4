"""Colour, or none: what a face fills in if it has a terminal."""

from __future__ import annotations

__all__ = ["Paint"]


class Paint:
    """Leaves every part of the output as it is. A face may derive one that colours."""

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
