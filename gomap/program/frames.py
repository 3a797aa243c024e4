"""The variables of a function that is on a stack: what is asked about them, and where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gomap.program.gotypes import GoType
from gomap.program.memory import Memory

__all__ = ["Captured", "FrameVariable", "Piece", "Standing"]


class Standing(NamedTuple):
    """A call on a stack, as far as its variables depend on it.

    Attributes:
        pc: the instruction that the function goes on with.
        inside: an address in the one that it is in the middle of; PC itself where it has called nobody.
        base: the stack pointer's value before the call that made its frame (DWARF's CFA).
        registers: by DWARF's numbers; none of a function that has called another one, which may have changed them.
        name: the function's, as the runtime prints it.
        inlined: how many calls are inlined in one another between the frame's own function and this one.
        line: of the source that it is at; 0 if that is not known.
    """

    pc: int
    inside: int
    base: int
    registers: Mapping[int, int]
    name: str
    inlined: int
    line: int = 0


class Piece(NamedTuple):
    """Part of a variable: bytes in memory, or those that a register had.

    Attributes:
        size: in bytes; None: all that is left of it.
        address: where they are.
        content: what they are, where they are in no memory; longer, if a register is.
    """

    size: int | None
    address: int | None
    content: bytes = b""


class Captured(NamedTuple):
    """A variable that a closure has caught.

    Attributes:
        name: as declared; ``&m`` of one that others see too, so that the closure has its address.
        type: what the closure has of it: that of the variable, or a pointer to it.
        offset: where in the closure.
    """

    name: str
    type: GoType
    offset: int


class FrameVariable(NamedTuple):
    """A local variable or an argument.

    Attributes:
        name: as declared; ``&m`` of one that escaped to the heap, which is a pointer then.
        type: its type.
        argument: whether it is one.
        pieces: where it is; none if its value is lost.
        lost: why it is.
        parameter: of one of generic code whose type depends on its type arguments: which word of its function's
            dictionary says the type; else -1.
    """

    name: str
    type: GoType
    argument: bool
    pieces: Sequence[Piece]
    lost: str = ""
    parameter: int = -1

    @property
    def address(self) -> int | None:
        """Where it lies, if it is in memory in one piece."""
        return self.pieces[0].address if len(self.pieces) == 1 else None

    def read(self, memory: Memory) -> bytes:
        """Its bytes, as many as its type has. Raises ReadError."""
        content = b""
        for piece in self.pieces:
            size = self.type.size - len(content) if piece.size is None else piece.size
            if not 0 <= size <= self.type.size - len(content):
                break
            content += piece.content[:size] if piece.address is None else memory.read(piece.address, size)
        return content.ljust(self.type.size, b"\0")
