"""Headers of maps that no type leads to: what tells their types, and what is found out by trying those of the program.

Many maps at a time are tried faster than each by itself. So where the type of one has to be found out, others are that
were not reached yet: as many again each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gomap.census.objects import Objects
from gomap.census.pointers import Pointers
from gomap.goruntime.heap import Heap
from gomap.goruntime.rtype import map_header
from gomap.maps.recognised import Recognised
from gomap.maps.recognition import header_at
from gomap.maps.trials.trial import Trial, type_trials
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["Headers"]

#: Pointers in a map's header.
_POINTERS = ("dirPtr", "buckets", "oldbuckets", "extra")
#: Headers that are looked at ahead, the first time and at most.
_AHEAD, _MOST_AHEAD = 16, 1 << 13


class Headers:
    """The objects of one heap that are headers of maps.

    Args:
        reached: whether an object has a path by now: of no such one is the type asked any more.

    Attributes:
        untried: why no types can be tried; empty if they can, or need not be.
    """

    def __init__(
        self, program: Program, heap: Heap, objects: Objects, pointers: Pointers, reached: Callable[[int], bool]
    ) -> None:
        self._program = program
        self._objects = objects
        self._pointers = pointers
        self._reached = reached
        struct = map_header(program)
        fields = [] if struct is None else [struct.find(name) for name in _POINTERS]
        self._places = {field.offset for field in fields if field}
        self._size = 0
        if struct is not None and heap.allocator is not None:
            self._size = heap.allocator.taken(struct.size, True)
        self._known: dict[int, Recognised | None] = {}
        self._ahead = _AHEAD
        self._next: Iterator[int] = self._in_order()
        self._trials: dict[int, Trial] = {}
        self.untried = ""

    def may_be(self, number: int, without_pointers: bool = False) -> bool:
        """Whether an object may be one, by its size and where its pointers are; WITHOUT_POINTERS: or if it has none."""
        span = self._objects.span(number)
        if span.noscan or span.elemsize != self._size:
            return False
        mine = self._pointers.of(number)
        return (without_pointers or bool(mine)) and all(self._pointers.places[each] in self._places for each in mine)

    def at(self, number: int) -> Recognised | None:
        """The map whose header that object is; None if it is none, or has no entries. Raises LayoutError, ReadError."""
        if number in self._known:
            return self._known[number]
        return header_at(self._program, self._objects.data(number))

    def trial(self, number: int) -> Trial | None:
        """What trying the program's types tells of the map whose header that object is; None if it can be of none."""
        if number not in self._known:
            self._try(number)
        return self._trials.get(number)

    def _try(self, first: int) -> None:
        """Try the types of the program on that map, and on some that were not reached yet."""
        untyped = {}
        for number in (first, *self._others()):
            try:
                found = self._known[number] = self.at(number)
            except (LayoutError, ReadError):
                continue
            if found is not None and found.type is None:
                untyped[self._objects.data(number)] = number
        try:
            trials = type_trials(self._program).of(list(untyped))
        except (LayoutError, ReadError) as error:
            self.untried = f"the program's map types cannot be tried: {error}"
            return
        self._trials.update((untyped[address], trial) for address, trial in trials.items())

    def _others(self) -> Iterator[int]:
        """The next objects that may be headers."""
        for _, number in zip(range(self._ahead), self._next, strict=False):
            yield number
        self._ahead = min(2 * self._ahead, _MOST_AHEAD)

    def _in_order(self) -> Iterator[int]:
        """All objects that may be headers, by number, but for those that are reached or known by then."""
        for state, first in self._objects.spans:
            if state.span.elemsize == self._size and not state.span.noscan:
                for number in range(first, first + state.span.nelems):
                    used = self._objects.used[number] and number not in self._known
                    if used and not self._reached(number) and self.may_be(number):
                        yield number
