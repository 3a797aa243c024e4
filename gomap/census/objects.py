"""The objects of a heap by number, and what is at an address: made for a million of them.

Numbers run through all spans, in order of their addresses, slot by slot, free ones included; ``used`` says which are
in use. Finding an object is a look-up of its page.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import NamedTuple

from gomap.goruntime.answers import Span
from gomap.goruntime.heap import Heap
from gomap.goruntime.pointermaps import expanded
from gomap.goruntime.span_damage import BookkeepingError
from gomap.goruntime.spans import PAGE, SpanState
from gomap.goruntime.wording import damage_text
from gomap.program.memory import ReadError

__all__ = ["Objects", "SpanOfObjects", "bytes_of_bits"]

#: Objects beyond which the rest of the heap is left out: numbers have four bytes.
_MOST_OBJECTS = 1 << 31


class SpanOfObjects(NamedTuple):
    """A span in the numbering.

    Attributes:
        state: the span.
        first: the number of its first object.
    """

    state: SpanState
    first: int


class Objects:
    """All objects of a heap.

    Args:
        heap: which.
        progress: told how far it is.

    Attributes:
        spans: in order of their addresses.
        used: a byte for each object: 1 if it is in use.
        damage: what is wrong with spans that had to be left out.
    """

    def __init__(self, heap: Heap, progress: Callable[[str], None]) -> None:
        self.spans: list[SpanOfObjects] = []
        self.damage: list[str] = []
        #: Of each object the number of its span.
        self._span_of = array("I")
        #: By page: start, bytes of an object, number of the first, number of objects, bytes of their headers.
        self.pages: dict[int, tuple[int, int, int, int, int]] = {}
        used = bytearray()
        for state in sorted(self._states(heap, progress), key=lambda state: state.span.start):
            span = state.span
            if len(used) + span.nelems > _MOST_OBJECTS:
                self.damage.append(f"objects from {span.start:#x} on are left out: there are too many")
                break
            try:
                kept = heap.objects_in_use(state)
            except (ReadError, BookkeepingError) as error:
                why = error if isinstance(error, ReadError) else damage_text(error.damage)
                self.damage.append(f"objects of the span at {span.start:#x} are left out: {why}")
                continue
            first = len(used)
            self.spans.append(SpanOfObjects(state, first))
            self._span_of.extend(repeat(len(self.spans) - 1, span.nelems))
            used += bytes_of_bits(kept, span.nelems)
            entry = span.start, span.elemsize, first, span.nelems, span.header
            self.pages.update(dict.fromkeys(range(span.start // PAGE, (span.start + span.size) // PAGE), entry))
        self.used = bytes(used)

    def __len__(self) -> int:
        return len(self.used)

    def find(self, address: int) -> int:
        """The number of the object in use that ADDRESS lies in; -1 if there is none."""
        entry = self.pages.get(address // PAGE)
        if entry is None:
            return -1
        start, elemsize, first, nelems, _ = entry
        index = (address - start) // elemsize
        return first + index if index < nelems and self.used[first + index] else -1

    def span_of(self, number: int) -> SpanOfObjects:
        """The span of an object."""
        return self.spans[self._span_of[number]]

    def data(self, number: int) -> int:
        """Where what the program sees of an object begins: behind the allocator's header."""
        state, first = self.spans[self._span_of[number]]
        span = state.span
        return span.start + (number - first) * span.elemsize + span.header

    def size(self, number: int) -> int:
        """Bytes that the allocator took for an object."""
        return self.spans[self._span_of[number]].state.span.elemsize

    def span(self, number: int) -> Span:
        return self.spans[self._span_of[number]].state.span

    @property
    def bytes_used(self) -> int:
        """Bytes of all objects in use."""
        return sum(
            self.used.count(1, first, first + state.span.nelems) * state.span.elemsize for state, first in self.spans
        )

    def _states(self, heap: Heap, progress: Callable[[str], None]) -> Iterator[SpanState]:
        for number, state in enumerate(heap.spans.in_use()):
            if not number & 255:
                progress(f"{number} spans of the heap listed")
            if isinstance(state, SpanState):
                yield state
            else:
                self.damage.append(damage_text(state))


def bytes_of_bits(bits: int, count: int) -> bytes:
    """A byte for each of the lowest COUNT bits, 0 or 1."""
    return expanded(bits.to_bytes((count + 7) // 8, "little"))[:count]
