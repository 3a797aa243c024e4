"""Where a map's header lies, which is what those who watch it hold on to."""

from __future__ import annotations

from gomap.check.pointers import Pointers
from gomap.goruntime.answers import StackAddress
from gomap.goruntime.heap import heap_of
from gomap.maps.model import GoMap
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["is_freed", "stack_of"]


def is_freed(program: Program, map: GoMap) -> bool:
    """Whether the header's memory is in use no more; False if that cannot be told."""
    try:
        return Pointers(heap_of(program), program.memory, map.address).dead is not None
    except (LayoutError, ReadError):
        return False


def stack_of(program: Program, map: GoMap) -> int | None:
    """The goroutine on whose stack the map lies: it moves as that stack grows. None if it lies on none."""
    try:
        home = heap_of(program).at(map.address)
    except (LayoutError, ReadError):
        return None
    return home.goroutine if isinstance(home, StackAddress) else None
