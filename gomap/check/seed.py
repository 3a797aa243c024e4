"""Whether a map's keys were stored under the seed in its header; if not, under which, so that the rest can be judged.

A header whose seed is damaged, or that leads to the buckets of another map, puts every key in a wrong place. That is
one cause and not a thousand, and it is proved by a seed under which the keys are in their places: one that differs in a
bit or in a byte, or that of another map.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from gomap.check.finding import Finding, rule
from gomap.check.keys import Keys
from gomap.check.slot_batch import SlotBatch
from gomap.maps.model import GoMap

__all__ = ["Fits", "Others", "Seed"]

#: Whether a live slot, by its number, is where a lookup for a key with that hash goes first.
Fits = Callable[[int, int], bool]
#: The maps of the program, by name; what is no map in place of one that cannot be read.
Others = Callable[[], Iterable[tuple[str, object]]]

SEED = rule("seed-wrong", "the header's seed is the one that the keys were stored under")
STORAGE = rule("storage-shared", "no other map has the same buckets or groups")

#: Keys that are asked; fewer than the second prove nothing, since of a small map a hash has seven bits to tell.
_SAMPLE, _FEW = 64, 4
#: Of these every seed is tried with so many keys.
_TRIED = 8
#: Seconds of work after which no more seeds are tried: keys may be strings of a megabyte.
_SECONDS = 2.0
#: Other maps that are looked at.
_MOST_OTHERS = 4096


class Seed:
    """The seed of one map; it is doubted once, with the first keys that can tell.

    Args:
        map: the map.
        keys: its keys, which go on under the right seed once that is found.
        others: the program's maps, asked for where the seed is wrong.
    """

    def __init__(self, map: GoMap, keys: Keys, others: Others) -> None:
        self._map = map
        self._keys = keys
        self._others = others
        self._settled = False
        self._field = "hash0" if "hash0" in map.header else "seed"
        self._storage = next((name for name in ("buckets", "dirPtr", "root") if name in map.header), "")

    def findings(self, batch: SlotBatch, hashes: Sequence[int | None], fits: Fits) -> list[Finding]:
        """What is wrong with the seed, told by the HASHES of the keys in BATCH; if anything is, hash them anew."""
        if self._settled:
            return []
        # Most keys are the first of their probe sequence.
        asked = list(islice(_different(hashes), _SAMPLE))
        if len(asked) < _FEW:
            return []
        self._settled = True
        before = sum(fits(number, hashes[number] or 0) for number in asked)
        if 2 * before >= len(asked):
            return []
        found: list[Finding] = []
        tried = asked[:_TRIED]
        until = time.process_time() + _SECONDS
        for candidates in self._candidates(found):
            seeds = [seed for seed, _ in candidates]
            fitting = [0] * len(seeds)
            for number in tried:
                if time.process_time() > until:
                    return found
                under = self._keys.under(batch, number, seeds)
                fitting = [
                    so_far + (one is not None and fits(number, one)) for so_far, one in zip(fitting, under, strict=True)
                ]
            best = max(fitting, default=0)
            if best < len(tried) - len(tried) // _TRIED:
                continue
            right, how = candidates[fitting.index(best)]
            each = [(number, self._keys.under(batch, number, [right])[0]) for number in asked]
            after = sum(one is not None and fits(number, one) for number, one in each)
            if after >= len(asked) - len(asked) // _TRIED:
                self._keys.seed = right
                text = (
                    f"{self._field} is {self._map.seed:#x}; {before} of {len(asked)} keys are where it leads; "
                    f"{after} are where {right:#x} does, {how}: what follows is judged by that"
                )
                found.append(SEED.broken(self._map.field_address(self._field), text))
                break
        return found

    def _candidates(self, found: list[Finding]) -> Iterator[Sequence[tuple[int, str]]]:
        """Seeds to try, and what each is. Of a map that has the same buckets a finding is added to FOUND."""
        seed = self._map.seed
        size = self._map.field_size(self._field)
        yield [(seed ^ 1 << bit, f"with bit {bit} flipped") for bit in range(8 * size)]
        for byte in range(size):
            yield [(seed ^ other << 8 * byte, f"with byte {byte} changed") for other in range(1, 256)]
        yield list(self._of_others(found))

    def _of_others(self, found: list[Finding]) -> Iterator[tuple[int, str]]:
        for name, other_map in islice(self._others(), _MOST_OTHERS):
            if not isinstance(other_map, GoMap) or other_map.kind != self._map.kind:
                continue
            if other_map.address in (0, self._map.address) or other_map.key.name != self._map.key.name:
                continue
            base = self._map.header[self._storage]
            if base == other_map.header[self._storage]:
                text = f"{self._storage} -> {base:#x}: that of {name}, the map at {other_map.address:#x}, too"
                address = self._map.field_address(self._storage)
                found.append(STORAGE.broken(address, f"{text}; each loses what the other one stores"))
            yield other_map.seed, f"that of {name}, the map at {other_map.address:#x}"


def _different(hashes: Sequence[int | None]) -> Iterator[int]:
    """The keys that have a hash, one of those that are equal: many that damage has made alike prove no more."""
    seen = set()
    for number, one in enumerate(hashes):
        if one is not None and one not in seen:
            seen.add(one)
            yield number
