"""Keys as a person writes them, and the entry of a map that has one of them.

Keys are compared as Go's == compares them: strings by what they hold, +0 and -0 alike, NaN with nothing, interfaces by
dynamic type and value, structs without their blank fields. A written key is found by looking at every entry: nothing
is hashed, so that a misplaced key is found too.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Hashable
from typing import Union

from gomap.expressions.go_values import ExpressionError, GoValue, dynamic, in_memory, temporary
from gomap.language.numbers import FLOATS
from gomap.maps.model import Cell, Entry, GoMap, Note
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["Key", "Literal", "element", "literal"]

#: A Go constant: a string is bytes, nil is None.
Literal = Union[bytes, int, float, None]
Key = Union[Literal, GoValue]
_Read = Callable[[bytes, int], Hashable]

_ADDRESSES = {Kind.POINTER, Kind.CHAN, Kind.UNSAFE_POINTER}
#: A longer key is taken for a wild length.
_LONGEST = 1 << 30

_NUMBER = re.compile(r"[+-]?(0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|[\d_]*\.?[\d_]+(?:[eE][+-]?\d+)?)$")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"$', re.DOTALL)
_RUNE = re.compile(r"'([^'\\]|\\[^']+|\\')'$")
_ESCAPE = re.compile(r"\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|[abfnrtv\\'\"])")
_CONTROLS = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}


def literal(text: str) -> Literal:
    """The Go constant that TEXT spells. Raises ValueError if it spells none."""
    if text in ("true", "false", "nil"):
        return {"true": True, "false": False, "nil": None}[text]
    if len(text) > 1 and text[0] == text[-1] == "`":
        return text[1:-1].encode()
    string, rune = _STRING.match(text), _RUNE.match(text)
    if string is not None:
        return _unescaped(string[1])
    if rune is not None:
        character = _unescaped(rune[1]).decode()
        if len(character) == 1:
            return ord(character)
    if _NUMBER.match(text):
        try:
            return int(text, 0)
        except ValueError:
            return float(text)
    raise ValueError(text)


def element(program: Program, map: GoMap, text: str, key: Key) -> GoValue | None:
    """The element of MAP under KEY, to be called TEXT; None if it has no such key.

    Raises ExpressionError if the map can have no such key, where the element cannot be read, and where the key is not
    found but part of the map cannot be read either.
    """
    reader = _Reader(program)
    try:
        wanted = reader.of_value(map.key, key) if isinstance(key, GoValue) else reader.of_literal(map.key, key)
    except ExpressionError as error:
        raise ExpressionError(f"{text}: {error}") from None
    entry = _entry(map, reader.of_type(map.key), wanted)
    if entry is None:
        return None
    if isinstance(entry, Note):
        raise ExpressionError(f"{text}: no such key in what can be read of the map: {entry.text}")
    if isinstance(entry.elem, ReadError):
        raise ExpressionError(f"{text}: {entry.elem}")
    return in_memory(program, map.elem, text, entry.elem.address)


def _entry(map: GoMap, read: _Read, wanted: Hashable) -> Entry | Note | None:
    """The entry with the key WANTED; without one, what first is wrong with the map: the key may be behind it."""
    wrong: Note | None = None
    for entry in map.entries():
        if isinstance(entry, Note):
            wrong = wrong or entry
            continue
        if not isinstance(entry.key, Cell):
            continue
        try:
            if read(entry.key.buffer, entry.key.offset) == wanted:
                return entry
        except (ReadError, LayoutError, ExpressionError):
            continue  # a key that cannot be read is not the one
    return wrong


class _Reader:
    """Turns keys into Python values that are equal where Go's == finds the keys equal."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._order = "<" if program.byte_order == "little" else ">"

    def of_literal(self, type: GoType, key: Literal) -> Hashable:
        kind = type.kind
        if kind is Kind.INTERFACE:
            if key is None:
                return None
            default = {bytes: "string", bool: "bool", int: "int", float: "float64"}
            return default[key.__class__], key
        if kind is Kind.BOOL and isinstance(key, int):
            return bool(key)  # in most of GDB's languages a comparison gives a number
        if isinstance(key, bool):
            fits = False
        elif isinstance(key, bytes):
            fits = kind is Kind.STRING
        elif isinstance(key, int):
            fits = kind.integer or kind in FLOATS or kind in _ADDRESSES
        elif isinstance(key, float):
            fits = kind in FLOATS
        else:
            fits, key = kind in _ADDRESSES, 0
        if not fits:
            raise ExpressionError(f"not a key of this map: its keys are of type {type.name}")
        if kind is Kind.FLOAT32 and isinstance(key, (int, float)):
            try:
                rounded: float = struct.unpack("<f", struct.pack("<f", key))[0]  # "f" alone makes an infinity of it
                return rounded
            except OverflowError:
                raise ExpressionError(f"{key} overflows float32, the type of the map's keys") from None
        return key

    def of_value(self, type: GoType, key: GoValue) -> Hashable:
        value: Hashable = self.of_type(key.type)(key.read(), 0)
        if type.kind is Kind.INTERFACE:
            return value if key.type.kind is Kind.INTERFACE else (key.type.name, value)
        if type.name != key.type.name and not (type.kind.integer and key.type.kind.integer):
            raise ExpressionError(f"{key.text} is of type {key.type.name}, the map's keys are of type {type.name}")
        return value

    def of_type(self, type: GoType) -> _Read:
        kind = type.kind
        if kind is Kind.STRING:
            return self._string()
        if kind is Kind.STRUCT:
            return self._parts([(field.offset, field.type) for field in type.fields if field.name != "_"])
        if kind is Kind.ARRAY:
            return self._parts([(index * type.elem.size, type.elem) for index in range(type.length)])
        if kind is Kind.INTERFACE:
            return self._interface(type)
        if kind in FLOATS:
            return self._floats(FLOATS[kind])
        size, order, signed = type.size, self._program.byte_order, kind.signed
        return lambda buffer, at: int.from_bytes(buffer[at : at + size], order, signed=signed)

    def _floats(self, format: str) -> _Read:
        # A float is a complex number too, and equal to the float that it is.
        unpack = struct.Struct(self._order + format).unpack_from
        return lambda buffer, at: complex(*unpack(buffer, at))

    def _string(self) -> _Read:
        unpack = struct.Struct(self._order + ("QQ" if self._program.pointer_size == 8 else "II")).unpack_from
        memory = self._program.memory

        def read(buffer: bytes, at: int) -> Hashable:
            address, length = unpack(buffer, at)
            if length > _LONGEST:
                raise ReadError(address, length)
            return memory.read(address, length)

        return read

    def _parts(self, parts: list[tuple[int, GoType]]) -> _Read:
        readers = [(offset, self.of_type(type)) for offset, type in parts]
        return lambda buffer, at: tuple(read(buffer, at + offset) for offset, read in readers)

    def _interface(self, type: GoType) -> _Read:
        def read(buffer: bytes, at: int) -> Hashable:
            whole = temporary(self._program, type, "the key", buffer[at : at + type.size])
            inner = dynamic(whole)
            if inner is None:
                return None
            return inner.type.name, self.of_type(inner.type)(inner.read(), 0)

        return read


def _unescaped(text: str) -> bytes:
    """The bytes that the inside of a Go string literal stands for."""
    pieces, at = [], 0
    for escape in _ESCAPE.finditer(text):
        pieces.append(text[at : escape.start()].encode())
        code = escape[1]
        if code[0] in "uU":
            pieces.append(chr(int(code[1:], 16)).encode())
        elif code[0] == "x":
            pieces.append(bytes([int(code[1:], 16)]))
        elif len(code) == 3:
            pieces.append(bytes([int(code, 8) & 0xFF]))
        else:
            pieces.append(bytes([_CONTROLS.get(code, ord(code))]))
        at = escape.end()
    rest = text[at:]
    return b"".join([*pieces, rest.encode()])
