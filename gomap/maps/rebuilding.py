"""What a map would take that is made anew for as many entries: header and buckets or groups, as allocated."""

from __future__ import annotations

from gomap.goruntime.allocator import Allocator
from gomap.goruntime.rtype import SLOTS
from gomap.goruntime.versions import go_version
from gomap.maps.classic import ClassicMap
from gomap.maps.model import GoMap
from gomap.maps.swiss import SwissMap
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program, while_files_stay

__all__ = ["PREALLOCATING_B", "bucket_load", "made_buckets", "rebuilt_bytes"]

#: maxTableCapacity and maxAvgGroupLoad in internal/runtime/maps/table.go and group.go.
_MOST_IN_TABLE, _FULL_GROUP = 1024, 7
#: loadFactorNum / loadFactorDen in runtime/map.go, where a program has lost its debug information: 6.5 entries a
#: bucket; Go 1.21 rounded that down to 6.
_LOAD, _LOAD_OF = (13, 2), {(1, 21): (12, 2)}
#: From this B on makeBucketArray adds overflow buckets, 2^(B-4) of them.
PREALLOCATING_B = 4

_MOST_ENTRIES = 1 << 48


def rebuilt_bytes(program: Program, map: GoMap, allocator: Allocator | None) -> int | None:
    """Bytes of a map made for the entries that MAP counts; None where the allocator or that count is not known."""
    if allocator is None or not 0 <= map.count < _MOST_ENTRIES:
        return None
    if isinstance(map, SwissMap):
        return _swiss(map, allocator)
    return _classic(map, allocator, bucket_load(program)) if isinstance(map, ClassicMap) else None


def made_buckets(b: int) -> int:
    """How many buckets makeBucketArray in runtime/map.go asks for where 2^b are needed, overflow buckets included."""
    return (1 << b) + (1 << b - PREALLOCATING_B if b >= PREALLOCATING_B else 0)


def _swiss(map: SwissMap, allocator: Allocator) -> int:
    """runtime.NewMap for that many entries, in internal/runtime/maps/map.go."""
    count, group, scanned = map.count, map.places.size, map.places.pointers
    total = allocator.taken(map.layout.header.size, True)
    if count <= SLOTS:
        return total + (allocator.taken(group, scanned) if count else 0)
    wanted = count * SLOTS // _FULL_GROUP
    tables = _power_of_two(-(-wanted // _MOST_IN_TABLE))
    capacity = max(SLOTS, _power_of_two(wanted // tables))
    total += allocator.taken(tables * map.target.pointer_size, True)
    each = allocator.taken(map.layout.table.size, True) + allocator.taken(capacity // SLOTS * group, scanned)
    return total + tables * each


@while_files_stay
def bucket_load(program: Program) -> tuple[int, int]:
    """How many entries a bucket may have on average before a map grows, as a fraction."""
    numerator, denominator = program.constant("runtime.loadFactorNum"), program.constant("runtime.loadFactorDen")
    if numerator and denominator:
        return numerator, denominator
    try:
        return _LOAD_OF.get(go_version(program), _LOAD)
    except (LayoutError, ReadError):
        return _LOAD


def _classic(map: ClassicMap, allocator: Allocator, load: tuple[int, int]) -> int:
    """runtime.makemap for that many entries, in runtime/map.go."""
    count, bucket = map.count, map.places.size
    total = allocator.taken(map.layout.header.size, True)
    if not count:
        return total
    numerator, denominator = load
    b = 0
    while count > SLOTS and count > numerator * ((1 << b) // denominator):
        b += 1
    if b >= PREALLOCATING_B:
        extra = map.layout.extra
        total += allocator.taken(extra.size, True) if extra else 0
    return total + allocator.taken(made_buckets(b) * bucket, map.places.pointers)


def _power_of_two(least: int) -> int:
    return 1 << max(0, least - 1).bit_length()
