"""An image of the runtime's bookkeeping: one arena, and the spans, goroutines and modules that a test asks for.

The structs have the runtime's fields in an order of their own, so that nothing can pass that knows offsets by heart.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from gomap.program.gotypes import GoType, Kind
from gomap.program.target import Symbol
from tests.unit.image import Image, array_of, basic, pointer_to, slice_of, string_type, struct_of

__all__ = ["AMD64", "ARM64", "I386", "MACHINES", "PAGE", "S390X", "Books", "Machine"]

PAGE = 8192
IN_USE, MANUAL = 1, 2

MHEAP, L2, ARENA, MSPANS, BITS = 0x10_0000, 0x1000_0000, 0x2000_0000, 0x3000_0000, 0x3100_0000
ALLGS, G, M, MODULE, LINES = 0x3200_0000, 0x3300_0000, 0x3400_0000, 0x3500_0000, 0x3600_0000
TEXT, DATA, BSS = 0x40_0000, 0x50_0000, 0x51_0000
FOREIGN, SYSTEM_STACK = 0x3700_0000, 0x3800_0000


class Machine(NamedTuple):
    """What of an architecture the heap's layout depends on (runtime/malloc.go)."""

    pointer_size: int
    byte_order: Literal["little", "big"]
    quantum: int
    arena_base: int
    arena_size: int
    heap: int


AMD64 = Machine(8, "little", 1, -(1 << 47), 64 << 20, 0xC0_0000_0000)
ARM64 = Machine(8, "little", 4, 0, 64 << 20, 0x40_0000_0000)
I386 = Machine(4, "little", 1, 0, 4 << 20, 0x0840_0000)
S390X = Machine(8, "big", 2, 0, 64 << 20, 0xC0_0000_0000)
MACHINES = {"amd64": AMD64, "arm64": ARM64, "386": I386, "s390x": S390X}


class Books:
    """The image, and how to write into its books.

    Attributes:
        image: the target.
        heap: where the arena begins.
    """

    def __init__(self, machine: Machine = AMD64, *, headers: bool = True, green_tea: bool = True) -> None:
        self.machine = machine
        self.heap = machine.heap
        self._spans = 0
        self._goroutines = 0
        size = machine.pointer_size
        word, half, small = (basic(Kind.UINTPTR, pointer_size=size), basic(Kind.UINT16), basic(Kind.UINT8))
        u32 = basic(Kind.UINT32)
        bits = pointer_to(struct_of("runtime.gcBits", ("x", small, 0)), pointer_size=size)
        box = struct_of("runtime.mSpanStateBox", ("_", struct_of("noCopy"), 0), ("s", small, 0))
        self.mspan = struct_of(
            "runtime.mspan",
            *(("state", box, 1), ("spanclass", small, 2), ("freeindex", half, 4), ("nelems", half, 6)),
            *(("sweepgen", u32, 8), ("allocCount", half, 12), ("elemsize", word, 16), ("npages", word, 24)),
            *(("startAddr", word, 32), ("gcmarkBits", bits, 40), ("allocBits", bits, 48)),
            *((("largeType", word, 56),) if headers else ()),
            size=64,
        )
        pages = machine.arena_size // PAGE
        bitmap = array_of(pages // 8, small)
        entries = array_of(pages, pointer_to(self.mspan, pointer_size=size))
        self.arena = struct_of(
            "runtime.heapArena", ("pageUseSpanInlineMarkBits", bitmap, 8), ("spans", entries, 8 + bitmap.size)
        )
        address_bits = 48 if size == 8 else 32
        arenas = (1 << address_bits) // machine.arena_size
        l2 = array_of(arenas, pointer_to(self.arena, pointer_size=size))
        self.mheap = struct_of(
            "runtime.mheap", ("arenas", array_of(1, pointer_to(l2, pointer_size=size)), 16), ("sweepgen", u32, 4)
        )
        stack = struct_of("runtime.stack", ("lo", word, 0), ("hi", word, size))
        atomic = struct_of("atomic.Uint32", ("value", u32, 0))
        sched = struct_of("runtime.gobuf", *((name, word, 8 * i) for i, name in enumerate(("sp", "pc", "lr"))))
        fields = ("atomicstatus", atomic, 0), ("goid", word, 8), ("stack", stack, 16), ("sched", sched, 32)
        self.g = struct_of("runtime.g", *fields, size=64)
        to_g = pointer_to(self.g, pointer_size=size)
        self.m = struct_of(
            "runtime.m", *((name, word, 8 * i) for i, name in enumerate(["id", "g0", "gsignal", "alllink"]))
        )
        header = struct_of("runtime.pcHeader", ("magic", u32, 0), ("minLC", small, 6))
        bounds = [prefix + name for name in ("text", "noptrdata", "data", "bss", "noptrbss") for prefix in ("", "e")]
        self.module = struct_of(
            "runtime.moduledata",
            ("pcHeader", pointer_to(header, pointer_size=size), 0),
            ("modulename", string_type(pointer_size=size), 8),
            *((name, word, 32 + 8 * i) for i, name in enumerate([*bounds, "types", "rodata", "next"])),
            size=256,
        )
        allgs = slice_of(to_g, pointer_size=size)
        inline = struct_of(
            "runtime.spanInlineMarkBits", ("scans", array_of(64, small), 0), ("marks", array_of(64, small), 64)
        )
        index = (self.heap - machine.arena_base) // machine.arena_size
        self.entry = L2 + index * size
        lowest = L2 - machine.arena_base // machine.arena_size * size
        self.image = Image(
            {
                MHEAP: bytes(4096),
                self.entry & ~4095: bytes(4096),
                lowest & ~4095: bytes(4096),
                ARENA: bytes(self.arena.size),
                MSPANS: bytes(64 * 1024),
                BITS: bytes(4096),
                ALLGS: bytes(4096),
                G: bytes(64 * 64),
                M: bytes(4096),
                MODULE: bytes(4096),
                LINES: bytes(16),
                FOREIGN: bytes(4096),
                self.heap: bytes(64 * PAGE),
            },
            pointer_size=size,
            byte_order=machine.byte_order,
            types=[inline] if green_tea else [],
            variables=[
                ("runtime.mheap_", MHEAP, self.mheap),
                ("runtime.allgs", ALLGS, allgs),
                ("runtime.allm", M, pointer_to(self.m, pointer_size=size)),
                ("runtime.firstmoduledata", MODULE, self.module),
            ],
            symbols=[Symbol("main.main", TEXT + 0x100, 0x40), Symbol("main.counts", BSS + 16, 8)],
        )
        self.image.write(LINES + 6, bytes([machine.quantum]))
        self.write(self.mheap, MHEAP, sweepgen=20)
        self.pointer(MHEAP + 16, L2)
        self.pointer(self.entry, ARENA)
        self.write(self.module, MODULE, text=TEXT, etext=TEXT + 0x1000, types=TEXT + 0x1000, rodata=TEXT + 0x1100)
        self.write(self.module, MODULE, noptrdata=DATA, enoptrdata=DATA + 32, bss=BSS, ebss=BSS + 0x100)
        self.pointer(MODULE, LINES)
        self.pointer(M, M + 64)
        self.write(self.m, M + 64, id=3, g0=G + 63 * 64)
        self.write(self.g, G + 63 * 64, lo=SYSTEM_STACK, hi=SYSTEM_STACK + 0x4000)

    def span(self, page: int, *, pages: int = 1, scan: bool = False, **fields: int) -> int:
        """A span from that page on, with 48-byte objects unless FIELDS say otherwise; the address of its mspan."""
        mspan = MSPANS + 64 * self._spans
        self._spans += 1
        bits = BITS + 64 * self._spans
        fields = {"elemsize": 48, "spanclass": 5 << 1, **fields}
        fields = {"nelems": pages * PAGE // fields["elemsize"], **fields}
        fields["spanclass"] |= not scan
        start = self.heap + page * PAGE
        self.write(
            self.mspan,
            mspan,
            **{
                "state": IN_USE,
                "startAddr": start,
                "npages": pages,
                "sweepgen": 20,
                "allocBits": bits,
                "gcmarkBits": bits + 32,
            }
            | fields,
        )
        for at in range(page, page + pages):
            self.page(at, mspan)
        return mspan

    def page(self, page: int, mspan: int) -> None:
        """Enter MSPAN for that page."""
        self.pointer(ARENA + self.arena.field("spans").offset + page * self.machine.pointer_size, mspan)

    def bits(self, mspan: int, field: Literal["allocBits", "gcmarkBits"], *objects: int) -> None:
        """Set the bits of OBJECTS in one of a span's bitmaps, and no others of the first 256."""
        at = self.image.memory.read(mspan + self.mspan.field(field).offset, self.machine.pointer_size)
        self._set(int.from_bytes(at, self.machine.byte_order), objects)

    def inline_marks(self, page: int, *objects: int) -> None:
        """Give the span of that page mark bits of its own, and set those of OBJECTS."""
        byte, bit = divmod(page, 8)
        at = ARENA + self.arena.field("pageUseSpanInlineMarkBits").offset + byte
        self.image.write(at, bytes([self.image.memory.read(at, 1)[0] | 1 << bit]))
        self._set(self.heap + (page + 1) * PAGE - 64, objects)

    def goroutine(self, goid: int, lo: int, hi: int, status: int = 4) -> None:
        """One more goroutine, with its stack."""
        at = G + 64 * self._goroutines
        self.write(self.g, at, goid=goid, atomicstatus=status, lo=lo, hi=hi)
        self._goroutines += 1
        array = ALLGS + 64
        self.pointer(array + (self._goroutines - 1) * self.machine.pointer_size, at)
        self.pointer(ALLGS, array)
        self.pointer(ALLGS + self.machine.pointer_size, self._goroutines)

    def write(self, type: GoType, address: int, **values: int) -> None:
        """Write fields of the struct of TYPE at ADDRESS, at any depth."""
        for name, value in values.items():
            offset, size = _place(type, name)
            self.image.write(address + offset, value.to_bytes(size, self.machine.byte_order))

    def pointer(self, address: int, value: int) -> None:
        self.image.write(address, self.image.word(value))

    def _set(self, address: int, objects: tuple[int, ...]) -> None:
        self.image.write(address, sum(1 << index for index in objects).to_bytes(32, "little"))


def _place(type: GoType, name: str) -> tuple[int, int]:
    for field in type.fields:
        if field.name == name:
            return field.offset, field.type.size
        if field.type.kind is Kind.STRUCT and field.type.find(name):
            offset, size = _place(field.type, name)
            return field.offset + offset, size
    raise KeyError(name)
