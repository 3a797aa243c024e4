"""Buckets or groups in one piece of memory, so that their slots can be judged in bulk: by slices, not one by one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate, chain, compress
from operator import mul
from struct import Struct

from gomap.check.finding import InSlot
from gomap.check.hashwords import words_of
from gomap.maps.layout import Places
from gomap.maps.slots import row_sums

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

    @classmethod
    def joined(cls, batches: Sequence[SlotBatch]) -> SlotBatch:
        """The slots of all those batches, of maps of one type; a single one is that itself."""
        if len(batches) == 1:
            return batches[0]
        joined = cls(batches[0].places)
        for one in batches:
            joined.add(one._buffer, one.addresses, one.homes, b"".join(one._marks), one._flags)
        return joined

    @cached_property
    def count(self) -> int:
        """How many slots are live. From here on nothing can be added."""
        return self._flags.count(1)

    def place(self, number: int) -> tuple[int, int]:
        """The number of live slot NUMBER's record, and that of the slot in there."""
        slots, record = self.places.slots, bisect_right(self._ends, number)
        before = self._ends[record - 1] if record else 0
        of_record = self._flags[record * slots : (record + 1) * slots]
        return record, list(compress(range(slots), of_record))[number - before]

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
        # Cut up from START on: the last piece of a record may reach into the next.
        record = Struct(f"{stride}s" * self.places.slots + f"{self.places.size - self.places.slots * stride}x")
        pieces = record.iter_unpack(self._buffer[start:] + self._buffer[:start])
        return b"".join(compress(chain.from_iterable(pieces), self._flags))

    def stored(self, number: int, start: int, stride: int) -> bytes:
        """What live slot NUMBER has there, as in ``packed``."""
        record, slot = self.place(number)
        at = record * self.places.size + start + slot * stride
        return self._buffer[at : at + stride]

    def home_words(self) -> bytes:
        """The home of each live slot's record, in words of 8 bytes."""
        return b"".join(map(mul, bytes_of_each(words_of(self.homes), 8), self._counts))

    def address(self, number: int, start: int, stride: int) -> int:
        """Where in the target live slot NUMBER has what ``packed`` packs."""
        record, slot = self.place(number)
        return self.addresses[record] + start + slot * stride

    def slot(self, number: int) -> InSlot:
        """Which slot in the target live slot NUMBER is."""
        record, slot = self.place(number)
        return InSlot(self.addresses[record], slot)

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
    def _counts(self) -> bytes:
        """How many slots of each record are live."""
        return row_sums(self._flags, self.places.slots)

    @cached_property
    def _ends(self) -> list[int]:
        """How many live slots there are up to the end of each record."""
        return list(accumulate(self._counts))


def bytes_of_each(joined: bytes, each: int) -> list[bytes]:
    """Bytes cut into pieces of one length."""
    return [joined[at : at + each] for at in range(0, len(joined), each)]
