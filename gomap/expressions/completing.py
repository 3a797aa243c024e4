"""What may stand where an expression that has been begun ends: names as Go spells them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gomap.expressions.go_values import ExpressionError
from gomap.expressions.names import fields
from gomap.expressions.scope import Scope
from gomap.language.spelling import in_package, package_of

__all__ = ["name_begun", "names"]

#: The name that a text ends in, dots and package path and all.
_NAME = re.compile(r"(?:(?:[\w.%~@+-]+/)+[\w.·~+-]*|[\w.·]*)$")


def name_begun(text: str) -> str:
    """The name that TEXT ends in, which may be empty."""
    found = _NAME.search(text)
    return found[0] if found else ""


def names(scope: Scope, begun: str) -> list[str]:
    """Names that begin with BEGUN: variables, their fields, and packages (with a dot behind)."""
    return sorted({name for name in _names(scope, begun) if name.startswith(begun)})


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
