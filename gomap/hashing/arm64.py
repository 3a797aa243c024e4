"""Go's AES hash on arm64.

AESE adds the key before SubBytes and ShiftRows, and AESMC is MixColumns alone; so a hash can end without it. A seed
comes with the length in its upper half, and each lane keys all of its rounds with the same seed, or with what it has
loaded.

Source: memhash32, memhash64 and aeshashbody in runtime/asm_arm64.s; from Go 1.27 on
internal/runtime/maps/memhash_arm64.s.
"""

from __future__ import annotations

from collections.abc import Sequence

from gomap.hashing.aes import add, column, constant, from_columns, last_round, mixed_round, to_columns
from gomap.hashing.aes_lanes import BLOCK, LaneHash, Loads
from gomap.hashing.packed_values import PackedValues, Seeds

__all__ = ["Arm64Hash"]

_SIZE = 8


class Arm64Hash(LaneHash):
    """The hashes of arm64.

    Args:
        schedule: the process's key schedule.
        version: of Go. Up to 1.26 memhash32 takes half of the seed; from 1.21 on up to 16 bytes end in MixColumns.
    """

    def __init__(self, schedule: bytes, version: tuple[int, int]) -> None:
        super().__init__(schedule)
        self._seed_of_32 = _SIZE // 2 if version <= (1, 26) else _SIZE
        self._end_of_short = mixed_round if version >= (1, 21) else last_round

    def word(self, values: PackedValues, seeds: Seeds) -> Sequence[int]:
        """memhash32 and memhash64: three rounds with the first block of the key schedule."""
        count = values.total
        value = [column(values.column(byte)) for byte in range(values.size)]
        seed = to_columns(seeds, _SIZE, count)[: self._seed_of_32 if values.size == 4 else _SIZE]
        state = [*seed, *value, *([0] * (BLOCK - len(seed) - len(value)))]
        key = [constant(byte, count) for byte in self._schedule[:BLOCK]]
        state = mixed_round(add(mixed_round(add(state, key), count), key), count)
        return from_columns(last_round(add(state, key), count)[:_SIZE], count)

    def _short(self, length: int) -> Sequence[int | None]:
        """8, 4, 2 and 1 bytes, each at a place of its own."""
        places: list[int | None] = []
        loaded = 0
        for part in (8, 4, 2, 1) if length < BLOCK else (BLOCK,):
            there = length & part
            places += range(loaded, loaded + part) if there else [None] * part
            loaded += there
        return [*places, *([None] * (BLOCK - len(places)))]

    def _empty(self, count: int, seeds: Seeds) -> Sequence[int]:
        nothing = Loads(PackedValues(b"", 0, 1, count, 0), (), 0, 1, 0)
        return from_columns(self._seeds(nothing, seeds)[:_SIZE], count)

    def _hash(self, loads: Loads, seeds: Seeds) -> Sequence[int]:
        width = loads.width
        state, key = loads.blocks(0), self._seeded(loads, seeds)
        for number in range(loads.rounds):
            # In this loop the seed is what is encrypted, and the memory is the key that it is encrypted with.
            key = mixed_round(add(key, state), width)
            state = loads.blocks(number + 1)
            key = mixed_round(add(key, state), width)
        state, key = (key, state) if loads.rounds else (state, key)
        state = mixed_round(add(mixed_round(add(state, key), width), key), width)
        end = self._end_of_short if loads.lanes == 1 else last_round
        return loads.folded(end(add(state, key), width)[:_SIZE])

    def _seeds(self, loads: Loads, seeds: Seeds) -> list[int]:
        count = loads.values.total
        seed = [*to_columns(seeds, _SIZE, count), *to_columns(loads.lengths, _SIZE, count)]
        return mixed_round(add(loads.tiled(seed), loads.keys(self._schedule)), loads.width)
