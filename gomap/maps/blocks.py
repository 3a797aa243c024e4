"""An array of records, read in pieces that grow: the first record costs one small read, a million cost few large ones.

What cannot be read becomes a Gap, page by page, and the walk goes on behind it; where nothing but gaps comes for long,
the rest is given up unread, so that a wild length cannot hold anybody up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gomap.maps.notes import Unreadable
from gomap.program.memory import Memory, ReadError

__all__ = ["Block", "Gap", "blocks", "gap_note"]

#: Bytes read ahead at most.
_AHEAD = 1 << 19
#: Protection is by pages, and no system that Go runs on has smaller ones.
_PAGE = 4096
#: Unreadable pages in one array after which the rest of it is not tried.
_MOST_BAD = 2048


class Block(NamedTuple):
    """LENGTH records from number FIRST on, whose bytes came from ADDRESS."""

    first: int
    length: int
    address: int
    buffer: bytes


class Gap(NamedTuple):
    """LENGTH records from number FIRST on that could not be read, since ADDRESS cannot; all but TRIED were given up."""

    first: int
    length: int
    address: int
    tried: int


def blocks(
    memory: Memory, base: int, stride: int, first: int, end: int, *, scan: bool = False
) -> Iterator[Block | Gap]:
    """The records FIRST to END - 1 of the array at BASE, STRIDE bytes each; SCAN: all are wanted, so begin at large."""
    most = max(1, _AHEAD // max(stride, 1))
    at, ahead, bad = first, most if scan else 1, 0
    gap: Gap | None = None
    while at < end:
        count = min(ahead, end - at)
        address = base + at * stride
        try:
            buffer = memory.read(address, count * stride)
        except ReadError as error:
            if count > 1:
                ahead = count // 2
                continue
            bad += 1
            # To the next record that has no byte in the page that failed.
            lost = min(max(1, -(-((error.address | (_PAGE - 1)) + 1 - address) // stride)), end - at)
            gap = gap or Gap(at, 0, error.address, 0)
            gap = gap._replace(length=gap.length + lost, tried=gap.tried + lost)
            at += lost
            if bad == _MOST_BAD:
                gap = gap._replace(length=gap.length + end - at)
                at = end
        else:
            if gap is not None:
                yield gap
                gap = None
            yield Block(at, count, address, buffer)
            at += count
            ahead = min(2 * count, most)
    if gap is not None:
        yield gap


def gap_note(what: str, gap: Gap) -> Unreadable:
    """The gap as a note; WHAT: one record of the array."""
    return Unreadable(gap.address, what, gap.first, gap.length, gap.tried)
