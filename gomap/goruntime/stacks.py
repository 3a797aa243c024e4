"""Whose stack an address lies in: the goroutines of runtime.allgs, the g0 and gsignal of each thread in runtime.allm.

A g says in ``stack`` where its stack is (runtime/runtime2.go). Goroutines' stacks are spans of the heap managed by
hand; a thread's may also be the operating system's, outside of every arena.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from typing import NamedTuple, Union

from gomap.goruntime.answers import StackAddress, SystemStack
from gomap.goruntime.record import Record, variable
from gomap.program.memory import ReadError
from gomap.program.target import Target, pointer_at

__all__ = ["Stacks"]

#: runtime/runtime2.go: a g that ended and waits for the next go statement.
_GDEAD = 6
#: What the collector adds to the status while it scans the stack.
_GSCAN = 0x1000
#: More than this are not looked at.
_MOST_GOROUTINES = 1 << 20
_MOST_THREADS = 1 << 16


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

    A g that cannot be read has no stack. Raises LayoutError if the runtime's types are not as expected.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._memory = target.memory
        self._order = target.byte_order
        self._pointer_size = target.pointer_size
        self._allgs, allgs = variable(target, "runtime.allgs")
        self._allm, allm = variable(target, "runtime.allm")
        self._slice = Record(allgs, ["array", "len"], self._order)
        self._g = Record(allgs.elem.elem, ["stack.lo", "stack.hi", "goid", "atomicstatus"], self._order)
        self._m = Record(allm.elem, ["alllink", "id", "g0", "gsignal"], self._order)
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
        try:
            array, length = self._slice.read(self._memory, self._allgs)
            size = min(length, _MOST_GOROUTINES) * self._pointer_size
            pointers = self._memory.read(array, self._memory.readable(array, size))
        except ReadError:
            return
        for at in range(0, len(pointers), self._pointer_size):
            yield from self._of(int.from_bytes(pointers[at : at + self._pointer_size], self._order), None, "")

    def _of_threads(self) -> Iterator[_Stack]:
        seen: set[int] = set()
        try:
            m = pointer_at(self._target, self._allm)
            while m and m not in seen and len(seen) < _MOST_THREADS:
                seen.add(m)
                m, thread, g0, gsignal = self._m.read(self._memory, m)
                yield from self._of(g0, thread, "g0")
                yield from self._of(gsignal, thread, "gsignal")
        except ReadError:
            return

    def _of(self, g: int, thread: int | None, role: str) -> Iterator[_Stack]:
        """The stack of the g at that address, if it has one; THREAD owns it, else the goroutine does."""
        try:
            lo, hi, goid, status = self._g.read(self._memory, g)
        except ReadError:
            return
        if lo < hi:
            yield _Stack(lo, hi, goid if thread is None else thread, role, status & ~_GSCAN == _GDEAD)
