"""The descriptors of all map types that a program has: whatever makes or changes a map passes one to the runtime.

The linker's lists (gomap.goruntime.typelinks) are short of some: up to Go 1.26 the compiler gives types with a name of
their own no typelink (reflectdata.writeType). So the types of each module, plugins included, are searched for what a
map's descriptor begins with. If the program has reflect.MapOf, the heap is searched for those that it made: objects
with room for one descriptor and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gomap.goruntime.heap import heap_of
from gomap.goruntime.moduledata import modules
from gomap.goruntime.rtype import runtime_types
from gomap.goruntime.spans import SpanState
from gomap.goruntime.wording import damage_text
from gomap.program.gotypes import Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program, until_it_moves, while_files_stay

__all__ = ["MapDescriptors", "map_descriptors"]

#: Bytes of types, or of names, beyond which a module's bounds are taken for wild.
_MOST_BYTES = 1 << 30


class MapDescriptors(NamedTuple):
    """What was found.

    Attributes:
        addresses: of the descriptors.
        missing: where there may be more, and why they cannot be looked for; empty if these are all.
    """

    addresses: list[int]
    missing: str


@until_it_moves
def map_descriptors(program: Program) -> MapDescriptors:
    """The descriptors of the map types of PROGRAM. Raises LayoutError."""
    found: list[int] = []
    missing = ""
    makes = False
    for start, end, names, length in modules(program, "types", "etypes", "funcnametab.array", "funcnametab.len"):
        try:
            found += _in_module(program, start, end)
            makes = makes or _has_map_of(program, names, length)
        except (LayoutError, ReadError) as error:
            missing = missing or f"the types of a module cannot be read: {error}"
    try:
        for start, size, buffer in _descriptor_sized(program) if makes else ():
            found += (at for at in _searched(program, start, buffer) if not (at - start) % size)
    except (LayoutError, ReadError) as error:
        missing = missing or f"what package reflect made cannot be looked for: {error}"
    return MapDescriptors(found, missing)


@while_files_stay
def _in_module(program: Program, start: int, end: int) -> list[int]:
    """Those among the types of a module, which lie from START to END. Raises LayoutError and ReadError."""
    if not 0 <= end - start <= _MOST_BYTES:
        raise LayoutError(f"types from {start:#x} to {end:#x}")
    return list(_searched(program, start, program.memory.read(start, end - start)))


@while_files_stay
def _has_map_of(program: Program, names: int, length: int) -> bool:
    """Whether reflect.MapOf is among the LENGTH bytes of functions' NAMES. Raises LayoutError and ReadError."""
    if not 0 <= length <= _MOST_BYTES:
        raise LayoutError(f"{length} bytes of names of functions at {names:#x}")
    return b"\0reflect.MapOf\0" in program.memory.read(names, length)


def _searched(program: Program, start: int, buffer: bytes) -> Iterator[int]:
    """The addresses of what are descriptors of maps in BUFFER, which came from START. Raises LayoutError."""
    descriptors = runtime_types(program).descriptors
    for offset in descriptors.maps_in(buffer):
        try:
            common = descriptors.common(start + offset)
            struct, own = descriptors.own(common)
            for part in "key", "elem":
                descriptors.common(struct.number(own, part))
        except (LayoutError, ReadError):
            continue
        yield start + offset


def _descriptor_sized(program: Program) -> Iterator[tuple[int, int, bytes]]:
    """The spans whose objects are as large as those that a map's descriptor gets: start, bytes of one, and contents.

    Raises LayoutError and ReadError.
    """
    heap = heap_of(program)
    descriptors = runtime_types(program).descriptors
    if heap.allocator is None:
        raise LayoutError("the allocator's size classes are not known")
    size = heap.allocator.taken(descriptors.size_of(Kind.MAP), True)
    for state in heap.spans.in_use():
        if not isinstance(state, SpanState):
            raise LayoutError(damage_text(state))
        span = state.span
        if span.elemsize == size and not span.noscan:
            yield span.start, size, program.memory.read(span.start, span.nelems * size)
