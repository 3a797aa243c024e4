"""The protocol between gomap and a debugger: what GDB, or an image in a test, has to offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from gomap.program.gotypes import GoType
from gomap.program.memory import Memory

__all__ = ["Symbol", "Target", "pointer_at"]


@dataclass(frozen=True)
class Symbol:
    """A package variable or a function that stands at an address."""

    name: str
    address: int
    size: int


class Target(Protocol):
    """A program that stands still: live and stopped, or a core dump.

    Attributes:
        memory: its bytes.
        pointer_size: 4 or 8.
        byte_order: as int.from_bytes takes it.
    """

    memory: Memory
    pointer_size: int
    byte_order: Literal["little", "big"]

    def type_named(self, name: str) -> GoType | None:
        """The type of that full name (``internal/abi.Type``, ``map[string]int``) from the debug information."""
        ...

    def variable(self, name: str) -> tuple[int, GoType] | None:
        """Address and type of a package variable by its full name (``runtime.mheap_``)."""
        ...

    def symbol_at(self, address: int) -> Symbol | None:
        """The function or package variable that covers ADDRESS, from the symbol table."""
        ...


def pointer_at(target: Target, address: int) -> int:
    """The pointer that stands at ADDRESS. Raises ReadError."""
    return int.from_bytes(target.memory.read(address, target.pointer_size), target.byte_order)
