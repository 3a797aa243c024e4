"""What a func value leads to: a closure, the address of a function's code with what that has caught behind it.

Which variables these are, and where in the closure, the debug information says from Go 1.23 on
(DW_AT_go_closure_offset). One that others see too is caught by its address.
"""

from __future__ import annotations

from gomap.goruntime.functions import functions_of
from gomap.program.gotypes import Field, GoType, Kind
from gomap.program.program import Program, while_files_stay

__all__ = ["closure_type"]


@while_files_stay
def closure_type(program: Program, code: int) -> GoType | None:
    """A struct of what the closures of the function that begins at CODE have caught, by whose name it is called.

    None if they have caught nothing, or nothing tells. Raises LayoutError and ReadError.
    """
    function = functions_of(program).at(code)
    captured = program.captured(code) if function is not None and function.entry == code else ()
    if function is None or not captured:
        return None
    fields = [Field(each.name.removeprefix("&"), each.type, each.offset) for each in captured]
    return GoType(Kind.STRUCT, max(each.offset + each.type.size for each in fields), function.name, fields=fields)
