"""A check of a map in GDB: with the heap's books, the program's hash functions, and its threads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from gomap.check.checking import Report, check_map
from gomap.gdb.command import explained
from gomap.gdb.target import GdbTarget
from gomap.gdb.variables import all_of_them
from gomap.goruntime.heap import Heap
from gomap.goruntime.writers import somebody_writes
from gomap.hashing import HashState, KeyHasher, hasher_for, reflect_hasher_for
from gomap.language import Limits, Literals
from gomap.language.spelling import as_written
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.program.gotypes import Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.target import pointer_at

__all__ = ["check", "package_maps"]

#: Keys are named in findings, one to a line.
_LIMITS = Limits(elements=64, depth=4)


def check(target: GdbTarget, map: GoMap, quick: bool) -> Report:
    """Check MAP; QUICK: without hashes. What cannot be looked at is said in the report."""
    without = []
    heap: Heap | None = None
    hasher: KeyHasher | None = None
    try:
        heap = target.heap
    except (LayoutError, ReadError) as error:
        without.append(f"pointers are judged by whether they can be read, not by the heap's books: {error}")
    if not quick:
        try:
            types = target.runtime_types
            of_keys = reflect_hasher_for if types.made_by_reflect(map.type) else hasher_for
            hasher = of_keys(HashState.read(target), target, types, map.key)
        except (LayoutError, ReadError) as error:
            without.append(f"hashes are not checked: {error}")
    literals = Literals(target, target.runtime_types, _LIMITS, partial(open_map, target))
    return check_map(map, literals, heap, hasher, lambda: somebody_writes(target.program), without)


def package_maps(target: GdbTarget) -> Iterator[tuple[str, GoMap | str]]:
    """Every package variable that is a map, by name; in place of one whose header cannot be read, why it cannot."""
    for symbol in all_of_them(target.variable_names):
        name, type = as_written(symbol.name), target.types.of(symbol.type)
        if type.kind is not Kind.MAP:
            continue
        try:
            yield name, open_map(target, type, pointer_at(target, int(symbol.value().address)))
        except (LayoutError, ReadError) as error:
            yield name, explained(error)
