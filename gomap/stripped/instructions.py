"""Where the state of the hash functions is, by the instructions of amd64 and arm64 that use it.

If useAeshash is true the runtime hashes with AES: assembly mixes a key schedule into the hash (aeskeysched, 128 bytes).
Otherwise it hashes with hashkey, four words (runtime/asm_amd64.s, asm_arm64.s and hash64.go; from Go 1.27 on
internal/runtime/maps). Nothing points to these variables, and what they hold is random. But code says where they are:
an instruction of amd64 how far behind its own end its operand lies; two of arm64 how many pages away, and where in the
page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from gomap.goruntime.functions import Function, Functions
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = ["aeskeysched_in", "hashkey_in", "use_aeshash_in"]

#: PXOR m128, xmm0 to xmm7; XOR m64 and MOV m64 to a register; CMPB $0, m8. The operand is 32 bits behind RIP.
_PXOR = re.compile(rb"\x66\x0f\xef[\x05\x0d\x15\x1d\x25\x2d\x35\x3d](?P<far>....)", re.DOTALL)
_WORD = re.compile(rb"[\x48\x4c][\x33\x8b][\x05\x0d\x15\x1d\x25\x2d\x35\x3d](?P<far>....)", re.DOTALL)
_CMPB = re.compile(rb"\x80\x3d(?P<far>....)\x00", re.DOTALL)
#: amd64's code mixes the schedule in piece by piece; that of arm64 has its address in a register.
_PIECE, _PIECES = 16, {"amd64": 8, "arm64": 1}
_LONGEST_FUNCTION = 1 << 14

#: The functions whose instructions are looked at, by the names that older and newer versions of Go have for them.
_WITH_AES = ("aeshashbody", "internal/runtime/maps.memHashAES")
_WITHOUT = ("runtime.memhashFallback", "internal/runtime/maps.memHashFallback")
_CHOOSING = ("runtime.memhash", "internal/runtime/maps.MemHash")


def aeskeysched_in(functions: Functions, target: Target) -> int | None:
    """The address of the key schedule, all of which a function mixes in, and nothing else; None if not found."""
    for function in _named(functions, _WITH_AES):
        places = sorted(_operands(function, target, _PXOR))
        if places and places == [places[0] + _PIECE * number for number in range(_PIECES[target.architecture])]:
            return places[0]
    return None


def hashkey_in(functions: Functions, target: Target) -> int | None:
    """The address of the four words that hashes without AES begin with; None if not found."""
    for function in _named(functions, _WITHOUT):
        places = sorted(_operands(function, target, _WORD))
        if places and places[-1] - places[0] in (0, 24) and all((at - places[0]) % 8 == 0 for at in places):
            return places[0]
    return None


def use_aeshash_in(functions: Functions, target: Target) -> int | None:
    """The address of useAeshash, the one byte that the choosing function looks at; None if not found."""
    for function in _named(functions, _CHOOSING):
        places = _operands(function, target, _CMPB)
        if len(places) == 1:
            return places.pop()
    return None


def _named(functions: Functions, names: tuple[str, ...]) -> Iterator[Function]:
    return (function for function in functions.all() if function.name in names)


def _operands(function: Function, target: Target, instruction: re.Pattern[bytes]) -> set[int]:
    """The addresses that a function's code names: on amd64 by an INSTRUCTION, on arm64 by any; nowhere else any."""
    try:
        code = target.memory.read(function.entry, min(function.end - function.entry, _LONGEST_FUNCTION))
    except ReadError:
        return set()
    if target.architecture == "amd64":
        return {
            function.entry + found.end() + int.from_bytes(found["far"], "little", signed=True)
            for found in instruction.finditer(code)
        }
    return set(_by_pages(function.entry, code)) if target.architecture == "arm64" else set()


def _by_pages(entry: int, code: bytes) -> Iterator[int]:
    """The addresses that arm64's CODE names: ADRP has the page, and the ADD or load behind it the place in the page."""
    words = [int.from_bytes(code[at : at + 4], "little") for at in range(0, len(code) // 4 * 4, 4)]
    for number, (adrp, user) in enumerate(pairwise(words)):
        if adrp & 0x9F00_0000 != 0x9000_0000 or user >> 5 & 31 != adrp & 31:
            continue
        pages = (adrp >> 5 & 0x7_FFFF) << 2 | adrp >> 29 & 3
        pages -= (pages & 1 << 20) << 1  # it has a sign
        page, place = (entry + 4 * number & ~0xFFF) + (pages << 12), user >> 10 & 0xFFF
        if user & 0xFFC0_0000 == 0x9100_0000:  # ADD
            yield page + place
        elif user & 0x3F00_0000 == 0x3900_0000:  # a load counts in what it loads: 1, 2, 4 or 8 bytes
            yield page + (place << (user >> 30))
