"""Keys and elements as GDB shows them: as text by GDB's own print settings, or as values that can be opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Union

import gdb

from gomap.expressions.go_values import ExpressionError, dynamic, in_memory
from gomap.gdb.nested import COMPOSITES, laid_out_by_gdb
from gomap.gdb.target import GdbTarget
from gomap.language import Limits, Literals, Speller
from gomap.language.quoting import in_ascii
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
    depth = _limit("max_depth", "max-depth")
    return Limits(
        _limit("max_elements", "elements"),
        None if depth is None else max(depth - within, 0),
        _limit("repeat_threshold", "repeats"),
        bytes_as_text=True,
    )


def texts(target: GdbTarget, map: GoMap) -> Iterator[tuple[str, Child]]:
    """Keys and elements in turn, as Go literals.

    Under ``set print pretty`` an element that has parts is a value, which GDB lays out.
    """
    within = limits(within=1)
    shown = literals_of(target.program, within)
    one_a_line = _print_option("pretty_structs", "pretty")

    def text(type: GoType) -> Speller:
        return _encoded(shown.text(type))

    pairs: Iterator[tuple[str, Child]]
    if one_a_line and map.elem.kind in COMPOSITES:
        elem = _shown(target, map.elem, shown)
        pairs = laid_out_by_gdb(children.shown_pairs(map, children.text_of(text(map.key)), elem), text)
    else:
        pairs = texts = children.text_pairs(map, text(map.key), text(map.elem))
        if not one_a_line and within.elements is None:
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
    known = target.types.in_debugger(type)
    if known is None:
        return None
    if type.kind is Kind.FUNC:  # a pointer to a closure, which begins with one to code
        closure = pointer_at(target, address)
        return gdb.Value(closure and pointer_at(target, closure)).cast(known.pointer())
    return gdb.Value(address).cast(known.pointer()).dereference()


def _shown(target: GdbTarget, type: GoType, shown: Literals) -> Callable[[MaybeCell], Child]:
    return children.value_or_text(partial(value_at, target, type), shown.text(type))


def _print_option(name: str, setting: str) -> Any:
    """An option of print, by its name in gdb.print_options: which knows those that print was called with."""
    return gdb.print_options()[name] if hasattr(gdb, "print_options") else gdb.parameter(f"print {setting}")  # GDB 12


def _limit(name: str, setting: str) -> int | None:
    value: int | None = _print_option(name, setting)
    return None if value in (-1, 0xFFFFFFFF) else value


def _encoded(text: Speller) -> Speller:
    """TEXT, whose literals GDB can print in its host charset: all that is not ASCII escaped as Go escapes it."""
    if gdb.host_charset().upper().replace("-", "") == "UTF8":
        return text
    return lambda buffer, offset: in_ascii(text(buffer, offset))
