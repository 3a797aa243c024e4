"""The entry of a map that has a key which a person wrote, found by looking at every entry.

Keys are compared as Go's == compares them (gomap.language.equality), an interface with something that was written by
the type's name and the value. Nothing is hashed, so that a misplaced key is found too; gomap.expressions.key_search
looks keys up as the runtime does.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from gomap.expressions.fitting import DEFAULT_TYPES, ByForm, UnfitError, constant, fields, indices, spells
from gomap.expressions.go_values import ExpressionError, GoValue, dynamic, in_memory, temporary
from gomap.expressions.written import Composite, Constant, Conversion, Written
from gomap.goruntime.rtype import runtime_types
from gomap.language.equality import Comparable, Comparables
from gomap.maps.model import Cell, Entry, GoMap, Match, Note
from gomap.maps.wording import note_text
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["element", "matching", "unfit"]


def element(program: Program, map: GoMap, text: str, key: Written) -> GoValue | None:
    """The element of MAP under KEY, to be called TEXT; None if it has no such key.

    Raises ExpressionError if the map can have no such key, where the element cannot be read, and where the key is not
    found but part of the map cannot be read either.
    """
    entry = _entry(map, matching(program, map, text, key))
    if entry is None:
        return None
    if isinstance(entry, Note):
        raise ExpressionError(f"{text}: no such key in what can be read of the map: {note_text(entry)}")
    if isinstance(entry.elem, ReadError):
        raise ExpressionError(f"{text}: {entry.elem}")
    return in_memory(program, map.elem, text, entry.elem.address)


def matching(program: Program, map: GoMap, text: str, key: Written) -> Match:
    """What tells KEY, to be called TEXT, from other keys of MAP; it may raise ReadError, LayoutError.

    Raises ExpressionError if the map can have no such key.
    """
    try:
        match = _Matches(program).of(map.key, key)
    except UnfitError as error:
        raise unfit(map, text, error) from None
    except ExpressionError as error:
        raise ExpressionError(f"{text}: {error}") from None

    def matches(buffer: bytes, at: int) -> bool:
        try:
            return match(buffer, at)
        except ExpressionError:  # an interface of which the type cannot be told
            return False

    return matches


def unfit(map: GoMap, text: str, error: UnfitError) -> ExpressionError:
    """What to say of a key, called TEXT, that MAP cannot have."""
    detail = f"{error}; " if str(error) else ""
    return ExpressionError(f"{text}: {detail}not a key of this map: its keys are of type {map.key.name}")


def _entry(map: GoMap, match: Match) -> Entry | Note | None:
    """The entry whose key is a MATCH; without one, what first is wrong with the map: the key may be behind it."""
    wrong: Note | None = None
    for entry in map.entries():
        if isinstance(entry, Note):
            wrong = wrong or entry
            continue
        if not isinstance(entry.key, Cell):
            continue
        try:
            if match(entry.key.buffer, entry.key.offset):
                return entry
        except (ReadError, LayoutError):
            continue  # a key that cannot be read is not the one
    return wrong


class _Matches(ByForm[Match]):
    """Makes what tells a written value of a type from others. Methods raise UnfitError where no value is like it."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._comparables = Comparables(program, runtime_types(program))

    def _constant(self, type: GoType, written: Constant) -> Match:
        return self._equals(self._comparables.of(type), constant(type, written.value))

    def _equals(self, comparable: Comparable, wanted: Hashable) -> Match:
        return lambda buffer, at: comparable(buffer, at) == wanted

    def _value(self, type: GoType, key: GoValue) -> Match:
        try:
            value = self._comparables.of(key.type)(key.read(), 0)
        except (LayoutError, ReadError) as error:
            raise ExpressionError(f"{key.text}: {error}") from None
        if type.kind is Kind.INTERFACE and key.type.kind is not Kind.INTERFACE:
            alike = self._equals(self._comparables.of(key.type), value)
            return self._holds(type, lambda dynamic: alike if dynamic.name == key.type.name else None)
        if type.name != key.type.name and not (type.kind.integer and key.type.kind.integer):
            raise UnfitError(f"{key.text} is of type {key.type.name}")
        return self._equals(self._comparables.of(type), value)

    def _composite(self, type: GoType, written: Composite) -> Match:
        if type.kind not in (Kind.STRUCT, Kind.ARRAY) or not spells(written.type, type):
            raise UnfitError(f"{written.text} is of another type" if written.type else "")
        if type.kind is Kind.STRUCT:
            places = [(field.name, field.offset, field.type) for field in type.fields]
            given = fields(type, written)
        else:
            places = [(str(at), at * type.elem.size, type.elem) for at in range(type.length)]
            given = indices(type, written)
        matches = [
            (offset, self.of(part, given[number]) if number in given else self._zero(part))
            for number, (name, offset, part) in enumerate(places)
            if name != "_"
        ]
        return lambda buffer, at: all(match(buffer, at + offset) for offset, match in matches)

    def _zero(self, type: GoType) -> Match:
        comparable = self._comparables.of(type)
        return self._equals(comparable, comparable(bytes(type.size), 0))

    def _interface(self, type: GoType, written: Constant | Conversion | Composite) -> Match:
        """An interface that holds WRITTEN: each dynamic type of that name is looked at as the type that it is."""
        if isinstance(written, Constant):
            if written.value is None:
                return lambda buffer, at: self._held(type, buffer, at) is None
            name = DEFAULT_TYPES[written.value.__class__]
        else:
            name = written.type
        if not name:
            raise UnfitError(f"{written.text} in an interface needs its type before it")

        def match_of(dynamic: GoType) -> Match | None:
            try:
                return self.of(dynamic, written) if spells(name, dynamic, exactly=True) else None
            except UnfitError:
                return None

        return self._holds(type, match_of)

    def _holds(self, type: GoType, match_of: Callable[[GoType], Match | None]) -> Match:
        """An interface that holds what MATCH_OF its dynamic type tells, which is asked once of each such type."""
        known: dict[GoType, Match | None] = {}

        def match(buffer: bytes, at: int) -> bool:
            inner = self._held(type, buffer, at)
            if inner is None:
                return False
            if inner.type not in known:
                known[inner.type] = match_of(inner.type)
            found = known[inner.type]
            return found is not None and found(inner.read(), 0)

        return match

    def _held(self, type: GoType, buffer: bytes, at: int) -> GoValue | None:
        return dynamic(temporary(self._program, type, "the key", buffer[at : at + type.size]))
