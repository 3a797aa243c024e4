"""The AES round (FIPS 197) on thousands of states at once.

A state is sixteen bytes, in the standard's order: byte ``4 * c + r`` is row r of column c. Here it is sixteen *byte
columns*, one for each of its bytes: byte k of a byte column belongs to the k-th of many states. That turns the round
into a handful of operations on long strings of bytes, all of which CPython does at memory speed: SubBytes is
``bytes.translate``, ShiftRows is a renaming of byte columns, and whatever is added is the XOR of two big integers.
Integers and bytes take as long to become each other as SubBytes does, so what can be done on integers is: XOR costs
next to nothing, and the doubling that MixColumns needs less than a second ``translate``.

A byte column is therefore kept as an integer, its first byte the lowest.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache, lru_cache

from gomap.hashing.packed_values import Seeds

__all__ = [
    "ALL",
    "add",
    "added",
    "column",
    "constant",
    "from_columns",
    "last_round",
    "mixed_round",
    "needed_for",
    "to_columns",
]

#: Every byte of a state.
ALL: Sequence[int] = range(16)


def _s_box() -> bytes:
    """The table of SubBytes: the inverse in GF(2^8), then an affine map over its bits."""
    powers, power = [], 1
    for _ in range(255):
        powers.append(power)
        power ^= _twice(power)  # the generator is 3
    box = bytearray([0x63]) * 256
    for exponent, value in enumerate(powers):
        inverse = powers[-exponent % 255]
        for rotation in range(5):
            box[value] ^= (inverse << rotation | inverse >> (8 - rotation)) & 0xFF
    return bytes(box)


def _twice(value: int) -> int:
    return value << 1 ^ 0x11B if value & 0x80 else value << 1


_SUB = _s_box()
#: The doubles of its values in GF(2^8): a table is cheaper than to double byte columns, few states or many.
_SUB_TWICE = bytes(map(_twice, _SUB))


@lru_cache(maxsize=4)
def _ones(count: int) -> int:
    """The byte column of COUNT states that all have a 1."""
    return column(b"\1" * count)


def column(content: bytes | bytearray) -> int:
    """The byte column of those bytes."""
    return int.from_bytes(content, "little")


def constant(byte: int, count: int) -> int:
    """The byte column of COUNT states that all have that byte."""
    return _ones(count) * byte


def to_columns(numbers: Seeds, size: int, count: int) -> list[int]:
    """Integers of SIZE bytes, 4 or 8, as byte columns, lowest byte first; a single one stands for COUNT."""
    if isinstance(numbers, int):
        return [constant(byte, count) for byte in numbers.to_bytes(size, "little")]
    content = struct.pack(f"<{count}{'Q' if size == 8 else 'I'}", *numbers)
    return [column(content[byte::size]) for byte in range(size)]


def from_columns(columns: Sequence[int], count: int) -> tuple[int, ...]:
    """The integers that 4 or 8 byte columns stand for, lowest byte first."""
    size = len(columns)
    content = bytearray(size * count)
    for byte, there in enumerate(columns):
        content[byte::size] = there.to_bytes(count, "little")
    return struct.unpack(f"<{count}{'Q' if size == 8 else 'I'}", content)


def add(state: Sequence[int], other: Sequence[int]) -> list[int]:
    """AddRoundKey: the XOR of two states."""
    return [one ^ two for one, two in zip(state, other, strict=True)]


def added(state: Sequence[int], key: Sequence[int], count: int, wanted: Sequence[int]) -> list[int]:
    """AddRoundKey with sixteen bytes that are the same for all COUNT states; bytes that are not WANTED are 0."""
    ones, outcome = _ones(count), [0] * 16
    for byte in wanted:
        outcome[byte] = state[byte] ^ ones * key[byte]
    return outcome


def _source(byte: int) -> int:
    """Which byte ShiftRows brings to that place."""
    return (byte + 4 * (byte % 4)) % 16


#: For each byte of a mixed round's outcome: what MixColumns makes it of, from its own row downwards.
_MIXED_OF = [tuple(_source(byte - byte % 4 + (byte + row) % 4) for row in range(4)) for byte in ALL]


@cache
def needed_for(wanted: Sequence[int]) -> Sequence[int]:
    """The bytes of a state that those of the mixed round's outcome depend on."""
    return tuple(sorted({source for byte in wanted for source in _MIXED_OF[byte]}))


def mixed_round(
    state: Sequence[int], count: int, wanted: Sequence[int] = ALL, sources: Sequence[int] = ALL
) -> list[int]:
    """SubBytes, ShiftRows and MixColumns of COUNT states.

    Bytes of the outcome that are not WANTED are 0. It is what those bytes of the state contribute that are SOURCES:
    the outcomes of the round for some of a state's bytes and for the others add up to that for all.
    """
    once, twice = [0] * 16, [0] * 16
    for source in needed_for(wanted):
        if source in sources:
            content = state[source].to_bytes(count, "little")
            once[source] = int.from_bytes(content.translate(_SUB), "little")
            twice[source] = int.from_bytes(content.translate(_SUB_TWICE), "little")
    mixed = [0] * 16
    for byte in wanted:
        own, below, third, fourth = _MIXED_OF[byte]
        mixed[byte] = twice[own] ^ twice[below] ^ once[below] ^ once[third] ^ once[fourth]
    return mixed


def last_round(state: Sequence[int], count: int, wanted: Sequence[int] = ALL) -> list[int]:
    """SubBytes and ShiftRows of COUNT states; bytes of the outcome that are not WANTED are 0."""
    shifted = [0] * 16
    for byte in wanted:
        shifted[byte] = column(state[_source(byte)].to_bytes(count, "little").translate(_SUB))
    return shifted
