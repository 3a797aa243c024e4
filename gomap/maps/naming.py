"""How a program gets to a map: the variables, and the fields of what they are or point to, that lead to its header."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gomap.maps.syncmap import is_sync_map
from gomap.program.frames import FrameVariable
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program, until_it_moves

__all__ = ["PackagePath", "maps_from", "maps_in", "nil_package_paths", "package_paths", "path_from"]

#: Structs and pointers in one another that are looked into.
_DEEPEST = 3
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
    elif type.kind is Kind.POINTER and depth and type.elem.kind in (Kind.MAP, Kind.STRUCT):
        address = int.from_bytes(content[: program.pointer_size], program.byte_order)
        if not address or not 0 < type.elem.size <= _LARGEST:
            return
        try:
            inner = program.memory.read(address, type.elem.size)
        except ReadError:
            return
        yield from maps_in(program, type.elem, inner, address, path, depth - (type.elem.kind is Kind.MAP))
