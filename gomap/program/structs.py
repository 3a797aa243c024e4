"""Numbers out of the program's structs: integers, bools and pointers, by the names of their fields.

Where the fields are comes from the binary's own debug information, so a field may move, grow or be wrapped
(``atomic.Uint32``, ``mSpanStateBox``) from one Go version to the next without anybody having to know.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple

from gomap.program.gotypes import Field, GoType, Kind, LayoutError
from gomap.program.memory import Memory
from gomap.program.target import Target

__all__ = ["Fields", "Struct", "named_type", "type_if_any", "variable"]

_FORMATS = {1: "B", 2: "H", 4: "I", 8: "Q"}
#: Kinds that are no integers and yet a number: an address, a flag.
_NUMBERS = {Kind.BOOL, Kind.POINTER, Kind.UNSAFE_POINTER}
#: Items of a slice beyond which its length is taken for wild.
_MOST_ITEMS = 1 << 14


def variable(target: Target, name: str) -> tuple[int, GoType]:
    """Address and type of one of the runtime's variables. Raises LayoutError where there is none."""
    found = target.variable(name)
    if found is None:
        raise LayoutError(
            f"{name} was not found: where there is no debug information it is known only once the program has begun to "
            "run; or this is no Go program"
        )
    return found


def type_if_any(target: Target, names: Sequence[str]) -> GoType | None:
    """The type of the first of NAMES that is one in this program: a type's names in several Go versions."""
    return next(filter(None, map(target.type_named, names)), None)


def named_type(target: Target, names: Sequence[str], hint: str = "") -> GoType:
    """The type of the first of NAMES that is one. Raises LayoutError where none is; HINT: at what that means."""
    found = type_if_any(target, names)
    if found is None:
        raise LayoutError(f"the debug information has no {' or '.join(names)}{hint}")
    return found


class _Place(NamedTuple):
    """Where a number is in its struct, in bytes."""

    offset: int
    size: int


class Struct:
    """A struct of the program's; a slice or string (their headers) will do as well.

    Args:
        type: its type.
        target: the program.
        required: fields that it must have. Raises LayoutError where one is missing.

    Attributes:
        type: as given.
        size: bytes that it takes.
    """

    def __init__(self, type: GoType, target: Target, required: Sequence[str] = ()) -> None:
        self.type = type
        self.size = type.size
        self._target = target
        there = {field.name for field in self.numbers}
        missing = [name for name in required if name not in there]
        if missing:
            found = ", ".join(field.name for field in type.fields) or "none"
            raise LayoutError(
                f"{type.name} is laid out in a way that gomap does not know: "
                f"expected field{'s' * (len(missing) > 1)} {', '.join(missing)}; found {found}"
            )

    @cached_property
    def numbers(self) -> list[Field]:
        """The fields that are numbers."""
        return [field for field in self.type.fields if field.type.kind.integer or field.type.kind in _NUMBERS]

    @cached_property
    def _number_places(self) -> list[tuple[str, int, int, bool]]:
        """Of each number its name, from where to where it is, and whether it is signed."""
        return [
            (field.name, field.offset, field.offset + field.type.size, field.type.kind.signed) for field in self.numbers
        ]

    def read(self, address: int) -> dict[str, int]:
        """Every number of the struct at ADDRESS by its field's name, signed as its type is. Raises ReadError."""
        data, order = self._target.memory.read(address, self.size), self._target.byte_order
        number = int.from_bytes
        return {name: number(data[start:end], order, signed=signed) for name, start, end, signed in self._number_places}

    def some(self, *paths: str) -> Fields:
        """What reads the numbers that two or more PATHS lead to (``spanclass``, ``stack.lo``), fast, all as unsigned.

        Raises LayoutError if one of them is not there or is no number.
        """
        return Fields([_place(self.type, path) for path in paths], self._target)

    def __contains__(self, name: str) -> bool:
        return name in self._spelled

    def number(self, buffer: bytes, *names: str, at: int = 0) -> int:
        """The number in the field of the first of NAMES that is there; the struct is at AT in BUFFER.

        Names are spelled as all versions of Go would: ``size`` finds ``Size_`` as well.
        """
        field = self.field(*names)
        start = at + field.offset
        number = buffer[start : start + min(field.type.size, self._target.pointer_size)]
        return int.from_bytes(number, self._target.byte_order, signed=field.type.kind.signed)

    def items(self, buffer: bytes, *names: str) -> Iterator[tuple[Struct, bytes, int]]:
        """Each item of a slice of structs: its struct, and where in which bytes it is. Raises ReadError."""
        field = self.field(*names)
        header = Struct(field.type, self._target)
        start = header.number(buffer, "array", at=field.offset)
        length = header.number(buffer, "len", at=field.offset)
        if not 0 <= length <= _MOST_ITEMS:
            raise LayoutError(f"no type: {length} {field.name} in its {self.type.name}")
        item = Struct(field.type.elem, self._target)
        items = self._target.memory.read(start, length * item.size)
        return ((item, items, number * item.size) for number in range(length))

    @cached_property
    def _spelled(self) -> dict[str, Field]:
        return {field.name.rstrip("_").lower(): field for field in self.type.fields}

    def field(self, *names: str) -> Field:
        """The field of the first of NAMES that is there, spelled as for ``number``. Raises LayoutError."""
        found = next((self._spelled[name] for name in names if name in self._spelled), None)
        if found is None:
            there = ", ".join(field.name for field in self.type.fields) or "none"
            raise LayoutError(f"{self.type.name} has no field {' or '.join(names)}; its fields are: {there}")
        return found


class Fields:
    """Some numbers of a struct, read in one go. Made by Struct.some.

    Attributes:
        start: offset of the lowest of them.
        size: bytes from there to the end of the highest.
    """

    def __init__(self, places: Sequence[_Place], target: Target) -> None:
        ascending = sorted(range(len(places)), key=lambda number: places[number])
        layout = "<" if target.byte_order == "little" else ">"
        self.start = end = places[ascending[0]].offset
        for number in ascending:
            offset, size = places[number]
            layout += f"{offset - end}x{_FORMATS[size]}"
            end = offset + size
        self.size = end - self.start
        self._unpack = struct.Struct(layout).unpack
        self._reorder = itemgetter(*(ascending.index(number) for number in range(len(places))))

    def read(self, memory: Memory, address: int) -> tuple[int, ...]:
        """The numbers of the struct at ADDRESS, in the order of their paths. Raises ReadError."""
        numbers: tuple[int, ...] = self._reorder(self._unpack(memory.read(address + self.start, self.size)))
        return numbers


def _place(type: GoType, path: str) -> _Place:
    """Where the number is that PATH leads to."""
    offset, at = 0, type
    for name in path.split("."):
        field = at.field(name)
        offset, at = offset + field.offset, field.type
    while at.kind is Kind.STRUCT:  # a number in a box: descend through all that has a size
        inside = [field for field in at.fields if field.type.size]
        if len(inside) != 1:
            break
        offset, at = offset + inside[0].offset, inside[0].type
    if at.kind in (Kind.STRUCT, Kind.ARRAY) or at.size not in _FORMATS:
        raise LayoutError(f"{type}.{path} is expected to be a number, and is a {at.kind.value} of {at.size} bytes")
    return _Place(offset, at.size)
