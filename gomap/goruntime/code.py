"""What a function's machine code calls, and which addresses it names: amd64's, as far as Go's compiler writes that.

No instruction is decoded but two kinds that say by themselves where they lead: CALL with a distance (E8), which counts
only if it leads to the very beginning of a function; and LEA and MOV that name an address by its distance from the
next instruction, of a type descriptor or a package variable. Bytes that look like one within another instruction
would have to hit such a beginning by chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gomap.goruntime.functions import Function, Functions, functions_of
from gomap.program.memory import ReadError
from gomap.program.program import Program, while_files_stay

__all__ = ["CallSite", "Code", "code_of", "reads_code"]

_CALL = 0xE8
#: REX.W with or without R, LEA (8D) or MOV from memory (8B), ModRM of an address relative to the next instruction.
_NAMES = re.compile(rb"[\x48\x4c][\x8b\x8d][\x05\x0d\x15\x1d\x25\x2d\x35\x3d](?P<distance>.{4})", re.DOTALL)
#: LEA to rax, of such an address or of a place on the stack, by its distance from the stack pointer in one byte or
#: four; and MOV of a constant to ebx: how Go passes its first two arguments.
_TO_RAX = re.compile(rb"\x48\x8d(?:\x05(?P<distance>.{4})|\x44\x24(?P<near>.)|\x84\x24(?P<far>.{4}))", re.DOTALL)
_TO_EBX = 0xBB
#: It changes no register that arguments are in.
_BARRIER = "runtime.gcWriteBarrier"
#: Bytes of a function that are looked at.
_LARGEST = 1 << 20


class CallSite(NamedTuple):
    """A call in a function's code. Of its arguments is told what was put in their registers since the call before.

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
    return program.architecture == "amd64"


@while_files_stay
def code_of(program: Program, entry: int) -> Code | None:
    """What the code of the function that begins at ENTRY says; None where it cannot be read. Raises LayoutError."""
    functions = functions_of(program)
    try:
        function = functions.at(entry)
        if function is None or not reads_code(program):
            return None
        content = program.memory.read(function.entry, max(min(function.end - function.entry, _LARGEST), 0))
        names = {function.entry + found.end() + _signed(found["distance"]) for found in _NAMES.finditer(content)}
        return Code(function, list(_calls(functions, function, content)), names)
    except ReadError:
        return None


def _calls(functions: Functions, function: Function, content: bytes) -> Iterator[CallSite]:
    since, at = 0, content.find(_CALL)
    while 0 <= at <= len(content) - 5:
        end = at + 5
        target = function.entry + end + _signed(content[at + 1 : end])
        called = functions.at(target)
        if called is not None and called.entry == target:
            first, on_stack = _first_argument(function.entry, content, since, at)
            yield CallSite(
                function.entry + at,
                function.entry + end,
                called,
                first,
                on_stack,
                _second_argument(content, since, at),
            )
            if not called.name.startswith(_BARRIER):
                since = end
        at = content.find(_CALL, at + 1)


def _first_argument(entry: int, content: bytes, since: int, call: int) -> tuple[int, int]:
    """The address, or the place on the stack, that LEA has put in rax last."""
    *_, found = (None, *_TO_RAX.finditer(content, since, call))
    if found is None:
        return 0, -1
    if found["distance"]:
        return entry + found.end() + _signed(found["distance"]), -1
    return 0, _signed(found["near"] or found["far"])


def _second_argument(content: bytes, since: int, call: int) -> int:
    """The constant that MOV has put in ebx last."""
    at = content.rfind(_TO_EBX, since, call)
    return int.from_bytes(content[at + 1 : at + 5], "little") if 0 <= at <= call - 5 else -1


def _signed(number: bytes) -> int:
    return int.from_bytes(number, "little", signed=True)
