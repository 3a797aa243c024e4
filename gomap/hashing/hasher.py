"""The hashes of a map's keys: each key is taken apart as its type says, and all keys go through each part at once."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import Union

from gomap.goruntime.rtype import RuntimeTypes
from gomap.hashing.packed_values import PackedValues, Seeds, words
from gomap.hashing.parts import Act, HashedPart, at_run_time, flattened, generated
from gomap.hashing.state import HashState
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = ["MOST_BYTES", "HashError", "KeyHasher", "hasher_for", "reflect_hasher_for"]

#: c0 and c1 of runtime/alg.go, by the bytes of a hash.
_C0 = {4: 2860486313, 8: 33054211828000289}
_C1 = {4: 3267000013, 8: 23344194077549503}

#: What one call may read: so much, and so much more for each key.
MOST_BYTES, _MORE_BYTES = 64 << 20, 1 << 10
#: What is counted for each part of a type that is found in interfaces, and for each value, besides its bytes.
_PART_COST, _VALUE_COST = 1024, 64
#: Bytes of strings that are hashed in one go.
_AT_ONCE = 16 << 20
#: How deep interfaces may hold structs with interfaces.
_DEEPEST = 50


class HashError(Exception):
    """A key that can't be hashed because of what was found in memory; the text says what and where."""


#: Why a key has no hash; None: it is random (NaN).
_Reason = Union[HashError, LayoutError, ReadError, None]


def hasher_for(state: HashState, target: Target, types: RuntimeTypes, key: GoType) -> KeyHasher:
    """What hashes the keys of maps with that key type. Raises LayoutError for types that no map's key has."""
    parts = flattened(key) if state.version >= (1, 27) else generated(key)
    return KeyHasher(_Hashing(state, target, types), key.size, parts)


def reflect_hasher_for(state: HashState, target: Target, types: RuntimeTypes, key: GoType) -> KeyHasher:
    """What hashes the keys of maps whose type package reflect made (MapOf): the program has no such type itself.

    Raises LayoutError for types that no map's key has.
    """
    return KeyHasher(_Hashing(state, target, types), key.size, at_run_time(key))


class KeyHasher:
    """Hashes keys of one type as the process does. Made by hasher_for.

    Attributes:
        parts: how a key is taken apart: keys of all types that have the same parts have the same hashes.
    """

    def __init__(self, hashing: _Hashing, size: int, parts: Sequence[HashedPart]) -> None:
        self._hashing = hashing
        self._size = size
        self.parts = parts

    def one(self, buffer: bytes, offset: int, seed: int) -> int | None:
        """The hash of the key at OFFSET; None if it has a random one (a NaN is in it).

        Args:
            seed: the map's: hash0 of a classic map, seed of a Swiss one.

        Raises ReadError where a string's or an interface's bytes can't be read, HashError or LayoutError if they
        make no sense.
        """
        hashes, reasons = self._hashes(buffer, (offset,), seed)
        reason = reasons.get(0)
        if reason is not None:
            raise reason
        return None if reasons else hashes[0]

    def many(self, buffer: bytes, offsets: Sequence[int], seed: Seeds, most: int | None = None) -> Sequence[int | None]:
        """The hashes of the keys at those offsets, fastest if they are a range; None where ``one`` has none either.

        SEED may be one for each key.

        Some 20,000 keys at a time are fastest. A call reads MOST bytes, or else 64 MiB and a KiB for each key: keys
        past that have no hash here, though they may have one if they are asked for alone.
        """
        hashes, reasons = self._hashes(buffer, offsets, seed, most)
        if not reasons:
            return hashes
        return [None if number in reasons else one for number, one in enumerate(hashes)]

    def _hashes(
        self, buffer: bytes, offsets: Sequence[int], seed: Seeds, most: int | None = None
    ) -> tuple[Sequence[int], dict[int, _Reason]]:
        keys = PackedValues.at(buffer, offsets, self._size)
        call = _Call(MOST_BYTES + _MORE_BYTES * keys.total if most is None else most)
        hashes = self._hashing.hashes(self.parts, keys, seed, call)
        return ([hashes] * keys.total if isinstance(hashes, int) else hashes), call.reasons


class _Call:
    """One call's account.

    Attributes:
        left: how many bytes it may still read.
        depth: of interfaces in interfaces.
        reasons: which keys have no hash, and why.
    """

    def __init__(self, left: int, depth: int = 0) -> None:
        self.left = left
        self.depth = depth
        self.reasons: dict[int, _Reason] = {}

    def spend(self, cost: int, what: str) -> None:
        """Raises HashError when it is too much."""
        if cost > self.left:
            raise HashError(f"{what}: too much to be hashed")
        self.left -= cost

    def lose(self, number: int, reason: _Reason) -> None:
        """Key NUMBER has no hash; the first reason counts."""
        self.reasons.setdefault(number, reason)


class _Hashing:
    """The hash functions of one process, for parts of types."""

    def __init__(self, state: HashState, target: Target, types: RuntimeTypes) -> None:
        self._memory = target.memory
        self._types = types
        self._memhash = state.memhash()
        self._order = target.byte_order
        self._word = target.pointer_size
        self._mask = (1 << 8 * self._word) - 1
        self._dynamic: dict[int, tuple[Sequence[HashedPart], int, bool]] = {}
        self._acts: dict[Act, Callable[[PackedValues, Seeds, _Call], Seeds]] = {
            Act.WORD: lambda values, seeds, call: self._memhash.word(values, seeds),
            Act.MEMORY: lambda values, seeds, call: self._memhash.memory(values, seeds),
            Act.FLOAT: self._floats,
            Act.STRING: self._strings,
            Act.EFACE: partial(self._interfaces, lambda word: word),
            Act.IFACE: partial(self._interfaces, types.in_itab),
        }

    def hashes(self, parts: Sequence[HashedPart], values: PackedValues, seeds: Seeds, call: _Call) -> Seeds:
        """The hashes of the values of a type that has those parts."""
        for part in parts:
            # Where no value has a hash any more, none is looked for: what holds itself would have parts without end.
            if len(call.reasons) < values.total:
                seeds = self._acts[part.act](values.part(part.offset, part.size), seeds, call)
        return seeds

    def _floats(self, values: PackedValues, seeds: Seeds, call: _Call) -> Seeds:
        order, code = "<" if self._order == "little" else ">", "f" if values.size == 4 else "d"
        floats = struct.unpack(f"{order}{values.total}{code}", values.joined())
        hashes = self._memhash.memory(values, seeds)
        special = [number for number, one in enumerate(floats) if not one or one != one]
        if special:
            hashes = list(hashes)
            for number in special:
                # +0 and -0 are equal, so they have one hash; a NaN equals nothing, so it may have any.
                hashes[number] = self._closed(_seed(seeds, number) ^ _C0[self._word])
                if floats[number]:
                    call.lose(number, None)
        return hashes

    def _strings(self, values: PackedValues, seeds: Seeds, call: _Call) -> Seeds:
        starts = words(values.part(0, self._word), self._order)
        lengths: Sequence[int] = words(values.part(self._word, self._word), self._order)
        if sum(lengths) > call.left:
            lengths = self._affordable(starts, lengths, call)
        call.left -= sum(lengths)
        hashes: list[int] = []
        ends = list(accumulate(lengths))
        while len(hashes) < values.total:
            first = len(hashes)
            last = max(bisect_right(ends, (ends[first - 1] if first else 0) + _AT_ONCE), first + 1)
            bodies, failures = self._memory.read_each(starts[first:last], lengths[first:last])
            for number, reason in failures.items():
                call.lose(first + number, reason)
            hashes += self._memhash.strings(bodies, seeds if isinstance(seeds, int) else seeds[first:last])
        return hashes

    def _affordable(self, starts: Sequence[int], lengths: Sequence[int], call: _Call) -> Sequence[int]:
        """The lengths of those strings that can still be read, 0 for the others."""
        left, affordable = call.left, [0] * len(lengths)
        for number, (start, length) in enumerate(zip(starts, lengths, strict=True)):
            if length <= left:
                left -= length
                affordable[number] = length
            else:
                call.lose(number, HashError(f"a string of {length} bytes at {start:#x}: too much to be hashed"))
        return affordable

    def _interfaces(self, dynamic_type: Callable[[int], int], values: PackedValues, seeds: Seeds, call: _Call) -> Seeds:
        """nilinterhash and interhash: the values of each dynamic type together."""
        alike: dict[int, list[int]] = {}
        for number, word in enumerate(words(values.part(0, self._word), self._order)):
            alike.setdefault(word, []).append(number)
        data = values.part(self._word, self._word).values()
        hashes = [_seed(seeds, number) for number in range(values.total)]
        for word, numbers in alike.items():
            if word == 0:
                continue
            try:
                if call.depth == _DEEPEST:
                    raise HashError(f"more than {_DEEPEST} interfaces that hold each other")
                parts, size, direct = self._held(dynamic_type, word)
                call.spend(_PART_COST * (1 + len(parts)), f"values of the type at {word:#x} and others in interfaces")
            except (HashError, LayoutError, ReadError) as reason:
                for number in numbers:
                    call.lose(number, reason)
                continue
            hashed, contents = self._contents(numbers, data, size, direct, call)
            inner = _Call(call.left, call.depth + 1)
            own = [hashes[number] ^ _C0[self._word] for number in hashed]
            results = self.hashes(parts, PackedValues.of(contents, size), own, inner)
            for place, number in enumerate(hashed):
                hashes[number] = self._closed(_seed(results, place))
            for place, why in inner.reasons.items():
                call.lose(hashed[place], why)
            call.left = inner.left
        return hashes

    def _held(self, dynamic_type: Callable[[int], int], word: int) -> tuple[Sequence[HashedPart], int, bool]:
        """Parts and size of what an interface with that first word holds, and whether it holds it itself."""
        found = self._dynamic.get(word)
        if found is None:
            address = dynamic_type(word)
            type, direct = self._types.at(address), self._types.is_direct(address)
            if direct and type.size != self._word:
                raise LayoutError(f"no type at {address:#x}: {type.size} bytes in one word of an interface")
            found = self._dynamic[word] = at_run_time(type), type.size, direct
        return found

    def _contents(
        self, numbers: Sequence[int], data: Sequence[bytes], size: int, direct: bool, call: _Call
    ) -> tuple[list[int], list[bytes]]:
        """The values that the data words at those NUMBERS stand for, and the numbers of those that can be read."""
        if direct:
            return list(numbers), [data[number] for number in numbers]
        good, contents = [], []
        for number in numbers:
            address = int.from_bytes(data[number], self._order)
            try:
                call.spend(_VALUE_COST + size, f"a value of {size} bytes at {address:#x}")
                contents.append(self._memory.read(address, size))
                good.append(number)
            except (HashError, ReadError) as reason:
                call.lose(number, reason)
        return good, contents

    def _closed(self, value: int) -> int:
        return _C1[self._word] * value & self._mask


def _seed(seeds: Seeds, number: int) -> int:
    return seeds if isinstance(seeds, int) else seeds[number]
