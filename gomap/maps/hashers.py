"""From a map to what hashes its keys; apart from gomap.maps.opening, as most commands open maps and hash nothing."""

from __future__ import annotations

from collections.abc import Callable

from gomap.goruntime.rtype import RuntimeTypes, runtime_types
from gomap.hashing import HashState, KeyHasher, hash_state, hasher_for, reflect_hasher_for
from gomap.maps.model import GoMap
from gomap.program.gotypes import GoType
from gomap.program.program import Program
from gomap.program.target import Target

__all__ = ["hasher_of", "makes_hashers"]


def hasher_of(program: Program, map: GoMap) -> KeyHasher:
    """What hashes the keys of MAP as the program does. Raises LayoutError and ReadError."""
    return makes_hashers(program, map.type)(hash_state(program), program, runtime_types(program), map.key)


def makes_hashers(program: Program, map_type: GoType) -> Callable[[HashState, Target, RuntimeTypes, GoType], KeyHasher]:
    """What makes the hashers of keys in maps of MAP_TYPE, which depends on who made that type."""
    return reflect_hasher_for if runtime_types(program).made_by_reflect(map_type) else hasher_for
