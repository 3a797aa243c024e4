"""How the runtime looks a key up in a map: what it goes by, each slot that it comes to, and where it ends.

Sources: mapaccess1 in runtime/map.go; Map.getWithKey in internal/runtime/maps/map.go, table.getWithKey in table.go. The
compiler has variants for keys of 4 or 8 bytes and for strings (mapaccess1_fast64, ...), which find the same in a
sound map. Where they differ is said in Lookup.variant.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from gomap.hashing.parts import Act, generated
from gomap.maps.classic import (
    EVACUATED_EMPTY,
    EVACUATED_X,
    MIN_TOP_HASH,
    SAME_SIZE_GROW,
    ClassicMap,
)
from gomap.maps.model import Bucket, Cell, Entry, GoMap, Match, Slot, Table
from gomap.maps.notes import NoTable
from gomap.maps.probing import H2_BITS, ProbeSequence
from gomap.maps.swiss import EMPTY, SwissMap
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.target import pointer_at

__all__ = [
    "Choice",
    "End",
    "HashOf",
    "Lookup",
    "Probe",
    "Tried",
    "Why",
    "look_up",
    "mark_of",
    "tried",
    "variant_of",
]

#: The key's hash under a seed; None if it has a random one (NaN).
HashOf = Callable[[int], "int | None"]

#: Buckets of a chain, or groups of a table, that are looked at: far more than any sound map has.
_MOST_PROBES = 1 << 12
#: Elements above this size are not for the compiler's variants (cmd/compile/internal/walk, mapfast).
_MOST_ELEM = 128
_VARIANTS = {(Act.WORD, 4): "fast32", (Act.WORD, 8): "fast64", (Act.STRING, 8): "faststr", (Act.STRING, 16): "faststr"}


class Why(enum.Enum):
    """What a lookup makes of one slot."""

    OTHER_HASH = "other hash bits"
    NOTHING = "nothing here"
    REST = "nothing here, nor behind"
    OTHER_KEY = "other key"
    UNREADABLE = "unreadable key"
    EQUAL = "equal key"
    ONWARD = "leads on"


class End(enum.Enum):
    """Why a lookup ends."""

    FOUND = "found"
    NIL_MAP = "nil map"
    NO_ENTRIES = "no entries"
    RANDOM_HASH = "random hash"
    EMPTY_REST = "emptyRest"
    CHAIN_END = "end of the chain"
    EMPTY_SLOT = "empty slot in the group"
    ONLY_GROUP = "the only group"
    NO_CHILD = "no child"
    NEVER = "never"
    FAULT = "fault"
    NOT_AMENDED = "not amended"
    DELETED = "deleted"


class Choice(NamedTuple):
    """Bits of the hash that choose something.

    Attributes:
        what: ``bucket``, ``old bucket``, ``tophash``, ``directory entry``, ``group``, ``H2``, ``child``.
        low: the lowest of these bits.
        bits: how many; 0 where there is nothing to choose from.
        value: what they choose.
        among: how many there are; 0 for bits that are only compared.
    """

    what: str
    low: int
    bits: int
    value: int
    among: int = 0


class Tried(NamedTuple):
    """A slot that a lookup came to, and what it made of that."""

    slot: Slot
    why: Why


class Probe(NamedTuple):
    """A bucket, group or node that a lookup came to.

    Attributes:
        bucket: itself.
        link: which overflow bucket of its chain it is, from 1 on; 0 for all others.
        table: of a group: its table; None in a map without directory.
        tried: its slots, as far as the lookup went.
    """

    bucket: Bucket
    link: int
    table: Table | None
    tried: Sequence[Tried]


class Lookup(NamedTuple):
    """One lookup.

    Attributes:
        map: which map; of a sync.Map it may be one of its halves.
        hash: the key's; None if it has none, or none is needed.
        choices: what its bits choose, in the order in which they do.
        probes: where it came, in order.
        end: why it ends.
        entry: what it found.
        fault: the address that cannot be read, where that ends it.
        not_old: the old bucket that is not looked at during growth since it is evacuated.
        variant: the function that compiled code calls for such keys, if that finds another outcome in this map.
    """

    map: GoMap
    hash: int | None
    choices: Sequence[Choice]
    probes: Sequence[Probe]
    end: End
    entry: Entry | None = None
    fault: int = 0
    not_old: Bucket | None = None
    variant: str = ""

    @property
    def found(self) -> bool:
        return self.end is End.FOUND

    @property
    def slots(self) -> int:
        """How many slots it came to."""
        return sum(len(probe.tried) for probe in self.probes)

    @property
    def compared(self) -> int:
        """How many keys it compared with the one that is looked up."""
        return sum(
            tried.why in (Why.OTHER_KEY, Why.UNREADABLE, Why.EQUAL) for probe in self.probes for tried in probe.tried
        )


def look_up(map: ClassicMap | SwissMap, hash_of: HashOf, match: Match) -> Lookup:
    """What a lookup in MAP does for the key that has that hash, and that MATCH tells from others.

    HASH_OF may raise what hashing raises.
    """
    if not map.address:
        return Lookup(map, None, (), (), End.NIL_MAP)
    if not map.count:
        return Lookup(map, None, (), (), End.NO_ENTRIES)
    key_hash = hash_of(map.seed)
    if key_hash is None:
        return Lookup(map, None, (), (), End.RANDOM_HASH)
    return _classic(map, key_hash, match) if isinstance(map, ClassicMap) else _swiss(map, key_hash, match)


def tried(slot: Slot, match: Match) -> Tried:
    """A slot whose key is compared with the one that is looked up."""
    cell = slot.entry.key if slot.entry is not None else None
    if not isinstance(cell, Cell):
        return Tried(slot, Why.UNREADABLE)
    try:
        return Tried(slot, Why.EQUAL if match(cell.buffer, cell.offset) else Why.OTHER_KEY)
    except (ReadError, LayoutError):
        return Tried(slot, Why.UNREADABLE)


def mark_of(map: GoMap, key_hash: int) -> int | None:
    """What stands beside a full slot whose key has that hash: its tophash or H2; None in a tree."""
    if isinstance(map, ClassicMap):
        top = key_hash >> 8 * (map.target.pointer_size - 1)
        return top + MIN_TOP_HASH if top < MIN_TOP_HASH else top
    return key_hash & (1 << H2_BITS) - 1 if isinstance(map, SwissMap) else None


def variant_of(map: GoMap) -> str:
    """``fast32``, ``fast64``, ``faststr`` where the compiler has a variant for such maps; empty otherwise."""
    if map.places.indirect_elem or map.places.elem.size > _MOST_ELEM:
        return ""
    parts = generated(map.key)
    if len(parts) != 1 or parts[0].size != map.key.size:
        return ""
    return _VARIANTS.get((parts[0].act, parts[0].size), "")


def _classic(map: ClassicMap, key_hash: int, match: Match) -> Lookup:
    header, size = map.header, map.places.size
    top_at, top = 8 * (map.target.pointer_size - 1), mark_of(map, key_hash) or 0
    b = header["B"]
    number = key_hash & (map.buckets - 1) if map.buckets else 0
    choices = [Choice("bucket", 0, b, number, map.buckets), Choice("tophash", top_at, 8, top)]
    role, base, not_old = "bucket", header["buckets"], None
    if header["oldbuckets"] and map.oldbuckets:
        old_b = b if header["flags"] & SAME_SIZE_GROW else max(b - 1, 0)
        old_number = key_hash & (map.oldbuckets - 1)
        choices.insert(1, Choice("old bucket", 0, old_b, old_number, map.oldbuckets))
        try:
            old = map.read_bucket("old bucket", old_number, header["oldbuckets"] + old_number * size)
        except ReadError as error:
            return Lookup(map, key_hash, choices, (), End.FAULT, fault=error.address)
        if EVACUATED_X <= old.marks[0] <= EVACUATED_EMPTY:
            not_old = old
        else:
            role, base, number = "old bucket", header["oldbuckets"], old_number
    probes: list[Probe] = []

    def ended(end: End, entry: Entry | None = None, fault: int = 0) -> Lookup:
        made = Lookup(map, key_hash, choices, probes, end, entry, fault, not_old)
        return made if made.found else made._replace(variant=_classic_variant(map, probes, match))

    address, seen = base + number * size, set[int]()
    while address:
        if address in seen or len(seen) >= _MOST_PROBES:
            return ended(End.NEVER)
        seen.add(address)
        try:
            bucket = map.read_bucket(role, number, address)
        except ReadError as error:
            return ended(End.FAULT, fault=error.address)
        outcome = list(_in_bucket(bucket, top, match))
        probes.append(Probe(bucket, len(probes), None, outcome))
        last = outcome[-1]
        if last.why is Why.EQUAL:
            return ended(End.FOUND, last.slot.entry)
        if last.why is Why.REST:
            return ended(End.EMPTY_REST)
        role, address = role.replace("bucket", "overflow"), bucket.overflow
    return ended(End.CHAIN_END)


def _in_bucket(bucket: Bucket, top: int, match: Match) -> Iterator[Tried]:
    """The slots of a bucket, up to the one that ends the search."""
    for slot in bucket.slots:
        if slot.mark == top:
            outcome = tried(slot, match)
        elif slot.mark == 0:
            outcome = Tried(slot, Why.REST)
        else:
            outcome = Tried(slot, Why.OTHER_HASH if slot.state == "full" else Why.NOTHING)
        yield outcome
        if outcome.why in (Why.EQUAL, Why.REST):
            return


def _classic_variant(map: ClassicMap, probes: Sequence[Probe], match: Match) -> str:
    """The variant that looks at no tophash and so finds a key that others miss; faststr does so in a single bucket."""
    name = variant_of(map)
    if not name or (name == "faststr" and map.header["B"]):
        return ""
    return f"mapaccess1_{name}" if _anywhere(probes, match) else ""


def _anywhere(probes: Sequence[Probe], match: Match) -> bool:
    """Whether the key is in a full slot of what was looked at, whatever stands beside it."""
    slots = (slot for probe in probes for slot in probe.bucket.slots if slot.state == "full")
    return any(tried(slot, match).why is Why.EQUAL for slot in slots)


def _swiss(map: SwissMap, key_hash: int, match: Match) -> Lookup:
    h2 = key_hash & (1 << H2_BITS) - 1
    choices: list[Choice] = []
    probes: list[Probe] = []

    def ended(end: End, entry: Entry | None = None, fault: int = 0) -> Lookup:
        return Lookup(map, key_hash, choices, probes, end, entry, fault)

    def looked_at(table: Table | None, number: int, address: int) -> Entry | None:
        """The entry in a group whose key is equal. Raises ReadError."""
        bucket = map.read_group(number, address)
        outcome = list(_in_group(bucket, h2, match))
        probes.append(Probe(bucket, 0, table, outcome))
        return outcome[-1].slot.entry if outcome[-1].why is Why.EQUAL else None

    of_h2 = Choice("H2", 0, H2_BITS, h2)
    if map.small:
        choices.append(of_h2)
        try:
            found = looked_at(None, 0, map.header["dirPtr"])
        except ReadError as error:
            return ended(End.FAULT, fault=error.address)
        if found:
            return ended(End.FOUND, found)
        missed = ended(End.ONLY_GROUP)
        name = variant_of(map)
        return missed._replace(variant=f"mapaccess1_{name}") if name and _anywhere(probes, match) else missed
    word = 8 * map.target.pointer_size
    shift = map.header.get("globalShift", map.index_shift) & 63
    length = map.header["dirLen"]
    entry = key_hash >> shift if length != 1 else 0
    choices.append(Choice("directory entry", shift, word - shift if length != 1 else 0, entry, length))
    table = _table(map, entry)
    if isinstance(table, int):
        return ended(End.FAULT, fault=table)
    mask = table.length_mask
    choices.append(
        Choice("group", H2_BITS, mask.bit_length(), key_hash >> H2_BITS & mask, mask + 1),
    )
    choices.append(of_h2)
    for number in ProbeSequence(key_hash, mask):
        if len(probes) >= _MOST_PROBES:
            break
        try:
            found = looked_at(table, number, table.groups + number * map.places.size)
        except ReadError as error:
            return ended(End.FAULT, fault=error.address)
        if found:
            return ended(End.FOUND, found)
        if EMPTY in probes[-1].bucket.marks:
            return ended(End.EMPTY_SLOT)
    return ended(End.NEVER)


def _table(map: SwissMap, entry: int) -> Table | int:
    """The table that a directory entry leads to; the address that cannot be read, where it leads to none."""
    try:
        address = pointer_at(map.target, map.header["dirPtr"] + entry * map.target.pointer_size)
    except ReadError as error:
        return error.address
    known = next((table for table in map.tables if table.address == address), None)
    table = known or map.read_table(entry, entry, address)
    return table.failed if isinstance(table, NoTable) else table


def _in_group(bucket: Bucket, h2: int, match: Match) -> Iterator[Tried]:
    """The slots of a group, up to the one that has the key."""
    for slot in bucket.slots:
        if slot.mark == h2:
            outcome = tried(slot, match)
        else:
            outcome = Tried(slot, Why.OTHER_HASH if slot.state == "full" else Why.NOTHING)
        yield outcome
        if outcome.why is Why.EQUAL:
            return
