"""Sums over all buckets or groups at once: each is one byte of a large integer."""

from __future__ import annotations

__all__ = ["row_sums"]


def row_sums(flags: bytes, each: int) -> bytes:
    """How many of EACH flags in a row are 1, for all rows.

    >>> list(row_sums(bytes([1, 0, 1, 1]), 2))
    [1, 2]
    """
    total = sum(int.from_bytes(flags[number::each], "little") for number in range(each))
    return total.to_bytes(len(flags) // each, "little")
