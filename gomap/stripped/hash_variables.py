"""Where the state of the hash functions is, by the instructions that use it.

If useAeshash is true the runtime hashes with AES: assembly mixes a key schedule into the hash (aeskeysched, 128 bytes;
64 of them on 386). Otherwise it hashes with hashkey, four words (runtime/asm_amd64.s, asm_386.s, asm_arm64.s, hash64.go
and hash32.go; from Go 1.27 on internal/runtime/maps). Nothing points to these variables, and what they hold is random.
But code names them (gomap.goruntime.instructions).
"""

from __future__ import annotations

from collections.abc import Iterator

from gomap.goruntime.functions import Function, Functions
from gomap.goruntime.instructions import instructions_of
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = ["aeskeysched_in", "hashkey_in", "use_aeshash_in"]

#: The code of amd64 and 386 mixes the schedule in piece by piece; that of arm64 has its address in a register.
_PIECE, _PIECES = 16, {"amd64": 8, "386": 4, "arm64": 1}
#: How many of hashkey's words memhashFallback uses: up to Go 1.22 that of 64 bits had but one.
_WORDS_USED = {"amd64": (1, 4), "386": (3,), "arm64": (1, 4)}
_LONGEST_FUNCTION = 1 << 14

#: The functions whose instructions are looked at, by the names that older and newer versions of Go have for them.
_WITH_AES = ("aeshashbody", "internal/runtime/maps.memHashAES")
_WITHOUT = ("runtime.memhashFallback", "internal/runtime/maps.memHashFallback")
_CHOOSING = ("runtime.memhash", "internal/runtime/maps.MemHash")


def aeskeysched_in(functions: Functions, target: Target) -> int | None:
    """The address of the key schedule, all of which a function mixes in, and nothing else; None if not found."""
    for function in _named(functions, _WITH_AES):
        places = sorted(_operands(function, target, _PIECE))
        if places and places == [places[0] + _PIECE * number for number in range(_PIECES[target.architecture])]:
            return places[0]
    return None


def hashkey_in(functions: Functions, target: Target) -> int | None:
    """The address of the four words that hashes without AES begin with; None if not found."""
    for function in _named(functions, _WITHOUT):
        word = target.pointer_size
        places = sorted(_operands(function, target, word))
        distances = [at - places[0] for at in places]
        used = {each // word + 1 for each in distances if each % word == 0}
        if len(used) == len(distances) > 0 and max(used) in _WORDS_USED[target.architecture]:
            return places[0]
    return None


def use_aeshash_in(functions: Functions, target: Target) -> int | None:
    """The address of useAeshash, the one byte that the choosing function looks at; None if not found."""
    for function in _named(functions, _CHOOSING):
        places = _operands(function, target, 1)
        if len(places) == 1:
            return places.pop()
    return None


def _named(functions: Functions, names: tuple[str, ...]) -> Iterator[Function]:
    return (function for function in functions.all() if function.name in names)


def _operands(function: Function, target: Target, size: int) -> set[int]:
    """The addresses that a function's code reads SIZE bytes from; none where code is not read."""
    instructions = instructions_of(target.architecture)
    try:
        code = target.memory.read(function.entry, min(function.end - function.entry, _LONGEST_FUNCTION))
    except ReadError:
        return set()
    return set() if instructions is None else instructions.operands(function.entry, code, size)
