"""What an address is to the Go runtime: an object of the heap, allocated or free; a stack; data; code; none of these.

This, and not whether it can be read, decides whether a pointer dangles.

When is an object free? An mspan has allocBits, a bit for each object as the last sweep left them, and freeindex, up
to which the allocator has used free slots since: object n is free if n >= freeindex and its bit is clear (isFree in
runtime/mbitmap.go). The collector notes what it reached in gcmarkBits - or, for small objects in spans of one page,
in the span's own last bytes, where the green tea collector is used (Go 1.25 on) - and each span is swept some time
after that: its mark bits become its allocBits, and freeindex 0. Between the two an object may be allocated by the
books and dead. Which it is, the span's sweepgen says, beside the heap's, which grows by 2 with each collection
(runtime/mheap.go; the same from Go 1.19 to 1.27):

    sweepgen - heap's   0, 3   swept (3: and cached by a P): allocBits and freeindex are right
                       -2, 1   not swept yet (1: cached since before): what is allocated and not marked is dead
                           -1   being swept: still one, or already the other

Objects that are allocated while the collector marks are marked at once, and a span is swept before anything is
allocated in it, so the two states do not overlap. A marked object that is not allocated is free all the same:
something live points to it, and the sweep is about to throw "found pointer to free object".

Known gap: a binary built with GOEXPERIMENT=runtimefreegc (1.26 on, off by default) hands freed objects without
pointers straight back to the allocator; they count as allocated here, as they do in the mspan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from gomap.goruntime.allocator import Allocator, allocator_of
from gomap.goruntime.answers import (
    Answer,
    Foreign,
    FreeObject,
    FreePages,
    HeapObject,
    ManualSpan,
    NotInCore,
    NotMapped,
    SpanTail,
    StackAddress,
    Unknown,
    UnmarkedObject,
    UnreadableFile,
)
from gomap.goruntime.modules import Modules
from gomap.goruntime.span_damage import BookkeepingError, SweepgenImpossible
from gomap.goruntime.spans import PAGE, Spans, SpanState
from gomap.goruntime.stacks import Stacks
from gomap.program.gotypes import LayoutError
from gomap.program.mapped_files import MappedFile, file_at
from gomap.program.memory import ReadError
from gomap.program.program import Program, until_it_moves
from gomap.program.structs import variable
from gomap.program.target import pointer_at

__all__ = ["Heap", "heap_of"]

#: Past that many spans the cache of bits starts anew.
_MOST_SPANS = 1 << 16


class _Objects(NamedTuple):
    """Bit n of each is for object n.

    Attributes:
        allocated: by the books.
        kept: of these, those that are not dead and await the sweep.
        since: of these, those that were allocated after the last collection.
    """

    allocated: int
    kept: int
    since: int


class Heap:
    """The heap of a program that stands still: what was read is kept, so when it runs on, a new Heap is needed.

    Args:
        program: the program.

    Raises LayoutError, with what was expected and what was found, if the runtime's types are not as expected.

        >>> heap.at(0xc000070450).index
        23
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._memory = program.memory
        self._order = program.byte_order
        self.pointer_size = program.pointer_size
        self._end = 1 << 8 * program.pointer_size
        self._spans = Spans(program)
        self._stacks = Stacks(program)
        self._modules = Modules(program)
        address, mheap = variable(program, "runtime.mheap_")
        field = mheap.field("sweepgen")
        self._sweepgen = address + field.offset, field.type.size
        self._objects: dict[int, _Objects] = {}
        self._pages: dict[int, tuple[int, int, int] | None] = {}

    @cached_property
    def allocator(self) -> Allocator | None:
        """How large the program's allocator makes objects; None where its size classes cannot be read."""
        try:
            return allocator_of(self._program)
        except (LayoutError, ReadError):
            return None

    def at(self, address: int) -> Answer:
        """What ADDRESS is. Bookkeeping that is damaged or unreadable makes it Unknown, and never raises."""
        if not 0 <= address < self._end:
            return NotMapped(address)
        try:
            arena = self._spans.arena_of(address)
            if arena:
                state = self._spans.span_of(address, arena)
                return FreePages(address) if state is None else self._in_span(address, state)
        except (ReadError, BookkeepingError) as error:
            # With a broken table of arenas, data and stacks can still be told.
            why = error if isinstance(error, ReadError) else error.damage
            return self._elsewhere(address) or Unknown(address, why)
        return self._elsewhere(address) or self._unmanaged(address)

    def may_hold(self, address: int, size: int) -> bool:
        """Whether a variable of SIZE bytes may begin at ADDRESS: an object of its own, on a stack, or unknown."""
        answer = self.at(address)
        if isinstance(answer, HeapObject):
            return not answer.offset and answer.size >= size
        return isinstance(answer, (StackAddress, Unknown))

    def type_word(self, object: HeapObject) -> int:
        """The address of the type descriptor that the allocator keeps for OBJECT: of its type, or of its items' if it
        is an array; 0 where it keeps none (before Go 1.22, in small objects and in those without pointers).

        Raises ReadError.
        """
        if object.span.header:
            return pointer_at(self._program, object.start)
        return self._spans.large_type(object.span)

    @property
    def spans(self) -> Spans:
        """The table of spans."""
        return self._spans

    def objects_in_use(self, state: SpanState) -> int:
        """A bit for each object of the span: set for those in use. Raises ReadError, BookkeepingError."""
        return self._kept_in(state).kept

    def objects_since_collection(self, state: SpanState) -> int:
        """A bit for each object of the span: set for those in use that were allocated after the last collection.

        While one marks, that is the one before. Raises ReadError, BookkeepingError.
        """
        return self._kept_in(state).since

    def freed(self, addresses: Sequence[int]) -> Iterator[Answer]:
        """Those of ADDRESSES that are in no object in use: freed or not mapped. Fast for a million of them.

        nil, what is in data, code or a stack, and what the books tell nothing of is not among them.
        """
        pages = self._pages
        touched = {address // PAGE: address for address in addresses}
        for page, address in touched.items():
            if page not in pages:
                pages[page] = self._objects_in(address)
        if all(pages[page] is None for page in touched):  # as mostly
            return
        for address in addresses:
            objects = pages[address // PAGE]
            if objects is None:
                continue
            start, elemsize, kept = objects
            if not kept >> (address - start) // elemsize & 1:
                answer = self.at(address)
                if address and isinstance(answer, (FreeObject, UnmarkedObject, FreePages, SpanTail, NotMapped)):
                    yield answer

    def _objects_in(self, address: int) -> tuple[int, int, int] | None:
        """What tells the objects in use in the page around ADDRESS; None where nothing can be freed.

        Start and size of the objects of its span, and a bit for each in use: none where there is no span, or nothing
        at all.
        """
        page = address // PAGE * PAGE
        nothing = (page, PAGE, 0)
        try:
            arena = self._spans.arena_of(address)
            state = self._spans.span_of(address, arena) if arena else None
            if state is None:
                return nothing if arena or isinstance(self.at(address), NotMapped) else None
            if state.manual:
                return None
            start, size, kept = state.span.start, state.span.elemsize, self._kept_in(state).kept
        except (ReadError, BookkeepingError):
            return None
        first, end = (page - start) // size, (page + PAGE - 1 - start) // size + 1
        all_kept = (1 << end - first) - 1
        return None if kept >> first & all_kept == all_kept else (start, size, kept)

    def _in_span(self, address: int, state: SpanState) -> Answer:
        span = state.span
        if state.manual:
            return self._stacks.at(address) or ManualSpan(address, span)
        index = (address - span.start) // span.elemsize
        if index >= span.nelems:
            return SpanTail(address, span)
        objects = self._kept_in(state)
        if objects.kept >> index & 1:
            return HeapObject(address, span, index)
        if objects.allocated >> index & 1:
            return UnmarkedObject(address, span, index)
        return FreeObject(address, span, index)

    def _kept_in(self, state: SpanState) -> _Objects:
        objects = self._objects.get(state.span.mspan)
        if objects is None:
            if len(self._objects) >= _MOST_SPANS:
                self._objects.clear()
            objects = self._objects[state.span.mspan] = self._objects_of(state)
        return objects

    def _objects_of(self, state: SpanState) -> _Objects:
        address, size = self._sweepgen
        sweepgen = int.from_bytes(self._memory.read(address, size), self._order)
        generation = (state.sweepgen - sweepgen + 2) % (1 << 8 * size) - 2
        alloc_bits = self._bits(state.alloc_bits, state)
        allocated = alloc_bits | ((1 << min(state.freeindex, state.span.nelems)) - 1)
        if generation in (0, 3):
            return _Objects(allocated, allocated, allocated & ~alloc_bits)
        if generation not in (-2, -1, 1):
            raise BookkeepingError(SweepgenImpossible(state.span.mspan, state.sweepgen, sweepgen))
        marked = self._bits(state.mark_bits, state)
        if state.inline_marks:
            marked |= self._bits(state.inline_marks, state)
        # A span that is being swept and has no marks any more has handed them to allocBits, as its count shows - or
        # had none to begin with. Where that cannot be told apart, its objects pass for allocated.
        done = generation == -1 and not marked and not state.freeindex
        if done and alloc_bits.bit_count() == state.alloc_count:
            return _Objects(allocated, allocated, 0)
        return _Objects(allocated, allocated & marked, 0)

    def _bits(self, address: int, state: SpanState) -> int:
        """A bitmap of the span's objects: bit n for object n, one byte after the other whatever the byte order."""
        nelems = state.span.nelems
        return int.from_bytes(self._memory.read(address, (nelems + 7) // 8), "little") & ((1 << nelems) - 1)

    def _elsewhere(self, address: int) -> Answer | None:
        return self._modules.at(address) or self._stacks.at(address)

    def _unmanaged(self, address: int) -> Answer:
        file = file_at(self._files, address)
        if self._memory.readable(address, 1):
            return Foreign(address, file)
        if self._memory.left_out(address):
            return NotInCore(address, file)
        return NotMapped(address) if file is None else UnreadableFile(address, file)

    @cached_property
    def _files(self) -> Sequence[MappedFile]:
        return self._program.mapped_files()


@until_it_moves
def heap_of(program: Program) -> Heap:
    """The runtime's bookkeeping of the program's heap. Raises LayoutError."""
    return Heap(program)
