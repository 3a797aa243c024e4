"""The chain of modules: a runtime.moduledata for the program, and one for each plugin or shared library.

runtime.firstmoduledata heads it (runtime/symtab.go). What a module says of its code, its data, its types and its
functions is asked for by path; which fields there are differs from version to version.
"""

from __future__ import annotations

from collections.abc import Iterator

from gomap.program.gotypes import GoType
from gomap.program.memory import ReadError
from gomap.program.structs import Struct, variable
from gomap.program.target import Target

__all__ = ["first_module", "modules"]

_MOST_MODULES = 1024


def first_module(target: Target) -> tuple[int, GoType]:
    """Where the program's own moduledata is, and its type. Raises LayoutError where there is none."""
    return variable(target, "runtime.firstmoduledata")


def modules(target: Target, *paths: str) -> Iterator[tuple[int, ...]]:
    """The numbers that PATHS lead to, of each module; a chain that cannot be read ends where it breaks.

    Raises LayoutError if its type is not as expected.
    """
    module, type = first_module(target)
    fields = Struct(type, target).some("next", *paths)
    seen = {0}
    while module not in seen and len(seen) <= _MOST_MODULES:
        seen.add(module)
        try:
            module, *numbers = fields.read(target.memory, module)
        except ReadError:
            return
        yield tuple(numbers)
