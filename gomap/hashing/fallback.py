"""Go's hashes for processors without AES: after wyhash, in one version for 64-bit words and one for 32-bit words.

Source: runtime/hash64.go and hash32.go; from Go 1.27 on internal/runtime/maps/runtime_hash64.go and
runtime_hash32.go.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Literal

from gomap.hashing.packed_values import PackedValues, Seeds, words

__all__ = ["Fallback32", "Fallback64"]

_MASK32 = (1 << 32) - 1
_MASK64 = (1 << 64) - 1
_M5 = 0x1D8E4E27C47D124F


class _Fallback(abc.ABC):
    """What the versions for 64-bit and 32-bit words have in common.

    Args:
        keys: the process's four random words (``hashkey``).
        order: the byte order in which memory is loaded.
    """

    def __init__(self, keys: Sequence[int], order: Literal["little", "big"]) -> None:
        self._keys = keys
        self._order = order

    def memory(self, values: PackedValues, seeds: Seeds) -> Sequence[int]:
        """memhash."""
        return self.strings(values.values(), seeds)

    def strings(self, bodies: Sequence[bytes], seeds: Seeds) -> Sequence[int]:
        """strhash."""
        return [self._one(body, seed) for body, seed in zip(bodies, _each(seeds), strict=False)]

    @abc.abstractmethod
    def _one(self, body: bytes, seed: int) -> int:
        """The hash of one piece of memory."""

    def _load(self, content: bytes) -> int:
        return int.from_bytes(content, self._order)


class Fallback64(_Fallback):
    """The hash with 64-bit words."""

    def word(self, values: PackedValues, seeds: Seeds) -> Sequence[int]:
        """memhash32 and memhash64."""
        key0, key1, *_ = self._keys
        length = _M5 ^ values.size
        hashes = []
        for value, seed in zip(words(values, self._order), _each(seeds), strict=False):
            product = (value ^ key1) * (value ^ key0 ^ seed)
            product = (product >> 64 ^ product & _MASK64) * length
            hashes.append(product >> 64 ^ product & _MASK64)
        return hashes

    def memory(self, values: PackedValues, seeds: Seeds) -> Sequence[int]:
        """memhash."""
        return self.word(values, seeds) if values.size in (4, 8) else super().memory(values, seeds)

    def _one(self, body: bytes, seed: int) -> int:
        key0, key1, *_ = self._keys
        size = len(body)
        seed ^= key0
        if size == 0:
            return seed
        if size < 4:
            first, second = body[0] | body[size >> 1] << 8 | body[-1] << 16, 0
        elif size <= 8:
            first, second = self._load(body[:4]), self._load(body[-4:])
            if size == 8:
                first = second = self._load(body)
        else:
            if size > 16:
                seed = self._long(body, seed)
            first, second = self._load(body[:8] if size <= 16 else body[-16:-8]), self._load(body[-8:])
        return _mixed(_M5 ^ size, _mixed(first ^ key1, second ^ seed))

    def _long(self, body: bytes, seed: int) -> int:
        """The seed after all of a body of more than 16 bytes but its last 1 to 16."""
        at, end = 0, len(body)
        if end > 48:
            lanes = [seed] * 3
            while end - at > 48:
                for lane in range(3):
                    first, second = self._load(body[at : at + 8]), self._load(body[at + 8 : at + 16])
                    lanes[lane] = _mixed(first ^ self._keys[lane + 1], second ^ lanes[lane])
                    at += 16
            seed = lanes[0] ^ lanes[1] ^ lanes[2]
        while end - at > 16:
            seed = _mixed(self._load(body[at : at + 8]) ^ self._keys[1], self._load(body[at + 8 : at + 16]) ^ seed)
            at += 16
        return seed


class Fallback32(_Fallback):
    """The hash with 32-bit words."""

    def word(self, values: PackedValues, seeds: Seeds) -> Sequence[int]:
        """memhash32 and memhash64: nothing special."""
        return self.memory(values, seeds)

    def _one(self, body: bytes, seed: int) -> int:
        size = len(body)
        first, second = self._mixed(seed, (size ^ self._keys[0]) & _MASK32)
        if size == 0:
            return first ^ second
        at = 0
        while size - at > 8:
            first, second = self._mixed(
                first ^ self._load(body[at : at + 4]), second ^ self._load(body[at + 4 : at + 8])
            )
            at += 8
        rest = body[at:]
        if len(rest) >= 4:
            first ^= self._load(rest[:4])
            second ^= self._load(rest[-4:])
        else:
            second ^= rest[0] | rest[len(rest) >> 1] << 8 | rest[-1] << 16
        first, second = self._mixed(*self._mixed(first, second))
        return first ^ second

    def _mixed(self, first: int, second: int) -> tuple[int, int]:
        product = (first ^ self._keys[1]) * (second ^ self._keys[2])
        return product & _MASK32, product >> 32


def _each(seeds: Seeds) -> Iterator[int]:
    """A seed for each value, without end where all have the same."""
    return repeat(seeds) if isinstance(seeds, int) else iter(seeds)


def _mixed(first: int, second: int) -> int:
    """The two halves of the product, XORed."""
    product = first * second
    return product >> 64 ^ product & _MASK64
