"""What little is read of machine code: calls, addresses that it names, and what it passes to the functions it calls.

Nothing is disassembled. Each machine's file knows the few instructions that Go's compiler writes for that, by the bits
that say so; what another instruction does is not told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from gomap.goruntime.instructions.arm64 import Arm64
from gomap.goruntime.instructions.x86 import I386, Amd64

__all__ = ["Instructions", "instructions_of"]


class Instructions(Protocol):
    """How the code of one machine is read. CODE lies in memory from ENTRY on; places in it are told by offset."""

    def calls(self, entry: int, code: bytes) -> Iterator[tuple[int, int, int]]:
        """What looks like a call, in the order of the code: where it is, where it ends, and the address it leads to."""

    def names(self, entry: int, code: bytes) -> set[int]:
        """The addresses that the code takes, or reads a word from."""

    def operands(self, entry: int, code: bytes, size: int) -> set[int]:
        """The addresses that it reads SIZE bytes from: 1, a word, or 16."""

    def first_argument(self, entry: int, code: bytes, since: int, call: int) -> tuple[int, int]:
        """The first argument of the CALL, if the code puts it there behind SINCE.

        That is an address (0: none), or a place on the stack, by its distance from the stack pointer (-1: none).
        """

    def second_argument(self, code: bytes, since: int, call: int) -> int:
        """The second one likewise, if it is a constant; -1: it is none."""


_MACHINES: dict[str, Instructions] = {"amd64": Amd64(), "386": I386(), "arm64": Arm64()}


def instructions_of(architecture: str) -> Instructions | None:
    """How the code of that GOARCH is read; None if gomap does not read it."""
    return _MACHINES.get(architecture)
