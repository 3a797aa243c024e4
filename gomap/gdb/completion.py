"""What Tab offers for an expression: names as Go spells them, which GDB's own completion does not know."""

from __future__ import annotations

import re
from collections.abc import Iterator

import gdb

__all__ = ["completions"]

#: The name that the text ends in, dots and package path and all.
_NAME = re.compile(r"(?:(?:[\w.%~@+-]+/)+[\w.·~+-]*|[\w.·]*)$")


def completions(text: str, word: str | None) -> list[str] | int:
    """What may stand where TEXT ends.

    Args:
        text: an expression that has been begun.
        word: what GDB takes for the word to complete, the end of TEXT; None while it still looks for that word.
    """
    name = _NAME.search(text)
    begun = name[0] if name else ""
    if text[: len(text) - len(begun)].endswith(("'", "$")):
        return gdb.COMPLETE_EXPRESSION
    if word is None:
        return []
    # GDB replaces WORD only, which begins behind the last dot or slash of the name.
    kept = len(begun) - len(word)
    return sorted({offer[kept:] for offer in _offers(begun) if offer.startswith(begun)}) if kept >= 0 else []


def _offers(begun: str) -> Iterator[str]:
    from gomap.gdb.names import fields, locals_in_scope, packages_in_scope
    from gomap.gdb.operands import ExpressionError
    from gomap.gdb.target import ProgramError, current
    from gomap.gdb.variables import in_package, package_of

    try:
        target = current()
    except ProgramError:
        return
    whole, dot, _ = begun.rpartition(".")
    if "/" not in begun and not dot:
        yield from locals_in_scope()
        for package in packages_in_scope():
            yield f"{package}."
            yield from in_package(target.variable_names, package)
    if begun:
        for name in target.variable_names:
            if name.startswith(begun):
                # As a shell shows folders: first the packages, then what is in one.
                package = f"{package_of(name)}."
                yield name if begun.startswith(package) else package
    if dot:
        try:
            yield from (f"{whole}.{name}" for name in fields(target, whole))
        except ExpressionError:
            return
