"""A lookup: what the key's hash chooses, the slots that were come to, and why it ends."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gomap.hashing.parts import Act, generated
from gomap.maps.classic import MIN_TOP_HASH, ClassicMap
from gomap.maps.model import Bucket, Cell, Entry, GoMap, Match, Slot, Table
from gomap.maps.probing import H2_BITS
from gomap.maps.swiss import SwissMap
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError

__all__ = [
    "MOST_PROBES",
    "Choice",
    "End",
    "HashOf",
    "Lookup",
    "Probe",
    "Tried",
    "Why",
    "anywhere",
    "mark_of",
    "tried",
    "variant_of",
]

#: The key's hash under a seed; None if it has a random one (NaN).
HashOf = Callable[[int], "int | None"]

#: Buckets of a chain, or groups of a table, that are looked at: far more than any sound map has.
MOST_PROBES = 1 << 12
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


def anywhere(probes: Sequence[Probe], match: Match) -> bool:
    """Whether the key is in a full slot of what was looked at, whatever stands beside it."""
    slots = (slot for probe in probes for slot in probe.bucket.slots if slot.state == "full")
    return any(tried(slot, match).why is Why.EQUAL for slot in slots)
