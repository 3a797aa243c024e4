"""Where the collector begins: package variables, goroutines' stacks, finalizers and what else is special about objects.

Data and bss have pointer maps. Of stacks every word from the stack pointer on is taken for a pointer, since what is
alive in a frame only the compiler knows: an object that only a word left over there leads to counts as reachable.
Specials (runtime.special and the structs that begin with it) keep what they lead to, and finalizers all that can be
reached from their object, though not that itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import NamedTuple

from gomap.census.objects import Objects
from gomap.census.pointers import words_in
from gomap.goruntime.frames import Frames, frames_of
from gomap.goruntime.goroutines import Goroutine, goroutines_of
from gomap.goruntime.heap import Heap
from gomap.goruntime.pointermaps import DataSection
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.structs import Struct

__all__ = ["Root", "data_roots", "special_roots", "stack_roots"]

#: runtime/runtime2.go: a g that ended, and what the collector adds to the status while it scans the stack.
_GDEAD, _GSCAN = 6, 0x1000
#: Words behind runtime.special in the structs that begin with it which may lead to the heap: fn, handle, arg.
_WORDS_OF_SPECIAL = 3
_MOST_SPECIALS = 1 << 20


class Root(NamedTuple):
    """A pointer from which the collector begins.

    Attributes:
        label: what it is called.
        address: where it stands.
        value: where it leads.
    """

    label: str
    address: int
    value: int


def data_roots(program: Program, section: DataSection) -> Iterator[tuple[int, int]]:
    """Address and value of each pointer in the section that is not nil. Raises ReadError."""
    word = program.pointer_size
    words = words_in(program.memory.read(section.start, len(section.pointers) * word), program)
    for at, value in zip(
        compress(range(len(words)), section.pointers), compress(words, section.pointers), strict=False
    ):
        if value:
            yield section.start + at * word, value


def stack_roots(program: Program, objects: Objects) -> Iterator[Root]:
    """Each word on a goroutine's stack that leads to an object, by goroutine and function. Raises LayoutError."""
    threads = [(thread.sp, thread.pc, thread.lr) for thread in program.threads()]
    try:
        frames: Frames | None = frames_of(program)
    except (LayoutError, ReadError):
        frames = None
    for one in goroutines_of(program).all():
        if one.status & ~_GSCAN == _GDEAD or not one.bounded:
            continue
        stands = [stand for stand in [*threads, (one.sp, one.pc, one.lr)] if one.lo <= stand[0] < one.hi]
        # One whose stack pointer is nowhere to be had, as its thread is on another stack, counts as a whole.
        low = min((stand[0] for stand in stands), default=one.lo)
        start = low & -program.pointer_size
        try:
            words = words_in(program.memory.read(start, one.hi - start), program)
        except ReadError:
            continue
        found = [(at, value) for at, value in enumerate(words) if value and objects.find(value) >= 0]
        if not found:
            continue
        functions = _functions(program, frames, stands)
        for at, value in found:
            address = start + at * program.pointer_size
            yield Root(_label(one, functions, address), address, value)


def _functions(
    program: Program, frames: Frames | None, stands: Sequence[tuple[int, int, int]]
) -> list[tuple[int, str]]:
    """Stack pointer and name of the functions on a stack, the innermost first."""
    found: list[tuple[int, str]] = []
    if frames is None or not stands:
        return found
    try:
        for frame in frames.on(*min(stands)):
            symbol = program.symbol_at(frame.pc)
            found.append((frame.sp, symbol.name if symbol else ""))
    except ReadError:
        pass
    return found


def _label(one: Goroutine, functions: Sequence[tuple[int, str]], address: int) -> str:
    frames = zip(functions, [sp for sp, _ in functions[1:]], strict=False)
    name = next((name for (sp, name), end in frames if sp <= address < end), "")
    return f"goroutine {one.id} {name}".rstrip()


def special_roots(program: Program, heap: Heap, objects: Objects) -> Iterator[tuple[Root, int]]:
    """What specials lead to; beside each the number of the object that it is special about.

    Raises LayoutError if specials are laid out in a way that is not known.
    """
    type = program.type_named("runtime.special")
    if type is None:
        return
    special = Struct(type, program, ("next", "offset", "kind"))
    word = program.pointer_size
    for state, first in objects.spans:
        seen = {0}
        try:
            at = heap.spans.specials(state.span)
            while at not in seen and len(seen) < _MOST_SPECIALS:
                seen.add(at)
                fields = special.read(at)
                number = first + fields["offset"] // state.span.elemsize
                words = words_in(program.memory.read(at + special.size, _WORDS_OF_SPECIAL * word), program)
                if 0 <= fields["offset"] < state.span.size and number < len(objects):
                    for index, value in enumerate(words):
                        if objects.find(value) >= 0:
                            yield Root("finalizer", at + special.size + index * word, value), number
                at = fields["next"]
        except ReadError:
            continue
