"""Which of a batch of hashes have other bits than they should have.

Most maps are as they must be, so all hashes of a batch are compared at once, as the digits of big integers; which of
them differ is looked for only where they do not all agree.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

__all__ = ["HashWords", "differing", "nonzero", "words_of"]


class HashWords:
    """Hashes as words of 8 bytes, the lowest byte first; 0 for keys that have none."""

    def __init__(self, hashes: Sequence[int | None]) -> None:
        try:
            self._words = words_of(hashes)
        except struct.error:
            self._words = words_of([key_hash or 0 for key_hash in hashes])

    def column(self, byte: int) -> bytes:
        """One byte of each hash."""
        return self._words[byte::8]

    def differing(self, wanted: bytes, masks: bytes) -> Sequence[int]:
        """The numbers of those that differ from the WANTED words in bits that are set in MASKS."""
        wrong = int.from_bytes(self._words, "little") & int.from_bytes(masks, "little")
        wrong ^= int.from_bytes(wanted, "little")
        if not wrong:
            return ()
        apart = wrong.to_bytes(len(self._words), "little")
        together = 0
        for byte in range(8):
            together |= int.from_bytes(apart[byte::8], "little")
        return nonzero(together, len(apart) // 8)


def words_of(numbers: Sequence[int | None]) -> bytes:
    """Numbers as words of 8 bytes, the lowest byte first. Raises struct.error where there is none, or a larger one."""
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def differing(some: bytes, others: bytes) -> Sequence[int]:
    """The numbers of the bytes that differ."""
    if some == others:
        return ()
    return nonzero(int.from_bytes(some, "little") ^ int.from_bytes(others, "little"), len(some))


def nonzero(flags: int, count: int) -> Sequence[int]:
    """The numbers of the bytes that are not 0, of COUNT bytes of which the first is the lowest."""
    return [found.start() for found in re.finditer(rb"[^\0]", flags.to_bytes(count, "little"))] if flags else ()
