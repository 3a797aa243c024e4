"""From a name as Go spells it to the variable: a local, an argument, a package variable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from gomap.expressions.go_values import ExpressionError, GoValue, in_memory
from gomap.expressions.scope import Scope
from gomap.language.spelling import in_package

__all__ = ["fields", "resolve"]


def resolve(scope: Scope, path: str) -> GoValue:
    """The variable or field that a dotted PATH names: ``m``, ``server.conns``, ``main.counts``,
    ``net/http.DefaultServeMux.m``. Raises ExpressionError, which names what comes near."""
    folder, slash, last = path.rpartition("/")
    parts = last.split(".")
    found = None if slash else scope.local(parts[0])
    rest = parts[1:]
    if found is None:
        found, rest = _package_variable(scope, folder + slash, parts)
    if found is None:
        raise ExpressionError(_unknown(scope, path, folder + slash, parts))
    for name in rest:
        found = found.field(name)
    return found.named(path)


def fields(scope: Scope, path: str) -> list[str]:
    """The fields of the variable that PATH names, behind pointers and in interfaces too. Raises ExpressionError."""
    return [field.name for field in resolve(scope, path).behind().type.fields if field.name != "_"]


def _package_variable(scope: Scope, folder: str, parts: list[str]) -> tuple[GoValue | None, list[str]]:
    """The package variable that PARTS begin with, and the fields left over. The package may be left out."""
    for name, used in _candidates(scope, folder, parts):
        found = scope.program.variable(name)
        if found is not None:
            address, type = found
            return in_memory(scope.program, type, name, address), parts[used:]
    return None, parts


def _candidates(scope: Scope, folder: str, parts: list[str]) -> Iterator[tuple[str, int]]:
    for used in range(2, len(parts) + 1):
        yield f"{folder}{'.'.join(parts[:used])}", used
    if not folder:
        for package in scope.packages():
            yield f"{package}.{parts[0]}", 1


def _unknown(scope: Scope, path: str, folder: str, parts: list[str]) -> str:
    """What to say about a name that nothing has: with the package variables that come near."""
    from difflib import get_close_matches  # here, since few commands need it, and each would wait for it

    packages = [folder + parts[0]] if folder or len(parts) > 1 else scope.packages()
    wanted = parts[1] if len(parts) > 1 else parts[0]
    near: list[str] = []
    for package in packages:
        variables = in_package(scope.program.variable_names, package)
        near += [f"{package}.{name}" for name in get_close_matches(wanted, variables, n=3, cutoff=0.7)]
    if not near and len(parts) > 1:  # http.DefaultServeMux for net/http.DefaultServeMux, yaml.x for yaml.v3.x
        names = "|".join(re.escape(".".join(parts[1:used])) for used in range(2, len(parts) + 1))
        whole = re.compile(rf".*/{re.escape(folder + parts[0])}([/.]v\d+)*\.({names})$")
        near = list(islice(filter(whole.match, scope.program.variable_names), 3))
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    qualified = folder or (len(parts) > 1 and (near or in_package(scope.program.variable_names, parts[0])))
    where = "" if qualified else f" in {scope.without(parts[0])}"
    return f"no variable {path}{where}{hint}"
