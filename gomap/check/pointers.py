"""Where a map's own pointers lead: to live memory of the right size, or astray.

Whether memory can be read does not decide it. A freed bucket can be read, and holds what its next owner wrote.
"""

from __future__ import annotations

from gomap.goruntime.answers import FreeObject, FreePages, HeapObject, StackAddress, Unknown, UnmarkedObject
from gomap.goruntime.heap import Heap
from gomap.program.memory import Memory

__all__ = ["Pointers"]


class Pointers:
    """Judges the pointers of one map.

    Args:
        heap: the runtime's bookkeeping; None where it is not known, and then only what cannot be read is astray.
        memory: of the target.
        header: the address of the map's header: a map that never left its function has it, and its first bucket or
            group, on the stack.
    """

    def __init__(self, heap: Heap | None, memory: Memory, header: int) -> None:
        self._heap = heap
        self._memory = memory
        self._home = heap.at(header) if heap is not None else None

    @property
    def dead(self) -> str | None:
        """What the header's own memory is, if it was freed: the variable that led here is out of use."""
        return self._home.describe() if isinstance(self._home, (FreeObject, FreePages, UnmarkedObject)) else None

    def astray(self, address: int, size: int | None, inside: range = range(0)) -> str | None:
        """Why ADDRESS is no object of SIZE bytes that is in use; None if it is one.

        SIZE: None where what the map says of it cannot be believed. INSIDE: the addresses within one object that are
        good as well: those of preallocated overflow buckets.
        """
        if self._heap is None:
            return None if self._memory.readable(address, size or 1) == (size or 1) else "not mapped"
        there = self._heap.at(address)
        if isinstance(there, Unknown):
            return None
        if isinstance(there, StackAddress):
            home = self._home
            same = isinstance(home, StackAddress) and home.goroutine == there.goroutine
            return None if same else there.describe()
        if not isinstance(there, HeapObject):
            return there.describe()
        if address in inside or there.span.tiny:
            return None
        if there.offset:
            return f"the middle of an object: {there.describe()}"
        if size is not None and not size <= there.size <= _largest_for(size):
            return f"wrong size class for {size} bytes: {there.describe()}"
        return None

    def room(self, address: int) -> int | None:
        """How many bytes the object at ADDRESS has, if the books tell."""
        there = self._heap.at(address) if self._heap is not None else None
        return there.size if isinstance(there, HeapObject) else None


def _largest_for(size: int) -> int:
    """The most that the allocator takes for an object of SIZE bytes.

    Its size classes (runtime/sizeclasses.go) are at most a quarter apart, past the first few that are 8 or 16 apart;
    what is larger than the largest class gets whole pages.
    """
    return max(size + size // 4 + 16, size + 8192 if size > 32000 else 0)
