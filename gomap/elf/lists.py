"""Lists of address ranges, and of where a variable is in each: .debug_ranges and .debug_loc of DWARF 4 (sections 2.17.3
and 2.6.2), .debug_rnglists and .debug_loclists of DWARF 5 (7.25 and 7.29)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from gomap.elf.forms import unsigned_leb128

__all__ = ["ListReader", "ListedRange"]

#: DW_RLE_ and DW_LLE_ have the same numbers up to offset_pair; a list of locations has default_location besides.
_END, _BASE_X, _START_END_X, _START_LENGTH_X, _OFFSETS = range(5)
_DEFAULT = 5
#: More entries than any list has.
_MOST = 1 << 16


class ListedRange(NamedTuple):
    """A range of addresses of the file's, and the expression that holds in it; of a list of ranges none."""

    start: int
    end: int
    expression: bytes


class ListReader:
    """Lists of one unit.

    Args:
        address_size: in bytes.
        byte_order: as int.from_bytes takes it.
        base: the address that offsets count from at first.
        indexed: gives the address of that number in .debug_addr.
    """

    def __init__(
        self, address_size: int, byte_order: Literal["little", "big"], base: int, indexed: Callable[[int], int]
    ) -> None:
        self._size, self._order, self._base, self._indexed = address_size, byte_order, base, indexed

    def old(self, section: bytes, at: int, located: bool) -> Iterator[ListedRange]:
        """The list of DWARF 4 that begins at AT; LOCATED: with expressions. Raises IndexError."""
        base, highest = self._base, (1 << 8 * self._size) - 1
        for _ in range(_MOST):
            start, end = self._address(section, at), self._address(section, at + self._size)
            at += 2 * self._size
            if start == end == 0:
                return
            if start == highest:
                base = end
                continue
            expression = b""
            if located:
                length = int.from_bytes(section[at : at + 2], self._order)
                expression = section[at + 2 : at + 2 + length]
                at += 2 + length
            yield ListedRange(base + start, base + end, expression)

    def new(self, section: bytes, at: int, located: bool) -> Iterator[ListedRange]:
        """The list of DWARF 5 that begins at AT; LOCATED: with expressions. Raises IndexError."""
        base = self._base
        for _ in range(_MOST):
            kind = section[at]
            at += 1
            start, end = 0, (1 << 8 * self._size) - 1
            if kind == _END:
                return
            if kind == _BASE_X:
                number, at = unsigned_leb128(section, at)
                base = self._indexed(number)
                continue
            if kind in (_START_END_X, _START_LENGTH_X):
                number, at = unsigned_leb128(section, at)
                second, at = unsigned_leb128(section, at)
                start = self._indexed(number)
                end = self._indexed(second) if kind == _START_END_X else start + second
            elif kind == _OFFSETS:
                first, at = unsigned_leb128(section, at)
                second, at = unsigned_leb128(section, at)
                start, end = base + first, base + second
            elif not (located and kind == _DEFAULT):
                kind -= located  # from here on the numbers differ by that one
                start = self._address(section, at)
                at += self._size
                if kind == 5:  # base_address
                    base = start
                    continue
                if kind == 6:  # start_end
                    end = self._address(section, at)
                    at += self._size
                elif kind == 7:  # start_length
                    length, at = unsigned_leb128(section, at)
                    end = start + length
                else:
                    raise IndexError(at)
            expression = b""
            if located:
                length, at = unsigned_leb128(section, at)
                expression = section[at : at + length]
                at += length
            yield ListedRange(start, end, expression)

    def _address(self, section: bytes, at: int) -> int:
        if at + self._size > len(section):
            raise IndexError(at)
        return int.from_bytes(section[at : at + self._size], self._order)
