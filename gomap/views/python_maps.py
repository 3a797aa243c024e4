"""Maps for scripts: entries as plain values of Python's, elements by their keys, findings as tuples.

The plain values are those that ``-json`` prints (see the table in gomap.language.json_values): numbers, strings,
lists, dictionaries by field name, None for nil.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from gomap.check.checking import check
from gomap.expressions.given_keys import given_key
from gomap.expressions.map_keys import element
from gomap.expressions.scope import Scope
from gomap.expressions.written import Written
from gomap.language import FULL, Literals
from gomap.maps.model import Cell, GoMap, Note
from gomap.maps.opening import literals_of
from gomap.maps.wording import note_text, summary

__all__ = ["Finding", "Map"]


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

    Args:
        scope: where it was opened; keys that have to be spelled are evaluated there.
        map: the map.

    Attributes:
        count: how many entries it has, as its header says.
        type: its type, as Go writes it: ``map[string]int``.
        address: of its header; 0 for a nil map.
        kind: ``classic`` or ``swiss``.
        notes: what kept items from giving all entries, a line each; there once items has come to it.
    """

    def __init__(self, scope: Scope, map: GoMap) -> None:
        self._scope = scope
        self._map = map
        self.type = map.type.name
        self.address = map.address
        self.kind = map.kind
        self.count = map.count
        self.notes: list[str] = []

    def __repr__(self) -> str:
        return f"<{self.type} at {self.address:#x}: {summary(self._map)}>"

    def items(self) -> Iterator[tuple[Any, Any]]:
        """Each key with its element, in storage order, as they are asked for."""
        with self._failing():
            values = self._values()
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
        """The element under KEY: a number, string, bool or None, or a value of the debugger's.

        A string spells a key as Go does where keys are structs, arrays or complex numbers: ``'{"h", 3}'``. Keys are
        compared as Go's == does, with every entry's: one that is misplaced is found too. Raises KeyError without such
        an entry.
        """
        with self._failing():
            found = element(self._scope.program, self._map, str(key), self._given(key))
            if found is not None:
                return self._values().plain(found.type)(found.read(), 0)
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
        """What gomap-check finds wrong; QUICK: without computing hashes."""
        with self._failing():
            return [
                Finding(each.rule.name, each.rule.severity.value, each.address, each.text, each.transient)
                for each in check(self._scope.program, self._map, quick).findings
            ]

    def _failing(self) -> AbstractContextManager[None]:
        """How what goes wrong is told: as gomap's errors, unless a door has errors of its own."""
        return nullcontext()

    def _given(self, key: object) -> Written:
        return given_key(self._scope, self._map.key, key)

    def _values(self) -> Literals:
        return literals_of(self._scope.program, FULL.of_literals())
