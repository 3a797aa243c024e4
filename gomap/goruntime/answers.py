"""The answers to "what is this address to the Go runtime?": a type for each, in the manner of drgn's identify_address.

``describe()`` says it in one line, without a full stop, to stand alone or after "->" in a finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Union

from gomap.program.target import Symbol

__all__ = [
    "Answer",
    "Foreign",
    "FreeObject",
    "FreePages",
    "HeapObject",
    "ManualSpan",
    "ModuleData",
    "NotMapped",
    "Span",
    "SpanSlot",
    "SpanTail",
    "StackAddress",
    "SystemStack",
    "Text",
    "Unknown",
    "UnmarkedObject",
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
        """Where that begins what the program sees: past the allocator's header, if there is one."""
        return self.start + self.span.header

    @property
    def size(self) -> int:
        """Bytes that the program may use from ``data`` on; what it asked for may be less."""
        return self.span.elemsize - self.span.header

    @property
    def offset(self) -> int:
        """How far into the object's data the address points; negative: into the allocator's header."""
        return self.address - self.data

    def _place(self) -> str:
        if not self.span.sizeclass:
            return f"(large, {self.span.elemsize} bytes, span {self.span.start:#x})"
        tiny = ", perhaps shared by tiny values" if self.span.tiny else ""
        return f"({self.span.elemsize}-byte class{tiny}, span {self.span.start:#x}, slot {self.index})"

    def _interior(self) -> str:
        if self.offset < 0:
            return f"{-self.offset} bytes before the data of "
        return f"byte {self.offset} of " if self.offset else ""


class HeapObject(SpanSlot):
    """An allocated object."""

    def describe(self) -> str:
        return f"{self._interior()}allocated object at {self.data:#x} {self._place()}"


class FreeObject(SpanSlot):
    """A free slot: its object was freed, or it has not been used since the span was made."""

    def describe(self) -> str:
        return f"{self._interior()}freed object {self._place()}"


class UnmarkedObject(SpanSlot):
    """An object that the last garbage collection did not reach; its span has still to be swept, which will free it.

    Until then its bytes are what they were. (One with a finalizer is revived by the sweep.)
    """

    def describe(self) -> str:
        return f"{self._interior()}unreachable object, not swept yet {self._place()}"


@dataclass(frozen=True)
class SpanTail:
    """Past a span's last object: the rest that is too small for one more, or the collector's bitmaps."""

    address: int
    span: Span

    def describe(self) -> str:
        return f"past the last object of a span ({self.span.elemsize}-byte class, span {self.span.start:#x})"


@dataclass(frozen=True)
class FreePages:
    """In an arena of the heap, in no span: pages returned to the heap or never used."""

    address: int

    def describe(self) -> str:
        return "free pages of the heap (no span)"


@dataclass(frozen=True)
class ManualSpan:
    """In a span that the runtime manages by hand, and in no goroutine's stack: a stack in reserve, a work buffer."""

    address: int
    span: Span

    def describe(self) -> str:
        return f"the runtime's own memory (manual span {self.span.start:#x}, no goroutine's stack)"


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

    def describe(self) -> str:
        whose = f"dead goroutine {self.goroutine}" if self.dead else f"goroutine {self.goroutine}"
        return f"stack of {whose} ({self.lo:#x} to {self.hi:#x})"


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

    def describe(self) -> str:
        return f"{self.role} stack of thread m{self.thread} ({self.lo:#x} to {self.hi:#x})"


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

    def describe(self) -> str:
        return _in_module(self.section, self.address, self.symbol, self.module)


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

    def describe(self) -> str:
        return _in_module("code", self.address, self.symbol, self.module)


@dataclass(frozen=True)
class Foreign:
    """Readable, and neither heap nor stack nor module: C's, a mapped file's, or the runtime's own, off the heap."""

    address: int

    def describe(self) -> str:
        return "outside of Go's heap, stacks and data (readable)"


@dataclass(frozen=True)
class NotMapped:
    """Not readable, and not the runtime's."""

    address: int

    def describe(self) -> str:
        return "not mapped" if self.address else "nil"


@dataclass(frozen=True)
class Unknown:
    """The bookkeeping that would tell is damaged or cannot be read.

    Attributes:
        why: what is wrong, with its address.
    """

    address: int
    why: str

    def describe(self) -> str:
        return f"unknown: {self.why}"


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
    Unknown,
]


def _in_module(section: str, address: int, symbol: Symbol | None, module: str) -> str:
    text = section
    if symbol is not None:
        offset = address - symbol.address
        text += f": {symbol.name} + {offset:#x}" if offset else f": {symbol.name}"
    return f"{text} (module {module})" if module else text
