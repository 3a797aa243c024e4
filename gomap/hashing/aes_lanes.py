"""What Go's AES hashes of memory have in common: how they cut it into blocks of 16 bytes.

Up to 16 bytes are one block. Longer memory is hashed in 2, 4 or (with 64-bit hashes) 8 *lanes*, whose hashes are
XORed in the end: half of the lanes begin at the start, the others end at the end, and what both cover counts twice.
Memory longer than all lanes together is hashed in rounds: first its last blocks, one a lane, then all blocks from the
start until these are reached.

Source: aeshashbody in runtime/asm_amd64.s, asm_386.s and asm_arm64.s; from Go 1.27 on
internal/runtime/maps/memhash_*.s.

The lanes of one value go through the same steps with different bytes, just as the values of a batch do; so a state
here has the first value's bytes for lane 0, those for lane 1 and so on, then the second value's: as they are loaded.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from functools import reduce
from operator import xor
from typing import NamedTuple

from gomap.hashing.aes import column, from_columns
from gomap.hashing.packed_values import PackedValues, Place, Seeds

__all__ = ["BLOCK", "LaneHash", "Loads"]

#: Bytes in a block.
BLOCK = 16


class Loads(NamedTuple):
    """What is loaded of a batch of values.

    Attributes:
        values: the batch.
        places: which bytes of a value make up its blocks, in order.
        lengths: of the values, or of all of them.
        lanes: how many: 1, 2, 4 or 8.
        rounds: how many after the first.
    """

    values: PackedValues
    places: Sequence[Place]
    lengths: Seeds
    lanes: int
    rounds: int

    @property
    def width(self) -> int:
        """How many states that makes: each value has one in each lane."""
        return self.values.total * self.lanes

    def blocks(self, number: int) -> list[int]:
        """What is loaded in round NUMBER, as a state."""
        first = number * self.lanes * BLOCK
        content = self.values.bytes_at(self.places[first : first + self.lanes * BLOCK])
        return [column(content[byte::BLOCK]) for byte in range(BLOCK)]

    def keys(self, schedule: bytes) -> list[int]:
        """Each lane's block of the key schedule, as a state."""
        end = self.lanes * BLOCK
        return [column(schedule[byte:end:BLOCK] * self.values.total) for byte in range(BLOCK)]

    def tiled(self, columns: Sequence[int]) -> list[int]:
        """Byte columns of the values, the same for each lane."""
        if self.lanes == 1:
            return list(columns)
        tiled = bytearray(self.width)
        outcome = []
        for one in columns:
            content = one.to_bytes(self.values.total, "little")
            for lane in range(self.lanes):
                tiled[lane :: self.lanes] = content
            outcome.append(column(tiled))
        return outcome

    def spread(self, columns: Sequence[int]) -> list[int]:
        """Byte columns of one value's lanes, the same for each value."""
        return [column(one.to_bytes(self.lanes, "little") * self.values.total) for one in columns]

    def folded(self, columns: Sequence[int]) -> tuple[int, ...]:
        """The XOR of each value's lanes, as integers."""
        if self.lanes == 1:
            return from_columns(columns, self.values.total)
        folded = []
        for one in columns:
            content = one.to_bytes(self.width, "little")
            folded.append(reduce(xor, [column(content[lane :: self.lanes]) for lane in range(self.lanes)]))
        return from_columns(folded, self.values.total)


class LaneHash(abc.ABC):
    """An AES hash of memory.

    Args:
        schedule: the process's key schedule (``aeskeysched``): a block for each of the lanes that there can be.
    """

    def __init__(self, schedule: bytes) -> None:
        self._schedule = schedule
        self._most_lanes = len(schedule) // BLOCK

    def memory(self, values: PackedValues, seeds: Seeds) -> Sequence[int]:
        """memhash."""
        if values.size == 0:
            return self._empty(values.total, seeds)
        lanes, rounds = self._shape(values.size)
        if lanes == 1:
            places = self._short(values.size)
        else:
            places = [at for part in _parts(lanes, rounds) for at in range(values.size)[part]]
        return self._hash(Loads(values, places, values.size, lanes, rounds), seeds)

    def strings(self, bodies: Sequence[bytes], seeds: Seeds) -> Sequence[int]:
        """strhash."""
        lengths = list(map(len, bodies))
        loaded = {length: self._loaded(length) for length in set(lengths)}
        alike: dict[int, list[int]] = {most: [] for most in loaded.values()}
        for number, length in enumerate(lengths):
            alike[loaded[length]].append(number)
        hashes = [0] * len(bodies)
        for most, numbers in alike.items():
            chosen = [bodies[number] for number in numbers]
            own = seeds if isinstance(seeds, int) else [seeds[number] for number in numbers]
            for number, key_hash in zip(numbers, self._alike(chosen, most, own), strict=True):
                hashes[number] = key_hash
        return hashes

    @abc.abstractmethod
    def word(self, values: PackedValues, seeds: Seeds) -> Sequence[int]:
        """memhash32 or memhash64."""

    def _seeded(self, loads: Loads, seeds: Seeds) -> list[int]:
        """The seed as each lane sees it, as a state; where it is the same for all values, it is computed once."""
        if isinstance(seeds, int) and isinstance(loads.lengths, int):
            one = loads._replace(values=loads.values._replace(total=1))
            return loads.spread(self._seeds(one, seeds))
        return self._seeds(loads, seeds)

    @abc.abstractmethod
    def _seeds(self, loads: Loads, seeds: Seeds) -> list[int]:
        """The seed as each lane sees it, as a state: computed for each value."""

    @abc.abstractmethod
    def _empty(self, count: int, seeds: Seeds) -> Sequence[int]:
        """The hashes of no bytes at all."""

    @abc.abstractmethod
    def _short(self, length: int) -> Sequence[Place]:
        """What is loaded of memory of 1 to 16 bytes."""

    @abc.abstractmethod
    def _hash(self, loads: Loads, seeds: Seeds) -> Sequence[int]:
        """The hashes of values of a byte at least."""

    def _alike(self, bodies: Sequence[bytes], loaded: int, seeds: Seeds) -> Sequence[int]:
        """The hashes of strings of which as many bytes are loaded."""
        if loaded <= BLOCK:
            return self.memory(PackedValues.of(bodies, loaded), seeds)
        lanes, rounds = self._shape(loaded)
        one, two = _parts(lanes, rounds)
        values = PackedValues.of([body[one] + body[two] for body in bodies], loaded)
        return self._hash(Loads(values, range(loaded), list(map(len, bodies)), lanes, rounds), seeds)

    def _shape(self, length: int) -> tuple[int, int]:
        """How many lanes memory of that length has, and how many rounds after the first."""
        lanes = 1
        while lanes * BLOCK < length and lanes < self._most_lanes:
            lanes *= 2
        return lanes, max(0, (length - 1) // (lanes * BLOCK))

    def _loaded(self, length: int) -> int:
        """How many bytes are loaded of memory of that length."""
        if length <= BLOCK:
            return length
        lanes, rounds = self._shape(length)
        return lanes * BLOCK * (1 + rounds)


def _parts(lanes: int, rounds: int) -> tuple[slice, slice]:
    """The two parts that memory of more than a block is loaded in, first to last."""
    loaded = lanes * BLOCK
    if rounds:
        return slice(-loaded, None), slice(loaded * rounds)
    return slice(loaded // 2), slice(-loaded // 2, None)
