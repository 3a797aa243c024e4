"""Go types out of GDB's: what the compiler's debug information says, in the words of gomap.program.gotypes.

GDB knows no Go type as such; it has what the DWARF of cmd/link and cmd/compile (cmd/link/internal/ld/dwarf.go,
cmd/internal/dwarf) looks like to it:

- a map, a chan and a named pointer are typedefs of a pointer; to ``hash<K,V>`` or ``map<K,V>``, to ``hchan<T>``, to
  anything else;
- a string is a struct of ``str`` and ``len``, a slice one of ``array``, ``len`` and ``cap``, under whatever name;
- an interface is a typedef of ``runtime.eface`` or ``runtime.iface``, through any number of typedefs;
- a func is a typedef of a function of size 1, though its value is a pointer;
- pointers have no name;
- a type parameter's type is a typedef that each function calls ``.param0``, ``.param1`` and so on, of what the
  compiler made the function for.

Three things cannot be seen: whether a struct of just these fields is a string or slice (it is taken for one), whether
a field is embedded (it is taken as such if it is named as its type is), and which of int and int64 a named type of
eight bytes is made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import gdb

from gomap.language.spelling import as_linked, as_written
from gomap.language.types_by_name import TypesByName, predeclared
from gomap.program.gotypes import Field, GoType, Kind, LayoutError

__all__ = ["DwarfTypes", "written_name"]

_POINTED_AT = re.compile(r"(hash|map|hchan)<(.*)>$", re.DOTALL)
#: A type parameter's type. Each function's are others, of the same names.
_PARAMETER = re.compile(r"\.param\d+$")
_KINDS = {kind.value: kind for kind in Kind}


@contextmanager
def _names_in_utf8() -> Iterator[None]:
    """LayoutError where GDB would hand over a name that is not UTF-8."""
    try:
        yield
    except UnicodeDecodeError:
        raise LayoutError("the program's file is damaged: a name in its debug information is not UTF-8") from None


class DwarfTypes(TypesByName):
    """The types of one program, each translated once.

    Args:
        pointer_size: 4 or 8.
    """

    def __init__(self, pointer_size: int) -> None:
        super().__init__(pointer_size)
        self._named.update(predeclared(pointer_size))  # a program with C in it has another int beside Go's
        self._known: dict[tuple[str, int, int], GoType] = {}
        #: What each type made here was made of.
        self._origins: dict[GoType, gdb.Type] = {}
        #: GDB's type by name and size for those that were not; None if it has none.
        self._in_gdb: dict[tuple[str, int], gdb.Type | None] = {}

    def in_gdb(self, type: GoType) -> gdb.Type | None:
        """GDB's type for a Go type; None if it has none, as for many that only the runtime's descriptors know."""
        if type in self._origins:
            return self._origins[type]
        key = type.name, type.size
        if key not in self._in_gdb:
            found = _gdb_type(type.name)
            self._in_gdb[key] = found if found is not None and _alike(type, self.of(found)) else None
        return self._in_gdb[key]

    @_names_in_utf8()
    def of(self, found: gdb.Type) -> GoType:
        """The Go type that GDB's type FOUND stands for. Raises LayoutError for what no Go type looks like."""
        found = _argument(found.unqualified())
        name = written_name(found)
        key = (name, found.code, found.sizeof)
        known = self._known.get(key)
        if known is None:
            # Only the type itself is made here: all that it leads to is lazy, and may lead back to it.
            known = self._known[key] = self._translate(found, name)
            self._origins[known] = found
        return known

    def _found(self, name: str) -> GoType | None:
        found = _symbol_type(as_linked(name))
        return None if found is None else self.of(found)

    def _translate(self, found: gdb.Type, name: str) -> GoType:
        real = found.strip_typedefs()
        code, size = real.code, found.sizeof
        if code == gdb.TYPE_CODE_STRUCT:
            return self._struct(real, name, size)
        if code == gdb.TYPE_CODE_PTR:
            return self._pointer(real, name, size, has_name=found.code == gdb.TYPE_CODE_TYPEDEF)
        if code == gdb.TYPE_CODE_ARRAY:
            first, last = real.range()
            return GoType(Kind.ARRAY, size, name, elem=partial(self.of, real.target()), length=last - first + 1)
        if code == gdb.TYPE_CODE_FUNC:
            return GoType(Kind.FUNC, self._pointer_size, name)
        if code == gdb.TYPE_CODE_BOOL:
            return GoType(Kind.BOOL, size, name)
        number = {gdb.TYPE_CODE_FLT: "float", gdb.TYPE_CODE_COMPLEX: "complex"}.get(code, "")
        if code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR):
            if name in ("int", "uint", "uintptr") and size == self._pointer_size:
                return GoType(Kind(name), size, name)
            number = "int" if real.is_signed else "uint"
        kind = _KINDS.get(f"{number}{8 * size}")
        if kind is None:
            raise LayoutError(f"{name} is not a Go type")
        return GoType(kind, size, name)

    def _struct(self, real: gdb.Type, name: str, size: int) -> GoType:
        @_names_in_utf8()
        def fields() -> list[Field]:
            return [self._field(field) for field in real.fields()]

        if real.name in ("runtime.eface", "runtime.iface") and name != real.name:
            return GoType(Kind.INTERFACE, size, name, fields=fields)
        members = real.fields()
        shape = [field.name for field in members]
        first = members[0].type.strip_typedefs() if members else None
        if first is not None and first.code == gdb.TYPE_CODE_PTR:
            item = first.target()
            if shape == ["str", "len"] and item.name == "uint8":
                return GoType(Kind.STRING, size, name, fields=fields)
            if shape == ["array", "len", "cap"] and item.code != gdb.TYPE_CODE_VOID:
                return GoType(Kind.SLICE, size, name, fields=fields, elem=partial(self.of, item))
        return GoType(Kind.STRUCT, size, name, fields=fields)

    def _field(self, field: gdb.Field) -> Field:
        of = self.of(field.type)
        base = of.name.lstrip("*").split("[", 1)[0].rpartition("/")[2].rpartition(".")[2]
        return Field(field.name, of, field.bitpos // 8, embedded=field.name == base)

    def _pointer(self, real: gdb.Type, name: str, size: int, has_name: bool) -> GoType:
        target = real.target()
        if target.strip_typedefs().code == gdb.TYPE_CODE_VOID:
            return GoType(Kind.UNSAFE_POINTER, size, name)
        behind = _POINTED_AT.match(target.name or "") if has_name else None
        if behind is None:
            return GoType(Kind.POINTER, size, name, elem=partial(self.of, target))
        header = partial(self.of, target)
        if behind[1] == "hchan":
            return GoType(Kind.CHAN, size, name, elem=partial(self.named, behind[2]), header=header)

        def parts() -> tuple[GoType, GoType]:
            from gomap.maps.layout import key_and_elem  # loaded when the first map is looked at, not before

            return key_and_elem(made)

        made = GoType(Kind.MAP, size, name, key=lambda: parts()[0], elem=lambda: parts()[1], header=header)
        return made


def _argument(found: gdb.Type) -> gdb.Type:
    """The type itself, or what stands for it where it is a type parameter's."""
    while found.name and _PARAMETER.match(found.name):
        found = found.target()
    return found


@_names_in_utf8()
def written_name(found: gdb.Type) -> str:
    """The name that Go gives to the type. Raises LayoutError."""
    found = _argument(found)
    if found.name:
        return as_written(found.name)
    if found.code == gdb.TYPE_CODE_PTR:
        target = found.target()
        return "unsafe.Pointer" if target.code == gdb.TYPE_CODE_VOID else "*" + written_name(target)
    if found.code == gdb.TYPE_CODE_ARRAY:
        first, last = found.range()
        return f"[{last - first + 1}]{written_name(found.target())}"
    return str(found)


def _alike(one: GoType, other: GoType) -> bool:
    """Whether two types of one name can be the same: which of int and int64 it is that has a name cannot be seen."""
    integers = one.kind.integer and other.kind.integer and one.kind.signed == other.kind.signed
    return one.size == other.size and (integers or one.kind == other.kind)


def _gdb_type(name: str) -> gdb.Type | None:
    """GDB's type of that name, which may be a pointer to one that has a name."""
    if name.startswith("*"):
        elem = _gdb_type(name[1:])
        return None if elem is None else elem.pointer()
    return _symbol_type(as_linked(name))


def _symbol_type(name: str) -> gdb.Type | None:
    """GDB's type of exactly that name.

    Not gdb.lookup_type: what that finds depends on the current language, which is C or assembler as soon as the
    selected frame is. And GDB 18 takes any function type for ``func()``, hence the comparison.
    """
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
