"""Whose stack an address lies in: the goroutines of runtime.allgs, the g0 and gsignal of each thread in runtime.allm.

A g says in ``stack`` where its stack is (runtime/runtime2.go). Goroutines' stacks are spans of the heap managed by
hand; a thread's may also be the operating system's, outside of every arena.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from typing import NamedTuple, Union

from gomap.goruntime.answers import StackAddress, SystemStack
from gomap.goruntime.goroutines import LARGEST_STACK, Goroutines, threads
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = ["Stacks"]


class _Stack(NamedTuple):
    lo: int
    hi: int
    #: The goroutine's id, or the thread's.
    owner: int
    #: "" for a goroutine's stack, else whose of the thread's: g0, gsignal.
    role: str
    dead: bool


class Stacks:
    """All stacks, read when they are first asked about.

    A g that cannot be read, or whose stack cannot be one, has none. Raises LayoutError if the runtime's types are not
    as expected.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._goroutines = Goroutines(target)
        self._sorted: list[_Stack] | None = None

    def at(self, address: int) -> Union[StackAddress, SystemStack, None]:
        """The stack that ADDRESS lies in, or None."""
        if self._sorted is None:
            self._sorted = sorted([*self._of_goroutines(), *self._of_threads()])
        place = bisect.bisect_right(self._sorted, address, key=lambda stack: stack.lo)
        if place == 0 or address >= self._sorted[place - 1].hi:
            return None
        stack = self._sorted[place - 1]
        if stack.role:
            return SystemStack(address, stack.owner, stack.role, stack.lo, stack.hi)
        return StackAddress(address, stack.owner, stack.lo, stack.hi, stack.dead)

    def _of_goroutines(self) -> Iterator[_Stack]:
        for one in self._goroutines.all():
            if one.bounded:
                yield _Stack(one.lo, one.hi, one.id, "", one.ended)

    def _of_threads(self) -> Iterator[_Stack]:
        for thread, g0, gsignal in threads(self._target, ["id", "g0", "gsignal"]):
            for g, role in ((g0, "g0"), (gsignal, "gsignal")):
                try:
                    one = self._goroutines.at(g)
                except ReadError:
                    continue
                # The operating system made g0's, of any size.
                if 0 < one.hi - one.lo <= LARGEST_STACK:
                    yield _Stack(one.lo, one.hi, thread, role, False)
