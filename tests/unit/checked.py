"""The check of one map out of a program's memory, by what a test knows of that program."""

from __future__ import annotations

from gomap.check.judging import run_together
from gomap.check.map_check import MapCheck, Means, Report
from gomap.goruntime.heap import Heap
from gomap.hashing import KeyHasher
from gomap.language import Literals
from gomap.maps.model import GoMap

__all__ = ["check_map"]


def check_map(map: GoMap, literals: Literals, heap: Heap | None, hasher: KeyHasher | None) -> Report:
    """What is wrong with MAP, and the causes; nobody writes to it. Raises LayoutError and ReadError."""
    check = MapCheck(map, Means(literals, heap, hasher, lambda: False, lambda: False, tuple))
    run_together([check])
    return check.explained()
