"""The map types of a program, by the lists of types that its linker made.

Up to Go 1.26 moduledata.typelinks has an offset for each type that package reflect may have to find: those without a
name of their own. From 1.27 on the descriptors stand in a row, typedesclen bytes of them, one word behind the
module's types (moduleTypelinks in runtime/type.go); named types are among them.
"""

from __future__ import annotations

from collections.abc import Iterator

from gomap.goruntime.descriptors import Descriptors
from gomap.goruntime.moduledata import first_module
from gomap.goruntime.rtype import runtime_types
from gomap.program.gotypes import Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program, while_files_stay
from gomap.program.structs import Struct
from gomap.program.target import Target

__all__ = ["listed_types", "map_type_names"]

#: More types than any program has.
_MOST = 1 << 20


@while_files_stay
def map_type_names(program: Program) -> list[str]:
    """The names of the map types in the program's own module, in alphabetical order; of a damaged list those
    before the damage. Raises LayoutError and ReadError if there is no such list."""
    types = runtime_types(program)
    names = set()
    try:
        for address in listed_types(program, types.descriptors):
            if types.descriptors.common(address).kind is Kind.MAP:
                names.add(types.at(address).name)
    except (LayoutError, ReadError):
        if not names:
            raise
    return sorted(names)


def listed_types(program: Target, descriptors: Descriptors) -> Iterator[int]:
    """The address of each descriptor in the lists of the program's own module. Raises LayoutError, ReadError."""
    at, type = first_module(program)
    module = Struct(type, program)
    buffer = program.memory.read(at, module.size)
    start, word = module.number(buffer, "types"), program.pointer_size
    if "typelinks" in module:
        links = type.field("typelinks")
        array, length = (Struct(links.type, program).number(buffer, name, at=links.offset) for name in ("array", "len"))
        if not 0 <= length <= _MOST:
            raise LayoutError(f"runtime.firstmoduledata at {at:#x} claims {length} typelinks")
        offsets = program.memory.read(array, 4 * length)
        yield from (start + int.from_bytes(offsets[n : n + 4], program.byte_order) for n in range(0, 4 * length, 4))
        return
    address, end = start + word, start + module.number(buffer, "typedesclen")
    while address < end:
        yield address
        address += -(-descriptors.extent(descriptors.common(address)) // word) * word
