"""One or two maps that a person names, or types of maps: by their names, or by maps of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from gomap.expressions.brackets import outside
from gomap.expressions.go_values import ExpressionError
from gomap.expressions.map_finding import find_map
from gomap.expressions.scope import Scope
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.maps.syncmap import is_sync_map
from gomap.program.gotypes import Kind

__all__ = ["map_types_in", "maps_in"]

_ANY = re.compile(r"\bany\b")


def map_types_in(scope: Scope, line: str) -> Sequence[GoMap]:
    """The one or two types of map in LINE, each as a map of it, which may be nil.

    Raises ExpressionError, and what find_map does.
    """
    return [map for _, map in _one_or_two(line, lambda text: _map_of(scope, text))]


def maps_in(scope: Scope, line: str) -> Sequence[tuple[str, GoMap]]:
    """The one or two maps that LINE names, each behind its expression.

    Raises ExpressionError, and what find_map does.
    """
    return _one_or_two(line, lambda text: find_map(scope, text))


def _one_or_two(line: str, map_of: Callable[[str], GoMap]) -> Sequence[tuple[str, GoMap]]:
    """LINE as one expression or, if it is none, as two with blanks between them."""
    try:
        return [(line.strip(), map_of(line))]
    except ExpressionError as error:
        first = error
    for at in outside(line):
        texts = line[:at].strip(), line[at:].strip()
        if line[at].isspace() and all(texts):
            try:
                return [(text, map_of(text)) for text in texts]
            except ExpressionError as error:
                first = error
    raise first


def _map_of(scope: Scope, text: str) -> GoMap:
    text = text.strip()
    if text.startswith("map["):
        name = _ANY.sub("interface {}", text)
        type = scope.program.type_named(text) or scope.program.type_named(name)
        if type is None or type.kind is not Kind.MAP:
            raise ExpressionError(f"no type {text} in the program's debug information")
        return open_map(scope.program, type, 0)
    named = scope.program.type_named(text) if "." in text else None
    if named is not None and (named.kind is Kind.MAP or is_sync_map(named)):
        return open_map(scope.program, named, 0)
    return find_map(scope, text)
