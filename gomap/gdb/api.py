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
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import gdb

if TYPE_CHECKING:
    from gomap.gdb.target import GdbTarget
    from gomap.maps.model import GoMap

__all__ = ["Finding", "Map", "open_map", "package_maps"]


class Finding(NamedTuple):
    """One thing that gomap-check finds wrong.

    Attributes:
        rule: the rule that is broken, by its name: ``dangling-overflow``.
        severity: ``error`` or ``warning``.
        address: of the byte or word that is wrong.
        text: what was found there, and what follows from it.
        transient: whether a write that was under way explains it.
    """

    rule: str
    severity: str
    address: int
    text: str
    transient: bool


class Map:
    """A Go map.

    Attributes:
        count: how many entries it has, as its header says.
        type: its type, as Go writes it: ``map[string]int``.
        address: of its header; 0 for a nil map.
        kind: ``classic`` or ``swiss``.
        notes: what kept items from giving all entries, a line each; there once items has come to it.
    """

    def __init__(self, target: GdbTarget, map: GoMap) -> None:
        self._target = target
        self._map = map
        self.type = map.type.name
        self.address = map.address
        self.kind = map.kind
        self.count = map.count
        self.notes: list[str] = []

    def __repr__(self) -> str:
        from gomap.maps.wording import summary

        return f"<{self.type} at {self.address:#x}: {summary(self._map)}>"

    def items(self) -> Iterator[tuple[Any, Any]]:
        """Each key with its element, in storage order, as they are asked for. Raises GdbError."""
        from gomap.language import FULL
        from gomap.maps.model import Cell, Note
        from gomap.maps.opening import literals_of
        from gomap.maps.wording import note_text

        with _one_line():
            values = literals_of(self._target.program, FULL.of_literals())
            key, elem = values.plain(self._map.key), values.plain(self._map.elem)
            self.notes = []
            for entry in self._map.entries():
                if isinstance(entry, Note):
                    self.notes.append(note_text(entry))
                    continue
                yield (
                    key(entry.key.buffer, entry.key.offset)
                    if isinstance(entry.key, Cell)
                    else {"error": str(entry.key)},
                    elem(entry.elem.buffer, entry.elem.offset)
                    if isinstance(entry.elem, Cell)
                    else {"error": str(entry.elem)},
                )

    def __iter__(self) -> Iterator[Any]:
        return (key for key, _ in self.items())

    def __getitem__(self, key: object) -> Any:
        """The element under KEY: a Python number, string, bool or None, or a gdb.Value.

        A string spells a key as Go does where keys are structs, arrays or complex numbers: ``'{"h", 3}'``. Keys are
        compared as Go's == does, with every entry's: one that is misplaced is found too. Raises KeyError without such
        an entry, and GdbError.
        """
        from gomap.expressions.map_keys import element
        from gomap.language import FULL
        from gomap.maps.opening import literals_of

        with _one_line():
            found = element(self._target.program, self._map, str(key), self._written(key))
            if found is not None:
                values = literals_of(self._target.program, FULL.of_literals())
                return values.plain(found.type)(found.read(), 0)
        raise KeyError(key)

    def get(self, key: object, default: Any = None) -> Any:
        """The element under KEY, or DEFAULT."""
        try:
            return self[key]
        except KeyError:
            return default

    def __contains__(self, key: object) -> bool:
        try:
            self[key]
        except KeyError:
            return False
        return True

    def findings(self, quick: bool = False) -> list[Finding]:
        """What gomap-check finds wrong; QUICK: without computing hashes. Raises GdbError."""
        from gomap.check.checking import check

        with _one_line():
            return [
                Finding(each.rule.name, each.rule.severity.value, each.address, each.text, each.transient)
                for each in check(self._target.program, self._map, quick).findings
            ]

    def _written(self, key: object) -> Any:
        from gomap.expressions.written import Constant
        from gomap.gdb.functions import key_of_text, key_of_value

        if isinstance(key, gdb.Value):
            return key_of_value(self._target, self._map.key, key)
        if isinstance(key, str):
            return key_of_text(self._target, self._map.key, key, key.encode("utf-8", "surrogateescape"))
        if key is None or isinstance(key, (bytes, int, float, complex)):
            return Constant(str(key), key)
        raise gdb.GdbError(f"a {type(key).__name__} is no key: give a number, a string, a bool, None or a gdb.Value")


def open_map(what: str | gdb.Value, type: str | None = None) -> Map:
    """The map that an expression leads to, as in gomap's commands, or a value of GDB's.

    Args:
        what: ``main.sessions``; pointers and interfaces are followed.
        type: the map's type, where WHAT is the address of its header: ``map[string]int``.

    Raises GdbError.
    """
    from gomap.expressions.map_finding import find_map, map_behind
    from gomap.gdb.scope import GdbScope
    from gomap.gdb.target import forget_memory, live
    from gomap.gdb.values import of_value

    forget_memory()
    with _one_line():
        target = live()
        scope = GdbScope(target)
        if isinstance(what, str):
            return Map(target, find_map(scope, what, type))
        return Map(target, map_behind(scope, of_value(target, target.types.of(what.type), "the value", what)))


def package_maps() -> Iterator[tuple[str, Map | None]]:
    """Every package variable that is a map, by its full name; None where the map's header cannot be read.

    Raises GdbError.
    """
    from gomap.gdb.target import forget_memory, live
    from gomap.maps import opening

    forget_memory()
    with _one_line():
        target = live()
        for name, map in opening.package_maps(target.program):
            yield name, None if isinstance(map, Exception) else Map(target, map)


@contextmanager
def _one_line() -> Iterator[None]:
    """Whatever goes wrong inside is a GdbError."""
    try:
        yield
    except gdb.GdbError:
        raise
    except Exception as error:
        from gomap.gdb.failing import failure

        raise gdb.GdbError(failure(error)) from None
