"""Keys and elements as GDB shows them: as text by GDB's own print settings, or as values that can be opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Union

import gdb

from gomap.expressions.go_values import ExpressionError, dynamic, in_memory
from gomap.gdb.charset import encoded
from gomap.gdb.nested import COMPOSITES, laid_out_by_gdb
from gomap.gdb.target import GdbTarget
from gomap.language import Limits, Literals
from gomap.maps.model import GoMap, MaybeCell
from gomap.maps.opening import literals_of
from gomap.program.gotypes import GoType, Kind
from gomap.program.target import pointer_at
from gomap.views import children

__all__ = ["limits", "named_values", "texts", "value_at", "values"]

Child = Union[str, gdb.Value]


def limits(within: int = 0) -> Limits:
    """How much of a value is shown by ``set print elements``, ``set print max-depth`` and ``set print repeats``.

    Args:
        within: how many levels of that depth are taken by what stands around the value.
    """
    elements, depth, repeats = _print_limits()
    return Limits(elements, None if depth is None else max(depth - within, 0), repeats, bytes_as_text=True)


def texts(target: GdbTarget, map: GoMap) -> Iterator[tuple[str, Child]]:
    """Keys and elements in turn, as Go literals.

    Under ``set print pretty`` an element that has parts is a value, which GDB lays out.
    """
    within = limits(within=1)
    shown = literals_of(target.program, within)
    key = encoded(shown.text(map.key))
    pairs: Iterator[tuple[str, Child]]
    if _one_a_line() and map.elem.kind in COMPOSITES:
        pairs = laid_out_by_gdb(
            children.shown_pairs(map, children.text_of(key), _shown(target, map.elem, shown)), within
        )
    else:
        pairs = texts = children.text_pairs(map, key, encoded(shown.text(map.elem)))
        if not _one_a_line() and within.elements is None:
            pairs = children.joined(texts)
    try:
        yield from children.alternating(pairs)
    except KeyboardInterrupt:
        # It ends here either way; of any other exception GDB says that there was a "Python Exception".
        raise gdb.MemoryError("interrupted") from None


def values(target: GdbTarget, map: GoMap) -> Iterator[tuple[str, Child]]:
    """Keys and elements in turn, as values of GDB's where it has their type, numbered."""
    shown = literals_of(target.program, limits(within=1))
    yield from children.numbered(
        children.shown_pairs(map, _shown(target, map.key, shown), _shown(target, map.elem, shown))
    )


def named_values(target: GdbTarget, map: GoMap) -> Iterator[tuple[str, Child]]:
    """The elements, as values of GDB's where it has their type, each under its key: ``["one"]``."""
    shown = literals_of(target.program, limits(within=1))
    yield from children.named(map, shown.text(map.key), _shown(target, map.elem, shown))


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


def _shown(target: GdbTarget, type: GoType, shown: Literals) -> Callable[[MaybeCell], Child]:
    return children.value_or_text(partial(value_at, target, type), shown.text(type))


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
