"""What a function's machine code calls, and which addresses it names, as far as Go's compiler writes that.

A call counts only if it leads to the very beginning of a function; named are type descriptors and package variables.
How that looks on which machine gomap.goruntime.instructions knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gomap.goruntime.functions import Function, Functions, functions_of
from gomap.goruntime.instructions import Instructions, instructions_of
from gomap.program.memory import ReadError
from gomap.program.program import Program, while_files_stay

__all__ = ["CallSite", "Code", "code_of", "reads_code"]

#: It leaves the arguments of the next call where they are.
_BARRIER = "runtime.gcWriteBarrier"
#: Bytes of a function that are looked at, and before a call for what it passes.
_LARGEST, _FURTHEST = 1 << 20, 1 << 10


class CallSite(NamedTuple):
    """A call in a function's code. Of its arguments is told what was put in their places since the call before.

    Attributes:
        at: address of the instruction.
        back: address of the next one, to which it returns.
        function: what it calls.
        first: the address that is its first argument; 0: that is none, or cannot be told.
        on_stack: the distance from the stack pointer of what its first argument leads to; -1 likewise.
        second: the constant that is its second argument; -1 likewise.
    """

    at: int
    back: int
    function: Function
    first: int
    on_stack: int
    second: int


class Code(NamedTuple):
    """What a function's code says.

    Attributes:
        function: whose it is.
        calls: in the order of their addresses.
        names: addresses that it takes, or reads from.
    """

    function: Function
    calls: list[CallSite]
    names: set[int]


def reads_code(program: Program) -> bool:
    """Whether this program's code can be read at all."""
    return instructions_of(program.architecture) is not None


@while_files_stay
def code_of(program: Program, entry: int) -> Code | None:
    """What the code of the function that begins at ENTRY says; None where it cannot be read. Raises LayoutError."""
    functions, instructions = functions_of(program), instructions_of(program.architecture)
    try:
        function = functions.at(entry)
        if function is None or instructions is None:
            return None
        content = program.memory.read(function.entry, max(min(function.end - function.entry, _LARGEST), 0))
        names = instructions.names(function.entry, content)
        return Code(function, list(_calls(functions, instructions, function, content)), names)
    except ReadError:
        return None


def _calls(functions: Functions, instructions: Instructions, function: Function, content: bytes) -> Iterator[CallSite]:
    since, entry = 0, function.entry
    for at, end, target in instructions.calls(entry, content):
        called = functions.at(target)
        if called is None or called.entry != target:
            continue
        begin = max(since, at - _FURTHEST)
        first, on_stack = instructions.first_argument(entry, content, begin, at)
        second = instructions.second_argument(content, begin, at)
        yield CallSite(entry + at, entry + end, called, first, on_stack, second)
        if not called.name.startswith(_BARRIER):
            since = end
