"""What a key's hash says about where it stands: for a batch of slots at a time."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterator, Sequence
from functools import cached_property

from gomap.check.finding import Finding, rule
from gomap.check.slot_batch import SlotBatch
from gomap.check.values import IMPOSSIBLE_KEY, KEY_FOLLOWS
from gomap.goruntime.wording import in_file_text
from gomap.hashing import MOST_BYTES, HashError, KeyHasher
from gomap.hashing.packed_values import Seeds
from gomap.hashing.parts import hashed_outside
from gomap.language import Literals
from gomap.language.equality import Comparables
from gomap.maps.layout import Places
from gomap.program.gotypes import LayoutError
from gomap.program.mapped_files import file_at
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = [
    "DUPLICATE",
    "HASH_MISMATCH",
    "MISPLACED",
    "OF_CHANGED_KEYS",
    "OUT_OF_PLACE",
    "UNREADABLE",
    "Keys",
    "hashes_together",
]

HASH_MISMATCH = rule("hash-mismatch", "the hash bits beside a slot are those of its key's hash")
MISPLACED = rule("key-misplaced", "a key stands where its hash leads a lookup")
DUPLICATE = rule("duplicate-key", "no key stands twice")
UNREADABLE = rule("unreadable", "all of a map can be read")
#: Names of the rules that tell of a key which is not where its hash leads; and of all that a key breaks whose bytes
#: have changed, all else being sound.
OUT_OF_PLACE = {HASH_MISMATCH.name, MISPLACED.name, "probe-broken"}
OF_CHANGED_KEYS = {*OUT_OF_PLACE, DUPLICATE.name}

#: Keys without a hash of which it is asked why, in one check: they may be a million NaNs.
_MOST_ASKED = 1000


class Keys:
    """The keys of one map.

    Args:
        target: the program.
        places: where they lie in a bucket or group.
        literals: how they are shown.
        hasher: computes hashes of such keys; None: without.
        seed: the map's.

    Attributes:
        seed: what the keys are hashed with.
        hashed: how many hashes were computed so far.
        wrong: how many of these do not have the bits beside them that they must have.
        unhashed: how many keys have none here though they may be sound.
        why_unhashed: of the first of them.
    """

    def __init__(
        self,
        target: Target,
        places: Places,
        literals: Literals,
        hasher: KeyHasher | None,
        seed: int,
    ) -> None:
        self._target = target
        self._places = places
        self._literals = literals
        self._hasher = hasher
        self.seed = seed
        self._asked = 0
        self.hashed = 0
        self.wrong = 0
        self.unhashed = 0
        self.why_unhashed = ""

    def hashes(self, batch: SlotBatch) -> Sequence[int | None] | None:
        """The hash of each live slot's key; None in its place where it has none (NaN) or cannot be read.

        None for all where there are no hashes to be had.
        """
        return hashes_together([(self, batch)], batch)[0]

    @cached_property
    def behind(self) -> bool:
        """Whether keys are hashed by bytes that do not lie in the map."""
        return hashed_outside(self._places.key)

    def under(self, batch: SlotBatch, number: int, seeds: Sequence[int]) -> Sequence[int | None]:
        """What the hash of the key of live slot NUMBER would be with each of other seeds."""
        if self._hasher is None:
            return [None] * len(seeds)
        return self._hasher.many(self._key(batch, number), [0] * len(seeds), seeds)

    def text(self, batch: SlotBatch, number: int) -> str:
        """The key of live slot NUMBER, as a Go literal."""
        return self._literals.text(self._places.key)(self._key(batch, number), 0)

    def address(self, batch: SlotBatch, number: int) -> int:
        """Where the key of live slot NUMBER is stored."""
        return batch.address(number, self._places.keys, self._places.key_stride)

    def duplicates(self, batch: SlotBatch, hashes: Sequence[int | None]) -> Iterator[Finding]:
        """Keys that stand twice. Equal keys have equal hashes: all that may be equal are in the same batch."""
        if len(set(hashes)) == len(hashes):
            return
        alike: dict[int, list[int]] = {}
        for number, key_hash in enumerate(hashes):
            if key_hash is not None:
                alike.setdefault(key_hash, []).append(number)
        comparable = Comparables(self._target, self._literals.types).of(self._places.key)
        for numbers in alike.values():
            seen: dict[Hashable, int] = {}
            for number in numbers if len(numbers) > 1 else ():
                try:
                    key = comparable(self._key(batch, number), 0)
                except (LayoutError, ReadError):
                    continue  # what cannot be read is a finding of its own
                if key in seen:
                    there = self.address(batch, seen[key])
                    yield DUPLICATE.broken(
                        self.address(batch, number),
                        f"{self.text(batch, number)} stands here and at {there:#x}; a lookup finds one of them only",
                        key_address=self.address(batch, number),
                        slot=batch.slot(number),
                        twin=there,
                    )
                seen.setdefault(key, number)

    def unreadable(self, batch: SlotBatch, hashes: Sequence[int | None], known: Container[int]) -> Iterator[Finding]:
        """Keys that have no hash because what they point to cannot be read; not those whose numbers are KNOWN."""
        if self._hasher is None or None not in hashes:
            return
        if not self.behind and not self._places.indirect_key:  # then all of these are NaNs
            return
        for number, key_hash in enumerate(hashes):
            if key_hash is not None or number in known:
                continue
            if self._asked == _MOST_ASKED:
                return
            error = self._why_none(batch, number)
            if isinstance(error, ReadError) and not self._target.memory.left_out(error.address):
                address = self.address(batch, number)
                yield IMPOSSIBLE_KEY.broken(
                    address,
                    f"key at {address:#x}: {self.text(batch, number)}: {error}; {KEY_FOLLOWS}",
                    slot=batch.slot(number),
                )
            elif error is not None:
                self.unhashed += 1
                why = self._not_given(error.address) if isinstance(error, ReadError) else str(error)
                self.why_unhashed = self.why_unhashed or why

    def unknown(self, batch: SlotBatch, hashes: Sequence[int | None]) -> int:
        """How many keys have no hash here though they may have one: what it is made of cannot be had."""
        if not self.behind and not self._places.indirect_key:
            return 0
        without = (number for number, key_hash in enumerate(hashes) if key_hash is None)
        # Of those that are too many to be asked one by one it is not known.
        return sum(self._asked == _MOST_ASKED or self._why_none(batch, number) is not None for number in without)

    def _why_none(self, batch: SlotBatch, number: int) -> ReadError | HashError | LayoutError | None:
        """Why the key of live slot NUMBER cannot be hashed; None if it has no hash (NaN)."""
        self._asked += 1
        if self._hasher is not None:
            try:
                self._hasher.one(self._key(batch, number), 0, self.seed)
            except (ReadError, HashError, LayoutError) as error:
                return error
        return None

    def _not_given(self, address: int) -> str:
        """What the core was not given, which it would take to hash a key that has bytes there."""
        file = file_at(self._target.mapped_files(), address)
        return f"the core was not given what is at {address:#x}{f', {in_file_text(file)}' if file else ''}"

    def under_seeds(self, batch: SlotBatch, seeds: Seeds, most: int | None) -> Sequence[int | None] | None:
        """The hashes of the keys in BATCH, which may be those of several maps of one type; MOST: see KeyHasher.many."""
        if self._hasher is None:
            return None
        stored, stride = self._keys(batch)
        offsets = range(0, stride * batch.count, stride) if stride else [0] * batch.count
        return self._hasher.many(stored, offsets, seeds, most)

    def _key(self, batch: SlotBatch, number: int) -> bytes:
        """The key of live slot NUMBER."""
        places = self._places
        stored = batch.stored(number, places.keys, places.key_stride)
        return self._behind(stored, 0) if places.indirect_key else stored[: places.key.size]

    def _keys(self, batch: SlotBatch) -> tuple[bytes, int]:
        """The keys themselves, from the batch or from where these point to, and bytes from one to the next."""
        places = self._places
        stored = batch.packed(places.keys, places.key_stride)
        if not places.indirect_key:
            return stored, places.key_stride
        pointers = range(0, places.key_stride * batch.count, places.key_stride)
        return b"".join([self._behind(stored, offset) for offset in pointers]), places.key.size

    def _behind(self, buffer: bytes, offset: int) -> bytes:
        """The key that the pointer at OFFSET leads to; zeros where it cannot be read, as Values says."""
        pointer = int.from_bytes(buffer[offset : offset + self._target.pointer_size], self._target.byte_order)
        try:
            return self._target.memory.read(pointer, self._places.key.size)
        except ReadError:
            return bytes(self._places.key.size)


def hashes_together(
    asked: Sequence[tuple[Keys, SlotBatch]], joined: SlotBatch
) -> Sequence[Sequence[int | None] | None]:
    """What Keys.hashes has for each of several maps of one type and its batch; JOINED are all those batches."""
    alone = len(asked) == 1
    keys = asked[0][0]
    seeds: Seeds = keys.seed if alone else [keys.seed for keys, batch in asked for _ in range(batch.count)]
    hashes = keys.under_seeds(joined, seeds, None if alone else MOST_BYTES)
    if hashes is None:
        return [None] * len(asked)
    each: list[Sequence[int | None] | None] = []
    start = 0
    for keys, batch in asked:
        own = hashes if alone else hashes[start : start + batch.count]
        start += batch.count
        if not alone and None in own:
            # Perhaps other maps' keys took up all that may be read at once: alone it has what is its own.
            each += hashes_together([(keys, batch)], batch)
        else:
            keys.hashed += len(own)
            each.append(own)
    return each
