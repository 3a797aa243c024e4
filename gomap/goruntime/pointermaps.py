"""Which words of memory the collector takes for pointers: the maps that it marks by.

A byte for each word says it here, 1 for a pointer, so that itertools.compress picks a whole span's pointers at once.

- Go 1.22 on: objects of up to 512 bytes (128 on 32 bits) have a bit for each word at the end of their span, before
  the mark bits where these are there too (heapBitsInSpan, spanHeapBitsRange in runtime/mbitmap.go). Larger ones say
  their type, in a header or in the mspan, whose GCData is repeated over the object. Types with a large mask have it
  made when the collector first asks (TFlagGCMaskOnDemand, 1.24 on): GCData leads to a pointer to it then.
- Go 1.20 and 1.21, and GOEXPERIMENT=noallocheaders: heapArena.bitmap, a bit for each word.
- Go 1.19: heapArena.bitmap, in each byte four words: the low half says pointer, the high half that there may be more
  pointers in the object; from the first word without that on it has none, whatever its bits are.
- data and bss: moduledata.gcdatamask and gcbssmask, a bit for each word.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gomap.goruntime.answers import Span
from gomap.goruntime.descriptors import COMMON
from gomap.goruntime.moduledata import first_module, modules
from gomap.goruntime.spans import Spans, SpanState
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.structs import Struct, named_type
from gomap.program.target import pointer_at

__all__ = ["DataSection", "PointerMaps", "data_sections", "expanded"]

#: The eight words of each byte of a bitmap; a byte for each word.
_BITS = [bytes(byte >> bit & 1 for bit in range(8)) for byte in range(256)]
#: The four words of each byte of Go 1.19's bitmap: which are pointers; which may have pointers behind them.
_NIBBLES = [bytes(byte >> bit & 1 for bit in range(4)) for byte in range(256)]
#: internal/abi/type.go.
_TFLAG_GC_MASK_ON_DEMAND = 1 << 4
#: A type's pointers beyond which its mask is taken for wild: 256 MiB of them.
_LONGEST_MASK = 1 << 25
#: Bytes of data or bss beyond which they are taken for wild.
_LARGEST_SECTION = 1 << 32


class _Mask(NamedTuple):
    """A type's pointers: a byte for each word up to its last one, and the type's size in words."""

    pointers: bytes
    words: int


class DataSection(NamedTuple):
    """The part of a module's data in which the collector looks for pointers.

    Attributes:
        name: ``data`` or ``bss``.
        start: its first byte.
        pointers: a byte for each word.
    """

    name: str
    start: int
    pointers: bytes


class PointerMaps:
    """The pointer maps of one program's heap. Raises LayoutError."""

    def __init__(self, program: Program, spans: Spans) -> None:
        self._program = program
        self._spans = spans
        self._word = program.pointer_size
        self._bitmap = spans.arena_bitmap()
        self._coarse = self._bitmap is not None and self._bitmap.type.elem.size == 1
        self._type = Struct(named_type(program, COMMON), program)
        self._masks: dict[int, _Mask | None] = {}

    def of(self, state: SpanState, buffer: bytes) -> bytes:
        """A byte for each word of the span, whose bytes BUFFER has; what is said of free objects means nothing.

        Where a type's mask cannot be had every word counts as a pointer. Raises ReadError.
        """
        span = state.span
        words = span.size // self._word
        if span.noscan:
            return bytes(words)
        if self._bitmap is not None:
            return self._in_arena(span)
        if self._spans.headerless is None or span.elemsize <= self._spans.headerless:
            return self._in_span(state, buffer)
        if not span.sizeclass:
            return self._tiled(self._spans.large_type(span), words)
        each = span.elemsize // self._word
        head = span.header // self._word
        pieces = []
        for at in range(0, span.nelems * span.elemsize, span.elemsize or 1):
            type = int.from_bytes(buffer[at : at + self._word], self._program.byte_order)
            pieces.append(bytes(head) + self._tiled(type, each - head))
        return b"".join(pieces).ljust(words, b"\0")

    def _in_span(self, state: SpanState, buffer: bytes) -> bytes:
        size = len(buffer) // self._word // 8
        end = len(buffer) - (self._spans.inline_size if state.inline_marks else 0)
        return expanded(self._ordered(buffer[end - size : end]))

    def _in_arena(self, span: Span) -> bytes:
        """Spans lie in one arena each, but for large ones, which may go on in the next."""
        assert self._bitmap is not None
        per_byte = 4 if self._coarse else 8
        pieces = []
        at, end = span.start, span.start + span.size
        arena_size = self._bitmap.type.size * per_byte * self._word
        while at < end:
            inside = self._spans.place_in_arena(at)
            upto = min(end, at - inside + arena_size)
            first, last = inside // self._word // per_byte, -(-(inside + upto - at) // self._word // per_byte)
            arena = self._spans.arena_of(at)
            pieces.append(self._program.memory.read(arena + self._bitmap.offset + first, last - first))
            at = upto
        bits = b"".join(pieces)
        return self._until_dead(bits, span) if self._coarse else expanded(self._ordered(bits))

    def _until_dead(self, bits: bytes, span: Span) -> bytes:
        pointers = bytearray(b"".join([_NIBBLES[byte & 15] for byte in bits]))
        more = b"".join([_NIBBLES[byte >> 4] for byte in bits])
        each = span.elemsize // self._word
        for at in range(0, span.nelems * each, each or 1):
            dead = more.find(0, at, at + each)
            if dead >= 0:
                pointers[dead : at + each] = bytes(at + each - dead)
        return bytes(pointers)

    def _tiled(self, type: int, words: int) -> bytes:
        """The mask of a type over and over, for WORDS words."""
        if not type:  # nothing in it yet
            return bytes(words)
        if type not in self._masks:
            try:
                self._masks[type] = self._mask(type)
            except ReadError:
                self._masks[type] = None
        mask = self._masks[type]
        if mask is None:
            return b"\1" * words
        if mask.words >= words:
            return mask.pointers[:words].ljust(words, b"\0")
        return (mask.pointers.ljust(mask.words, b"\0") * (words // mask.words + 1))[:words]

    def _mask(self, type: int) -> _Mask | None:
        """The mask of the type at that address; None if there is none to be had. Raises ReadError."""
        struct = self._type
        buffer = self._program.memory.read(type, struct.size)
        size, pointers = struct.number(buffer, "size"), struct.number(buffer, "ptrbytes", "ptrdata")
        data = struct.number(buffer, "gcdata")
        count = pointers // self._word
        if not 0 <= pointers <= size or not size or size % self._word or count > _LONGEST_MASK:
            return None
        if struct.number(buffer, "tflag") & _TFLAG_GC_MASK_ON_DEMAND:
            data = pointer_at(self._program, data)
        if not data:
            return None
        bits = self._program.memory.read(data, (count + 7) // 8)
        return _Mask(expanded(bits)[:count], size // self._word)

    def _ordered(self, bits: bytes) -> bytes:
        """Bitmaps of words, as the machine has them, with the lowest bits first."""
        if self._program.byte_order == "little":
            return bits
        return b"".join(bits[at : at + self._word][::-1] for at in range(0, len(bits), self._word))


def data_sections(program: Program) -> Iterator[DataSection]:
    """The data and bss of each module, with their pointers. Raises LayoutError; what cannot be read is left out."""
    _, module = first_module(program)
    word = program.pointer_size
    paths = [
        path for name in ("data", "bss") for path in (name, "e" + name, f"gc{name}mask.n", f"gc{name}mask.bytedata")
    ]
    missing = [path for path in paths if module.find(path.partition(".")[0]) is None]
    if missing:
        raise LayoutError(f"runtime.moduledata has no field {missing[0]}")
    for numbers in modules(program, *paths):
        for name, (start, end, count, mask) in zip(("data", "bss"), (numbers[:4], numbers[4:]), strict=True):
            if not 0 < end - start <= _LARGEST_SECTION:
                continue
            words = (end - start) // word
            try:
                bits = program.memory.read(mask, (min(count, words) + 7) // 8)
            except ReadError:
                continue
            yield DataSection(name, start, expanded(bits)[:words].ljust(words, b"\0"))


def expanded(bits: bytes) -> bytes:
    """A byte for each bit, 0 or 1, the lowest of each byte first."""
    return b"".join(map(_BITS.__getitem__, bits))
