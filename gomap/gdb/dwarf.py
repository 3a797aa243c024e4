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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import gdb

from gomap.language.spelling import as_in_dwarf, as_linked, as_written
from gomap.program.gotypes import Field, GoType, Kind, LayoutError, Lazy

__all__ = ["DwarfType", "DwarfTypes", "written_name"]

_POINTED_AT = re.compile(r"(hash|map|hchan)<(.*)>$", re.DOTALL)
_SIZED_INTEGERS = {
    (1, True): Kind.INT8,
    (2, True): Kind.INT16,
    (4, True): Kind.INT32,
    (8, True): Kind.INT64,
    (1, False): Kind.UINT8,
    (2, False): Kind.UINT16,
    (4, False): Kind.UINT32,
    (8, False): Kind.UINT64,
}
#: A type parameter's type. Each function's are others, of the same names.
_PARAMETER = re.compile(r"\.param\d+$")
_FLOATS = {4: Kind.FLOAT32, 8: Kind.FLOAT64}
_COMPLEXES = {8: Kind.COMPLEX64, 16: Kind.COMPLEX128}
#: Types that mean the same in every program. One with C in it has another ``int`` beside Go's.
_PREDECLARED = (
    *(Kind.BOOL, Kind.INT, Kind.UINT, Kind.UINTPTR, Kind.UNSAFE_POINTER),
    *(*_SIZED_INTEGERS.values(), *_FLOATS.values(), *_COMPLEXES.values()),
)


@contextmanager
def _names_in_utf8() -> Iterator[None]:
    """LayoutError where GDB would hand over a name that is not UTF-8."""
    try:
        yield
    except UnicodeDecodeError:
        raise LayoutError("the program's file is damaged: a name in its debug information is not UTF-8") from None


class DwarfType(GoType):
    """A Go type that GDB knows as ``gdb``."""

    gdb: gdb.Type


class DwarfTypes:
    """The types of one program, each translated once.

    Args:
        pointer_size: 4 or 8.
    """

    def __init__(self, pointer_size: int) -> None:
        self._pointer_size = pointer_size
        self._known: dict[tuple[str, int, int], DwarfType] = {}
        self._in_gdb: dict[tuple[str, int], gdb.Type | None] = {}
        self._named: dict[str, GoType | None] = {
            kind.value: GoType(kind, kind.fixed_size(pointer_size), kind.value) for kind in _PREDECLARED
        }

    def named(self, name: str) -> GoType | None:
        """The type of that name, spelled as Go or as DWARF spells it; None if the program has none."""
        if name not in self._named:
            self._named[name] = self._look_up(name)
        return self._named[name]

    def in_gdb(self, type: GoType) -> gdb.Type | None:
        """GDB's type for a Go type; None if it has none, as for many that only the runtime's descriptors know."""
        if isinstance(type, DwarfType):
            return type.gdb
        key = type.name, type.size
        if key not in self._in_gdb:
            found = _gdb_type(type.name)
            self._in_gdb[key] = found if found is not None and _alike(type, self.of(found)) else None
        return self._in_gdb[key]

    @_names_in_utf8()
    def of(self, found: gdb.Type) -> DwarfType:
        """The Go type that GDB's type FOUND stands for. Raises LayoutError for what no Go type looks like."""
        found = _argument(found.unqualified())
        name = written_name(found)
        key = (name, found.code, found.sizeof)
        known = self._known.get(key)
        if known is None:
            # Only the type itself is made here: all that it leads to is lazy, and may lead back to it.
            known = self._known[key] = self._translate(found, name)
        return known

    def _look_up(self, name: str) -> GoType | None:
        found = _symbol_type(as_linked(name))
        if found is not None:
            return self.of(found)
        if name.startswith("*"):
            elem = self.named(name[1:])
            return elem and GoType(Kind.POINTER, self._pointer_size, "*" + elem.name, elem=elem)
        spelled = as_in_dwarf(name)
        return self.named(spelled) if spelled != name else None

    def _translate(self, found: gdb.Type, name: str) -> DwarfType:
        real = found.strip_typedefs()
        code = real.code
        if code == gdb.TYPE_CODE_STRUCT:
            return self._struct(found, real, name)
        if code == gdb.TYPE_CODE_PTR:
            return self._pointer(found, real, name)
        if code == gdb.TYPE_CODE_ARRAY:
            first, last = real.range()
            elem = real.target()
            return self._make(found, Kind.ARRAY, name, elem=lambda: self.of(elem), length=last - first + 1)
        if code == gdb.TYPE_CODE_FUNC:
            return self._make(found, Kind.FUNC, name, size=self._pointer_size)
        kind = None
        if code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR):
            kind = self._integer(name, real)
        elif code == gdb.TYPE_CODE_BOOL:
            kind = Kind.BOOL
        elif code == gdb.TYPE_CODE_FLT:
            kind = _FLOATS.get(real.sizeof)
        elif code == gdb.TYPE_CODE_COMPLEX:
            kind = _COMPLEXES.get(real.sizeof)
        if kind is None:
            raise LayoutError(f"{name} is not a Go type")
        return self._make(found, kind, name)

    def _make(
        self,
        found: gdb.Type,
        kind: Kind,
        name: str,
        *,
        size: int | None = None,
        fields: Lazy[Sequence[Field]] = (),
        elem: Lazy[GoType | None] = None,
        key: Lazy[GoType | None] = None,
        length: int = 0,
        header: Lazy[GoType | None] = None,
    ) -> DwarfType:
        made = DwarfType(
            kind,
            found.sizeof if size is None else size,
            name,
            fields=fields,
            elem=elem,
            key=key,
            length=length,
            header=header,
        )
        made.gdb = found
        return made

    def _struct(self, found: gdb.Type, real: gdb.Type, name: str) -> DwarfType:
        @_names_in_utf8()
        def fields() -> list[Field]:
            return [self._field(field) for field in real.fields()]

        if real.name in ("runtime.eface", "runtime.iface") and name != real.name:
            return self._make(found, Kind.INTERFACE, name, fields=fields)
        members = real.fields()
        shape = [field.name for field in members]
        first = members[0].type.strip_typedefs() if members else None
        if first is not None and first.code == gdb.TYPE_CODE_PTR:
            item = first.target()
            if shape == ["str", "len"] and item.name == "uint8":
                return self._make(found, Kind.STRING, name, fields=fields)
            if shape == ["array", "len", "cap"] and item.code != gdb.TYPE_CODE_VOID:
                return self._make(found, Kind.SLICE, name, fields=fields, elem=lambda: self.of(item))
        return self._make(found, Kind.STRUCT, name, fields=fields)

    def _field(self, field: gdb.Field) -> Field:
        of = self.of(field.type)
        base = of.name.lstrip("*").split("[", 1)[0].rpartition("/")[2].rpartition(".")[2]
        return Field(field.name, of, field.bitpos // 8, embedded=field.name == base)

    def _pointer(self, found: gdb.Type, real: gdb.Type, name: str) -> DwarfType:
        target = real.target()
        if target.strip_typedefs().code == gdb.TYPE_CODE_VOID:
            return self._make(found, Kind.UNSAFE_POINTER, name)
        behind = _POINTED_AT.match(target.name or "") if found.code == gdb.TYPE_CODE_TYPEDEF else None
        if behind is None:
            return self._make(found, Kind.POINTER, name, elem=lambda: self.of(target))
        if behind[1] == "hchan":
            item = behind[2]
            return self._make(found, Kind.CHAN, name, elem=lambda: self.named(item), header=lambda: self.of(target))

        def parts() -> tuple[GoType, GoType]:
            from gomap.maps.layout import key_and_elem  # loaded when the first map is looked at, not before

            return key_and_elem(made)

        made = self._make(
            found,
            Kind.MAP,
            name,
            key=lambda: parts()[0],
            elem=lambda: parts()[1],
            header=lambda: self.of(target),
        )
        return made

    def _integer(self, name: str, real: gdb.Type) -> Kind | None:
        if name in ("int", "uint", "uintptr") and real.sizeof == self._pointer_size:
            return Kind(name)
        return _SIZED_INTEGERS.get((real.sizeof, real.is_signed))


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
