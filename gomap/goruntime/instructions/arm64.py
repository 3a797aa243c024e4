"""The instructions of arm64.

Each is a word of 32 bits, so which one it is can be told. An address takes two: ADRP has how many pages away it is, and
the ADD or load behind it the place in the page. The first two arguments are in R0 and R1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

__all__ = ["Arm64"]

_SP, _ADDRESSES = 31, (1 << 64) - 1


class Arm64:
    """How arm64's code is read."""

    def calls(self, entry: int, code: bytes) -> Iterator[tuple[int, int, int]]:
        for number, word in enumerate(_words(code)):
            if word & 0xFC00_0000 == 0x9400_0000:  # BL
                at = 4 * number
                yield at, at + 4, entry + at + 4 * _signed(word, 0, 26)

    def names(self, entry: int, code: bytes) -> set[int]:
        return {address for address, _ in _named(entry, _words(code))}

    def operands(self, entry: int, code: bytes, size: int) -> set[int]:
        """Those too that it takes: what it reads from there then is not told."""
        return {address for address, read in _named(entry, _words(code)) if read in (0, size)}

    def first_argument(self, entry: int, code: bytes, since: int, call: int) -> tuple[int, int]:
        words = _words(code[since:call])
        number = _made(words, 0)
        if number is None or words[number] & 0xFFC0_0000 != 0x9100_0000:  # ADD
            return 0, -1
        source, place = words[number] >> 5 & 31, words[number] >> 10 & 0xFFF
        if source == _SP:
            return 0, place
        page = _page(entry + since + 4 * (number - 1), words[number - 1], source) if number else None
        return (0, -1) if page is None else (page + place & _ADDRESSES, -1)

    def second_argument(self, code: bytes, since: int, call: int) -> int:
        words = _words(code[since:call])
        number = _made(words, 1)
        return -1 if number is None else _constant(words[number])


def _words(code: bytes) -> Sequence[int]:
    return struct.unpack(f"<{len(code) // 4}I", code[: len(code) // 4 * 4])


def _signed(word: int, at: int, length: int) -> int:
    """The number with a sign that LENGTH bits of WORD are, from bit AT on."""
    number = word >> at & (1 << length) - 1
    return number - (number >> length - 1 << length)


def _page(at: int, word: int, register: int) -> int | None:
    """The page that an ADRP, at that address, puts into the REGISTER; None if it is none, or puts it elsewhere."""
    if word & 0x9F00_001F != 0x9000_0000 | register:
        return None
    return (at & ~0xFFF) + ((_signed(word, 5, 19) << 2 | word >> 29 & 3) << 12)


def _named(entry: int, words: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The addresses that code names, and how many bytes it reads there; 0: it takes the address."""
    for number, adrp in enumerate(words[:-1]):
        if adrp & 0x9F00_0000 != 0x9000_0000:
            continue
        user = words[number + 1]
        page = _page(entry + 4 * number, adrp, user >> 5 & 31)
        if page is None:
            continue
        place = user >> 10 & 0xFFF
        if user & 0xFFC0_0000 == 0x9100_0000:  # ADD
            yield page + place & _ADDRESSES, 0
        elif user & 0x3F00_0000 == 0x3900_0000 and user & 0x00C0_0000:  # a load counts in what it loads
            yield page + (place << (user >> 30)) & _ADDRESSES, 1 << (user >> 30)


def _made(words: Sequence[int], register: int) -> int | None:
    """The number of the instruction that made what a REGISTER has in the end, and what was copied on; None likewise."""
    number = _last_set(words, register)
    while number is not None and words[number] & 0xFFE0_FFE0 == 0xAA00_03E0:  # MOV of another one
        number = _last_set(words[:number], words[number] >> 16 & 31)
    return number


def _last_set(words: Sequence[int], register: int) -> int | None:
    """The number of the instruction that sets a REGISTER last; None if there is none, or that cannot be told.

    What is not known to leave it alone is taken to set it; and what lies before a jump is not what is run before what
    lies behind it.
    """
    for number in range(len(words) - 1, -1, -1):
        word = words[number]
        if word & 0xFC00_0000 == 0x1400_0000 or word & 0xFE00_0000 == 0xD600_0000:  # B; BR, BLR and RET
            return None
        if word & 0x3E40_0000 == 0x2840_0000 and word >> 10 & 31 == register:  # LDP's other one
            return number
        if word & 31 == register and not _leaves_registers(word):
            return number
    return None


def _leaves_registers(word: int) -> bool:
    """Whether the lowest bits of an instruction name no register that it sets."""
    return (
        (word & 0x1C00_0000 == 0x1400_0000 and word >> 24 != 0xD5)  # branches, calls of the write barrier
        or word & 0x0E00_0000 == 0x0C00_0000  # memory and the registers of floating point
        or word & 0x3E40_0000 == 0x2800_0000  # STP
        or word & 0x3FC0_0000 == 0x3900_0000  # a store; with an index, and not atomic
        or (word & 0x3FC0_0000 == 0x3800_0000 and word & 0x0020_0C00 != 0x0020_0000)
    )


def _constant(word: int) -> int:
    """The constant that an instruction puts into a register; -1 if it puts none there, or not all at once."""
    if word & 0x7F80_0000 == 0x5280_0000:  # MOVZ
        return (word >> 5 & 0xFFFF) << 16 * (word >> 21 & 3)
    if word & 0x7F80_03E0 != 0x3200_03E0:  # ORR of the zero register
        return -1
    # A run of ones, rotated in a field of some power of two, and that field as often as there is room.
    rotated, ones = word >> 16 & 63, word >> 10 & 63
    field = 1 << ((word >> 22 & 1) << 6 | ~ones & 63).bit_length() - 1
    if field < 2:
        return -1
    rotated, run = rotated % field, (1 << ones % field + 1) - 1
    run = (run >> rotated | run << field - rotated) & (1 << field) - 1
    return sum(run << at for at in range(0, 64 if word >> 31 else 32, field))
