"""How a program gets to a map: the variables, and the fields of what they are or point to, that lead to its header."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gomap.program.frames import FrameVariable
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program, until_it_moves

__all__ = ["package_paths", "path_from"]

#: Structs and pointers in one another that are looked into.
_DEEPEST = 3
#: A struct longer than this is not looked into.
_LARGEST = 1 << 12


@until_it_moves
def package_paths(program: Program) -> Mapping[int, str]:
    """By the address of its header, how each map is called that package variables lead to: ``main.srv.sessions``."""
    found: dict[int, str] = {}
    for name, address, type in program.variables():
        if type.kind not in (Kind.MAP, Kind.POINTER, Kind.STRUCT) or type.size > _LARGEST:
            continue
        try:
            content = program.memory.read(address, type.size)
            for header, path, _ in _maps_in(program, type, content, name, _DEEPEST - 1):
                found.setdefault(header, path)
        except (ReadError, LayoutError):
            continue
    found.pop(0, None)
    return found


def path_from(program: Program, variables: Sequence[FrameVariable], address: int) -> tuple[str, GoType] | None:
    """How the function that has VARIABLES gets to the map whose header is at ADDRESS, and the type that it has for it.

    None if by none of them.
    """
    for variable in variables:
        if not variable.pieces or variable.type.size > _LARGEST:
            continue
        name = variable.name.removeprefix("&")
        try:
            content = variable.read(program.memory)
            paths = _maps_in(program, variable.type, content, name, _DEEPEST)
            found = next(((path, type) for header, path, type in paths if header == address), None)
        except (ReadError, LayoutError):
            continue
        if found is not None:
            return found
    return None


def _maps_in(
    program: Program, type: GoType, content: bytes, path: str, depth: int
) -> Iterator[tuple[int, str, GoType]]:
    """The maps that a value leads to: the address of the header, by which path, and the map's type."""
    if type.kind is Kind.MAP:
        yield int.from_bytes(content[: program.pointer_size], program.byte_order), path, type
    elif type.kind is Kind.STRUCT and depth:
        for field in type.fields:
            part = content[field.offset : field.offset + field.type.size]
            yield from _maps_in(program, field.type, part, f"{path}.{field.name}", depth - 1)
    elif type.kind is Kind.POINTER and depth and type.elem.kind in (Kind.MAP, Kind.STRUCT):
        address = int.from_bytes(content[: program.pointer_size], program.byte_order)
        if not address or not 0 < type.elem.size <= _LARGEST:
            return
        try:
            inner = program.memory.read(address, type.elem.size)
        except ReadError:
            return
        yield from _maps_in(program, type.elem, inner, path, depth - (type.elem.kind is Kind.MAP))
