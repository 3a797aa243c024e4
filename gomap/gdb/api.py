"""Maps for scripts inside GDB: opened by an expression, read as Python values, checked.

    from gomap.gdb import api

    sessions = api.open_map("main.sessions")
    for user, session in sessions.items():
        print(user, session["Cart"])
    if "t-102" in sessions and sessions.findings():
        ...

What is here stays as it is. Keys and elements are Python values as ``-json`` prints them (see the table in
gomap.language.json_values): numbers, strings, lists, dictionaries by field name, None for nil. Nothing here changes the
program. It is to stand still: after it has run, open a map anew.

Whatever goes wrong is one exception, gdb.GdbError, with a line that can be shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import gdb

from gomap.expressions.given_keys import given_key
from gomap.expressions.map_finding import find_map, map_behind
from gomap.expressions.written import Written
from gomap.gdb.failing import failing_in_one_line
from gomap.gdb.scope import GdbScope, live_scope
from gomap.gdb.target import forget_memory
from gomap.gdb.values import constant_or_value, of_value
from gomap.maps import opening
from gomap.views import python_maps
from gomap.views.python_maps import Finding

__all__ = ["Finding", "Map", "open_map", "package_maps"]


class Map(python_maps.Map):
    __doc__ = python_maps.Map.__doc__

    _scope: GdbScope

    def _failing(self) -> AbstractContextManager[None]:
        return failing_in_one_line()

    def _given(self, key: object) -> Written:
        if isinstance(key, gdb.Value):
            key = constant_or_value(self._scope.target, "the key", key)
        return given_key(self._scope, self._map.key, key, "a bool, None or a gdb.Value")


def open_map(what: str | gdb.Value, type: str | None = None) -> Map:
    """The map that an expression leads to, as in gomap's commands, or a value of GDB's.

    Args:
        what: ``main.sessions``; pointers and interfaces are followed.
        type: the map's type, where WHAT is the address of its header: ``map[string]int``.

    Raises GdbError.
    """
    forget_memory()
    with failing_in_one_line():
        scope = live_scope()
        if isinstance(what, str):
            return Map(scope, find_map(scope, what, type))
        return Map(scope, map_behind(scope, of_value(scope.target, "the value", what)))


def package_maps() -> Iterator[tuple[str, Map | None]]:
    """Every package variable that is a map, by its full name; None where the map's header cannot be read.

    Raises GdbError.
    """
    forget_memory()
    with failing_in_one_line():
        scope = live_scope()
        for name, map in opening.package_maps(scope.program):
            yield name, None if isinstance(map, Exception) else Map(scope, map)
