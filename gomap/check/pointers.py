"""Where a map's own pointers lead: to live memory of the right size, or astray.

Whether memory can be read does not decide it. A freed bucket can be read, and holds what its next owner wrote.
"""

from __future__ import annotations

from gomap.goruntime.answers import FreeObject, FreePages, HeapObject, StackAddress, Unknown, UnmarkedObject
from gomap.goruntime.heap import Heap
from gomap.goruntime.wording import answer_text
from gomap.program.memory import Memory

__all__ = ["Pointers"]

#: makeBucketArray in runtime/map.go: arrays of so many buckets (B = 4) and more have overflow buckets behind them.
_PREALLOCATING = 16


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
        return answer_text(self._home) if isinstance(self._home, (FreeObject, FreePages, UnmarkedObject)) else None

    def astray(self, address: int, size: int | None, pointers: bool = True, inside: range = range(0)) -> str | None:
        """Why ADDRESS is no object in use that was allocated with SIZE bytes; None if it is one.

        Args:
            size: None where what the map says of it cannot be believed.
            pointers: whether it holds pointers that the collector follows.
            inside: the addresses within one object that are good as well: those of preallocated overflow buckets.
        """
        if self._heap is None:
            return None if self._memory.readable(address, size or 1) == (size or 1) else "not mapped"
        there = self._heap.at(address)
        if isinstance(there, Unknown):
            return None
        if isinstance(there, StackAddress):
            home = self._home
            same = isinstance(home, StackAddress) and home.goroutine == there.goroutine
            return None if same else answer_text(there)
        if not isinstance(there, HeapObject):
            return answer_text(there)
        if address in inside or self._among_tiny(there, size, pointers):
            return None
        if there.offset:
            return f"the middle of an object: {answer_text(there)}"
        if self._heap.allocator and there.span.noscan == pointers:
            return f"no object with{'' if pointers else 'out'} pointers: {answer_text(there)}"
        if size is not None and not self._fits(there, size, pointers):
            return f"wrong size class for {size} bytes: {answer_text(there)}"
        return None

    def buckets_at(self, base: int, count: int, size: int, pointers: bool) -> int:
        """How many buckets makeBucketArray makes where COUNT are needed: preallocated overflow buckets included.

        It adds a sixteenth, and then as many as fit into what the allocator gives for all these. Where the allocator's
        size classes are not known, it is as many as the object at BASE has room for.
        """
        allocator = self._heap and self._heap.allocator
        if not allocator:
            return max(count, (self.room(base) or 0) // size)
        if count < _PREALLOCATING:
            return count
        return allocator.roundupsize((count + count // 16) * size, pointers) // size

    def room(self, address: int) -> int | None:
        """How many bytes the object at ADDRESS has, if the books tell."""
        there = self._heap.at(address) if self._heap is not None else None
        return there.size if isinstance(there, HeapObject) else None

    def _fits(self, there: HeapObject, size: int, pointers: bool) -> bool:
        """Whether the allocator puts SIZE bytes into such an object; any that is large enough if that is not known."""
        allocator = self._heap and self._heap.allocator
        return there.span.elemsize == allocator.taken(size, pointers) if allocator else size <= there.size

    def _among_tiny(self, there: HeapObject, size: int | None, pointers: bool) -> bool:
        """Whether it can be one of the values below 16 bytes that share an object of that size."""
        if pointers or not there.span.tiny or size is None:
            return False
        allocator = self._heap and self._heap.allocator
        taken = allocator.taken(size, False) if allocator else there.span.elemsize
        return size < there.size >= taken and there.offset + size <= there.size
