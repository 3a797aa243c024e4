"""Package variables that GDB does not find by name: those of packages whose import path begins with ``go.``.

GDB takes such a name (``go.uber.org/zap.x``) for one that gccgo mangled, and looks for what it makes of it,
``org/zap.x``. It lists them, and finds functions all the same; each package is a compile unit, whose variables stand
in the block around any of its functions.
"""

from __future__ import annotations

import re
from functools import lru_cache

import gdb

__all__ = ["in_unit"]

_PACKAGE = re.compile(r"(go\.(?:[^/]*/)*[^./]+)\.[^/]*$")


def in_unit(name: str) -> gdb.Symbol | None:
    """The package variable of that full name, if it is one that GDB does not find."""
    package = _PACKAGE.match(name)
    if package is None:
        return None
    function = _some_function(package[1], gdb.current_progspace().filename)
    if function is None:
        return None
    try:
        _, places = gdb.decode_line(f"'{function}'")
    except gdb.error:
        return None
    block = gdb.block_for_pc(places[0].pc) if places else None
    return next((symbol for symbol in block.global_block if symbol.name == name), None) if block else None


@lru_cache(maxsize=256)
def _some_function(package: str, _program: str | None) -> str | None:
    """The name of a function of that package."""
    listed: str = gdb.execute(f"info functions -q -n ^{re.escape(package)}\\.[^.]*$", to_string=True)
    function = re.search(rf"({re.escape(package)}\.\w+)\(", listed)
    return function and function[1]
