"""Which span of the heap an address lies in: runtime.mheap_, its arenas and their tables of spans.

mheap_.arenas is a two-level table of heapArenas, and heapArena.spans has an entry for each page of its arena
(runtime/mheap.go; Go 1.11 on). Entries are not cleared when a span is freed: one may lead to an mspan that is dead or
serves elsewhere by now, so an mspan counts only if it is in use and covers the address (spanOf says the same).

Sizes come from the types: pages to an arena, arenas to a table. The few facts that do not stand here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from gomap.goruntime.answers import Span
from gomap.goruntime.moduledata import first_module
from gomap.goruntime.span_damage import (
    BookkeepingError,
    ExtentImpossible,
    InlineMarksUnknown,
    ListCutOff,
    ObjectsImpossible,
    PageOfAnother,
    SpanDamage,
    SpanUnreadable,
    StateUnknown,
)
from gomap.program.gotypes import Field, LayoutError
from gomap.program.memory import ReadError
from gomap.program.structs import Struct, variable
from gomap.program.target import Target, pointer_at

__all__ = ["MALLOC_HEADER", "PAGE", "SpanState", "Spans", "headerless"]

#: _PageSize in runtime/malloc.go, gc.PageSize later: the same for every architecture, Go 1.5 on.
PAGE = 8192
#: arenaBaseOffset in runtime/malloc.go: amd64's addresses are signed, so arena 0 begins at the lowest of them.
_AMD64_ARENA_BASE = -(1 << 47)
#: mSpanInUse, mSpanManual in runtime/mheap.go. A span in neither state is dead.
_IN_USE = 1
_MANUAL = 2
#: mallocHeaderSize in runtime/malloc.go.
MALLOC_HEADER = 8
#: sizeclasses.go: the span of 8-byte objects has the most of them, one page full.
_MOST_OBJECTS = PAGE // 8

_MSPAN = (
    *("startAddr", "npages", "elemsize", "nelems", "spanclass", "state"),
    *("freeindex", "allocBits", "gcmarkBits", "allocCount", "sweepgen"),
)
#: Past that many spans the cache starts anew.
_MOST_SPANS = 1 << 16
#: Spans beyond which the rest is not looked at: 32 GiB of the smallest.
_MOST_LISTED = 1 << 22


class SpanState(NamedTuple):
    """A span, and what the allocator and the collector note about its objects.

    Attributes:
        span: the span.
        manual: managed by hand (stacks), not by the collector; the rest is without meaning then.
        freeindex: objects below it are allocated.
        alloc_bits, mark_bits: address of allocBits and gcmarkBits, a bit for each object.
        alloc_count: how many objects are allocated.
        sweepgen: how far the sweep has come with it.
        inline_marks: address of the mark bits in the span itself; 0: none.
    """

    span: Span
    manual: bool
    freeindex: int
    alloc_bits: int
    mark_bits: int
    alloc_count: int
    sweepgen: int
    inline_marks: int


class Spans:
    """The table of spans. Raises LayoutError if the runtime's types are not as expected."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._memory = target.memory
        self._pointer_size = target.pointer_size
        address, mheap = variable(target, "runtime.mheap_")
        arenas = mheap.field("arenas")
        self._l1 = address + arenas.offset
        allspans = mheap.find("allspans")
        self._allspans = (address + allspans.offset, Struct(allspans.type, target)) if allspans else None
        self._l1_length = arenas.type.length
        l2 = arenas.type.elem.elem
        self._l2_length = l2.length
        arena = l2.elem.elem
        spans = arena.field("spans")
        self._arena_spans = spans.offset
        self._arena_pages = spans.type.length
        if not (self._l1_length and self._l2_length and self._arena_pages):
            raise LayoutError(f"{mheap}.arenas is expected to be [n]*[m]*heapArena with spans [k]*mspan")
        mspan = spans.type.elem.elem
        self._mspan = Struct(mspan, target).some(*_MSPAN)
        specials = mspan.find("specials")
        self._specials = specials.offset if specials else None
        self._inline: Field | None = arena.find("pageUseSpanInlineMarkBits")
        self._inline_size, self._inline_marks = _inline_mark_bits(target)
        #: As the function of this name has it.
        self.headerless = headerless(target)
        large_type = mspan.find("largeType")
        self._large_type = large_type.offset if large_type and self.headerless else None
        self._arena_bitmap = arena.find("bitmap") or _inner(arena.find("heapArenaPtrScalar"), "bitmap")
        self._pc_header = _pc_header(target)
        self._base: int | None = None
        self._cache: dict[int, SpanState | None] = {}
        self._arenas: dict[int, int] = {}

    def arena_of(self, address: int) -> int:
        """Address of the heapArena that manages ADDRESS, 0 if there is none. Raises ReadError."""
        index = (address - self._arena_base()) // (self._arena_pages * PAGE)
        first, second = divmod(index, self._l2_length)
        if not 0 <= first < self._l1_length:
            return 0
        arena = self._arenas.get(index, 0)
        if not arena:
            table = pointer_at(self._target, self._l1 + first * self._pointer_size)
            arena = pointer_at(self._target, table + second * self._pointer_size) if table else 0
            if arena:  # so that wild addresses are not remembered
                self._arenas[index] = arena
        return arena

    def span_of(self, address: int, arena: int) -> SpanState | None:
        """The span that covers ADDRESS, which ARENA manages; None if the page is in no span.

        Raises ReadError; BookkeepingError, if what is noted there cannot be.
        """
        page = address // PAGE % self._arena_pages
        mspan = pointer_at(self._target, arena + self._arena_spans + page * self._pointer_size)
        if not mspan:
            return None
        if mspan in self._cache:
            state = self._cache[mspan]
        else:
            if len(self._cache) >= _MOST_SPANS:
                self._cache.clear()
            state = self._cache[mspan] = self._decode(mspan)
        if state is None or not 0 <= address - state.span.start < state.span.size:
            return None
        return state

    def in_use(self) -> Iterator[SpanState | SpanDamage]:
        """Every span of mheap_.allspans that holds objects; what is wrong with one that cannot be believed.

        Raises ReadError, and LayoutError without such a list.
        """
        if self._allspans is None:
            raise LayoutError("runtime.mheap has no field allspans")
        address, slice = self._allspans
        header, word = slice.read(address), self._pointer_size
        listed = max(0, min(header["len"], _MOST_LISTED))
        pointers = self._memory.read(
            header["array"], self._memory.readable(header["array"], listed * word) // word * word
        )
        if len(pointers) < listed * word:
            missing = listed - len(pointers) // word
            yield ListCutOff(missing, listed, header["array"] + len(pointers))
        seen = {0}
        for at in range(0, len(pointers), word):
            mspan = int.from_bytes(pointers[at : at + word], self._target.byte_order)
            if mspan in seen:
                continue
            seen.add(mspan)
            try:
                state = self._decode(mspan)
                if state is None or state.manual:
                    continue
                for page in (state.span.start, state.span.start + state.span.size - PAGE):
                    arena = self.arena_of(page)
                    found = self.span_of(page, arena) if arena else None
                    if found is None or found.span.mspan != mspan:
                        raise BookkeepingError(PageOfAnother(mspan, page))
                yield state
            except BookkeepingError as error:
                yield error.damage
            except ReadError as error:
                yield SpanUnreadable(mspan, error)

    def specials(self, span: Span) -> int:
        """Address of the first record of what is special about the span's objects (finalizers...), or 0."""
        return 0 if self._specials is None else pointer_at(self._target, span.mspan + self._specials)

    @property
    def inline_size(self) -> int:
        """Bytes of mark bits at the end of a span that has them in itself (see SpanState.inline_marks)."""
        return self._inline_size

    def arena_bitmap(self) -> Field | None:
        """The field of heapArena that says which words are pointers; None where spans and types say it (1.22 on)."""
        return self._arena_bitmap

    def place_in_arena(self, address: int) -> int:
        """How far into its arena ADDRESS is."""
        return address % (self._arena_pages * PAGE)

    def large_type(self, span: Span) -> int:
        """What the span of one large object notes as its type; 0: nothing. Raises ReadError."""
        if self._large_type is None or span.sizeclass or span.noscan:
            return 0
        return pointer_at(self._target, span.mspan + self._large_type)

    def _decode(self, mspan: int) -> SpanState | None:
        start, npages, elemsize, nelems, spanclass, state, *marks = self._mspan.read(self._memory, mspan)
        if state not in (_IN_USE, _MANUAL):
            if state:
                raise BookkeepingError(StateUnknown(mspan, state))
            return None
        manual = state == _MANUAL
        size = npages * PAGE
        if start % PAGE or not npages or start + size > 1 << 8 * self._pointer_size:
            raise BookkeepingError(ExtentImpossible(mspan, npages, start))
        if not manual and not (0 < elemsize <= size and 0 < nelems <= min(_MOST_OBJECTS, size // elemsize)):
            raise BookkeepingError(ObjectsImpossible(mspan, nelems, elemsize, size))
        freeindex, alloc_bits, mark_bits, alloc_count, sweepgen = marks
        # spanclass: the size class, and a low bit that says noscan.
        span = Span(mspan, start, size, elemsize, nelems, spanclass >> 1, bool(spanclass & 1), 0)
        if self.headerless and span.sizeclass and not span.noscan and elemsize > self.headerless:
            span = span._replace(header=MALLOC_HEADER)
        inline = 0 if manual else self._inline_marks_of(span)
        return SpanState(span, manual, freeindex, alloc_bits, mark_bits, alloc_count, sweepgen, inline)

    def _inline_marks_of(self, span: Span) -> int:
        """Where a span of one page has its mark bits inside itself (the green tea collector, 1.25 on), or 0."""
        if self._inline is None or span.size != PAGE:
            return 0
        byte, bit = divmod(span.start // PAGE % self._arena_pages, 8)
        if not self._memory.read(self.arena_of(span.start) + self._inline.offset + byte, 1)[0] >> bit & 1:
            return 0
        if not self._inline_size:
            raise BookkeepingError(InlineMarksUnknown(span.start))
        return span.start + PAGE - self._inline_size + self._inline_marks

    def _arena_base(self) -> int:
        """What to subtract from an address before it is cut into arenas: negative on amd64, 0 elsewhere."""
        if self._base is None:
            # No type tells amd64 from arm64, but the line table does: instructions of any length, words of eight bytes.
            address, quantum = self._pc_header
            amd64 = (
                self._pointer_size == 8 and self._memory.read(pointer_at(self._target, address) + quantum, 1) == b"\x01"
            )
            self._base = _AMD64_ARENA_BASE if amd64 else 0
        return self._base


def headerless(target: Target) -> int | None:
    """Objects with pointers up to so many bytes have no malloc header; None: no object has one. Raises LayoutError."""
    # heapBitsInSpan in runtime/mbitmap.go: as many bytes as one word's bits can describe; larger objects have their
    # type in a header, since largeType came into mspan (1.22).
    _, mheap = variable(target, "runtime.mheap_")
    arena = mheap.field("arenas").type.elem.elem.elem.elem
    bitmaps = arena.find("heapArenaPtrScalar")  # GOEXPERIMENT=noallocheaders (1.22 and 1.23) keeps a bitmap in it
    if arena.field("spans").type.elem.elem.find("largeType") is None or (bitmaps and bitmaps.type.fields):
        return None
    return 8 * target.pointer_size**2


def _inner(outer: Field | None, name: str) -> Field | None:
    """The field of that name of a struct within a struct, by its offset in the outer one."""
    found = outer.type.find(name) if outer else None
    return replace(found, offset=outer.offset + found.offset) if outer and found else None


def _inline_mark_bits(target: Target) -> tuple[int, int]:
    """Size of spanInlineMarkBits, which ends where its span ends, and offset of the marks in it; 0, 0 without it."""
    type = target.type_named("runtime.spanInlineMarkBits")
    marks = type.find("marks") if type else None
    return (type.size, marks.offset) if type and marks else (0, 0)


def _pc_header(target: Target) -> tuple[int, int]:
    """Address of the program's pointer to its line table's header, and offset of minLC in that."""
    address, module = first_module(target)
    header = module.field("pcHeader")
    return address + header.offset, header.type.elem.field("minLC").offset
