"""Values as JSON can carry them.

========================  ==============================================================================
bool, integers            themselves
floats                    themselves; ``"NaN"``, ``"+Inf"``, ``"-Inf"``
complex numbers           a list of two floats
strings                   themselves; a byte that is not UTF-8 as ``\\xff``
func                      its function's symbol; the address where there is none
pointers, chans           ``"0xc000012345"``
slices, arrays            a list
maps                      a list of [key, element]
structs                   an object by field names, without blank fields
interfaces                ``{"type": "int", "value": 5}``
nil of any kind           null
cut strings               ``{"cut": "the first of it", "bytes": 1048576}``
cut slices, arrays, maps  ``{"cut": [1, 2], "more": 998}``
what nests too deep       ``{"cut": null}``
what cannot be shown      ``{"error": "unreadable 0x1234"}``
========================  ==============================================================================
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from gomap.language.numbers import FLOATS, float64_text
from gomap.language.references import Contents, Items, UnshownError, unreadable
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError

__all__ = ["Plain", "PlainValues"]

#: The plain value of the value at an offset in a buffer.
Plain = Callable[[bytes, int], Any]

_TOO_DEEP = {"cut": None}


class PlainValues:
    """Makes plain values; what depends on the type alone is done once per type."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._made: dict[GoType, Plain] = {}
        self._compile: dict[Kind, Callable[[GoType], Plain]] = {
            Kind.BOOL: self._bool,
            Kind.FLOAT32: self._float,
            Kind.FLOAT64: self._float,
            Kind.COMPLEX64: self._complex,
            Kind.COMPLEX128: self._complex,
            Kind.ARRAY: self._array,
            Kind.CHAN: self._pointer,
            Kind.FUNC: self._func,
            Kind.INTERFACE: self._interface,
            Kind.MAP: self._map,
            Kind.POINTER: self._pointer,
            Kind.SLICE: self._slice,
            Kind.STRING: self._string,
            Kind.STRUCT: self._struct,
            Kind.UNSAFE_POINTER: self._pointer,
        }

    def of(self, type: GoType) -> Plain:
        """What makes the plain value of a value of that type."""
        found = self._made.get(type)
        if found is None:
            try:
                found = self._guarded(self._compile.get(type.kind, self._integer)(type))
            except (LayoutError, ReadError) as error:
                failed = _error(error)
                return lambda buffer, offset: failed
            self._made[type] = found
        return found

    def _guarded(self, inner: Plain) -> Plain:
        def plain(buffer: bytes, offset: int) -> Any:
            try:
                return inner(buffer, offset)
            except (UnshownError, LayoutError, ReadError) as reason:
                return _error(reason)

        return plain

    def _bool(self, type: GoType) -> Plain:
        return lambda buffer, offset: buffer[offset] != 0

    def _integer(self, type: GoType) -> Plain:
        size, signed = type.size, type.kind.signed
        order = self._contents.byte_order
        return lambda buffer, offset: int.from_bytes(buffer[offset : offset + size], order, signed=signed)

    def _float(self, type: GoType) -> Plain:
        unpack = struct.Struct(self._contents.order + FLOATS[type.kind]).unpack_from
        return lambda buffer, offset: _number(unpack(buffer, offset)[0])

    def _complex(self, type: GoType) -> Plain:
        unpack = struct.Struct(self._contents.order + FLOATS[type.kind]).unpack_from
        return lambda buffer, offset: [_number(part) for part in unpack(buffer, offset)]

    def _string(self, type: GoType) -> Plain:
        def plain(buffer: bytes, offset: int) -> Any:
            body, length = self._contents.string(buffer, offset)
            text = body.decode("utf-8", "backslashreplace")
            return text if len(body) == length else {"cut": text, "bytes": length}

        return plain

    def _pointer(self, type: GoType) -> Plain:
        def plain(buffer: bytes, offset: int) -> Any:
            address = self._contents.pointer(buffer, offset)
            return hex(address) if address else None

        return plain

    def _func(self, type: GoType) -> Plain:
        def plain(buffer: bytes, offset: int) -> Any:
            address, symbol = self._contents.function(buffer, offset)
            return (symbol or hex(address)) if address else None

        return plain

    def _array(self, type: GoType) -> Plain:
        item = self.of(type.elem)
        return self._nested(lambda buffer, offset: _list(self._contents.array(type, buffer, offset), item))

    def _slice(self, type: GoType) -> Plain:
        def plain(buffer: bytes, offset: int) -> Any:
            items = self._contents.slice(type, buffer, offset)
            return None if items is None else _list(items, self.of(type.elem))

        return self._nested(plain)

    def _struct(self, type: GoType) -> Plain:
        fields = [(field.name, field.offset, self.of(field.type)) for field in type.fields if field.name != "_"]
        return self._nested(
            lambda buffer, offset: {name: field(buffer, offset + at) for name, at, field in fields},
        )

    def _map(self, type: GoType) -> Plain:
        def plain(buffer: bytes, offset: int) -> Any:
            opened = self._contents.map(type, buffer, offset)
            if isinstance(opened, int):
                return hex(opened) if opened else None
            key, elem = self.of(opened.key), self.of(opened.elem)
            pairs: list[Any] = []
            for entry in self._contents.entries(opened):
                if isinstance(entry, tuple):
                    pairs.append([_cell(entry[0], key), _cell(entry[1], elem)])
                else:
                    pairs.append({"error": entry.text})
            more = self._contents.more_entries(opened)
            return {"cut": pairs, "more": more} if more else pairs

        return self._nested(plain)

    def _interface(self, type: GoType) -> Plain:
        def plain(buffer: bytes, offset: int) -> Any:
            held = self._contents.held(type, buffer, offset)
            if held is None:
                return None
            return {"type": held.type.name, "value": self.of(held.type)(held.buffer, held.offset)}

        return plain

    def _nested(self, inner: Plain) -> Plain:
        enter, leave = self._contents.enter, self._contents.leave

        def plain(buffer: bytes, offset: int) -> Any:
            if not enter():
                return dict(_TOO_DEEP)
            try:
                return inner(buffer, offset)
            finally:
                leave()

        return plain


def _list(items: Items, item: Plain) -> Any:
    parts = [item(items.buffer, offset) for offset in items.offsets]
    if items.failed is not None:
        parts.append(_error(items.failed))
    return {"cut": parts, "more": items.more} if items.more else parts


def _cell(cell: tuple[bytes, int, int] | ReadError, plain: Plain) -> Any:
    return _error(cell) if isinstance(cell, ReadError) else plain(cell[0], cell[1])


def _error(reason: Exception) -> Any:
    return {"error": unreadable(reason) if isinstance(reason, ReadError) else str(reason)}


def _number(number: float) -> float | str:
    return number if number - number == 0 else float64_text(number)
