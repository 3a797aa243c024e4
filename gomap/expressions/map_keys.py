"""The entry of a map that has a key which a person wrote, found by looking at every entry.

Keys are compared as Go's == compares them (gomap.language.equality), an interface with something that was written by
the type's name and the value. Nothing is hashed, so that a misplaced key is found too.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Hashable, Sequence

from gomap.expressions.go_values import ExpressionError, GoValue, an, dynamic, in_memory, temporary
from gomap.expressions.written import Composite, Constant, Conversion, Literal, Written
from gomap.goruntime.rtype import runtime_types
from gomap.language.equality import Comparable, Comparables
from gomap.language.names import shown_name
from gomap.language.numbers import FLOATS
from gomap.maps.model import Cell, Entry, GoMap, Note
from gomap.maps.wording import note_text
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["element"]

#: Whether the value at an offset of a buffer is the one that was written.
_Match = Callable[[bytes, int], bool]

_ADDRESSES = {Kind.POINTER, Kind.CHAN, Kind.UNSAFE_POINTER}
_COMPLEX = {Kind.COMPLEX64, Kind.COMPLEX128}
#: The type that a constant has in an interface.
_DEFAULT_TYPES = {bytes: "string", bool: "bool", int: "int", float: "float64", complex: "complex128"}
_BLANK = re.compile(r"\s+")
_ALIASES = (
    (re.compile(r"\bany\b"), "interface{}"),
    (re.compile(r"\bbyte\b"), "uint8"),
    (re.compile(r"\brune\b"), "int32"),
)


class _UnfitError(Exception):
    """What was written cannot be a value of the type; the message says of which, and why."""


def element(program: Program, map: GoMap, text: str, key: Written) -> GoValue | None:
    """The element of MAP under KEY, to be called TEXT; None if it has no such key.

    Raises ExpressionError if the map can have no such key, where the element cannot be read, and where the key is not
    found but part of the map cannot be read either.
    """
    try:
        match = _Matches(program).of(map.key, key)
    except _UnfitError as error:
        why = f"its keys are of type {map.key.name}"
        detail = f"{error}; " if str(error) else ""
        raise ExpressionError(f"{text}: {detail}not a key of this map: {why}") from None
    except ExpressionError as error:
        raise ExpressionError(f"{text}: {error}") from None
    entry = _entry(map, match)
    if entry is None:
        return None
    if isinstance(entry, Note):
        raise ExpressionError(f"{text}: no such key in what can be read of the map: {note_text(entry)}")
    if isinstance(entry.elem, ReadError):
        raise ExpressionError(f"{text}: {entry.elem}")
    return in_memory(program, map.elem, text, entry.elem.address)


def _entry(map: GoMap, match: _Match) -> Entry | Note | None:
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
        except (ReadError, LayoutError, ExpressionError):
            continue  # a key that cannot be read is not the one
    return wrong


class _Matches:
    """Makes what tells a written value of a type from others. Methods raise _UnfitError where no value is like it."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._comparables = Comparables(program, runtime_types(program))

    def of(self, type: GoType, written: Written) -> _Match:
        """What tells that a value of TYPE is the one written."""
        if isinstance(written, GoValue):
            return self._value(type, written)
        if type.kind is Kind.INTERFACE:
            return self._interface(type, written)
        if isinstance(written, Composite):
            return self._composite(type, written)
        if isinstance(written, Conversion):
            if not _spells(written.type, type):
                raise _UnfitError(f"{written.text} is of type {written.type}")
            written = written.value
        return self._equals(self._comparables.of(type), _constant(type, written.value))

    def _equals(self, comparable: Comparable, wanted: Hashable) -> _Match:
        return lambda buffer, at: comparable(buffer, at) == wanted

    def _value(self, type: GoType, key: GoValue) -> _Match:
        try:
            value = self._comparables.of(key.type)(key.read(), 0)
        except (LayoutError, ReadError) as error:
            raise ExpressionError(f"{key.text}: {error}") from None
        if type.kind is Kind.INTERFACE and key.type.kind is not Kind.INTERFACE:
            alike = self._equals(self._comparables.of(key.type), value)
            return self._holds(type, lambda dynamic: alike if dynamic.name == key.type.name else None)
        if type.name != key.type.name and not (type.kind.integer and key.type.kind.integer):
            raise _UnfitError(f"{key.text} is of type {key.type.name}")
        return self._equals(self._comparables.of(type), value)

    def _composite(self, type: GoType, written: Composite) -> _Match:
        if type.kind not in (Kind.STRUCT, Kind.ARRAY) or not _spells(written.type, type):
            raise _UnfitError(f"{written.text} is of another type" if written.type else "")
        if type.kind is Kind.STRUCT:
            places = [(field.name, field.offset, field.type) for field in type.fields]
            given = _fields(type, written)
        else:
            places = [(str(at), at * type.elem.size, type.elem) for at in range(type.length)]
            given = _indices(type, written)
        matches = [
            (offset, self.of(part, given[number]) if number in given else self._zero(part))
            for number, (name, offset, part) in enumerate(places)
            if name != "_"
        ]
        return lambda buffer, at: all(match(buffer, at + offset) for offset, match in matches)

    def _zero(self, type: GoType) -> _Match:
        comparable = self._comparables.of(type)
        return self._equals(comparable, comparable(bytes(type.size), 0))

    def _interface(self, type: GoType, written: Constant | Conversion | Composite) -> _Match:
        """An interface that holds WRITTEN: each dynamic type of that name is looked at as the type that it is."""
        if isinstance(written, Constant):
            if written.value is None:
                return lambda buffer, at: self._held(type, buffer, at) is None
            name = _DEFAULT_TYPES[written.value.__class__]
        else:
            name = written.type
        if not name:
            raise _UnfitError(f"{written.text} in an interface needs its type before it")

        def match_of(dynamic: GoType) -> _Match | None:
            try:
                return self.of(dynamic, written) if _spells(name, dynamic, exactly=True) else None
            except _UnfitError:
                return None

        return self._holds(type, match_of)

    def _holds(self, type: GoType, match_of: Callable[[GoType], _Match | None]) -> _Match:
        """An interface that holds what MATCH_OF its dynamic type tells, which is asked once of each such type."""
        known: dict[GoType, _Match | None] = {}

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


def _constant(type: GoType, value: Literal) -> Hashable:
    """What a value of TYPE is that the constant stands for."""
    kind = type.kind
    if kind is Kind.BOOL and isinstance(value, int):
        return bool(value)  # in most of GDB's languages a comparison gives a number
    if isinstance(value, bool):
        fits = False
    elif isinstance(value, bytes):
        fits = kind is Kind.STRING
    elif isinstance(value, int):
        fits = kind.integer or kind in FLOATS or kind in _ADDRESSES
    elif isinstance(value, float):
        fits = kind in FLOATS
    elif isinstance(value, complex):
        fits = kind in _COMPLEX
    else:
        fits, value = kind in _ADDRESSES, 0
    if not fits:
        raise _UnfitError
    if kind is Kind.FLOAT32 and isinstance(value, (int, float)):
        return _float32(value)
    if kind is Kind.COMPLEX64 and isinstance(value, (int, float, complex)):
        return complex(_float32(complex(value).real), _float32(complex(value).imag))
    return value


def _float32(value: float) -> float:
    try:
        rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]  # "f" alone makes an infinity of it
    except OverflowError:
        raise ExpressionError(f"{value} overflows float32, the type of the map's keys") from None
    return rounded


def _fields(type: GoType, written: Composite) -> dict[int, Written]:
    """What a struct's literal gives, by the number of the field: all in a row, or by name."""
    names = [field.name for field in type.fields]
    if not any(name for name, _ in written.items):
        if written.items and len(written.items) != len(names):
            raise _UnfitError(f"{written.text} has {len(written.items)} values, {type.name} has {len(names)} fields")
        return dict(enumerate(value for _, value in written.items))
    given = {}
    for name, value in written.items:
        if name not in names:
            there = ", ".join(field for field in names if field != "_")
            raise _UnfitError(f"{type.name} has no field {name or 'without a name'}; it has {there}")
        given[names.index(name)] = value
    return given


def _indices(type: GoType, written: Composite) -> dict[int, Written]:
    """What an array's literal gives, by index: each stands behind the one before, unless it says where."""
    given: dict[int, Written] = {}
    at = 0
    for index, value in written.items:
        try:
            at = int(index, 0) if index else at
        except ValueError:
            raise _UnfitError(f"{index} is no index of {an(type)}") from None
        if not 0 <= at < type.length:
            raise _UnfitError(f"{written.text} has an element {at}, {type.name} has {type.length}")
        given[at] = value
        at += 1
    return given


def _spells(name: str, type: GoType, exactly: bool = False) -> bool:
    """Whether NAME, as it was written, is that type's: whole, or as Go prints it, with packages' names for paths.

    EXACTLY: the package may not be left out, and neither may all of it.
    """
    if type.kind is Kind.ARRAY:
        name = name.replace("[...]", f"[{type.length}]", 1)
    spellings: Sequence[str] = (type.name, shown_name(type.name))
    if not exactly:
        spellings = (*spellings, type.name.rpartition("/")[2].rpartition(".")[2], "")
    return _plain(name) in map(_plain, spellings)


def _plain(name: str) -> str:
    """NAME without blanks and aliases."""
    for alias, type in _ALIASES:
        name = alias.sub(type, name)
    return _BLANK.sub("", name)
