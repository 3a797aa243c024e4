"""What each of the runtime's families of hash functions offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gomap.hashing.packed_values import PackedValues, Seeds

__all__ = ["MemHash"]


class MemHash(Protocol):
    """One family: hashes of plain memory, uintptr each, for a batch of values at a time.

    They are named for what the runtime has: the same four bytes may hash differently through each of them.
    """

    def word(self, values: PackedValues, seeds: Seeds) -> Sequence[int]:
        """memhash32 or memhash64: values of 4 or 8 bytes."""
        ...

    def memory(self, values: PackedValues, seeds: Seeds) -> Sequence[int]:
        """memhash: values of any size."""
        ...

    def strings(self, bodies: Sequence[bytes], seeds: Seeds) -> Sequence[int]:
        """strhash: memhash of each string's bytes."""
        ...
