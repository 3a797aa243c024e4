"""How sync.Map looks a key up: in its tree of hashes, or in read and then in dirty.

Sources: HashTrieMap.Load in internal/sync/hashtriemap.go; Map.Load in sync/map.go up to Go 1.23.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Union

from gomap.maps.classic import ClassicMap
from gomap.maps.hash_trie import HashTrie
from gomap.maps.lookups.model import Choice, End, HashOf, Lookup, Probe, Tried, Why, tried
from gomap.maps.model import Entry, Match
from gomap.maps.read_dirty import DIRTY, READ, ReadDirty
from gomap.maps.swiss import SwissMap
from gomap.maps.syncmap import BucketOfSlots
from gomap.maps.trie_layout import BITS
from gomap.program.memory import ReadError

__all__ = ["in_halves", "in_trie"]

#: A lookup of the same key in one half.
InHalf = Callable[[Union[ClassicMap, SwissMap]], Lookup]


def in_trie(map: HashTrie, hash_of: HashOf, match: Match) -> Lookup:
    """What a lookup does in MAP. HASH_OF may raise what hashing raises."""
    if not map.address:
        return Lookup(map, None, (), (), End.NIL_MAP)
    if not map.header["root"]:
        return Lookup(map, None, (), (), End.NO_ENTRIES)
    key_hash = hash_of(map.seed)
    if key_hash is None:
        return Lookup(map, None, (), (), End.RANDOM_HASH)
    probes: list[Probe] = []
    choices: list[Choice] = []

    def ended(end: End, entry: Entry | None = None, fault: int = 0) -> Lookup:
        return Lookup(map, key_hash, choices, probes, end, entry, fault)

    address, path = map.header["root"], ""
    for depth in range(map.digits):
        low = BITS * (map.digits - 1 - depth)
        digit = key_hash >> low & (1 << BITS) - 1
        choices.append(Choice("child", low, BITS, digit, 1 << BITS))
        try:
            node = map.read_indirect(address, path)
        except ReadError as error:
            return ended(End.FAULT, fault=error.address)
        here = [child for child in map.children(node) if child.digit == digit]
        slots = [map.slot(child) for child in here if child.data is not None]
        outcome = [tried(slot, match) if slot.entry is not None else Tried(slot, Why.ONWARD) for slot in slots]
        equal = next((number for number, one in enumerate(outcome) if one.why is Why.EQUAL), None)
        if equal is not None:
            outcome = outcome[: equal + 1]
        bucket = BucketOfSlots("indirect node", depth, node.address, [one.slot for one in outcome], path)
        probes.append(Probe(bucket, 0, None, outcome))
        if equal is not None:
            return ended(End.FOUND, outcome[-1].slot.entry)
        lost = next((child for child in here if child.data is None), None)
        if lost is not None:
            return ended(End.FAULT, fault=lost.address)
        if not outcome:
            return ended(End.NO_CHILD)
        if outcome[-1].why is not Why.ONWARD:
            return ended(End.CHAIN_END)
        address, path = slots[-1].address, path + f"{digit:x}"
    return ended(End.NEVER)


def in_halves(map: ReadDirty, in_half: InHalf) -> Sequence[Lookup]:
    """What a lookup does in MAP: a step for each half that it comes to, as IN_HALF has that."""
    if not map.address:
        return [Lookup(map, None, (), (), End.NIL_MAP)]
    steps: list[Lookup] = []
    for name in (READ, DIRTY):
        half = map.halves[name]
        if name == DIRTY and not map.amended:
            steps.append(Lookup(map, None, (), (), End.NOT_AMENDED))
            break
        if isinstance(half, ReadError):
            steps.append(Lookup(map, None, (), (), End.FAULT, fault=half.address))
            break
        if half is None:
            steps.append(Lookup(map, None, (), (), End.NIL_MAP))
            continue
        assert isinstance(half, (ClassicMap, SwissMap))
        step = in_half(half)
        steps.append(_with_value(map, step))
        if step.found:
            break
    return steps


def _with_value(map: ReadDirty, step: Lookup) -> Lookup:
    """STEP with the value of the entry that it came to, if it came to one."""
    if not step.found or step.entry is None:
        return step
    entry = map.entry_of(step.entry)
    if isinstance(entry, ReadError):
        return step._replace(end=End.FAULT, fault=entry.address, entry=None)
    _, value = map.value(entry)
    if value is None:  # expunged, or nil
        return step._replace(end=End.DELETED, entry=Entry(step.entry.key, step.entry.elem))
    if isinstance(value, ReadError):
        return step._replace(end=End.FAULT, fault=value.address, entry=None)
    return step._replace(entry=Entry(step.entry.key, value))
