"""What doors without settings of their own have in common: limits as GDB's are unless changed, and no colour."""

from __future__ import annotations

from gomap.language import Limits
from gomap.views.paint import Paint

__all__ = ["PlainDoor"]


class PlainDoor:
    """What a Door needs besides its program and the scope of its expressions, which subclasses add."""

    def limits(self) -> Limits:
        return Limits(elements=200, depth=20, repeats=10, bytes_as_text=True)

    def walk_limit(self) -> int | None:
        return 32

    def progress(self, what: str) -> None:
        """Nothing is said of it."""

    def paint(self) -> Paint:
        return Paint()
