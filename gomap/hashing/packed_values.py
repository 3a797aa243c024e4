"""Many values of one size in one block of bytes, and their hashes' seeds: what all hash functions take.

A million keys are hashed in a second or not at all by whether they are ever taken one by one. So they are not: a
*column* is the same byte of each value, cut out of the block with a stride.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Literal, NamedTuple, Union

__all__ = ["PackedValues", "Place", "Seeds", "words"]

#: One seed for all values, or one for each.
Seeds = Union[int, Sequence[int]]
#: Which byte of a value; None: a zero in its place.
Place = Union[int, None]

_CODES = {4: "I", 8: "Q"}


class PackedValues(NamedTuple):
    """TOTAL values of SIZE bytes each; value k begins at ``start + k * stride`` of the buffer."""

    buffer: bytes
    start: int
    stride: int
    total: int
    size: int

    @classmethod
    def at(cls, buffer: bytes, offsets: Sequence[int], size: int) -> PackedValues:
        """The values at those offsets; a range of them is taken as it stands. Raises ValueError past the buffer."""
        if not offsets or size == 0:
            return cls(b"", 0, 1, len(offsets), size)
        even = isinstance(offsets, range) and offsets.step > 0
        first, last = (offsets[0], offsets[-1]) if even else (min(offsets), max(offsets))
        if first < 0 or last + size > len(buffer):
            raise ValueError(f"no {size} bytes at each of these offsets: the buffer has {len(buffer)} bytes")
        if isinstance(offsets, range) and even:
            return cls(buffer, offsets.start, offsets.step, len(offsets), size)
        return cls.of([buffer[offset : offset + size] for offset in offsets], size)

    @classmethod
    def of(cls, values: Sequence[bytes], size: int) -> PackedValues:
        """Those values, each of SIZE bytes."""
        return cls(b"".join(values), 0, max(size, 1), len(values), size)

    def part(self, offset: int, size: int) -> PackedValues:
        """SIZE bytes from OFFSET on of each value."""
        return PackedValues(self.buffer, self.start + offset, self.stride, self.total, size)

    def column(self, number: int) -> bytes:
        """Byte NUMBER of each value."""
        first = self.start + number
        return self.buffer[first : first + self.stride * (self.total - 1) + 1 : self.stride] if self.total else b""

    def joined(self) -> bytes:
        """The values without what stands between them."""
        if self.stride == self.size:
            return self.buffer[self.start : self.start + self.size * self.total]
        return b"".join(self.values()) if self.total < self.size else self._by_columns(range(self.size))

    def bytes_at(self, places: Sequence[Place]) -> bytes:
        """Of each value the bytes at those PLACES, one value's behind the other's; a range of them is fastest."""
        if isinstance(places, range) and places.step == 1:
            return self.part(places.start, len(places)).joined()
        return self._by_columns(places)

    def _by_columns(self, places: Sequence[Place]) -> bytes:
        together = bytearray(len(places) * self.total)
        for number, place in enumerate(places):
            if place is not None:
                together[number :: len(places)] = self.column(place)
        return bytes(together)

    def values(self) -> list[bytes]:
        """Each value's bytes."""
        if self.size == 0:
            return [b""] * self.total
        end = self.start + self.stride * self.total
        return [self.buffer[at : at + self.size] for at in range(self.start, end, self.stride)]


def words(values: PackedValues, order: Literal["little", "big"]) -> tuple[int, ...]:
    """Values of 4 or 8 bytes as unsigned integers."""
    return struct.unpack(f"{'<' if order == 'little' else '>'}{values.total}{_CODES[values.size]}", values.joined())
