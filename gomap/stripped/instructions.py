"""Where the state of the hash functions is, by the instructions of amd64 that use it.

If useAeshash is true the runtime hashes with AES: assembly mixes a key schedule into the hash (aeskeysched, 128 bytes),
all eight pieces of it in one function. Otherwise it hashes with hashkey, four words (runtime/asm_amd64.s and hash64.go;
from Go 1.27 on internal/runtime/maps). Nothing points to these variables, and what they hold is random. But on amd64
an instruction says how far behind its own end its operand lies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gomap.goruntime.functions import Function, Functions
from gomap.program.memory import Memory, ReadError

__all__ = ["aeskeysched_in", "hashkey_in", "use_aeshash_in"]

#: PXOR m128, xmm0 to xmm7; XOR m64 and MOV m64 to a register; CMPB $0, m8. The operand is 32 bits behind RIP.
_PXOR = re.compile(rb"\x66\x0f\xef[\x05\x0d\x15\x1d\x25\x2d\x35\x3d](?P<far>....)", re.DOTALL)
_WORD = re.compile(rb"[\x48\x4c][\x33\x8b][\x05\x0d\x15\x1d\x25\x2d\x35\x3d](?P<far>....)", re.DOTALL)
_CMPB = re.compile(rb"\x80\x3d(?P<far>....)\x00", re.DOTALL)
_PIECE, _PIECES = 16, 8
_LONGEST_FUNCTION = 1 << 14

#: The functions whose instructions are looked at, by the names that older and newer versions of Go have for them.
_WITH_AES = ("aeshashbody", "internal/runtime/maps.memHashAES")
_WITHOUT = ("runtime.memhashFallback", "internal/runtime/maps.memHashFallback")
_CHOOSING = ("runtime.memhash", "internal/runtime/maps.MemHash")


def aeskeysched_in(functions: Functions, memory: Memory) -> int | None:
    """The address of the key schedule, whose eight pieces a function mixes in, and nothing else; None if not found."""
    for function in _named(functions, _WITH_AES):
        places = sorted(set(_operands(function, memory, _PXOR)))
        if places and places == [places[0] + _PIECE * number for number in range(_PIECES)]:
            return places[0]
    return None


def hashkey_in(functions: Functions, memory: Memory) -> int | None:
    """The address of the four words that hashes without AES begin with; None if not found."""
    for function in _named(functions, _WITHOUT):
        places = sorted(set(_operands(function, memory, _WORD)))
        if places and places[-1] - places[0] in (0, 24) and all((at - places[0]) % 8 == 0 for at in places):
            return places[0]
    return None


def use_aeshash_in(functions: Functions, memory: Memory) -> int | None:
    """The address of useAeshash, the one byte that the choosing function compares with 0; None if not found."""
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
