"""All figures of one map."""

from __future__ import annotations

from gomap.check.keys import Keys
from gomap.goruntime.allocator import Allocator
from gomap.goruntime.heap import heap_of
from gomap.language import Limits
from gomap.maps.classic import ClassicMap
from gomap.maps.hashers import hasher_of
from gomap.maps.model import GoMap
from gomap.maps.opening import literals_of
from gomap.maps.rebuilding import rebuilt_bytes
from gomap.maps.swiss import SwissMap
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.statistics.classic import measure_classic
from gomap.statistics.model import AllocatorUnknown, NoHasher, Statistics
from gomap.statistics.swiss import measure_swiss

__all__ = ["measure"]


def measure(program: Program, map: GoMap) -> Statistics:
    """The figures of MAP, which is no sync.Map."""
    figures = Statistics()
    if not map.address:
        return figures
    figures.trouble += map.notes()
    allocator: Allocator | None = None
    try:
        allocator = heap_of(program).allocator
    except (LayoutError, ReadError) as error:
        figures.without.append(AllocatorUnknown(error))
    if isinstance(map, ClassicMap):
        measure_classic(map, figures, allocator)
    elif isinstance(map, SwissMap):
        measure_swiss(map, figures, _keys(program, map, figures), allocator)
    figures.rebuilt = rebuilt_bytes(program, map, allocator)
    return figures


def _keys(program: Program, map: GoMap, figures: Statistics) -> Keys | None:
    """What hashes the map's keys."""
    try:
        hasher = hasher_of(program, map)
    except (LayoutError, ReadError) as error:
        figures.without.append(NoHasher(error))
        return None
    return Keys(program, map.places, literals_of(program, Limits()), hasher, map.seed)
