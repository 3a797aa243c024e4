"""From a map to what hashes its keys; apart from gomap.maps.opening, as most commands open maps and hash nothing."""

from __future__ import annotations

from gomap.goruntime.rtype import runtime_types
from gomap.hashing import KeyHasher, hash_state, hasher_for, reflect_hasher_for
from gomap.maps.model import GoMap
from gomap.program.program import Program

__all__ = ["hasher_of"]


def hasher_of(program: Program, map: GoMap) -> KeyHasher:
    """What hashes the keys of MAP as the program does. Raises LayoutError and ReadError."""
    types = runtime_types(program)
    of_keys = reflect_hasher_for if types.made_by_reflect(map.type) else hasher_for
    return of_keys(hash_state(program), program, types, map.key)
