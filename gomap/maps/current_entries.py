"""The entry that a map has now for a key that an iterator comes to in memory the map has grown out of.

The runtime looks such keys up (mapaccessK, getWithKey). Here one walk through the map finds them all, by Go's ==.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from typing import Union

from gomap.goruntime.rtype import runtime_types
from gomap.hashing import HashError, KeyHasher
from gomap.language.equality import Comparable, Comparables
from gomap.language.numbers import FLOATS
from gomap.maps.hashers import hasher_of
from gomap.maps.model import Cell, Entry, GoMap
from gomap.maps.notes import Note
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["MOST_ENTRIES", "Cause", "CurrentEntries", "UntoldError"]

#: What keeps a key from being hashed or found; None: the map has more entries than are looked through.
Cause = Union[HashError, LayoutError, ReadError, Note, None]

#: Entries past which a map is not walked to find the keys that an iterator comes to.
MOST_ENTRIES = 1 << 22


class UntoldError(Exception):
    """What an iterator would do with a key cannot be told.

    Attributes:
        address: of the key, or of what keeps keys from being looked up.
        cause: why.
    """

    def __init__(self, address: int, cause: Cause) -> None:
        super().__init__(address, cause)
        self.address = address
        self.cause = cause


class CurrentEntries:
    """What a map has now, by key.

    Args:
        program: the program that it is in.
        map: the map.
    """

    def __init__(self, program: Program, map: GoMap) -> None:
        self._program = program
        self._map = map
        self._always_equal = not _may_differ_from_itself(map.key)

    def equals_itself(self, key: Cell) -> bool:
        """Whether the key equals itself, as all do in which there is no NaN. Raises UntoldError."""
        return self._always_equal or self.hash(key) is not None

    def hash(self, key: Cell) -> int | None:
        """The key's hash; None if it has a random one (a NaN is in it). Raises UntoldError."""
        try:
            return self._hasher.one(key.buffer, key.offset, self._map.seed)
        except (HashError, LayoutError, ReadError) as error:
            raise UntoldError(key.address, error) from None

    def of(self, key: Cell) -> Entry | None:
        """The entry that the map has under that key; None if there is none. Raises UntoldError."""
        try:
            return self._entries.get(self._comparable(key.buffer, key.offset))
        except (LayoutError, ReadError) as error:
            raise UntoldError(key.address, error) from None

    @cached_property
    def _hasher(self) -> KeyHasher:
        return hasher_of(self._program, self._map)

    @cached_property
    def _entries(self) -> dict[Hashable, Entry]:
        found: dict[Hashable, Entry] = {}
        for number, entry in enumerate(self._map.entries()):
            if isinstance(entry, Note):
                raise UntoldError(entry.address, entry)
            if number == MOST_ENTRIES:
                raise UntoldError(self._map.address, None)
            if isinstance(entry.key, Cell):
                found.setdefault(self._comparable(entry.key.buffer, entry.key.offset), entry)
        return found

    @cached_property
    def _comparable(self) -> Comparable:
        return Comparables(self._program, runtime_types(self._program)).of(self._map.key)


def _may_differ_from_itself(type: GoType) -> bool:
    """Whether a value of TYPE may have a NaN in it (the contrary of the map type's ReflexiveKey)."""
    if type.kind is Kind.ARRAY:
        return _may_differ_from_itself(type.elem)
    if type.kind is Kind.STRUCT:
        return any(_may_differ_from_itself(field.type) for field in type.fields if field.name != "_")
    return type.kind is Kind.INTERFACE or type.kind in FLOATS
