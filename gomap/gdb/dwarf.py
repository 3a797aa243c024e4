"""The types of a program in GDB, which knows no Go type as such (see gomap.language.types_by_shape)."""

from __future__ import annotations

from functools import partial

import gdb

from gomap.language.types_by_shape import Shape, TypesByShape, name_in_go
from gomap.program.gotypes import GoType

__all__ = ["DwarfTypes", "written_name"]

_SHAPES = {
    gdb.TYPE_CODE_ARRAY: Shape.ARRAY,
    gdb.TYPE_CODE_BOOL: Shape.BOOL,
    gdb.TYPE_CODE_CHAR: Shape.INTEGER,
    gdb.TYPE_CODE_COMPLEX: Shape.COMPLEX,
    gdb.TYPE_CODE_FLT: Shape.FLOAT,
    gdb.TYPE_CODE_FUNC: Shape.FUNCTION,
    gdb.TYPE_CODE_INT: Shape.INTEGER,
    gdb.TYPE_CODE_PTR: Shape.POINTER,
    gdb.TYPE_CODE_STRUCT: Shape.STRUCT,
    gdb.TYPE_CODE_TYPEDEF: Shape.TYPEDEF,
    gdb.TYPE_CODE_VOID: Shape.VOID,
}

#: The name that Go gives to one of GDB's types. Raises LayoutError.
written_name = partial(name_in_go, shapes=_SHAPES)


class DwarfTypes(TypesByShape):
    """The types of one program, each translated once.

    Args:
        pointer_size: 4 or 8.
    """

    def __init__(self, pointer_size: int) -> None:
        super().__init__(pointer_size, _SHAPES)

    def _key_and_elem(self, map_type: GoType) -> tuple[GoType, GoType]:
        from gomap.maps.layout import key_and_elem  # loaded when the first map is looked at, not before

        return key_and_elem(map_type)

    def _symbol_type(self, name: str) -> gdb.Type | None:
        # Not gdb.lookup_type: what that finds depends on the current language, which is C or assembler as soon as the
        # selected frame is. And GDB 18 takes any function type for ``func()``, hence the comparison.
        if "\0" in name:  # GDB's API takes no such name
            return None
        for domain in (gdb.SYMBOL_VAR_DOMAIN, gdb.SYMBOL_STRUCT_DOMAIN):
            symbol = gdb.lookup_static_symbol(name, domain)
            if symbol is None:
                continue
            candidates = [symbol]
            if symbol.name != name:
                candidates = gdb.lookup_static_symbols(name, domain)
            for candidate in candidates:
                if candidate.addr_class == gdb.SYMBOL_LOC_TYPEDEF and candidate.type.name == name:
                    return candidate.type
        return None
