"""The order in which a lookup visits a table's groups: probeSeq in internal/runtime/maps/table.go."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["H2_BITS", "ProbeSequence"]

#: The low bits of a hash are H2, which control bytes repeat; H1, those above, says where probing begins.
H2_BITS = 7


class ProbeSequence:
    """The numbers of the groups of one table, each once, from the one on that a hash's H1 names.

    The step grows by one each time (1, 2, 3, ...): with a power of two of groups that comes to every group.

    >>> list(ProbeSequence(6 << 7, mask=7))
    [6, 7, 1, 4, 0, 5, 3, 2]

    Args:
        hash: of the key.
        mask: the number of groups - 1: the table's lengthMask.
    """

    def __init__(self, hash: int, mask: int) -> None:
        self._first = hash >> H2_BITS & mask
        self._mask = mask

    def __iter__(self) -> Iterator[int]:
        group = self._first
        for step in range(1, self._mask + 2):
            yield group
            group = group + step & self._mask
