"""Buckets or groups in one piece of memory, so that their slots can be judged in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from gomap.maps.layout import Places

__all__ = ["Records"]


class Records:
    """Records of one size, one behind the other, wherever each came from.

    Attributes:
        places: where the slots lie in a record.
        addresses: where each record came from.
        homes: for each the number to which the hashes of its keys must lead: its bucket's, or its table's in the batch.
    """

    def __init__(self, places: Places) -> None:
        self.places = places
        self.addresses: list[int] = []
        self.homes: list[int] = []
        self._parts: list[bytes] = []
        self._marks: list[bytes] = []
        self._live: list[Sequence[int]] = []

    def add(
        self,
        buffer: bytes,
        addresses: Iterable[int],
        homes: Iterable[int],
        marks: Iterable[bytes],
        live: Iterable[Sequence[int]],
    ) -> None:
        """Add the records in BUFFER; MARKS: the tophash or control bytes of each, LIVE: its slots that hold entries."""
        self._parts.append(buffer)
        self.addresses.extend(addresses)
        self.homes.extend(homes)
        self._marks.extend(marks)
        self._live.extend(live)

    @cached_property
    def buffer(self) -> bytes:
        """All of them. From here on nothing can be added."""
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)

    @cached_property
    def slots(self) -> list[int]:
        """The live slots of all, as record number * slots in a record + slot."""
        each = self.places.slots
        return [
            first + slot
            for first, live in zip(range(0, each * len(self._live), each), self._live, strict=True)
            for slot in live
        ]

    @cached_property
    def marks(self) -> bytes:
        """The tophash or control byte of every slot, live or not."""
        return b"".join(self._marks)

    def offsets(self, start: int, stride: int) -> list[int]:
        """Where in the buffer that lies which each live slot has at START + slot * STRIDE in its record."""
        size, each = self.places.size, self.places.slots
        shift, mask = each.bit_length() - 1, each - 1
        within = [start + slot * stride for slot in range(each)]
        return [(at >> shift) * size + within[at & mask] for at in self.slots]

    def offset(self, at: int, start: int, stride: int) -> int:
        """The same for slot AT alone."""
        record, slot = divmod(at, self.places.slots)
        return record * self.places.size + start + slot * stride

    def address(self, at: int, start: int, stride: int) -> int:
        """Where in the target slot AT has that."""
        record, slot = divmod(at, self.places.slots)
        return self.addresses[record] + start + slot * stride

    def mark_address(self, at: int) -> int:
        """Where in the target the tophash or control byte of slot AT stands."""
        return self.address(at, self.places.marks, 1)
