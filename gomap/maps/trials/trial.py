"""What comes of trying the program's map types on maps: which fit, and whether that can be chance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb, prod
from typing import NamedTuple

from gomap.goruntime.rtype import runtime_types
from gomap.hashing import HashError, KeyHasher
from gomap.hashing.parts import Act
from gomap.maps.opening import open_map
from gomap.maps.recognition import header_at
from gomap.maps.trials.candidates import Candidate, Candidates, Hashing
from gomap.maps.trials.contents import Contents
from gomap.maps.trials.samples import Sample, Samples, sampled
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program, until_it_moves

__all__ = ["Trial", "TypeTrials", "trial_of", "type_trials"]

#: A type that fits with a smaller chance does not do so by chance; and one that only some keys fit is none, if another
#: fits with a chance that is smaller by so much.
_RARE = 1 / 1000
#: Keys that are hashed in one go.
_AT_ONCE = 1 << 14
#: Bytes of strings that are hashed with them, and so many more for each: where a type does not fit, lengths are wild.
_MOST_BYTES, _MORE_BYTES = 1 << 20, 1 << 10
#: Types that fit one map of whose contents it is asked whether they can be.
_MOST_ASKED = 64
#: Parts of keys that can be a NaN.
_WITH_NAN = (Act.FLOAT, Act.EFACE, Act.IFACE)


@dataclass(frozen=True)
class Trial:
    """What was found out of one map.

    Attributes:
        types: those that fit, by name; if none does, those that the map's buckets or groups can be of.
        entries: how many keys were hashed, by the types that fit best.
        fitting: how many of these stand where their hash leads.
        chance: that a type which is not the map's fits as well; 1: none fits.
        missing: why the program may have types that were not tried; empty if it has none.
    """

    types: Sequence[GoType]
    entries: int
    fitting: int
    chance: float
    missing: str

    @property
    def beyond_chance(self) -> bool:
        """Whether the map's type is among those that fit: no other one does so by chance, and all were tried."""
        return self.chance < _RARE and not self.missing

    @property
    def type(self) -> GoType | None:
        """The map's type; None if several types fit, or one might do so by chance."""
        return self.types[0] if self.beyond_chance and len(self.types) == 1 else None

    @property
    def key(self) -> GoType | None:
        """The type of its keys; None if that is not certain either."""
        first, *others = (type.key for type in self.types)
        return first if self.beyond_chance and all(other.name == first.name for other in others) else None


class _Fit(NamedTuple):
    """How well all types fit that hash in one way: keys that have hashes, those that fit, and the chance of that."""

    hashing: Hashing
    entries: int
    fitting: int
    chance: float


class TypeTrials:
    """Tries the map types of one program. Raises LayoutError and ReadError where there are no types or hashes."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._candidates = Candidates(program)
        self._contents = Contents(program)

    def of(self, addresses: Sequence[int]) -> dict[int, Trial]:
        """What is found out of the maps whose headers are at ADDRESSES: of those that can be of some type.

        Many at a time are faster.
        """
        possible: dict[int, Sequence[Candidate]] = {}
        samples: dict[Hashing, dict[int, Samples]] = defaultdict(dict)
        for address in addresses:
            try:
                possible[address] = self._candidates.of(address)
                self._sample(address, possible[address], samples)
            except (LayoutError, ReadError):
                possible.pop(address, None)
        fits: dict[int, list[_Fit]] = defaultdict(list)
        hashers = {each.hashing: each.hasher for candidates in possible.values() for each in candidates}
        for hashing, of_maps in samples.items():
            for address, fit in self._fits(hashing, hashers[hashing], of_maps):
                fits[address].append(fit)
        return {address: self._trial(address, types, fits[address]) for address, types in possible.items() if types}

    def _sample(
        self, address: int, candidates: Sequence[Candidate], samples: dict[Hashing, dict[int, Samples]]
    ) -> None:
        """Add the keys of the map at ADDRESS, read in each way in which CANDIDATES read them."""
        read = {}
        for each in candidates:
            if each.hashing.reading not in read:
                read[each.hashing.reading] = sampled(open_map(self._program, each.type, address))
        for hashing in {each.hashing for each in candidates}:
            samples[hashing][address] = read[hashing.reading]

    def _fits(self, hashing: Hashing, hasher: KeyHasher, of_maps: dict[int, Samples]) -> Iterator[tuple[int, _Fit]]:
        """How well types that hash in that way fit the maps at those addresses."""
        size = hashing.reading.key_size
        keys: list[bytes] = []
        seeds: list[int] = []
        for samples in of_maps.values():
            keys += [sample.key or bytes(size) for sample in samples.keys]
            seeds += [samples.seed] * len(samples.keys)
        hashes: list[int | None] = []
        for first in range(0, len(keys), _AT_ONCE):
            some = keys[first : first + _AT_ONCE]
            offsets = range(0, len(some) * size, size) if size else [0] * len(some)
            most = _MOST_BYTES + _MORE_BYTES * len(some)
            hashes += hasher.many(b"".join(some), offsets, seeds[first : first + _AT_ONCE], most)
        at = 0
        for address, samples in of_maps.items():
            yield address, self._fit(hashing, hasher, samples, hashes[at : at + len(samples.keys)])
            at += len(samples.keys)

    def _fit(self, hashing: Hashing, hasher: KeyHasher, samples: Samples, hashes: Sequence[int | None]) -> _Fit:
        fitting, chances, unhashed = 0, [], []
        for sample, key_hash in zip(samples.keys, hashes, strict=True):
            if key_hash is None or sample.key is None:
                unhashed.append(sample)
                continue
            chances.append(sample.chance)
            fitting += sample.fits(key_hash)
        # A NaN has a random hash, and says nothing; a key that cannot be hashed for another reason does not fit.
        if fitting:  # or else it makes no difference
            chances += [sample.chance for sample in unhashed if not _is_nan(hasher, sample, samples.seed)]
        if fitting == len(chances):
            return _Fit(hashing, fitting, fitting, prod(chances))
        chance = comb(len(chances), fitting) * max(chances) ** fitting
        return _Fit(hashing, len(chances), fitting, min(1.0, chance))

    def _trial(self, address: int, possible: Sequence[Candidate], fits: list[_Fit]) -> Trial:
        """What follows from how well each way to hash fits one map, which can be of the types that are POSSIBLE.

        If none fits, as where all keys have changed, the map may still be of each of them.
        """
        tried = len({each.hashing for each in possible})
        good = [fit for fit in fits if fit.fitting and (fit.fitting == fit.entries or fit.chance * tried < _RARE)]
        best = min(good or fits, key=lambda fit: fit.chance)
        ways = {fit.hashing for fit in good if fit.fitting == fit.entries or fit.chance * _RARE <= best.chance}
        fitting = [each for each in possible if each.hashing in ways or not good]
        types = [self._named(each) for each in self._with_possible_contents(address, fitting)]
        return Trial(
            sorted(types, key=lambda type: type.name),
            best.entries,
            best.fitting,
            min(1.0, best.chance * tried) if good else 1.0,
            self._candidates.missing,
        )

    def _with_possible_contents(self, address: int, fitting: list[Candidate]) -> list[Candidate]:
        """Those of the types that FITTING says of which the map's contents can be; all if that rules out all."""
        if not 1 < len(fitting) <= _MOST_ASKED:
            return fitting
        left = []
        for each in fitting:
            try:
                if not self._contents.impossible(each.type, address):
                    left.append(each)
            except (LayoutError, ReadError):
                left.append(each)
        return left or fitting

    def _named(self, candidate: Candidate) -> GoType:
        return runtime_types(self._program).named_at(candidate.address)


def _is_nan(hasher: KeyHasher, sample: Sample, seed: int) -> bool:
    if not any(part.act in _WITH_NAN for part in hasher.parts):
        return False
    try:
        return sample.key is not None and hasher.one(sample.key, 0, seed) is None
    except (HashError, LayoutError, ReadError):
        return False


@until_it_moves
def type_trials(program: Program) -> TypeTrials:
    """What tries the map types of PROGRAM. Raises LayoutError and ReadError."""
    return TypeTrials(program)


def trial_of(program: Program, address: int) -> Trial | None:
    """What is found out of the map whose header is at ADDRESS; None if none is there, or no types can be tried."""
    try:
        if header_at(program, address) is None:
            return None
        return type_trials(program).of([address]).get(address)
    except (LayoutError, ReadError):
        return None
