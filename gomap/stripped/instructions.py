"""Where the hash functions' state is, by the instructions of amd64 that use it.

The runtime hashes with AES if useAeshash says so, by a key schedule (aeskeysched, 128 bytes) that assembly mixes in,
all eight pieces of it in one function; without AES by hashkey, four words (runtime/asm_amd64.s and hash64.go; from Go
1.27 on internal/runtime/maps). Nothing points to these variables, and what they hold is random; but on amd64 an
instruction has how far from its own end its operand is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gomap.goruntime.functions import Function, Functions
from gomap.program.memory import Memory, ReadError

__all__ = ["aeskeysched_in", "hashkey_in", "switch_in"]

#: PXOR m128, xmm0 to xmm7; XOR m64 and MOV m64 to a register; CMPB $0, m8. The operand is 32 bits behind RIP.
_PXOR = re.compile(rb"\x66\x0f\xef[\x05\x0d\x15\x1d\x25\x2d\x35\x3d](?P<far>....)", re.DOTALL)
_WORD = re.compile(rb"[\x48\x4c][\x33\x8b][\x05\x0d\x15\x1d\x25\x2d\x35\x3d](?P<far>....)", re.DOTALL)
_CMPB = re.compile(rb"\x80\x3d(?P<far>....)\x00", re.DOTALL)
_PIECE, _PIECES = 16, 8
_LONGEST_FUNCTION = 1 << 14

#: In which functions: old to new.
_WITH_AES = ("aeshashbody", "internal/runtime/maps.memHashAES")
_WITHOUT = ("runtime.memhashFallback", "internal/runtime/maps.memHashFallback")
_CHOOSING = ("runtime.memhash", "internal/runtime/maps.MemHash")


def aeskeysched_in(functions: Functions, memory: Memory) -> int | None:
    """Where the key schedule is: the one place of which a function mixes in all eight pieces, and nothing else."""
    for function in _named(functions, _WITH_AES):
        places = sorted(set(_operands(function, memory, _PXOR)))
        if places and places == [places[0] + _PIECE * number for number in range(_PIECES)]:
            return places[0]
    return None


def hashkey_in(functions: Functions, memory: Memory) -> int | None:
    """Where the words are that hashes without AES begin with: of those that such a function uses, the first."""
    for function in _named(functions, _WITHOUT):
        places = sorted(set(_operands(function, memory, _WORD)))
        if places and places[-1] - places[0] in (0, 24) and all((at - places[0]) % 8 == 0 for at in places):
            return places[0]
    return None


def switch_in(functions: Functions, memory: Memory) -> int | None:
    """Where it says whether AES is used: the one byte that the function which chooses compares with 0."""
    for function in _named(functions, _CHOOSING):
        places = set(_operands(function, memory, _CMPB))
        if len(places) == 1:
            return places.pop()
    return None


def _named(functions: Functions, names: tuple[str, ...]) -> Iterator[Function]:
    return (function for function in functions.all() if function.name in names)


def _operands(function: Function, memory: Memory, instruction: re.Pattern[bytes]) -> Iterator[int]:
    """The address of the operand of each such INSTRUCTION."""
    try:
        code = memory.read(function.entry, min(function.end - function.entry, _LONGEST_FUNCTION))
    except ReadError:
        return
    for found in instruction.finditer(code):
        yield function.entry + found.end() + int.from_bytes(found["far"], "little", signed=True)
