"""Whether the memory of a process, or of a core, goes with the program that a debugger has for it.

The runtime keeps in runtime.firstmoduledata where each section of the program begins and ends (runtime/symtab.go), as
fields ``text``, ``etext``, ``bss`` and so on. The linker gives the same places a symbol each, ``runtime.text``,
``runtime.etext``, ``runtime.bss`` (cmd/link/internal/ld/data.go). So the program's symbols tell what has to be in
memory.

Compared are the places at which sections end, ``etext``, ``edata``, ``end`` and the like: one section begins where the
one before it ends, and to look a symbol up that is in no debug information takes GDB some milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gomap.goruntime.moduledata import first_module
from gomap.program.gotypes import Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.structs import Struct
from gomap.program.target import Target

__all__ = ["Elsewhere", "elsewhere"]


class Elsewhere(NamedTuple):
    """Something of the program that memory does not have where it belongs.

    Attributes:
        symbol: as the linker names it: ``runtime.etext``.
        expected: where the program has it.
        found: where it is by what the runtime says; None: memory has nothing at EXPECTED, or zeros.
    """

    symbol: str
    expected: int
    found: int | None


def elsewhere(target: Target, address_of: Callable[[str], int | None]) -> Sequence[Elsewhere] | None:
    """The ends of sections that are not where the program has them; None if that cannot be told.

    Args:
        target: the program, with the memory in question.
        address_of: where the program's symbol table has a name.
    """
    try:
        address, module = first_module(target)
        symbols = {
            field.name: where
            for field in module.fields
            if field.type.kind is Kind.UINTPTR
            and (field.name == "text" or field.name.startswith("e"))
            and (where := address_of(f"runtime.{field.name}")) is not None
        }
        if "text" not in symbols or len(symbols) == 1:
            return None
        functions, *found = Struct(module, target).some("ftab.len", *symbols).read(target.memory, address)
    except LayoutError:
        return None
    except ReadError:  # nothing where the program has its variables
        return [Elsewhere("runtime.firstmoduledata", address, None)]
    if not any(found):
        # Before a position-independent program's addresses are filled in, its module has the lengths of its tables.
        return None if functions else [Elsewhere("runtime.firstmoduledata", address, None)]
    sections = dict(zip(symbols, found, strict=True))
    moved = sections["text"] - symbols["text"]
    return [
        Elsewhere(f"runtime.{name}", symbols[name] + moved, where)
        for name, where in sections.items()
        if where - symbols[name] != moved
    ]
