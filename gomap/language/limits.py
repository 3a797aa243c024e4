"""How much of a value is shown."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["BRIEF", "FULL", "Limits"]


class Limits(NamedTuple):
    """How much of a value is shown.

    Attributes:
        elements: items of each slice, array and map, and bytes of each string; None: all.
        depth: structs, arrays, slices and maps within each other; None: all, which is to say a hundred.
        repeats: a run of more than so many equal items of a slice or an array is shown as one item, and takes the
            room of so many; None: each item is shown.
        bytes_as_text: whether slices and arrays of bytes that hold text show it besides.
    """

    elements: int | None = 200
    depth: int | None = 20
    repeats: int | None = None
    bytes_as_text: bool = False

    def of_literals(self) -> Limits:
        """The same, with nothing in it that is not a Go literal."""
        return self._replace(repeats=None, bytes_as_text=False)


#: What fits beside others of its kind: keys in findings, entries in a page.
BRIEF = Limits(elements=64, depth=4, repeats=10, bytes_as_text=True)
#: Nothing is cut, and no run of equal items shortened.
FULL = Limits(elements=None, depth=None, bytes_as_text=True)
