"""A key that a person wrote as the bytes that the program would have of it, so that it can be hashed as there.

A string's bytes, and what an interface holds, are elsewhere than the key: here in a piece of memory of gomap's own,
which the program seems to have where nothing can be mapped (below mmap_min_addr, 64 KiB).
"""

from __future__ import annotations

import copy
import struct
from collections.abc import Callable, Iterable

from gomap.expressions.fitting import DEFAULT_TYPES, ByForm, UnfitError, constant, fields, indices, spells
from gomap.expressions.go_values import ExpressionError, GoValue
from gomap.expressions.written import Composite, Constant, Conversion
from gomap.goruntime.rtype import RuntimeTypes, runtime_types
from gomap.hashing import KeyHasher, hash_state
from gomap.language.numbers import FLOATS
from gomap.maps.hashers import makes_hashers
from gomap.program.gotypes import GoType, Kind
from gomap.program.memory import Memory, ReadError
from gomap.program.program import Program

__all__ = ["KeyBytes"]

#: Where gomap's own memory seems to be: from the first address, which is no nil pointer, up to the last.
_FIRST, _END = 16, 1 << 16


class KeyBytes(ByForm[bytes]):
    """Makes keys, and what hashes them.

    Args:
        program: in which the keys seem to be.
        held: types that interfaces in the map hold, for those that the debug information does not name so.
    """

    def __init__(self, program: Program, held: Callable[[], Iterable[GoType]]) -> None:
        self._program = program
        self._held_types = held
        self._own = _OwnMemory(program.memory, program.pointer_size)
        self._types = _OwnTypes(program)
        self._order = program.byte_order
        self._sign = "<" if program.byte_order == "little" else ">"

    def hasher(self, map_type: GoType, key: GoType) -> KeyHasher:
        """What hashes such keys in maps of MAP_TYPE, those that were written too. Raises LayoutError, ReadError."""
        shadow = copy.copy(self._program)
        shadow.memory = self._own
        return makes_hashers(self._program, map_type)(hash_state(self._program), shadow, self._types, key)

    def _constant(self, type: GoType, written: Constant) -> bytes:
        value, size = constant(type, written.value), type.size
        if isinstance(value, bytes):
            return self._word(self._own.put(value)) + self._word(len(value))
        if type.kind in FLOATS:
            assert isinstance(value, (int, float, complex))
            number = complex(value)
            parts = (number.real, number.imag)[: len(FLOATS[type.kind])]
            return struct.pack(self._sign + FLOATS[type.kind], *parts)
        assert isinstance(value, int)
        try:
            return value.to_bytes(size, self._order, signed=type.kind.signed)
        except OverflowError:
            raise UnfitError(f"{written.text} overflows {type.name}") from None

    def _value(self, type: GoType, key: GoValue) -> bytes:
        if type.kind is Kind.INTERFACE and key.type.kind is not Kind.INTERFACE:
            return self._held(key.type, key.read())
        if type.kind.integer and key.type.kind.integer:
            number = key.integer(signed=key.type.kind.signed)
            return self._constant(type, Constant(key.text, number))
        if type.name != key.type.name:
            raise UnfitError(f"{key.text} is of type {key.type.name}")
        return key.read()

    def _composite(self, type: GoType, written: Composite) -> bytes:
        if type.kind not in (Kind.STRUCT, Kind.ARRAY) or not spells(written.type, type):
            raise UnfitError(f"{written.text} is of another type" if written.type else "")
        if type.kind is Kind.STRUCT:
            places = [(field.offset, field.type) for field in type.fields]
            given = fields(type, written)
        else:
            given = indices(type, written)
            places = [(at * type.elem.size, type.elem) for at in range(max(given, default=-1) + 1)]
        data = bytearray(type.size)
        for number, value in given.items():
            offset, part = places[number]
            data[offset : offset + part.size] = self.of(part, value)
        return bytes(data)

    def _interface(self, type: GoType, written: Constant | Conversion | Composite) -> bytes:
        if isinstance(written, Constant):
            if written.value is None:
                return bytes(type.size)
            name = DEFAULT_TYPES[written.value.__class__]
        else:
            name = written.type
        if not name:
            raise UnfitError(f"{written.text} in an interface needs its type before it")
        found = self._program.type_named(name) or next(
            (held for held in self._held_types() if spells(name, held, exactly=True)), None
        )
        if found is None:
            raise ExpressionError(
                f"{written.text}: the debug information has no type {name}; spelled in full, with its package's path?"
            )
        return self._held(found, self.of(found, written))

    def _held(self, type: GoType, data: bytes) -> bytes:
        """An interface that holds DATA: a word that stands for the type, and the address of the data."""
        descriptor = self._own.put(bytes(1))
        self._types.put(descriptor, type)
        return self._word(descriptor) + self._word(self._own.put(data))

    def _word(self, number: int) -> bytes:
        return number.to_bytes(self._program.pointer_size, self._order)


class _OwnMemory(Memory):
    """The program's memory with gomap's own in front of it."""

    def __init__(self, under: Memory, pointer_size: int) -> None:
        super().__init__(under.read, pointer_size)
        self._under = under
        self._own = bytearray(_FIRST)

    def put(self, data: bytes) -> int:
        """The address that DATA has from now on. Raises ExpressionError where there is no more room."""
        address = len(self._own)
        if address + len(data) >= _END:
            raise ExpressionError(f"a key of more than {_END} bytes is too long to be written")
        self._own += data or bytes(1)
        return address

    def read(self, address: int, length: int) -> bytes:
        if not _FIRST <= address < _END:
            return self._under.read(address, length)
        if address + length > len(self._own):
            raise ReadError(address, length)
        return bytes(self._own[address : address + length])


class _OwnTypes(RuntimeTypes):
    """The program's types, and those of what was written; none of the latter is its own data word."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._under = runtime_types(program)
        self._own: dict[int, GoType] = {}

    def put(self, address: int, type: GoType) -> None:
        """A descriptor of TYPE seems to be at ADDRESS from now on."""
        self._own[address] = type

    def at(self, address: int) -> GoType:
        return self._own.get(address) or self._under.at(address)

    def is_direct(self, address: int) -> bool:
        return address not in self._own and self._under.is_direct(address)

    def in_itab(self, address: int) -> int:
        return address if address in self._own else self._under.in_itab(address)
