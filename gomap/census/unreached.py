"""Objects in use to which nothing leads: garbage that no collection has freed yet.

The survey knows the roots that the collector knows, and follows the same pointers, but for what only C's memory leads
to. What the allocator's books tell besides is whether such an object was there already in the last collection, which
found it alive (or it was allocated while that marked), or has been allocated since.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gomap.census.objects import bytes_of_bits
from gomap.census.pointers import both
from gomap.census.survey import Survey
from gomap.goruntime.heap import heap_of
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["Amount", "Unreached", "unreached"]


@dataclass(frozen=True)
class Amount:
    """Some objects of a heap.

    Attributes:
        objects: their number.
        bytes: that the allocator took for them.
        maps: how many of them are headers of maps, by the invariants of one; maps without buckets or groups are not
            told.
    """

    objects: int
    bytes: int
    maps: int


@dataclass(frozen=True)
class Unreached:
    """What nothing leads to.

    Attributes:
        all: of it.
        since: that part which was allocated after the last collection.
    """

    all: Amount
    since: Amount


def unreached(program: Program, survey: Survey, progress: Callable[[str], None]) -> Unreached | None:
    """What nothing leads to; None where the survey has left something out, which may lead there. Raises ReadError."""
    if survey.interrupted or survey.damage:
        return None
    objects, heap = survey.objects, heap_of(program)
    left = both(objects.used, survey.paths.not_reached())
    every, since = [0, 0, 0], [0, 0, 0]
    for number, (state, first) in enumerate(objects.spans):
        if not number & 63:
            progress(f"{first} of {len(objects)} objects looked at")
        span = state.span
        mine = left[first : first + span.nelems]
        count = mine.count(1)
        if not count:
            continue
        new = both(mine, bytes_of_bits(heap.objects_since_collection(state), span.nelems))
        headers = [at for at in range(span.nelems) if mine[at] and _is_header(survey, first + at)]
        amounts = ((every, count, len(headers)), (since, new.count(1), sum(new[at] for at in headers)))
        for sums, these, maps in amounts:
            for place, amount in enumerate((these, these * span.elemsize, maps)):
                sums[place] += amount
    return Unreached(Amount(*every), Amount(*since))


def _is_header(survey: Survey, number: int) -> bool:
    try:
        return survey.headers.may_be(number) and survey.headers.at(number) is not None
    except (LayoutError, ReadError):
        return False
