"""Keys and elements as GDB shows them: as text by GDB's own print settings, or as values that can be opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Union

import gdb

from gomap.expressions.go_values import ExpressionError, dynamic, in_memory
from gomap.gdb.charset import encoded
from gomap.gdb.nested import COMPOSITES, laid_out_by_gdb
from gomap.gdb.target import GdbTarget
from gomap.language import Limits, Literals
from gomap.maps.model import Cell, GoMap, MaybeCell, Note
from gomap.maps.opening import literals_of
from gomap.maps.wording import note_text
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.target import pointer_at

__all__ = ["limits", "named_values", "texts", "value_at", "values"]

Child = Union[str, gdb.Value]
#: Entries that may go to GDB as one: enough to save its time, few enough to come at once.
_TOGETHER = 64


def limits(within: int = 0) -> Limits:
    """How much of a value is shown by ``set print elements``, ``set print max-depth`` and ``set print repeats``.

    Args:
        within: how many levels of that depth are taken by what stands around the value.
    """
    elements, depth, repeats = _print_limits()
    return Limits(elements, None if depth is None else max(depth - within, 0), repeats, bytes_as_text=True)


def texts(target: GdbTarget, map: GoMap) -> Iterator[tuple[str, Child]]:
    """Keys and elements in turn, as Go literals, each with the name that a printer's child has to have.

    Under ``set print pretty`` an element that has parts is a value, which GDB lays out.
    """
    pairs: Iterator[tuple[str, Child]]
    if not _one_a_line():
        pairs = _joined(_pairs(target, map)) if _print_limits()[0] is None else _pairs(target, map)
    elif map.elem.kind in COMPOSITES:
        pairs = _laid_out_pairs(target, map)
    else:
        pairs = _pairs(target, map)
    try:
        for key, elem in pairs:
            yield "key", key
            yield "elem", elem
    except KeyboardInterrupt:
        # It ends here either way; of any other exception GDB says that there was a "Python Exception".
        raise gdb.MemoryError("interrupted") from None


def _pairs(target: GdbTarget, map: GoMap) -> Iterator[tuple[str, str]]:
    # A hundred thousand of them are made for one print: whatever can be done once is done before the loop.
    shown = literals_of(target.program, limits(within=1))
    key_text, elem_text = encoded(shown.text(map.key)), encoded(shown.text(map.elem))
    for entry in map.entries():
        if isinstance(entry, Note):
            yield "<note>", f"<{note_text(entry)}>"
            continue
        key, elem = entry
        yield (
            key_text(key[0], key[1]) if isinstance(key, Cell) else _unreadable(key),
            elem_text(elem[0], elem[1]) if isinstance(elem, Cell) else _unreadable(elem),
        )


def _laid_out_pairs(target: GdbTarget, map: GoMap) -> Iterator[tuple[str, Child]]:
    """Keys as literals, elements as values."""
    within = limits(within=1)
    shown = literals_of(target.program, within)
    key_text, elem_value = encoded(shown.text(map.key)), _child(target, map.elem, shown)
    for entry in map.entries():
        if isinstance(entry, Note):
            yield "<note>", f"<{note_text(entry)}>"
            continue
        key, elem = entry
        with laid_out_by_gdb(within):
            yield key_text(key[0], key[1]) if isinstance(key, Cell) else _unreadable(key), elem_value(elem)


def _joined(pairs: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The same, where GDB counts no children and puts them all on one line: many entries look like one to it.

    GDB writes an entry in five pieces, each by a system call of its own, which takes longer than to read it. What is
    shown is the same to the letter.
    """
    while some := list(islice(pairs, _TOGETHER)):
        (key, elem), *more = some
        yield key, elem + "".join([f", [{key}] = {elem}" for key, elem in more])


def values(target: GdbTarget, map: GoMap) -> Iterator[tuple[str, Child]]:
    """Keys and elements in turn, as values of GDB's where it has their type, numbered.

    That is what MI means by the display hint "map": whoever speaks it puts the two together.
    """
    shown = literals_of(target.program, limits(within=1))
    key_value, elem_value = _child(target, map.key, shown), _child(target, map.elem, shown)
    number = 0
    for entry in map.entries():
        if isinstance(entry, Note):
            key, elem = "<note>", f"<{note_text(entry)}>"
        else:
            key, elem = key_value(entry.key), elem_value(entry.elem)
        yield f"[{number}]", key
        yield f"[{number + 1}]", elem
        number += 2


def named_values(target: GdbTarget, map: GoMap) -> Iterator[tuple[str, Child]]:
    """The elements, as values of GDB's where it has their type, each under its key: ``["one"]``."""
    shown = literals_of(target.program, limits(within=1))
    key_text, elem_value = shown.text(map.key), _child(target, map.elem, shown)
    for entry in map.entries():
        if isinstance(entry, Note):
            yield "note", note_text(entry)
        else:
            key = entry.key
            name = key_text(key.buffer, key.offset) if isinstance(key, Cell) else _unreadable(key)
            yield f"[{name}]", elem_value(entry.elem)


def value_at(target: GdbTarget, type: GoType, address: int) -> gdb.Value | None:
    """GDB's value of that type at ADDRESS: of an interface what it holds, of a func its code. None if it has no such
    type. Raises ReadError and ExpressionError where these cannot be followed, or GDB would look elsewhere."""
    if target.mistaken:
        raise ExpressionError(target.mistaken)
    if type.kind is Kind.INTERFACE:
        inner = dynamic(in_memory(target.program, type, f"the {type.name}", address))
        found = None if inner is None or inner.address is None else value_at(target, inner.type, inner.address)
        if found is not None:
            return found
    known = target.types.in_gdb(type)
    if known is None:
        return None
    if type.kind is Kind.FUNC:  # a pointer to a closure, which begins with one to code
        closure = pointer_at(target, address)
        return gdb.Value(closure and pointer_at(target, closure)).cast(known.pointer())
    return gdb.Value(address).cast(known.pointer()).dereference()


def _child(target: GdbTarget, type: GoType, shown: Literals) -> Callable[[MaybeCell], Child]:
    text = shown.text(type)

    def child(cell: MaybeCell) -> Child:
        if isinstance(cell, ReadError):
            return _unreadable(cell)
        try:
            value = value_at(target, type, cell.address)
        except (ReadError, LayoutError, ExpressionError):
            value = None
        return text(cell.buffer, cell.offset) if value is None else value

    return child


def _unreadable(error: ReadError) -> str:
    return f"<unreadable {error.address:#x}>"


def _print_limits() -> tuple[int | None, int | None, int | None]:
    """How many elements, how deep, and how many equal ones are a run; None for unlimited."""
    if hasattr(gdb, "print_options"):  # since GDB 13; knows of print's own options, such as -elements
        options = gdb.print_options()
        found = options["max_elements"], options["max_depth"], options["repeat_threshold"]
    else:
        found = gdb.parameter("print elements"), gdb.parameter("print max-depth"), gdb.parameter("print repeats")
    elements, depth, repeats = map(_limit, found)
    return elements, depth, repeats


def _one_a_line() -> bool:
    """Whether GDB begins a line with each entry."""
    if hasattr(gdb, "print_options"):
        return bool(gdb.print_options()["pretty_structs"])
    return bool(gdb.parameter("print pretty"))


def _limit(value: int | None) -> int | None:
    return None if value is None or value in (-1, 0xFFFFFFFF) else value
