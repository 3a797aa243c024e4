"""How a lookup goes through the buckets of a classic map, old ones included, and their chains.

Source: mapaccess1 in runtime/map.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gomap.maps.classic import EVACUATED_EMPTY, EVACUATED_X, SAME_SIZE_GROW, ClassicMap
from gomap.maps.lookups.model import (
    MOST_PROBES,
    Choice,
    End,
    Lookup,
    Probe,
    Tried,
    Why,
    anywhere,
    mark_of,
    tried,
    variant_of,
)
from gomap.maps.model import Bucket, Entry, Match
from gomap.program.memory import ReadError

__all__ = ["in_classic"]


def in_classic(map: ClassicMap, key_hash: int, match: Match) -> Lookup:
    """What a lookup does in MAP for the key that has that hash, and that MATCH tells from others."""
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
        if address in seen or len(seen) >= MOST_PROBES:
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
    return f"mapaccess1_{name}" if anywhere(probes, match) else ""
