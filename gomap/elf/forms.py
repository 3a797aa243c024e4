"""How attributes are written in the debug information: the forms of DWARF 4 and 5, section 7.5.6 of either.

Each is told twice: how its value is read, and what it looks like to a regular expression that has to get past it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Literal, NamedTuple, Union

__all__ = ["IMPLICIT_CONSTANT", "REFERENCE", "STRING", "Form", "Value", "forms", "signed_leb128", "unsigned_leb128"]

#: An attribute's value: a number (constants, offsets, addresses) or bytes (strings without their NUL, blocks).
Value = Union[int, bytes]
Read = Callable[[bytes, int], tuple[Value, int]]

STRING = 0x08
#: The offset of another entry in the section: all that Go's linker writes as a reference.
REFERENCE = 0x10
#: The value stands in the abbreviation.
IMPLICIT_CONSTANT = 0x21

#: Forms of so many bytes each, and those that are an offset into some section.
_SIZED = {
    **dict.fromkeys((0x0B, 0x0C, 0x11, 0x25, 0x29), 1),  # data1, flag, ref1, strx1, addrx1
    **dict.fromkeys((0x05, 0x12, 0x26, 0x2A), 2),  # data2, ref2, strx2, addrx2
    **dict.fromkeys((0x27, 0x2B), 3),  # strx3, addrx3
    **dict.fromkeys((0x06, 0x13, 0x1C, 0x28, 0x2C), 4),  # data4, ref4, ref_sup4, strx4, addrx4
    **dict.fromkeys((0x07, 0x14, 0x20, 0x24), 8),  # data8, ref8, ref_sig8, ref_sup8
    0x1E: 16,  # data16
    0x19: 0,  # flag_present
}
_ADDRESS = 0x01
_OFFSETS = (REFERENCE, 0x0E, 0x17, 0x1D, 0x1F, 0x1F20, 0x1F21)  # strp, sec_offset, strp_sup, line_strp, GNU's alt
#: udata, ref_udata, strx, addrx, loclistx, rnglistx, GNU's addr_index and str_index; sdata.
_UNSIGNED = (0x0F, 0x15, 0x1A, 0x1B, 0x22, 0x23, 0x1F01, 0x1F02)
_SIGNED = 0x0D
#: Blocks by the bytes that their length takes: block1, block2, block4. block and exprloc have theirs as LEB128.
_BLOCKS = {0x0A: 1, 0x03: 2, 0x04: 4}
_LEB_BLOCKS = (0x09, 0x18)
#: What the regular expression knows of blocks: those that short.
_SHORT = 15
_LEB_PATTERN = rb"[\x80-\xff]{0,9}[\0-\x7f]"


class Form(NamedTuple):
    """How an attribute may be written.

    Attributes:
        read: from a section's bytes and the place of the attribute in them, its value and the place behind it, which
            may lie behind the section's end. Raises IndexError.
        pattern: what it looks like.
    """

    read: Read
    pattern: bytes


@lru_cache(maxsize=16)
def forms(address_size: int, offset_size: int, byte_order: Literal["little", "big"]) -> dict[int, Form]:
    """The forms by their numbers, in units that have addresses and offsets of those sizes."""

    def number(size: int) -> Form:
        def read(data: bytes, at: int) -> tuple[Value, int]:
            return int.from_bytes(data[at : at + size], byte_order), at + size

        return Form(read, b".{%d}" % size)

    def block(size: int) -> Form:
        def read(data: bytes, at: int) -> tuple[Value, int]:
            start = at + size
            end = start + int.from_bytes(data[at:start], byte_order)
            return data[start:end], end

        lengths = (length.to_bytes(size, byte_order) for length in range(_SHORT + 1))
        return Form(read, _either(lengths))

    return {
        _ADDRESS: number(address_size),
        **{form: number(size) for form, size in _SIZED.items()},
        **dict.fromkeys(_OFFSETS, number(offset_size)),
        **dict.fromkeys(_UNSIGNED, Form(unsigned_leb128, _LEB_PATTERN)),
        _SIGNED: Form(signed_leb128, _LEB_PATTERN),
        **{form: block(size) for form, size in _BLOCKS.items()},
        **dict.fromkeys(_LEB_BLOCKS, Form(_leb_block, _either(bytes([length]) for length in range(_SHORT + 1)))),
        STRING: Form(_string, rb"[^\0]*\0"),
    }


def unsigned_leb128(data: bytes, at: int) -> tuple[int, int]:
    """The number without sign that is written there, and the place behind it. Raises IndexError."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise IndexError(at)


def signed_leb128(data: bytes, at: int) -> tuple[int, int]:
    """The number with a sign that is written there, and the place behind it. Raises IndexError."""
    value, end = unsigned_leb128(data, at)
    bits = 7 * (end - at)
    return value - (value >> (bits - 1) << bits), end


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    end = data.find(b"\0", at)
    if end < 0:
        raise IndexError(at)
    return data[at:end], end + 1


def _leb_block(data: bytes, at: int) -> tuple[bytes, int]:
    length, start = unsigned_leb128(data, at)
    return data[start : start + length], start + length


def _either(lengths: Iterable[bytes]) -> bytes:
    """A block that is 0, 1, 2, ... bytes long, whose length is written so."""
    blocks = (re.escape(written) + b".{%d}" % length for length, written in enumerate(lengths))
    return b"(?:%s)" % b"|".join(blocks)
