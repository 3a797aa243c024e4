"""What a debugger's pretty-printer answers for a value: a text, or a name and the items below it.

The methods are those of GDB's protocol, which others have taken over. What the items are only the debugger knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from gomap.maps.model import GoMap

__all__ = ["LONGEST", "Items", "Shown", "map_text", "note_in_place"]

V = TypeVar("V")

#: A string or slice that claims to be longer is corrupt.
LONGEST = 1 << 47


class Shown:
    """A value that is shown as TEXT; HINT: what the debugger is to take that for."""

    def __init__(self, text: object, hint: str | None = None) -> None:
        self._text, self._hint = text, hint

    def to_string(self) -> object:
        return self._text

    def display_hint(self) -> str | None:
        return self._hint


class Items(Generic[V]):
    """The items of a slice.

    Args:
        name: of its type.
        first: the address of the first item; 0 of a nil slice.
        length: how many there are.
        item: gives the debugger's value of one by its index.
    """

    def __init__(self, name: str, first: int, length: int, item: Callable[[int], V]) -> None:
        self._name, self._first, self._length, self._item = name, first, length, item

    def to_string(self) -> str:
        if self._length == 0:
            return f"{self._name}{{}}" if self._first else f"{self._name}(nil)"
        return self._name

    def display_hint(self) -> str:
        return "array"

    def children(self) -> Iterator[tuple[str, V]]:
        # As many as the debugger asks for, which are no more than 'set print elements' says.
        return ((f"[{index}]", self._item(index)) for index in range(self._length))


def map_text(name: str, map: GoMap, doubt: str) -> str:
    """What stands for a map of the type of that NAME in front of its entries; DOUBT: why it may be another one."""
    from gomap.maps.wording import counted  # loaded with the first map

    shown = f"{name} with {counted(map.count, 'entry', 'entries')}" if map.address else f"{name}(nil)"
    return f"{shown} <{doubt}>" if doubt else shown


def note_in_place(note: str, by_name: bool) -> tuple[tuple[str, str], ...]:
    """What is said where an entry should be: a child where these are shown BY_NAME, else a key and an element."""
    return (("note", note),) if by_name else (("[0]", "<note>"), ("[1]", f"<{note}>"))
