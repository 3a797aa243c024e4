"""Buckets or groups in one piece of memory, so that their slots can be judged in bulk: by slices, not one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property, lru_cache
from itertools import compress

from gomap.check.hashwords import words_of
from gomap.maps.layout import Places

__all__ = ["SlotBatch", "bytes_of_each"]


class SlotBatch:
    """The slots of many buckets or groups, the records, that stand one behind the other.

    Attributes:
        places: where the slots lie in a record.
        addresses: where each record was.
        homes: for each what the hashes of its keys must have in those bits that lead a lookup there.
    """

    def __init__(self, places: Places) -> None:
        self.places = places
        self.addresses: list[int] = []
        self.homes: list[int] = []
        self._parts: list[bytes] = []
        self._packed: dict[tuple[int, int], bytes] = {}
        self._marks: list[bytes] = []
        self._live: list[bytes] = []

    def add(self, buffer: bytes, addresses: Iterable[int], homes: Iterable[int], marks: bytes, live: bytes) -> None:
        """Add the buckets or groups in BUFFER.

        Args:
            marks: the tophash or control byte of each slot.
            live: 1 for each slot that holds an entry, 0 for the others.
        """
        self._parts.append(buffer)
        self.addresses.extend(addresses)
        self.homes.extend(homes)
        self._marks.append(marks)
        self._live.append(live)

    @cached_property
    def count(self) -> int:
        """How many slots are live. From here on nothing can be added."""
        return self._flags.count(1)

    @cached_property
    def slots(self) -> list[int]:
        """The live slots of all, as record number * slots in a record + slot."""
        return list(compress(range(len(self._flags)), self._flags))

    @cached_property
    def marks(self) -> bytes:
        """The tophash or control byte of each live slot."""
        return bytes(compress(b"".join(self._marks), self._flags))

    def packed(self, start: int, stride: int) -> bytes:
        """What each live slot has at START + slot * STRIDE in its record, STRIDE bytes of each."""
        if (start, stride) not in self._packed:
            self._packed[start, stride] = self._pack(start, stride)
        return self._packed[start, stride]

    def _pack(self, start: int, stride: int) -> bytes:
        buffer, size = self._buffer, self.places.size
        runs = {
            pattern: [(start + first * stride, start + end * stride) for first, end in _runs(pattern)]
            for pattern in set(self._patterns)
        }
        return b"".join(
            [
                buffer[at + first : at + end]
                for at, pattern in zip(range(0, len(buffer), size), self._patterns, strict=True)
                for first, end in runs[pattern]
            ]
        )

    def stored(self, number: int, start: int, stride: int) -> bytes:
        """The same of live slot NUMBER alone."""
        record, slot = divmod(self.slots[number], self.places.slots)
        at = record * self.places.size + start + slot * stride
        return self._buffer[at : at + stride]

    def home_words(self) -> bytes:
        """The home of each live slot's record, in words of 8 bytes."""
        words = words_of(self.homes)
        counts = {pattern: pattern.count(1) for pattern in set(self._patterns)}
        return b"".join(
            [
                words[at : at + 8] * counts[pattern]
                for at, pattern in zip(range(0, len(words), 8), self._patterns, strict=True)
            ]
        )

    def address(self, number: int, start: int, stride: int) -> int:
        """Where in the target live slot NUMBER has what ``packed`` packs."""
        record, slot = divmod(self.slots[number], self.places.slots)
        return self.addresses[record] + start + slot * stride

    def mark_address(self, number: int) -> int:
        """Where in the target the tophash or control byte of live slot NUMBER stands."""
        return self.address(number, self.places.marks, 1)

    @cached_property
    def _buffer(self) -> bytes:
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)

    @cached_property
    def _flags(self) -> bytes:
        return b"".join(self._live)

    @cached_property
    def _patterns(self) -> list[bytes]:
        """The flags of each record's slots."""
        return bytes_of_each(self._flags, self.places.slots)


def bytes_of_each(joined: bytes, each: int) -> list[bytes]:
    """Bytes cut into pieces of one length."""
    return [joined[at : at + each] for at in range(0, len(joined), each)]


@lru_cache(maxsize=1024)
def _runs(pattern: bytes) -> list[tuple[int, int]]:
    """Where live slots follow each other: first, and the one past the last."""
    return [found.span() for found in re.finditer(b"\1+", pattern)]
