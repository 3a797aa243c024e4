"""A map's entries as the children that a debugger's pretty-printer gives: in storage order, as texts or as values.

Only the debugger can make its own values of a type and an address. Where it cannot, the child is a text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import TypeVar, Union

from gomap.expressions.go_values import ExpressionError
from gomap.language import Speller, unreadable
from gomap.maps.model import Cell, GoMap, MaybeCell, Note
from gomap.maps.wording import note_text
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError

__all__ = ["alternating", "joined", "named", "numbered", "shown_pairs", "text_of", "text_pairs", "value_or_text"]

K = TypeVar("K")
V = TypeVar("V")

#: Entries that may go to the debugger as one: enough to save its time, few enough to come at once.
_TOGETHER = 64


def text_pairs(map: GoMap, key_text: Speller, elem_text: Speller) -> Iterator[tuple[str, str]]:
    """Each key with its element as Go literals; a note has angle brackets round both.

    It gives what shown_pairs gives with text_of for both, a fifth faster: one print may ask for a hundred thousand.
    """
    for entry in map.entries():
        if isinstance(entry, Note):
            yield "<note>", f"<{note_text(entry)}>"
            continue
        key, elem = entry
        yield (
            key_text(key[0], key[1]) if isinstance(key, Cell) else f"<{unreadable(key)}>",
            elem_text(elem[0], elem[1]) if isinstance(elem, Cell) else f"<{unreadable(elem)}>",
        )


def shown_pairs(
    map: GoMap, key: Callable[[MaybeCell], K], elem: Callable[[MaybeCell], V]
) -> Iterator[tuple[Union[K, str], Union[V, str]]]:
    """Each key with its element, as KEY and ELEM show them; a note has angle brackets round both."""
    for entry in map.entries():
        if isinstance(entry, Note):
            yield "<note>", f"<{note_text(entry)}>"
        else:
            yield key(entry.key), elem(entry.elem)


def joined(pairs: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """PAIRS of texts, many entries joined into one pair; for GDB where it counts no children and puts all on one line.

    GDB writes an entry in five pieces, each by a system call of its own, which takes longer than to read the entry.
    What it shows is the same to the letter.
    """
    while some := list(islice(pairs, _TOGETHER)):
        (key, elem), *more = some
        yield key, elem + "".join([f", [{key}] = {elem}" for key, elem in more])


def alternating(pairs: Iterator[tuple[K, V]]) -> Iterator[tuple[str, Union[K, V]]]:
    """Keys and elements in turn, as a printer's children whose names nobody shows."""
    for key, elem in pairs:
        yield "key", key
        yield "elem", elem


def numbered(pairs: Iterator[tuple[K, V]]) -> Iterator[tuple[str, Union[K, V]]]:
    """Keys and elements in turn, numbered.

    That is what MI means by the display hint "map": whoever speaks it puts the two together.
    """
    for number, (key, elem) in enumerate(pairs):
        yield f"[{2 * number}]", key
        yield f"[{2 * number + 1}]", elem


def named(map: GoMap, key_text: Speller, elem: Callable[[MaybeCell], V]) -> Iterator[tuple[str, Union[V, str]]]:
    """The elements as ELEM shows them, each under its key: ``["one"]``."""
    key = text_of(key_text)
    for entry in map.entries():
        if isinstance(entry, Note):
            yield "note", note_text(entry)
        else:
            yield f"[{key(entry.key)}]", elem(entry.elem)


def text_of(text: Speller) -> Callable[[MaybeCell], str]:
    """A function that shows a cell as its literal, which TEXT makes, or says why it cannot be read."""

    def shown(cell: MaybeCell) -> str:
        return text(cell.buffer, cell.offset) if isinstance(cell, Cell) else f"<{unreadable(cell)}>"

    return shown


def value_or_text(value_at: Callable[[int], V | None], text: Speller) -> Callable[[MaybeCell], Union[V, str]]:
    """A function that shows a cell as the debugger's value, or as text_of does where there is none.

    Args:
        value_at: gives the debugger's value of what is at an address; may raise ReadError, LayoutError and
            ExpressionError.
        text: gives the literal.
    """
    otherwise = text_of(text)

    def shown(cell: MaybeCell) -> Union[V, str]:
        value = None
        if isinstance(cell, Cell):
            with suppress(ReadError, LayoutError, ExpressionError):
                value = value_at(cell.address)
        return otherwise(cell) if value is None else value

    return shown
