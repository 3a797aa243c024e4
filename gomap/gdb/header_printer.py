"""What GDB shows of a map's header, the struct that a map variable points to.

Few want to see it: GDB takes ``m[3]`` for arithmetic on the pointer that m is, and the header that would be the third
from there for the answer. So the header says what it is, or that it is none, and how to ask for an entry.
"""

from __future__ import annotations

from collections.abc import Iterable

import gdb

from gomap.gdb.dwarf import written_name
from gomap.gdb.target import live
from gomap.goruntime.heap import heap_of
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import ProgramError

__all__ = ["HeaderPrinter"]

_ADVICE = "GDB takes MAP[KEY] for pointer arithmetic; for an entry: $gomap_get(MAP, KEY)"


class HeaderPrinter:
    """One header: ``map<K,V>`` or ``hash<K,V>``."""

    def __init__(self, value: gdb.Value) -> None:
        self._value = value

    def to_string(self) -> str:
        if self._is_header():
            return f"header of a map, {written_name(self._value.type)} ({_ADVICE})"
        return f"<no map's header at {int(self._value.address):#x}: {_ADVICE}>"

    def children(self) -> Iterable[tuple[str, gdb.Value]]:
        if self._is_header():
            for field in self._value.type.strip_typedefs().fields():
                yield field.name, self._value[field.name]

    def _is_header(self) -> bool:
        """Whether a header can stand there, by the heap's books: a header is an object of its own, or on a stack."""
        if self._value.address is None:
            return True
        try:
            return heap_of(live().program).may_hold(int(self._value.address), self._value.type.sizeof)
        except (LayoutError, ProgramError, ReadError):
            return True
