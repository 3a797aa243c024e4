"""Where the collector begins: package variables, goroutines' stacks, finalizers and what else is special about objects.

Data and bss have pointer maps. Of stacks every word from the stack pointer on is taken for a pointer, since what is
alive in a frame only the compiler knows: an object that only a word left over there leads to counts as reachable. So
does what the registers of a thread lead to that runs a goroutine: the collector stops it where they are on its stack.
Specials (runtime.special and the structs that begin with it) keep what they lead to, and finalizers all that can be
reached from their object, though not that itself. Once it is dead a finalizer waits in a queue to be run, as a cleanup
does: blocks outside of the heap, which the collector begins from as well (markroot in runtime/mgcmark.go), and where
all wait behind one that hangs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import NamedTuple

from gomap.census.objects import Objects
from gomap.census.pointers import words_in
from gomap.goruntime.frames import Frames
from gomap.goruntime.goroutines import Goroutine
from gomap.goruntime.heap import Heap
from gomap.goruntime.pointermaps import DataSection
from gomap.goruntime.positions import Position, positions_of
from gomap.goruntime.rtype import runtime_types
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.structs import Struct, variable
from gomap.program.target import pointer_at

__all__ = ["Root", "Special", "data_roots", "queue_roots", "special_roots", "stack_roots"]

#: Words behind runtime.special in the structs that begin with it: fn, nret, fint and ot of a finalizer; less in others.
_WORDS_OF_SPECIAL = 4
_MOST_SPECIALS = 1 << 20
#: Blocks of a queue beyond which no more are looked at.
_MOST_BLOCKS = 1 << 20


class Root(NamedTuple):
    """A pointer from which the collector begins.

    Attributes:
        label: what it is called.
        address: where it stands; 0: in a register.
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
    """Each word on a goroutine's stack, or in a register of the thread that runs it, that leads to an object.

    By goroutine and function. Raises LayoutError, ReadError.
    """
    positions = positions_of(program)
    for one in positions.goroutines.all():
        if one.ended or not one.bounded:
            continue
        position = positions.of(one)  # not g.sched's: of one that runs, that may be of its last system call
        stands = [
            each.sp for each in (*positions.threads, *([position] if position else [])) if one.lo <= each.sp < one.hi
        ]
        # One whose stack pointer is nowhere to be had, as its thread is on another stack, counts as a whole.
        start = min(stands, default=one.lo) & -program.pointer_size
        try:
            words = words_in(program.memory.read(start, one.hi - start), program)
        except ReadError:
            continue
        found = [(start + at * program.pointer_size, value) for at, value in enumerate(words) if value]
        if position is not None and position.exact:
            found += [(0, value) for value in position.registers.values()]
        found = [(address, value) for address, value in found if objects.find(value) >= 0]
        if not found:
            continue
        functions = _functions(program, positions.frames, position)
        for address, value in found:
            yield Root(_label(one, functions, address or start), address, value)


def _functions(program: Program, frames: Frames, position: Position | None) -> list[tuple[int, str]]:
    """Stack pointer and name of the functions on a stack, the innermost first."""
    found: list[tuple[int, str]] = []
    if position is None:
        return found
    try:
        for frame in frames.on(position.sp, position.pc, position.lr, exact=position.exact):
            symbol = program.symbol_at(frame.pc)
            found.append((frame.sp, symbol.name if symbol else ""))
    except ReadError:
        pass
    return found


def _label(one: Goroutine, functions: Sequence[tuple[int, str]], address: int) -> str:
    frames = zip(functions, [sp for sp, _ in functions[1:]], strict=False)
    name = next((name for (sp, name), end in frames if sp <= address < end), "")
    return f"goroutine {one.id} {name}".rstrip()


class Special(NamedTuple):
    """A pointer in a record of what is special about an object.

    Attributes:
        root: the pointer.
        number: of that object.
        finalizer: the record is a finalizer's.
    """

    root: Root
    number: int
    finalizer: bool


def special_roots(program: Program, heap: Heap, objects: Objects) -> Iterator[Special]:
    """What specials lead to.

    Raises LayoutError if specials are laid out in a way that is not known.
    """
    type = program.type_named("runtime.special")
    if type is None:
        return
    special = Struct(type, program, ("next", "offset", "kind"))
    in_module = runtime_types(program).in_module
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
                # A number for each kind there is, and another one with each Go version; the type of the pointer to its
                # object, ot, only a finalizer has. (One that reflect made is on the heap.)
                finalizer = in_module(words[-1]) or objects.find(words[-1]) >= 0
                label = "finalizer" if finalizer else "special"
                if 0 <= fields["offset"] < state.span.size and number < len(objects):
                    for index, value in enumerate(words):
                        if objects.find(value) >= 0:
                            yield Special(Root(label, at + special.size + index * word, value), number, finalizer)
                at = fields["next"]
        except ReadError:
            continue


def queue_roots(program: Program, objects: Objects) -> Iterator[Root]:
    """What finalizers and cleanups that wait to be run lead to.

    Raises LayoutError if their queues are laid out in a way that is not known, and ReadError.
    """
    if program.variable("runtime.allfin") is None:
        raise LayoutError("without debug information nothing tells where their queues are")
    address, pointer = variable(program, "runtime.allfin")
    yield from _in_queue(program, objects, "finalizers", address, pointer.elem, ("alllink", "cnt"), "fin")
    block = program.type_named("runtime.cleanupBlock")
    if block is not None and program.variable("runtime.gcCleanups") is not None:  # Go 1.25 on
        address, queue = variable(program, "runtime.gcCleanups")
        paths = ("cleanupBlockHeader.alllink", "cleanupBlockHeader.n")
        address += queue.field("all").offset
        yield from _in_queue(program, objects, "cleanups", address, block, paths, "cleanups")


def _in_queue(
    program: Program, objects: Objects, what: str, address: int, block: GoType, paths: tuple[str, str], items: str
) -> Iterator[Root]:
    """The pointers in a queue's blocks, to the first of which that at ADDRESS leads.

    PATHS: to a block's pointer to the next one, and to the number of its ITEMS.
    """
    header, array, word = Struct(block, program).some(*paths), block.field(items), program.pointer_size
    at = pointer_at(program, address)
    seen = {0}
    while at not in seen and len(seen) < _MOST_BLOCKS:
        seen.add(at)
        following, count = header.read(program.memory, at)
        start, size = at + array.offset, min(count, array.type.length) * array.type.elem.size
        for index, value in enumerate(words_in(program.memory.read(start, size), program)):
            if objects.find(value) >= 0:
                yield Root(f"queue of {what}", start + index * word, value)
        at = following
