"""Go types out of those of a debugger that knows no Go, in the words of gomap.program.gotypes.

Such a debugger takes the DWARF that Go writes (cmd/link/internal/ld/dwarf.go, cmd/internal/dwarf) for that of a C
program. So to it

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

import abc
import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Protocol

from gomap.language.spelling import as_linked, as_written
from gomap.language.types_by_name import TypesByName, predeclared
from gomap.program.gotypes import Field, GoType, Kind, LayoutError

__all__ = ["DebuggersField", "DebuggersType", "Shape", "TypesByShape", "name_in_go"]

_POINTED_AT = re.compile(r"(hash|map|hchan)<(.*)>$", re.DOTALL)
#: A type parameter's type. Each function's are others, of the same names.
_PARAMETER = re.compile(r"\.param\d+$")
_KINDS = {kind.value: kind for kind in Kind}


class Shape(enum.Enum):
    """What the debugger takes a type for. Whatever else it knows is no type of Go's."""

    ARRAY = enum.auto()
    BOOL = enum.auto()
    COMPLEX = enum.auto()
    FLOAT = enum.auto()
    FUNCTION = enum.auto()
    INTEGER = enum.auto()
    POINTER = enum.auto()
    STRUCT = enum.auto()
    TYPEDEF = enum.auto()
    VOID = enum.auto()


#: What begins the names of Go's numbers of a shape, before the number of bits.
_NUMBERS = {Shape.COMPLEX: "complex", Shape.FLOAT: "float"}


class DebuggersField(Protocol):
    """A field of a struct, as gdb.Field is."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> DebuggersType: ...
    @property
    def bitpos(self) -> int: ...


class DebuggersType(Protocol):
    """A type as the debugger has it: what gdb.Type gives, as far as it is asked for."""

    @property
    def code(self) -> int:
        """What it is, by the debugger's own number for that."""
        ...

    @property
    def name(self) -> str | None:
        """Its name in the debug information. Raises UnicodeDecodeError if that is not UTF-8."""
        ...

    @property
    def sizeof(self) -> int:
        """In bytes."""
        ...

    @property
    def is_signed(self) -> bool:
        """Of an integer."""
        ...

    def unqualified(self) -> DebuggersType:
        """The type without const and volatile."""
        ...

    def strip_typedefs(self) -> DebuggersType:
        """What is behind all typedefs."""
        ...

    def target(self) -> DebuggersType:
        """What a pointer or a typedef leads to, and of what an array is."""
        ...

    def pointer(self) -> DebuggersType:
        """A pointer to it."""
        ...

    def range(self) -> tuple[int, int]:
        """The first and the last index of an array."""
        ...

    def fields(self) -> Sequence[DebuggersField]:
        """Of a struct. Raises UnicodeDecodeError if a name is not UTF-8."""
        ...


@contextmanager
def _names_in_utf8() -> Iterator[None]:
    """LayoutError where the debugger would hand over a name that is not UTF-8."""
    try:
        yield
    except UnicodeDecodeError:
        raise LayoutError("the program's file is damaged: a name in its debug information is not UTF-8") from None


class TypesByShape(TypesByName):
    """The types of one program, each translated once.

    Args:
        pointer_size: 4 or 8.
        shapes: by the debugger's numbers for them.
    """

    def __init__(self, pointer_size: int, shapes: Mapping[int, Shape]) -> None:
        super().__init__(pointer_size)
        self._shapes = shapes
        self._named.update(predeclared(pointer_size))  # a program with C in it has another int beside Go's
        self._known: dict[tuple[str, int, int], GoType] = {}
        #: What each type made here was made of.
        self._origins: dict[GoType, DebuggersType] = {}
        #: The debugger's type by name and size for those that were not; None if it has none.
        self._in_debugger: dict[tuple[str, int], DebuggersType | None] = {}

    @abc.abstractmethod
    def _symbol_type(self, name: str) -> DebuggersType | None:
        """The debugger's type of exactly that name, as the linker spells it."""

    @abc.abstractmethod
    def _key_and_elem(self, map_type: GoType) -> tuple[GoType, GoType]:
        """The types of a map's keys and elements, which only its buckets or groups tell. Raises LayoutError."""

    def in_debugger(self, type: GoType) -> DebuggersType | None:
        """The debugger's type for a Go type; None if it has none, as for many that only descriptors know."""
        if type in self._origins:
            return self._origins[type]
        key = type.name, type.size
        if key not in self._in_debugger:
            found = self._named_or_pointer(type.name)
            self._in_debugger[key] = found if found is not None and _alike(type, self.of(found)) else None
        return self._in_debugger[key]

    @_names_in_utf8()
    def of(self, found: DebuggersType) -> GoType:
        """The Go type that the debugger's type FOUND stands for. Raises LayoutError for what no Go type looks like."""
        found = _argument(found.unqualified())
        name = name_in_go(found, self._shapes)
        key = (name, found.code, found.sizeof)
        known = self._known.get(key)
        if known is None:
            # Only the type itself is made here: all that it leads to is lazy, and may lead back to it.
            known = self._known[key] = self._translate(found, name)
            self._origins[known] = found
        return known

    def _found(self, name: str) -> GoType | None:
        found = self._symbol_type(as_linked(name))
        return None if found is None else self.of(found)

    def _named_or_pointer(self, name: str) -> DebuggersType | None:
        """The debugger's type of that name, which may be a pointer to one that has a name."""
        if name.startswith("*"):
            elem = self._named_or_pointer(name[1:])
            return None if elem is None else elem.pointer()
        return self._symbol_type(as_linked(name))

    def _shape(self, found: DebuggersType) -> Shape | None:
        return self._shapes.get(found.code)

    def _translate(self, found: DebuggersType, name: str) -> GoType:
        real = found.strip_typedefs()
        shape, size = self._shape(real), found.sizeof
        if shape is Shape.STRUCT:
            return self._struct(real, name, size)
        if shape is Shape.POINTER:
            return self._pointer(real, name, size, has_name=self._shape(found) is Shape.TYPEDEF)
        if shape is Shape.ARRAY:
            first, last = real.range()
            return GoType(Kind.ARRAY, size, name, elem=partial(self.of, real.target()), length=last - first + 1)
        if shape is Shape.FUNCTION:
            return GoType(Kind.FUNC, self._pointer_size, name)
        if shape is Shape.BOOL:
            return GoType(Kind.BOOL, size, name)
        number = "" if shape is None else _NUMBERS.get(shape, "")
        if shape is Shape.INTEGER:
            if name in ("int", "uint", "uintptr") and size == self._pointer_size:
                return GoType(Kind(name), size, name)
            number = "int" if real.is_signed else "uint"
        kind = _KINDS.get(f"{number}{8 * size}")
        if kind is None:
            raise LayoutError(f"{name} is not a Go type")
        return GoType(kind, size, name)

    def _struct(self, real: DebuggersType, name: str, size: int) -> GoType:
        @_names_in_utf8()
        def fields() -> list[Field]:
            return [self._field(field) for field in real.fields()]

        if real.name in ("runtime.eface", "runtime.iface") and name != real.name:
            return GoType(Kind.INTERFACE, size, name, fields=fields)
        members = real.fields()
        names = [field.name for field in members]
        first = members[0].type.strip_typedefs() if members else None
        if first is not None and self._shape(first) is Shape.POINTER:
            item = first.target()
            if names == ["str", "len"] and item.name == "uint8":
                return GoType(Kind.STRING, size, name, fields=fields)
            if names == ["array", "len", "cap"] and self._shape(item) is not Shape.VOID:
                return GoType(Kind.SLICE, size, name, fields=fields, elem=partial(self.of, item))
        return GoType(Kind.STRUCT, size, name, fields=fields)

    def _field(self, field: DebuggersField) -> Field:
        of = self.of(field.type)
        base = of.name.lstrip("*").split("[", 1)[0].rpartition("/")[2].rpartition(".")[2]
        return Field(field.name, of, field.bitpos // 8, embedded=field.name == base)

    def _pointer(self, real: DebuggersType, name: str, size: int, has_name: bool) -> GoType:
        target = real.target()
        if self._shape(target.strip_typedefs()) is Shape.VOID:
            return GoType(Kind.UNSAFE_POINTER, size, name)
        behind = _POINTED_AT.match(target.name or "") if has_name else None
        if behind is None:
            return GoType(Kind.POINTER, size, name, elem=partial(self.of, target))
        header = partial(self.of, target)
        if behind[1] == "hchan":
            return GoType(Kind.CHAN, size, name, elem=partial(self.named, behind[2]), header=header)
        made = GoType(
            Kind.MAP,
            size,
            name,
            key=lambda: self._key_and_elem(made)[0],
            elem=lambda: self._key_and_elem(made)[1],
            header=header,
        )
        return made


def _argument(found: DebuggersType) -> DebuggersType:
    """The type itself, or what stands for it where it is a type parameter's."""
    while found.name and _PARAMETER.match(found.name):
        found = found.target()
    return found


@_names_in_utf8()
def name_in_go(found: DebuggersType, shapes: Mapping[int, Shape]) -> str:
    """The name that Go gives to a type of the debugger's, whose SHAPES have these numbers. Raises LayoutError."""
    found = _argument(found)
    if found.name:
        return as_written(found.name)
    shape = shapes.get(found.code)
    if shape is Shape.POINTER:
        target = found.target()
        return "unsafe.Pointer" if shapes.get(target.code) is Shape.VOID else "*" + name_in_go(target, shapes)
    if shape is Shape.ARRAY:
        first, last = found.range()
        return f"[{last - first + 1}]{name_in_go(found.target(), shapes)}"
    return str(found)


def _alike(one: GoType, other: GoType) -> bool:
    """Whether two types of one name can be the same: which of int and int64 it is that has a name cannot be seen."""
    integers = one.kind.integer and other.kind.integer and one.kind.signed == other.kind.signed
    return one.size == other.size and (integers or one.kind == other.kind)
