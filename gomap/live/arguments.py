"""What a function was given, and where it will return to, at its first instruction.

Go passes integers and pointers in registers (cmd/compile/abi-internal.md), from Go 1.17 on on amd64 and 1.18 on arm64;
on 386 they stand on the stack, behind the address to return to.
"""

from __future__ import annotations

from gomap.expressions.go_values import ExpressionError
from gomap.program.program import Program
from gomap.program.target import Thread, pointer_at

__all__ = ["argument", "demand_arguments", "return_address"]

#: By GOARCH, the registers of the first three, by the numbers that DWARF has for them.
_REGISTERS = {"amd64": (0, 3, 2), "arm64": (0, 1, 2)}
_ON_STACK = ("386",)
#: Where a call leaves the address to return to in a register.
_LINKED = ("arm64",)


def demand_arguments(program: Program) -> None:
    """Raises ExpressionError for an architecture on which it is not known where arguments are."""
    if program.architecture not in (*_REGISTERS, *_ON_STACK):
        raise ExpressionError(f"where Go passes arguments on {program.architecture} gomap does not know")


def argument(program: Program, number: int, lwp: int) -> int | None:
    """The argument of that number, one of the first three, of the function that the thread stands at the beginning of.

    All of them are pointers or integers. None if there is no such thread. Raises ReadError.
    """
    thread = _thread(program, lwp)
    if thread is None:
        return None
    if program.architecture in _ON_STACK:
        return pointer_at(program, thread.sp + (1 + number) * program.pointer_size)
    return thread.registers.get(_REGISTERS[program.architecture][number])


def return_address(program: Program, lwp: int) -> int | None:
    """Where the function that the thread stands at the beginning of will return to. None if there is no such thread.

    Raises ReadError.
    """
    thread = _thread(program, lwp)
    if thread is None:
        return None
    return thread.lr if program.architecture in _LINKED else pointer_at(program, thread.sp)


def _thread(program: Program, lwp: int) -> Thread | None:
    return next((each for each in program.threads() if each.id == lwp), None)
