"""What a key's hash says about where it stands, and where keys and elements lead: for a batch of slots at a time."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from gomap.check.finding import Finding, rule
from gomap.check.slot_batch import Records
from gomap.goruntime.heap import Heap
from gomap.hashing import KeyHasher
from gomap.hashing.batch import Batch, words
from gomap.language import Literals
from gomap.language.equality import identity
from gomap.maps.layout import Places
from gomap.program.gotypes import GoType, Kind
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = ["HASH_MISMATCH", "MISPLACED", "UNREADABLE", "Keys"]

HASH_MISMATCH = rule("hash-mismatch", "the hash bits beside a slot are those of its key's hash")
MISPLACED = rule("key-misplaced", "a key stands where its hash leads a lookup")
DUPLICATE = rule("duplicate-key", "no key stands twice")
FREED_KEY = rule("freed-key", "what a key points to is in use")
FREED_ELEM = rule("freed-elem", "what an element points to is in use")
UNREADABLE = rule("unreadable", "all of a map can be read")

#: Kinds whose first word is a pointer that keeps its memory alive.
_POINTING = {Kind.STRING, Kind.POINTER, Kind.MAP, Kind.CHAN, Kind.SLICE}


class Keys:
    """The keys and elements of one map.

    Args:
        target: the program.
        places: where they lie in a bucket or group.
        literals: how they are shown.
        hasher: computes hashes of such keys; None: without.
        seed: the map's.
        heap: the runtime's bookkeeping; None: where they lead is not looked at.

    Attributes:
        hashed: how many hashes were computed so far.
    """

    def __init__(
        self,
        target: Target,
        places: Places,
        literals: Literals,
        hasher: KeyHasher | None,
        seed: int,
        heap: Heap | None,
    ) -> None:
        self._target = target
        self._places = places
        self._text = literals.text(places.key)
        self._hasher = hasher
        self._seed = seed
        self._heap = heap
        self.hashed = 0

    def hashes(self, records: Records) -> Sequence[int | None] | None:
        """The hash of each live slot's key; None in its place where it has none (NaN) or cannot be read.

        None for all where there are no hashes to be had.
        """
        if self._hasher is None:
            return None
        stored, stride = self._keys(records)
        offsets = range(0, stride * records.count, stride) if stride else [0] * records.count
        hashes = self._hasher.many(stored, offsets, self._seed)
        self.hashed += len(hashes)
        return hashes

    def text(self, records: Records, number: int) -> str:
        """The key of live slot NUMBER, as a Go literal."""
        return self._text(self._key(records, number), 0)

    def address(self, records: Records, number: int) -> int:
        """Where the key of live slot NUMBER is stored."""
        return records.address(number, self._places.keys, self._places.key_stride)

    def duplicates(self, records: Records, hashes: Sequence[int | None]) -> Iterator[Finding]:
        """Keys that stand twice. Equal keys have equal hashes: all that may be equal are in the same records."""
        if len(set(hashes)) == len(hashes):
            return
        alike: dict[int, list[int]] = {}
        for number, key_hash in enumerate(hashes):
            if key_hash is not None:
                alike.setdefault(key_hash, []).append(number)
        for numbers in alike.values():
            seen: dict[Hashable, int] = {}
            for number in numbers if len(numbers) > 1 else ():
                text = self.text(records, number)
                key = identity(self._target, self._places.key, self._key(records, number), text)
                if key in seen:
                    there = self.address(records, seen[key])
                    yield DUPLICATE.broken(
                        self.address(records, number),
                        f"{text} stands here and at {there:#x}; a lookup finds one of them only",
                    )
                seen.setdefault(key, number)

    def dangling(self, records: Records) -> Iterator[Finding]:
        """Keys and elements that lead into memory which the allocator has taken back."""
        places = self._places
        for rule_, what, stored, indirect, start, stride in (
            (FREED_KEY, "key", places.key, places.indirect_key, places.keys, places.key_stride),
            (FREED_ELEM, "element", places.elem, places.indirect_elem, places.elems, places.elem_stride),
        ):
            if self._heap is None or not (indirect or stored.kind in _POINTING):
                continue
            pointers = self._pointers(records.packed(start, stride), stride, records.count, stored, indirect)
            freed = {answer.address: answer for answer in self._heap.freed(pointers)}
            if not freed:
                continue
            for number, pointer in enumerate(pointers):
                if pointer in freed:
                    address = records.address(number, start, stride)
                    yield rule_.broken(address, f"{what} at {address:#x} -> {pointer:#x}: {freed[pointer].describe()}")

    def _key(self, records: Records, number: int) -> bytes:
        """The key of live slot NUMBER."""
        places = self._places
        stored = records.stored(number, places.keys, places.key_stride)
        return self._behind(stored, 0) if places.indirect_key else stored[: places.key.size]

    def _keys(self, records: Records) -> tuple[bytes, int]:
        """The keys themselves, from the records or from where these point to, and bytes from one to the next."""
        places = self._places
        stored = records.packed(places.keys, places.key_stride)
        if not places.indirect_key:
            return stored, places.key_stride
        pointers = range(0, places.key_stride * records.count, places.key_stride)
        return b"".join([self._behind(stored, offset) for offset in pointers]), places.key.size

    def _behind(self, buffer: bytes, offset: int) -> bytes:
        """The key that the pointer at OFFSET leads to; zeros where it cannot be read, as ``dangling`` says."""
        pointer = int.from_bytes(buffer[offset : offset + self._target.pointer_size], self._target.byte_order)
        try:
            return self._target.memory.read(pointer, self._places.key.size)
        except ReadError:
            return bytes(self._places.key.size)

    def _pointers(self, packed: bytes, stride: int, count: int, stored: GoType, indirect: bool) -> Sequence[int]:
        """What each live slot's key or element points to; 0 where that has no bytes."""
        size, order = self._target.pointer_size, self._target.byte_order
        pointers = words(Batch(packed, 0, stride, count, size), order)
        if indirect or stored.kind is not Kind.STRING:
            return pointers
        lengths = words(Batch(packed, size, stride, count, size), order)
        if 0 not in lengths:
            return pointers
        # An empty string may point anywhere.
        return [pointer if length else 0 for pointer, length in zip(pointers, lengths, strict=True)]
