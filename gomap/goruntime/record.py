"""Some fields of one of the runtime's structs, read in one go.

Where the fields are comes from the binary's own debug information, so a field may move, grow or be wrapped
(``atomic.Uint32``, ``mSpanStateBox``) from one Go version to the next without anybody having to know.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from operator import itemgetter
from typing import Literal

from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import Memory
from gomap.program.target import Target

__all__ = ["Record", "variable"]

_FORMATS = {1: "B", 2: "H", 4: "I", 8: "Q"}


def variable(target: Target, name: str) -> tuple[int, GoType]:
    """Address and type of one of the runtime's variables. Raises LayoutError where there is none."""
    found = target.variable(name)
    if found is None:
        raise LayoutError(f"no variable {name}: this is no Go program, or its debug information was stripped")
    return found


class Record:
    """How to read some numbers out of a struct: integers, bools and pointers, all as unsigned.

    Args:
        type: the struct; a slice or string (their headers) will do as well.
        paths: at least two fields, ``spanclass`` or ``stack.lo``.
        byte_order: the target's.

    Raises LayoutError if one of them is not there or is no number.

    Attributes:
        start: offset of the lowest of them.
        size: bytes from there to the end of the highest.
    """

    def __init__(self, type: GoType, paths: Sequence[str], byte_order: Literal["little", "big"]) -> None:
        fields = [_number(type, path) for path in paths]
        ascending = sorted(range(len(fields)), key=lambda number: fields[number])
        layout = "<" if byte_order == "little" else ">"
        self.start = end = fields[ascending[0]][0]
        for number in ascending:
            offset, size = fields[number]
            layout += f"{offset - end}x{_FORMATS[size]}"
            end = offset + size
        self.size = end - self.start
        self._unpack = struct.Struct(layout).unpack
        self._reorder = itemgetter(*(ascending.index(number) for number in range(len(fields))))

    def read(self, memory: Memory, address: int) -> tuple[int, ...]:
        """The fields of the struct at ADDRESS, in the order of the paths. Raises ReadError."""
        fields: tuple[int, ...] = self._reorder(self._unpack(memory.read(address + self.start, self.size)))
        return fields


def _number(type: GoType, path: str) -> tuple[int, int]:
    """Offset and size of the number that PATH leads to."""
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
    return offset, at.size
