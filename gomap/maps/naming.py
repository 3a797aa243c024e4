"""How a program gets to a map: the variables, and the fields of what they are or point to, that lead to its header."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gomap.goruntime.closures import closure_type
from gomap.goruntime.rtype import runtime_types
from gomap.maps.syncmap import is_sync_map
from gomap.program.frames import FrameVariable
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program, until_it_moves
from gomap.program.target import pointer_at

__all__ = ["PackagePath", "maps_from", "maps_in", "nil_package_paths", "package_paths", "path_from"]

#: Structs and pointers in one another that are looked into.
_DEEPEST = 3
#: Kinds of what is in an interface that can lead to a map.
_LEADING = (Kind.MAP, Kind.POINTER, Kind.STRUCT)
#: A struct longer than this is not looked into.
_LARGEST = 1 << 12


class PackagePath(NamedTuple):
    """How package variables lead to a map.

    Attributes:
        path: ``main.srv.sessions``.
        type: the map's.
        start, end: of the variable.
    """

    path: str
    type: GoType
    start: int
    end: int


@until_it_moves
def package_paths(program: Program) -> Mapping[int, PackagePath]:
    """The maps, sync.Maps too, that package variables lead to, by the addresses of their headers."""
    found: dict[int, PackagePath] = {}
    for header, package in _of_packages(program):
        if header:
            found.setdefault(header, package)
    return found


@until_it_moves
def nil_package_paths(program: Program) -> Sequence[PackagePath]:
    """The nil maps that package variables lead to."""
    return [package for header, package in _of_packages(program) if not header]


def _of_packages(program: Program) -> Iterator[tuple[int, PackagePath]]:
    for name, address, type in program.variables():
        if type.kind not in (Kind.MAP, Kind.POINTER, Kind.STRUCT) or type.size > _LARGEST:
            continue
        try:
            content = program.memory.read(address, type.size)
            for header, path, map_type in maps_in(program, type, content, address, name, _DEEPEST - 1):
                yield header, PackagePath(path, map_type, address, address + type.size)
        except (ReadError, LayoutError):
            continue


def path_from(program: Program, variables: Sequence[FrameVariable], address: int) -> tuple[str, GoType] | None:
    """How the function that has VARIABLES gets to the map whose header is at ADDRESS, and the type that it has for it.

    None if by none of them.
    """
    found = (found for found in maps_from(program, variables) if found[0] == address)
    return next(((path, type) for _, path, type in found), None)


def maps_from(program: Program, variables: Sequence[FrameVariable]) -> Iterator[tuple[int, str, GoType]]:
    """The maps that a function that has VARIABLES gets to: the address of the header, by which path, and the type."""
    for variable in variables:
        if not variable.pieces or variable.type.size > _LARGEST:
            continue
        try:
            content = variable.read(program.memory)
            name, address = variable.name.removeprefix("&"), variable.address or 0
            yield from maps_in(program, variable.type, content, address, name, _DEEPEST)
        except (ReadError, LayoutError):
            continue


def maps_in(
    program: Program, type: GoType, content: bytes, at: int, path: str, depth: int
) -> Iterator[tuple[int, str, GoType]]:
    """The maps that a value leads to: the address of the header, by which path, and the map's type.

    AT: where the value is; 0 of one that is in no memory.
    """
    if type.kind is Kind.MAP:
        yield int.from_bytes(content[: program.pointer_size], program.byte_order), path, type
    elif is_sync_map(type):  # it is its own header
        if at:
            yield at, path, type
    elif type.kind is Kind.STRUCT and depth:
        for field in type.fields:
            part = content[field.offset : field.offset + field.type.size]
            inside = at + field.offset if at else 0
            yield from maps_in(program, field.type, part, inside, f"{path}.{field.name}", depth - 1)
    elif type.kind in (Kind.FUNC, Kind.INTERFACE) and depth:
        held = _held(program, type, content)
        if held is not None:
            dynamic, inner, inside = held
            yield from maps_in(program, dynamic, inner, inside, f"{path}.({dynamic.name})", depth)
    elif type.kind is Kind.POINTER and depth and type.elem.kind in (Kind.MAP, Kind.STRUCT):
        address = int.from_bytes(content[: program.pointer_size], program.byte_order)
        if not address or not 0 < type.elem.size <= _LARGEST:
            return
        try:
            inner = program.memory.read(address, type.elem.size)
        except ReadError:
            return
        yield from maps_in(program, type.elem, inner, address, path, depth - (type.elem.kind is Kind.MAP))


def _held(program: Program, type: GoType, content: bytes) -> tuple[GoType, bytes, int] | None:
    """What an interface holds, or a closure has caught: its type, its bytes, and where it is, 0 if in no memory.

    None if that is nothing that can lead to a map, or cannot be told.
    """
    word, order = program.pointer_size, program.byte_order
    first, data = (int.from_bytes(content[at : at + word], order) for at in (0, word))
    if not first:
        return None
    try:
        if type.kind is Kind.FUNC:
            dynamic, direct, data = closure_type(program, pointer_at(program, first)), False, first
        else:
            types = runtime_types(program)
            descriptor = types.in_itab(first) if type.find("tab") is not None else first
            dynamic, direct = types.named_at(descriptor), types.is_direct(descriptor)
        if dynamic is None or dynamic.kind not in _LEADING or not 0 < dynamic.size <= _LARGEST:
            return None
        if direct:
            return dynamic, content[word : 2 * word], 0
        return dynamic, program.memory.read(data, dynamic.size), data
    except (LayoutError, ReadError):
        return None
