"""How a lookup goes in a map of any kind."""

from __future__ import annotations

from collections.abc import Sequence

from gomap.maps.classic import ClassicMap
from gomap.maps.hash_trie import HashTrie
from gomap.maps.lookups.classic import in_classic
from gomap.maps.lookups.model import End, HashOf, Lookup
from gomap.maps.lookups.swiss import in_swiss
from gomap.maps.lookups.sync import in_halves, in_trie
from gomap.maps.model import GoMap, Match
from gomap.maps.read_dirty import ReadDirty
from gomap.maps.swiss import SwissMap

__all__ = ["look_up"]


def look_up(map: GoMap, hash_of: HashOf, match: Match) -> Sequence[Lookup]:
    """What a lookup in MAP does for the key that HASH_OF hashes, and that MATCH tells from others.

    It is one step, or one for each half of a sync.Map up to Go 1.23. HASH_OF may raise what hashing raises.
    """
    match map:
        case HashTrie() as trie:
            return [in_trie(trie, hash_of, match)]
        case ReadDirty() as halves:
            return in_halves(halves, lambda half: _in_plain(half, hash_of, match))
        case ClassicMap() | SwissMap() as plain:
            return [_in_plain(plain, hash_of, match)]
    raise TypeError(f"no lookup is known for a {map.kind} map")


def _in_plain(map: ClassicMap | SwissMap, hash_of: HashOf, match: Match) -> Lookup:
    if not map.address:
        return Lookup(map, None, (), (), End.NIL_MAP)
    if not map.count:
        return Lookup(map, None, (), (), End.NO_ENTRIES)
    key_hash = hash_of(map.seed)
    if key_hash is None:
        return Lookup(map, None, (), (), End.RANDOM_HASH)
    return in_classic(map, key_hash, match) if isinstance(map, ClassicMap) else in_swiss(map, key_hash, match)
