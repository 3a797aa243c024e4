"""Go's AES hashes on amd64 and 386.

Both build on AESENC, a mixed round whose key may be anything: a block of the key schedule, loaded memory, or the
state itself (which makes it a round without a key that one could know). A seed comes with the low sixteen bits of
the length, four times over; and a 386, where seed and hash have 32 bits, leaves the bytes between them zero.

Source: memhash32, memhash64 and aeshashbody in runtime/asm_amd64.s and asm_386.s; from Go 1.27 on
internal/runtime/maps/memhash_amd64.s, memhash_nosimd_amd64.s and memhash_386.s.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import TypeVar

from gomap.hashing.aes import ALL, add, added, column, from_columns, mixed_round, needed_for, to_columns
from gomap.hashing.aes_lanes import BLOCK, LaneHash, Loads
from gomap.hashing.packed_values import PackedValues, Seeds

__all__ = ["Amd64Hash", "I386Hash"]

_Part = TypeVar("_Part")


class _X86Hash(LaneHash):
    """What amd64 and 386 share.

    Attributes:
        _size: bytes of a seed and of a hash.
    """

    _size: int

    @abc.abstractmethod
    def _word_state(self, value: Sequence[_Part], seed: Sequence[_Part]) -> Sequence[_Part]:
        """Where memhash32 and memhash64 put value and seed; zeros follow."""

    @abc.abstractmethod
    def _first_round(self, blocks: Sequence[int], seeds: Sequence[int], count: int) -> list[int]:
        """How a first round that is not the only one begins."""

    @abc.abstractmethod
    def _next_round(self, state: Sequence[int], blocks: Sequence[int], count: int) -> list[int]:
        """Every later round."""

    def word(self, values: PackedValues, seeds: Seeds) -> Sequence[int]:
        """memhash32 and memhash64: a round for each of the first three blocks of the key schedule."""
        count, shared = values.total, isinstance(seeds, int)
        value = [column(values.column(byte)) for byte in range(values.size)]
        seed = seeds.to_bytes(self._size, "little") if isinstance(seeds, int) else to_columns(seeds, self._size, count)
        state = [*self._word_state(value, seed), *([0] * (BLOCK - len(value) - len(seed)))]
        # What is the same for all values need not go through the first round with each of them.
        own = self._word_state([True] * len(value), [not shared] * len(seed))
        differing = [place for place, differs in enumerate(own) if differs]
        alike = [place for place in ALL if place not in differing]
        key: Sequence[int] = add(mixed_round(state, 1, ALL, alike), self._schedule[:BLOCK])
        hash_bytes = range(self._size)
        wanted = needed_for(needed_for(hash_bytes))
        state = added(mixed_round(state, count, wanted, differing), key, count, wanted)
        for number, wanted in enumerate((needed_for(hash_bytes), hash_bytes), 1):
            key = self._schedule[number * BLOCK : (number + 1) * BLOCK]
            state = added(mixed_round(state, count, wanted), key, count, wanted)
        return from_columns(state[: self._size], count)

    def _short(self, length: int) -> Sequence[int | None]:
        return [*range(length), *([None] * (BLOCK - length))]

    def _empty(self, count: int, seeds: Seeds) -> Sequence[int]:
        nothing = Loads(PackedValues(b"", 0, 1, count, 0), (), 0, 1, 0)
        state = _stirred(self._seeds(nothing, seeds), count)
        return from_columns(state[: self._size], count)

    def _hash(self, loads: Loads, seeds: Seeds) -> Sequence[int]:
        width = loads.width
        first, seed = loads.blocks(0), self._seeded(loads, seeds)
        state = self._first_round(first, seed, width) if loads.rounds else add(first, seed)
        for number in range(loads.rounds):
            state = self._next_round(state, loads.blocks(number + 1), width)
        hash_bytes = range(self._size)
        for wanted in (ALL, tuple({*hash_bytes, *needed_for(hash_bytes)}), hash_bytes):
            state = _stirred(state, width, wanted)
        return loads.folded(state[: self._size])

    def _seeds(self, loads: Loads, seeds: Seeds) -> list[int]:
        count = loads.values.total
        lengths = loads.lengths if isinstance(loads.lengths, int) else [each & 0xFFFF for each in loads.lengths]
        if isinstance(lengths, int):
            lengths &= 0xFFFF
        low, high, *_ = to_columns(lengths, 4, count)
        seed = to_columns(seeds, self._size, count)
        state = [*seed, *([0] * (BLOCK // 2 - len(seed))), *([low, high] * 4)]
        return _stirred(add(loads.tiled(state), loads.keys(self._schedule)), loads.width)


class Amd64Hash(_X86Hash):
    """The hashes of amd64."""

    _size = 8

    def _word_state(self, value: Sequence[_Part], seed: Sequence[_Part]) -> Sequence[_Part]:
        return [*seed, *value]

    def _first_round(self, blocks: Sequence[int], seeds: Sequence[int], count: int) -> list[int]:
        return add(blocks, seeds)

    def _next_round(self, state: Sequence[int], blocks: Sequence[int], count: int) -> list[int]:
        return add(mixed_round(_stirred(state, count), count), blocks)


class I386Hash(_X86Hash):
    """The hashes of 386."""

    _size = 4

    def _word_state(self, value: Sequence[_Part], seed: Sequence[_Part]) -> Sequence[_Part]:
        return [*seed, *value] if len(value) == 4 else [*value, *seed]

    def _first_round(self, blocks: Sequence[int], seeds: Sequence[int], count: int) -> list[int]:
        return add(mixed_round(blocks, count), seeds)

    def _next_round(self, state: Sequence[int], blocks: Sequence[int], count: int) -> list[int]:
        return _stirred(add(mixed_round(state, count), blocks), count)


def _stirred(state: Sequence[int], count: int, wanted: Sequence[int] = ALL) -> list[int]:
    """AESENC with the state itself as the key."""
    return add(mixed_round(state, count, wanted), state)
