"""How an expression that has been begun may go on: names as Go spells them, and keys of a map."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from gomap.expressions.brackets import unclosed
from gomap.expressions.evaluating import evaluate
from gomap.expressions.go_values import ExpressionError
from gomap.expressions.map_finding import map_behind
from gomap.expressions.names import fields
from gomap.expressions.scope import Scope
from gomap.goruntime.typelinks import map_type_names
from gomap.language import Limits
from gomap.language.spelling import in_package, package_of
from gomap.maps.model import Cell, Entry
from gomap.maps.opening import literals_of
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["expressions", "map_types", "name_begun"]

#: Entries of a map that are looked at, and keys that are offered.
_MOST_LOOKED_AT, _MOST_KEYS = 10_000, 200
_LIMITS = Limits(elements=64, depth=4)
#: The name that a text ends in, dots and package path and all.
_NAME = re.compile(r"(?:(?:[\w.%~@+-]+/)+[\w.·~+-]*|[\w.·]*)$")


def name_begun(text: str) -> str:
    """The name that TEXT ends in, which may be empty."""
    found = _NAME.search(text)
    return found[0] if found else ""


def expressions(scope: Scope, text: str) -> list[str]:
    """How TEXT may go on: each as a whole, with TEXT before it.

    Behind ``m[`` these are keys of the map m, with the bracket that closes it; else variables, their fields, and
    packages (with a dot behind).
    """
    at = unclosed(text)
    keys = _keys(scope, text[:at], text[at + 1 :]) if at >= 0 and text[at] == "[" else []
    if keys:
        return [f"{text[: at + 1]}{key}]" for key in keys]
    begun = name_begun(text)
    kept = text[: len(text) - len(begun)]
    return sorted({kept + name for name in _names(scope, begun) if name.startswith(begun)})


def map_types(program: Program, begun: str) -> list[str]:
    """Map types that begin with BEGUN, which may begin with a quote; those with blanks in them need one."""
    quote = begun[:1] if begun[:1] in ("'", '"') else ""
    try:
        there = map_type_names(program)
    except (LayoutError, ReadError):
        return []
    return [
        f"{quote}{name}{quote}" for name in there if name.startswith(begun[len(quote) :]) and (quote or " " not in name)
    ]


def _keys(scope: Scope, of: str, begun: str) -> list[str]:
    """Keys that begin with BEGUN of the map that OF ends in, as Go spells them; those that are shown in full."""
    try:
        map = map_behind(scope, evaluate(scope, of.lstrip("*&( ")))
    except (ExpressionError, LayoutError, ReadError):
        return []
    text = literals_of(scope.program, _LIMITS).text(map.key)
    cells = (entry.key for entry in islice(map.entries(), _MOST_LOOKED_AT) if isinstance(entry, Entry))
    keys = (text(cell.buffer, cell.offset) for cell in cells if isinstance(cell, Cell))
    return sorted(islice((key for key in keys if key.startswith(begun) and "..." not in key), _MOST_KEYS))


def _names(scope: Scope, begun: str) -> Iterator[str]:
    whole, dot, _ = begun.rpartition(".")
    if "/" not in begun and not dot:
        yield from scope.locals()
        for package in scope.packages():
            yield f"{package}."
            yield from in_package(scope.program.variable_names, package)
    if begun:
        for name in scope.program.variable_names:
            if name.startswith(begun):
                # As a shell shows folders: first the packages, then what is in one.
                package = f"{package_of(name)}."
                yield name if begun.startswith(package) else package
    if dot:
        try:
            yield from (f"{whole}.{name}" for name in fields(scope, whole))
        except ExpressionError:
            return
