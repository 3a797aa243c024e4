"""The figures of one map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gomap.maps.notes import Note
from gomap.program.facts import Facts
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError

__all__ = ["Lengths", "Statistics", "Taken"]


class Lengths:
    """How many buckets or groups each of many lookups comes to, each with a weight.

    Attributes:
        counts: the weight of all lookups of a length, by length.
    """

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()

    def add(self, length: int, weight: int = 1) -> None:
        """So many lookups more of that length."""
        self.counts[length] += weight

    @property
    def mean(self) -> float:
        """The average; 0 without lookups."""
        weight = self.counts.total()
        return sum(length * each for length, each in self.counts.items()) / weight if weight else 0.0

    @property
    def p99(self) -> int:
        """The shortest length that 99 of 100 lookups do not exceed."""
        total, so_far = self.counts.total(), 0
        for length in sorted(self.counts):
            so_far += self.counts[length]
            if 100 * so_far >= 99 * total:
                return length
        return 0

    @property
    def longest(self) -> int:
        return max(self.counts, default=0)


class Taken(NamedTuple):
    """Bytes of one kind of part of a map: how many parts, and bytes of all of them."""

    what: str
    number: int
    bytes: int


class EndlessChain(Facts):
    """The chain of the bucket at HEAD runs in a circle, or is longer than any can be."""

    head: int


class UnreadableChain(Facts):
    """The chain of the bucket at HEAD leads to where nothing can be read."""

    head: int
    error: ReadError


class AllocatorUnknown(Facts):
    """What the allocator takes cannot be told."""

    error: LayoutError | ReadError


class NoHasher(Facts):
    """Keys are not hashed, so what lookups of them come to cannot be told."""

    error: LayoutError | ReadError


@dataclass
class Statistics:
    """What was measured.

    Attributes:
        entries: live ones that were seen.
        slots: that there are, those of overflow buckets included, of old buckets not.
        deleted: slots that are ``deleted``, or ``emptyOne``.
        fill: how many buckets, with the overflow buckets behind them, or groups have so many entries: those that
            lookups come to. (New buckets to which nothing was evacuated yet are none.)
        chains: how many buckets have so many overflow buckets behind them; empty for groups.
        hits, misses: lookups of each key that is there, and of keys that are not, whose hashes are anything.
        lost: keys that lookups miss, or that have no hash (NaN).
        unhashed: keys of which it is not known where lookups look: what their hash is made of cannot be had.
        taken: bytes by kind of part.
        allocated: bytes that the allocator has given for all parts; None where it is not known.
        rebuilt: bytes that a map made for as many entries would take, as allocated.
        expected_fill: how many of these buckets would have so many entries if hashes are as good as random, by
            number; None where that cannot be told.
        expected_hits, expected_misses: likewise the average length.
        trouble: what could not be looked at; such a map's figures are those of the rest.
        without: what is not measured, and why.

    (gomap.views.statistics has the words for both.)
    """

    entries: int = 0
    slots: int = 0
    deleted: int = 0
    fill: Counter[int] = field(default_factory=Counter)
    chains: Counter[int] = field(default_factory=Counter)
    hits: Lengths = field(default_factory=Lengths)
    misses: Lengths = field(default_factory=Lengths)
    lost: int = 0
    unhashed: int = 0
    taken: Sequence[Taken] = ()
    allocated: int | None = None
    rebuilt: int | None = None
    expected_fill: Mapping[int, float] | None = None
    expected_hits: float | None = None
    expected_misses: float | None = None
    trouble: list[Note | EndlessChain | UnreadableChain] = field(default_factory=list)
    without: list[AllocatorUnknown | NoHasher] = field(default_factory=list)

    @property
    def structure(self) -> int:
        """Bytes of all parts."""
        return sum(part.bytes for part in self.taken)
