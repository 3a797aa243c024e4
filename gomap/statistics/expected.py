"""What would be expected of a map whose keys' hashes are as good as random, and from which nothing was ever deleted."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

from gomap.maps.probing import ProbeSequence

__all__ = ["bucket_lengths", "group_lengths", "poisson"]

#: Tables that are filled by chance for an average, and with that seed: the same map has the same figures each time.
_TRIALS, _SEED = 24, 1


def poisson(entries: int, buckets: int) -> Mapping[int, float]:
    """How many buckets have so many of the entries, as far as that is a hundredth of a bucket or more."""
    load = entries / buckets
    most = int(load + 12 * math.sqrt(load) + 12)
    each = {number: buckets * _probability(load, number) for number in range(most)}
    return {number: expected for number, expected in each.items() if expected >= 0.01}


def bucket_lengths(entries: int, buckets: int, slots: int) -> tuple[float, float]:
    """The average number of buckets that a hit comes to, and a miss, where a bucket has so many slots."""
    load = entries / buckets
    hits = misses = 0.0
    for number in range(int(load + 12 * math.sqrt(load) + 12)):
        share, filled = _probability(load, number), -(-number // slots)
        # The entries of a bucket fill it and its overflow buckets one after the other.
        hits += share * sum(1 + entry // slots for entry in range(number))
        misses += share * max(1, filled)
    return hits / load if load else 0.0, misses


def group_lengths(tables: Sequence[tuple[int, int, int]], slots: int) -> tuple[float, float]:
    """The average number of groups that a hit comes to, and a miss: of tables filled by chance, some for each kind.

    TABLES: of each its groups, its entries, and which part of all hashes lead to it, in any unit.
    """
    kinds: dict[tuple[int, int], tuple[int, int]] = {}
    for groups, entries, weight in tables:
        number, so_far = kinds.get((groups, entries), (0, 0))
        kinds[groups, entries] = number + 1, so_far + weight
    chosen = sorted(kinds.items(), key=lambda kind: -kind[1][0])[:_TRIALS]
    chance = random.Random(_SEED)
    hits = misses = 0.0
    hit_weight = miss_weight = 0
    for (groups, entries), (number, weight) in chosen:
        for _ in range(max(1, _TRIALS // len(chosen))):
            hit, miss = _filled_by_chance(groups, entries, slots, chance)
            hits, hit_weight = hits + number * hit, hit_weight + number * entries
            misses, miss_weight = misses + weight * miss / groups, miss_weight + weight
    return (hits / hit_weight if hit_weight else 0.0), (misses / miss_weight if miss_weight else 0.0)


def _filled_by_chance(groups: int, entries: int, slots: int, chance: random.Random) -> tuple[int, int]:
    """The groups that lookups of all keys of a table come to, and those that misses that begin at each group do."""
    used, hits = [0] * groups, 0
    for _ in range(min(entries, groups * slots - 1)):
        for probes, group in enumerate(ProbeSequence(chance.getrandbits(32), groups - 1), 1):
            if used[group] < slots:
                used[group] += 1
                hits += probes
                break
    misses = 0
    for first in range(groups):
        misses += next(n for n, group in enumerate(ProbeSequence(first << 7, groups - 1), 1) if used[group] < slots)
    return hits, misses


def _probability(load: float, number: int) -> float:
    return math.exp(number * math.log(load) - load - math.lgamma(number + 1)) if load else float(number == 0)
