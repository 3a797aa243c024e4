"""The answers to "what is this address to the Go runtime?": a type for each, in the manner of drgn's identify_address.

gomap.goruntime.wording puts them in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Union

from gomap.goruntime.span_damage import SpanDamage
from gomap.program.mapped_files import FilePlace
from gomap.program.memory import ReadError
from gomap.program.target import Symbol

__all__ = [
    "Answer",
    "Foreign",
    "FreeObject",
    "FreePages",
    "HeapObject",
    "ManualSpan",
    "ModuleData",
    "NotInCore",
    "NotMapped",
    "Span",
    "SpanSlot",
    "SpanTail",
    "StackAddress",
    "SystemStack",
    "Text",
    "Unknown",
    "UnmarkedObject",
    "UnreadableFile",
]


class Span(NamedTuple):
    """A run of pages that the runtime manages as one (runtime.mspan).

    Attributes:
        mspan: address of the struct.
        start: its first byte.
        size: bytes in its pages.
        elemsize: bytes that each object takes: its size class.
        nelems: how many objects it has room for; 0 in a span managed by hand.
        sizeclass: the class's number; 0: one large object.
        noscan: its objects hold no pointers.
        header: bytes at each object's start that are the allocator's (a type pointer, Go 1.22 on).
    """

    mspan: int
    start: int
    size: int
    elemsize: int
    nelems: int
    sizeclass: int
    noscan: bool
    header: int

    @property
    def tiny(self) -> bool:
        """Of the class whose objects the tiny allocator fills with several values without pointers below 16 bytes."""
        return self.noscan and self.elemsize == 16  # malloc.go: maxTinySize, _TinySizeClass


@dataclass(frozen=True)
class SpanSlot:
    """A slot of a span of the heap: the place of one object, whatever is in it.

    Attributes:
        address: what was asked about.
        span: the span.
        index: the object's number in it.
    """

    address: int
    span: Span
    index: int

    @property
    def start(self) -> int:
        """Where the object's place begins."""
        return self.span.start + self.index * self.span.elemsize

    @property
    def data(self) -> int:
        """Where the part begins that the program sees: past the allocator's header, if there is one."""
        return self.start + self.span.header

    @property
    def size(self) -> int:
        """Bytes that the program may use from ``data`` on; what it asked for may be less."""
        return self.span.elemsize - self.span.header

    @property
    def offset(self) -> int:
        """How far into the object's data the address points; negative: into the allocator's header."""
        return self.address - self.data


class HeapObject(SpanSlot):
    """An allocated object."""


class FreeObject(SpanSlot):
    """A free slot: its object was freed, or it has not been used since the span was made."""


class UnmarkedObject(SpanSlot):
    """An object that the last garbage collection did not reach; its span has still to be swept, which will free it.

    Until then its bytes are what they were. (One with a finalizer is revived by the sweep.)
    """


@dataclass(frozen=True)
class SpanTail:
    """Past a span's last object: the rest that is too small for one more, or the collector's bitmaps."""

    address: int
    span: Span


@dataclass(frozen=True)
class FreePages:
    """In an arena of the heap, in no span: pages returned to the heap or never used."""

    address: int


@dataclass(frozen=True)
class ManualSpan:
    """In a span that the runtime manages by hand, and in no goroutine's stack: a stack in reserve, a work buffer."""

    address: int
    span: Span


@dataclass(frozen=True)
class StackAddress:
    """In a goroutine's stack.

    Attributes:
        goroutine: its id; of a dead one, the id it had last.
        lo, hi: the stack's bounds.
        dead: the goroutine ended, and its stack is kept for another.
    """

    address: int
    goroutine: int
    lo: int
    hi: int
    dead: bool = False


@dataclass(frozen=True)
class SystemStack:
    """In a stack that belongs to a thread, not to a goroutine.

    Attributes:
        thread: the m's id.
        role: ``g0`` or ``gsignal``.
        lo, hi: the stack's bounds; under cgo the runtime itself only estimates a g0's.
    """

    address: int
    thread: int
    role: str
    lo: int
    hi: int


@dataclass(frozen=True)
class ModuleData:
    """In the data of the program or of a plugin.

    Attributes:
        module: its name; empty: the program itself.
        section: ``data``, ``bss``, ``noptrdata``, ``noptrbss``, ``rodata``... as runtime.moduledata has them.
        symbol: the variable there, if the symbol table knows it.
    """

    address: int
    module: str
    section: str
    symbol: Symbol | None


@dataclass(frozen=True)
class Text:
    """In the code of the program or of a plugin.

    Attributes:
        module: its name; empty: the program itself.
        symbol: the function there, if the symbol table knows it.
    """

    address: int
    module: str
    symbol: Symbol | None


@dataclass(frozen=True)
class Foreign:
    """Readable, and neither heap nor stack nor module: C's, a mapped file's, or the runtime's own, off the heap.

    Attributes:
        file: the byte of a mapped file that it is, where that is known.
    """

    address: int
    file: FilePlace | None = None


@dataclass(frozen=True)
class NotMapped:
    """Not readable, and not the runtime's."""

    address: int


@dataclass(frozen=True)
class NotInCore:
    """The process could read there, and its core was not given what was there: a mapped file, or the core's end.

    Attributes:
        file: the byte of a mapped file that it is, where that is known.
    """

    address: int
    file: FilePlace | None = None


@dataclass(frozen=True)
class UnreadableFile:
    """In a mapped file, and yet not readable: past the end of the file, which is shorter now, or not to be had.

    Attributes:
        file: the byte of the file that it is.
    """

    address: int
    file: FilePlace


@dataclass(frozen=True)
class Unknown:
    """The bookkeeping that would tell is damaged or cannot be read.

    Attributes:
        why: what is wrong.
    """

    address: int
    why: SpanDamage | ReadError


Answer = Union[
    HeapObject,
    FreeObject,
    UnmarkedObject,
    SpanTail,
    FreePages,
    ManualSpan,
    StackAddress,
    SystemStack,
    ModuleData,
    Text,
    Foreign,
    NotMapped,
    NotInCore,
    UnreadableFile,
    Unknown,
]
