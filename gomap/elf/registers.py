"""Where a thread stands, in the general registers as Linux lays them out: in a core's notes, and for a tracer."""

from __future__ import annotations

from typing import Literal, NamedTuple

from gomap.program.target import Thread

__all__ = ["thread_in"]


class _Numbers(NamedTuple):
    """Which of the registers, counted in words, are which (struct user_regs_struct of each architecture)."""

    word: int
    sp: int
    pc: int
    lr: int | None = None
    #: Those that variables may be in, in DWARF's order.
    general: tuple[int, ...] = ()


#: By GOARCH.
_NUMBERS = {
    "amd64": _Numbers(8, sp=19, pc=16, general=(10, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0)),
    "386": _Numbers(4, sp=15, pc=12, general=(6, 1, 2, 0, 15, 5, 3, 4)),
    "arm64": _Numbers(8, sp=31, pc=32, lr=30, general=tuple(range(32))),
    "arm": _Numbers(4, sp=13, pc=15, lr=14),
}


def thread_in(registers: bytes, id: int, architecture: str, byte_order: Literal["little", "big"]) -> Thread | None:
    """The thread ID whose general registers begin with REGISTERS; None if they are cut short, or of a machine whose
    registers gomap does not know."""
    numbers = _NUMBERS.get(architecture)
    if numbers is None:
        return None
    last = max(numbers.sp, numbers.pc, numbers.lr or 0)
    if len(registers) < (last + 1) * numbers.word:
        return None

    def register(number: int | None) -> int:
        if number is None:
            return 0
        return int.from_bytes(registers[number * numbers.word : (number + 1) * numbers.word], byte_order)

    general = {number: register(each) for number, each in enumerate(numbers.general)}
    return Thread(id, register(numbers.sp), register(numbers.pc), register(numbers.lr), general)
