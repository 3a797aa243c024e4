"""Values that were in a register and may have been overwritten: what GDB's own ``print m`` and ``info args`` show.

A value that a printer gets does not say which variable it is of, nor in which frame. GDB selects each frame whose
variables it prints, so the variable is one of the selected frame's, of the same bits; what else has these bits and is
in no memory is as stale as the variable.
"""

from __future__ import annotations

import gdb

from gomap.gdb.registers import LostError, copy_of
from gomap.gdb.scope import symbols_in_scope
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.target import pointer_at

__all__ = ["staleness"]

#: Structs in one another that are looked into.
_DEEPEST = 4


def staleness(program: Program, value: gdb.Value) -> str:
    """Why the map that VALUE, a pointer, leads to may not be the variable's; empty if it must be."""
    # Where arguments are shown beside their function's name GDB selects no frame before it prints.
    in_backtrace = hasattr(gdb, "print_options") and gdb.print_options()["summary"]  # since GDB 13
    if value.address is not None or value.is_optimized_out or in_backtrace:
        return ""
    word = int(value)
    for symbol, frame in symbols_in_scope():
        try:
            if not _holds(symbol.value(frame), value.type, word, _DEEPEST):
                continue
            copy = copy_of(symbol.name, frame)
            if copy is not None and pointer_at(program, copy) != word:
                return f"stale: gomap's commands show {symbol.name} as its copy on the stack has it"
        except LostError:
            return f"may be stale: {symbol.name} was in a register, which a call has overwritten since"
        except (gdb.error, ReadError):  # nothing is known of it, so it is not this one
            continue
    return ""


def _holds(variable: gdb.Value, type: gdb.Type, word: int, depth: int) -> bool:
    """Whether a variable is that pointer, or a struct with it somewhere inside."""
    own = variable.type.strip_typedefs()
    if own.code == gdb.TYPE_CODE_STRUCT:
        return depth > 0 and any(_holds(variable[field], type, word, depth - 1) for field in own.fields())
    if variable.type.name != type.name or variable.is_optimized_out:
        return False
    return variable.address is None and int(variable) == word
