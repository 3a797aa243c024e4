"""How many bytes the allocator takes for an object: runtime.mallocgc's arithmetic, on the size classes of the program.

Source: roundupsize in runtime/msize.go, mallocgc in runtime/malloc.go. The classes themselves are read from the
program's memory (class_to_size in package runtime, from Go 1.25 on SizeClassToSize in internal/runtime/gc). An object
gets the smallest class that it fits in, and whole pages if it fits in none. Two things make it larger before that:

- from Go 1.22 on a malloc header, a word that says its type, if it holds pointers and is too large for the heap
  bitmap at its span's end;
- in programs built with -asan a redzone behind it (computeRZlog, later redZoneSize). Those built with -msan or -race
  have none.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from gomap.goruntime.spans import MALLOC_HEADER, PAGE, headerless
from gomap.program.gotypes import LayoutError
from gomap.program.program import Program, while_files_stay
from gomap.program.structs import variable
from gomap.program.target import Target, pointer_at

__all__ = ["Allocator", "allocator_of"]

#: Where the sizes of the classes are, new to old.
_CLASSES = ("internal/runtime/gc.SizeClassToSize", "runtime.class_to_size")
#: More classes than a span's class number has bits for there cannot be.
_MOST_CLASSES = 128
#: What the go command writes into a program built with -asan; runtime.modinfo holds it.
_ASAN = b"build\t-asan=true"
_LONGEST_MODINFO = 1 << 20
#: Up to how many bytes an object has a redzone of how many; larger ones have _LARGEST_REDZONE.
_REDZONES = (
    *((64 - 16, 16), (128 - 32, 32), (512 - 64, 64), (4096 - 128, 128)),
    *(((1 << 14) - 256, 256), ((1 << 15) - 512, 512), ((1 << 16) - 1024, 1024)),
)
_LARGEST_REDZONE = 2048


@dataclass(frozen=True)
class Allocator:
    """The allocator of one program.

    Attributes:
        classes: bytes of the objects of each size class, ascending; class 0 is no class.
        headerless: objects with pointers up to so many bytes have no malloc header; None: none has one.
        redzones: whether objects have redzones behind them.
    """

    classes: Sequence[int]
    headerless: int | None
    redzones: bool

    @classmethod
    def read(cls, target: Target, headerless: int | None) -> Allocator:
        """The target's. Raises LayoutError where its size classes are not to be found or make no sense, ReadError."""
        home = next((name for name in _CLASSES if target.variable(name)), _CLASSES[-1])
        address, type = variable(target, home)
        if not 1 < type.length <= _MOST_CLASSES:
            raise LayoutError(f"{home} is a {type.name}, not the sizes of the size classes")
        width = type.size // type.length
        table = target.memory.read(address, type.size)
        classes = [int.from_bytes(table[at : at + width], target.byte_order) for at in range(0, len(table), width)]
        if classes[0] or classes != sorted(set(classes)):
            raise LayoutError(f"{home} at {address:#x} is damaged: sizes of size classes ascend from 0")
        return cls(classes, headerless, _redzones(target))

    def roundupsize(self, size: int, pointers: bool) -> int:
        """How many bytes can be used if SIZE are asked for, by an object that holds POINTERS or none.

        The runtime asks this to use all that an object will have; it does not reckon with redzones.
        """
        header, taken = self._taken(size, pointers)
        return taken - header

    def taken(self, size: int, pointers: bool) -> int:
        """How many bytes an object of SIZE takes, all that is added included: its span's elemsize."""
        return self._taken(size + (_redzone(size) if self.redzones else 0), pointers)[1]

    def _taken(self, size: int, pointers: bool) -> tuple[int, int]:
        """Bytes of the malloc header, and of the whole object."""
        headers = self.headerless is not None
        if size > self.classes[-1] - (MALLOC_HEADER if headers else 0):
            return 0, -(-size // PAGE) * PAGE
        header = MALLOC_HEADER if self.headerless is not None and pointers and size > self.headerless else 0
        return header, self.classes[bisect_left(self.classes, size + header)]


@while_files_stay  # the size classes, and how it was built, are the program's own
def allocator_of(program: Program) -> Allocator:
    """The allocator of the program. Raises LayoutError and ReadError, as Allocator.read does."""
    return Allocator.read(program, headerless(program))


def _redzone(size: int) -> int:
    return next((redzone for most, redzone in _REDZONES if size <= most), _LARGEST_REDZONE)


def _redzones(target: Target) -> bool:
    """Whether the program was built with -asan: runtime.asanenabled is a constant, so the go command's note tells."""
    if target.variable("runtime.modinfo") is None:
        return False
    address, type = variable(target, "runtime.modinfo")
    length = pointer_at(target, address + type.field("len").offset)
    start = pointer_at(target, address + type.field("str").offset)
    return 0 < length <= _LONGEST_MODINFO and _ASAN in target.memory.read(start, length)
