"""A Target without a debugger: bytes at addresses, and the types, variables and symbols that a test says there are."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from gomap.program.gotypes import Field, GoType, Kind
from gomap.program.mapped_files import MappedFile
from gomap.program.memory import Memory, ReadError
from gomap.program.signals import Signal
from gomap.program.target import Symbol, Thread

__all__ = ["Image", "array_of", "basic", "pointer_to", "slice_of", "string_type", "struct_of"]

_SIZES = {
    Kind.BOOL: 1,
    Kind.INT8: 1,
    Kind.INT16: 2,
    Kind.INT32: 4,
    Kind.INT64: 8,
    Kind.UINT8: 1,
    Kind.UINT16: 2,
    Kind.UINT32: 4,
    Kind.UINT64: 8,
    Kind.FLOAT32: 4,
    Kind.FLOAT64: 8,
    Kind.COMPLEX64: 8,
    Kind.COMPLEX128: 16,
}


class Image:
    """Memory made of SEGMENTS (bytes by the address that they start at); all the rest cannot be read.

    Args:
        segments: they must not overlap; those that touch read as one.
        types: what type_named finds, each under its own name.
        variables: name, address and type of each package variable.
        symbols: functions and package variables by address.
        architecture: as GOARCH names it; without it amd64 or 386, by the size of a pointer.
        threads: where the threads stand.

    Attributes:
        files: what mapped_files says.
    """

    def __init__(
        self,
        segments: Mapping[int, bytes],
        *,
        pointer_size: int = 8,
        byte_order: Literal["little", "big"] = "little",
        architecture: str = "",
        threads: Iterable[Thread] = (),
        types: Iterable[GoType] = (),
        variables: Iterable[tuple[str, int, GoType]] = (),
        symbols: Iterable[Symbol] = (),
    ) -> None:
        self.pointer_size = pointer_size
        self.byte_order: Literal["little", "big"] = byte_order
        self.architecture = architecture or ("amd64" if pointer_size == 8 else "386")
        self.other_build: str | None = None
        self.signal: Signal | None = None
        self._threads = list(threads)
        self.files: Sequence[MappedFile] = ()
        self.memory = Memory(self._read, pointer_size)
        self._types = {type.name: type for type in types}
        self._variables = {name: (address, type) for name, address, type in variables}
        self._symbols = sorted(symbols, key=lambda symbol: symbol.address)
        self._segments: list[tuple[int, bytearray]] = []
        for start, content in sorted(segments.items()):
            if self._segments and self._end_of_last() > start:
                raise ValueError(f"segment at {start:#x} overlaps the one before it")
            if self._segments and self._end_of_last() == start:
                self._segments[-1][1].extend(content)
            else:
                self._segments.append((start, bytearray(content)))

    def write(self, address: int, content: bytes) -> None:
        """Put CONTENT at ADDRESS, which must lie in a segment, and have it seen by the next read."""
        start, segment = self._segment(address, len(content))
        segment[address - start : address - start + len(content)] = content
        self.memory.clear()

    def word(self, value: int) -> bytes:
        """VALUE as the target stores an integer of a pointer's size."""
        return (value % (1 << 8 * self.pointer_size)).to_bytes(self.pointer_size, self.byte_order)

    def type_named(self, name: str) -> GoType | None:
        return self._types.get(name)

    @property
    def variable_names(self) -> list[str]:
        return sorted(self._variables)

    def variables(self) -> Iterator[tuple[str, int, GoType]]:
        return ((name, *self._variables[name]) for name in self.variable_names)

    def threads(self) -> list[Thread]:
        return self._threads

    def mapped_files(self) -> Sequence[MappedFile]:
        return self.files

    def variable(self, name: str) -> tuple[int, GoType] | None:
        return self._variables.get(name)

    def constant(self, name: str) -> int | None:
        return None

    def symbol_at(self, address: int) -> Symbol | None:
        place = bisect.bisect_right(self._symbols, address, key=lambda symbol: symbol.address)
        if place == 0:
            return None
        symbol = self._symbols[place - 1]
        return symbol if address < symbol.address + symbol.size else None

    def _read(self, address: int, length: int) -> bytes:
        start, segment = self._segment(address, length)
        return bytes(segment[address - start : address - start + length])

    def _segment(self, address: int, length: int) -> tuple[int, bytearray]:
        place = bisect.bisect_right(self._segments, address, key=lambda segment: segment[0])
        if place:
            start, segment = self._segments[place - 1]
            if address + length <= start + len(segment):
                return start, segment
        raise ReadError(address, length)

    def _end_of_last(self) -> int:
        start, content = self._segments[-1]
        return start + len(content)


def basic(kind: Kind, name: str = "", *, pointer_size: int = 8) -> GoType:
    """A type of a numeric kind, or bool; a NAME makes it a named one (``main.Color``)."""
    return GoType(kind, _SIZES.get(kind, pointer_size), name or kind.value)


def string_type(name: str = "string", *, pointer_size: int = 8) -> GoType:
    """A string type, its header's fields named as the runtime names them."""
    fields = (
        Field("str", pointer_to(basic(Kind.UINT8), pointer_size=pointer_size), 0),
        Field("len", basic(Kind.INT, pointer_size=pointer_size), pointer_size),
    )
    return GoType(Kind.STRING, 2 * pointer_size, name, fields=fields)


def slice_of(elem: GoType, name: str = "", *, pointer_size: int = 8) -> GoType:
    """A slice type."""
    word = basic(Kind.INT, pointer_size=pointer_size)
    fields = (
        Field("array", pointer_to(elem, pointer_size=pointer_size), 0),
        Field("len", word, pointer_size),
        Field("cap", word, 2 * pointer_size),
    )
    return GoType(Kind.SLICE, 3 * pointer_size, name or f"[]{elem.name}", fields=fields, elem=elem)


def pointer_to(elem: GoType, name: str = "", *, pointer_size: int = 8) -> GoType:
    """A pointer type."""
    return GoType(Kind.POINTER, pointer_size, name or f"*{elem.name}", elem=elem)


def array_of(length: int, elem: GoType, name: str = "") -> GoType:
    """An array type."""
    return GoType(Kind.ARRAY, length * elem.size, name or f"[{length}]{elem.name}", elem=elem, length=length)


def struct_of(name: str, *fields: tuple[str, GoType, int], size: int | None = None) -> GoType:
    """A struct of fields given as name, type and offset; without SIZE it ends where its last field does."""
    there = tuple(Field(*field) for field in fields)
    if size is None:
        size = max((field.offset + field.type.size for field in there), default=0)
    return GoType(Kind.STRUCT, size, name, fields=there)
