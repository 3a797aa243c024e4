"""Go's == on values in the program's memory: each becomes a Python value that is equal where Go finds the values equal.

Strings are what they hold, +0 and -0 are alike, NaN equals nothing, itself included; structs are compared without their
blank fields. Interfaces are equal if they hold equal values of one type, and types are one if their descriptors are:
several functions may each have a type of the same name.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Hashable, Sequence

from gomap.goruntime.rtype import RuntimeTypes
from gomap.language.numbers import FLOATS
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = ["Comparable", "Comparables"]

#: What is equal to the value at an offset of a buffer, and to all that are. Raises ReadError, LayoutError.
Comparable = Callable[[bytes, int], Hashable]

_INCOMPARABLE = {Kind.SLICE, Kind.MAP, Kind.FUNC}
#: A longer string is taken for a wild length.
_LONGEST = 1 << 30
#: Interfaces within one another, and bytes that all of them together hold: damaged ones may hold themselves.
_DEEPEST, _MOST_HELD = 50, 1 << 22


class Comparables:
    """Makes values of the program comparable.

    Args:
        target: the program.
        types: of what interfaces hold.
    """

    def __init__(self, target: Target, types: RuntimeTypes) -> None:
        self._memory = target.memory
        self._types = types
        self._order = target.byte_order
        self._sign = "<" if target.byte_order == "little" else ">"
        self._word = target.pointer_size
        self._known: dict[GoType, Comparable] = {}
        self._depth = self._held = 0

    def of(self, type: GoType) -> Comparable:
        """What makes values of TYPE comparable. Raises LayoutError if Go does not compare such values."""
        if type not in self._known:
            self._known[type] = self._made(type)
        return self._known[type]

    def _made(self, type: GoType) -> Comparable:
        kind = type.kind
        if kind is Kind.STRING:
            return self._string
        if kind is Kind.STRUCT:
            return self._parts([(field.offset, field.type) for field in type.fields if field.name != "_"])
        if kind is Kind.ARRAY:
            length = type.length if type.elem.size else 0  # of nothings one is like the other
            return self._parts([(index * type.elem.size, type.elem) for index in range(length)])
        if kind is Kind.INTERFACE:
            return self._interface(with_methods=type.find("tab") is not None)
        if kind in FLOATS:
            # A float is a complex number too, and equal to the float that it is.
            unpack = struct.Struct(self._sign + FLOATS[kind]).unpack_from
            return lambda buffer, at: complex(*unpack(buffer, at))
        if kind in _INCOMPARABLE:
            raise LayoutError(f"{type.name} is no type whose values can be compared")
        size, order, signed = type.size, self._order, kind.signed
        return lambda buffer, at: int.from_bytes(buffer[at : at + size], order, signed=signed)

    def _string(self, buffer: bytes, at: int) -> Hashable:
        return self._read(self._pointer(buffer, at), self._pointer(buffer, at + self._word))

    def _parts(self, parts: Sequence[tuple[int, GoType]]) -> Comparable:
        each = [(offset, self.of(type)) for offset, type in parts]
        return lambda buffer, at: tuple([part(buffer, at + offset) for offset, part in each])

    def _interface(self, with_methods: bool) -> Comparable:
        def comparable(buffer: bytes, at: int) -> Hashable:
            word, data = self._pointer(buffer, at), at + self._word
            if word == 0:
                return None
            descriptor = self._types.in_itab(word) if with_methods else word
            type = self._types.at(descriptor)
            self._held = type.size + (self._held if self._depth else 0)
            if self._depth == _DEEPEST or self._held > _MOST_HELD:
                raise LayoutError(f"what the interface holds, a {type.name}, is too much to be compared")
            self._depth += 1
            try:
                if not self._types.is_direct(descriptor):
                    buffer, data = self._read(self._pointer(buffer, data), type.size), 0
                elif type.size > self._word:
                    raise LayoutError(f"a {type.name} of {type.size} bytes in one word of an interface")
                return descriptor, self.of(type)(buffer, data)
            finally:
                self._depth -= 1

        return comparable

    def _pointer(self, buffer: bytes, at: int) -> int:
        return int.from_bytes(buffer[at : at + self._word], self._order)

    def _read(self, address: int, length: int) -> bytes:
        if length > _LONGEST:
            raise ReadError(address, length)
        return self._memory.read(address, length)
