"""What the search for the cause of findings works with: the damaged map, and what if some of its bytes were others.

To tell what if, the map is checked again on memory that has the other bytes. That takes long, so there may be only so
many of these checks: of a map that is too large for one no cause of this kind is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

from gomap.check.finding import Finding, InSlot
from gomap.check.leaves import leaves
from gomap.goruntime.heap import Heap
from gomap.goruntime.rtype import RuntimeTypes
from gomap.hashing import HashError, KeyHasher
from gomap.maps.classic import MIN_TOP_HASH, ClassicMap
from gomap.maps.lookups.model import mark_of
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.maps.probing import H2_BITS
from gomap.maps.swiss import EMPTY, SwissMap
from gomap.program.gotypes import Kind, LayoutError
from gomap.program.memory import ReadError

__all__ = ["Check", "Scene"]

#: Whether a finding is the last that is wanted.
Enough = Callable[[Finding], bool]
#: What a check of a map finds until it is enough, if nothing asks for causes; and how many buckets it looked at.
Check = Callable[[GoMap, Enough], tuple[Sequence[Finding], int]]

#: So many H2 there are.
_MARKS = 1 << H2_BITS
#: Slots that may be judged anew, in all checks together, and how many one check counts for at least.
_MOST_SLOTS, _LEAST_SLOTS = 1_000_000, 4_000
#: Bytes of a string beyond which it is not hashed anew.
_LONG = 1 << 10
#: Where no program has memory, since the kernel gives none there; how much is put there at once, and in what units.
_NOWHERE, _AT_ONCE, _PAGE = 0x1000, 128, 4096


class Scene:
    """A damaged map.

    Args:
        map: the map.
        heap: the runtime's bookkeeping, if it is known.
        hasher: computes hashes of its keys.
        types: what interfaces hold.
        seed: what these were stored under.
        entries, slots: how many of these a check of it has seen.
        check: such a check.
        cut: that check ended early, with so many findings that there are more.
    """

    def __init__(
        self,
        map: GoMap,
        heap: Heap | None,
        hasher: KeyHasher | None,
        types: RuntimeTypes,
        seed: int,
        entries: int,
        slots: int,
        check: Check,
        cut: bool,
    ) -> None:
        self.map = map
        self.heap = heap
        self.hasher = hasher
        self.types = types
        self.seed = seed
        self.entries = entries
        self.cut = cut
        self._check = check
        self._strings = [leaf for leaf in leaves(map.places.key) if leaf.type.kind is Kind.STRING]
        self._left = _MOST_SLOTS
        self._cost = max(slots, _LEAST_SLOTS)

    def can_suppose(self, times: int) -> bool:
        """Whether so many more checks can be made."""
        return times * self._cost <= self._left

    def supposing(self, others: Mapping[int, bytes], enough: Enough) -> Sequence[Finding] | None:
        """What a check would find, until it is ENOUGH, if those bytes stood there; None if there is no map then."""
        map = self.map
        with map.target.memory.supposing(others):
            try:
                found, buckets = self._check(open_map(map.target, map.type, map.address), enough)
            except (LayoutError, ReadError):
                return None
            finally:
                self._left -= self._cost
        # A map that was not all looked at may be larger than it seemed.
        self._left -= max(0, buckets * map.places.slots - self._cost)
        return found

    def bytes_at(self, address: int, size: int) -> bytes:
        """SIZE bytes there; none where they cannot be read."""
        try:
            return self.map.target.memory.read(address, size)
        except ReadError:
            return b""

    def word_at(self, address: int) -> int:
        """The word there, 0 where it cannot be read."""
        return int.from_bytes(self.bytes_at(address, self.map.target.pointer_size), self.map.target.byte_order)

    def mark_address(self, slot: InSlot) -> int:
        """Where the tophash or control byte of a slot stands."""
        return slot.bucket + self.map.places.marks + slot.number

    def key_address(self, slot: InSlot) -> int:
        """Where a slot's key stands, or the pointer to it."""
        return slot.bucket + self.map.places.keys + slot.number * self.map.places.key_stride

    def stored_key(self, slot: InSlot) -> tuple[int, bytes]:
        """Where a slot's key is, and its bytes; none where they cannot be read."""
        places, address = self.map.places, self.key_address(slot)
        if places.indirect_key:
            address = self.word_at(address)
        return address, self.bytes_at(address, places.key.size)

    def hash_of(self, key: bytes) -> int | None:
        """The hash of a key; None where it has none."""
        try:
            return self.hasher.one(key, 0, self.seed) if self.hasher and key else None
        except (HashError, LayoutError, ReadError):
            return None

    def mark_of(self, key: bytes) -> int | None:
        """The tophash or control byte that goes with a key; None where it has no hash."""
        key_hash = self.hash_of(key)
        return None if key_hash is None else mark_of(self.map, key_hash)

    def marks_of(self, keys: Sequence[bytes]) -> Sequence[int | None]:
        """The tophash or control byte of each key; None also where a string in it is long: a length may be wrong."""
        marks: list[int | None] = [None] * len(keys)
        size = self.map.places.key.size
        short = [number for number, key in enumerate(keys) if all(one <= _LONG for one in self._lengths(key))]
        if self.hasher and short:
            joined = b"".join([keys[number] for number in short])
            hashes = self.hasher.many(joined, range(0, size * len(short), size), self.seed)
            for number, key_hash in zip(short, hashes, strict=True):
                marks[number] = None if key_hash is None else mark_of(self.map, key_hash)
        return marks

    def _lengths(self, key: bytes) -> Iterator[int]:
        """The lengths of the strings in a key."""
        word, order = self.map.target.pointer_size, self.map.target.byte_order
        for leaf in self._strings:
            yield int.from_bytes(key[leaf.offset + word : leaf.offset + 2 * word], order)

    def marks_with(self, key: bytes, offset: int, strings: Sequence[bytes]) -> Sequence[int | None]:
        """The tophash or control byte of KEY with each of STRINGS in place of the one at OFFSET."""
        marks: list[int | None] = []
        word, order = self.map.target.pointer_size, self.map.target.byte_order
        for first in range(0, len(strings), _AT_ONCE):
            some = strings[first : first + _AT_ONCE]
            joined = b"".join(some)
            page = joined + bytes(-len(joined) % _PAGE)
            starts = accumulate(map(len, some), initial=_NOWHERE)
            keys = [
                key[:offset] + start.to_bytes(word, order) + len(one).to_bytes(word, order) + key[offset + 2 * word :]
                for start, one in zip(starts, some, strict=False)
            ]
            with self.map.target.memory.supposing({_NOWHERE: page}):
                marks += self.marks_of(keys)
        return marks

    def hash_room(self, slot: InSlot) -> tuple[int, float]:
        """How many bits of a hash a slot's mark repeats; and of how many hashes one has that mark and leads there."""
        map = self.map
        if isinstance(map, ClassicMap):
            old = map.header["oldbuckets"]
            size = map.oldbuckets * map.places.size
            inside = old and 0 <= slot.bucket - old < size
            (mark,) = self.bytes_at(self.mark_address(slot), 1) or (0,)
            # What would be a state has MIN_TOP_HASH added: two hashes lead to the same mark.
            marks = 256 if mark >= 2 * MIN_TOP_HASH else 128
            return 8, marks * (map.oldbuckets if inside else max(map.buckets, 1))
        if isinstance(map, SwissMap):
            for table in map.tables:
                groups, size = map.groups_of(table), map.places.size
                if 0 <= slot.bucket - table.groups < groups * size:
                    starts = self._starts(table.groups, groups, (slot.bucket - table.groups) // size)
                    return H2_BITS, _MARKS * (groups << table.local_depth) / starts
        return H2_BITS, _MARKS

    def _starts(self, base: int, groups: int, wanted: int) -> int:
        """In how many of a table's groups lookups may begin that come to the one WANTED."""
        places = self.map.places
        table = self.bytes_at(base, groups * places.size)
        marks = range(places.marks, len(table), places.size)
        ends = [EMPTY in table[at : at + places.slots] for at in marks]
        starts = 0
        for group in range(len(ends)):
            at, step = group, 0
            while at != wanted and not ends[at] and step < groups:
                step += 1
                at = (at + step) % groups
            starts += at == wanted
        return max(starts, 1)
