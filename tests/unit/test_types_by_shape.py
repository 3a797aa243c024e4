"""Go types out of what a debugger has that knows no Go, by types that this file makes up as GDB gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from gomap.language.types_by_shape import DebuggersType, Shape, TypesByShape, name_in_go
from gomap.program.gotypes import GoType, Kind, LayoutError

#: The debugger's own numbers for shapes.
_NUMBERED = dict(enumerate(Shape, 100))
_NUMBERS = {shape: number for number, shape in _NUMBERED.items()}
#: What the debugger knows and Go has not.
_UNION = 99


class _Field(NamedTuple):
    name: str
    type: DebuggersType
    bitpos: int


class _Type:
    """A type of the debugger's; of a typedef and a pointer LEADS_TO is what is behind it, of an array its element."""

    def __init__(
        self,
        shape: Shape | None,
        name: str | None = None,
        size: int = 8,
        leads_to: DebuggersType | None = None,
        fields: Sequence[_Field] = (),
        length: int = 0,
        signed: bool = True,
    ) -> None:
        self.code = _UNION if shape is None else _NUMBERS[shape]
        self.name, self.sizeof, self.is_signed = name, size, signed
        self._leads_to, self._fields, self._length = leads_to, fields, length

    def unqualified(self) -> DebuggersType:
        return self

    def strip_typedefs(self) -> DebuggersType:
        return self.target().strip_typedefs() if self.code == _NUMBERS[Shape.TYPEDEF] else self

    def target(self) -> DebuggersType:
        assert self._leads_to is not None
        return self._leads_to

    def pointer(self) -> DebuggersType:
        return _pointer(self)

    def range(self) -> tuple[int, int]:
        return 0, self._length - 1

    def fields(self) -> Sequence[_Field]:
        return self._fields


class _NotUtf8(_Type):
    """A struct with a field whose name is not UTF-8: GDB raises that as it is asked for its fields."""

    def fields(self) -> Sequence[_Field]:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


class _Types(TypesByShape):
    """The types of a program for machines of 64 bits that has those in SYMBOLS by name."""

    def __init__(self, *symbols: DebuggersType) -> None:
        super().__init__(8, _NUMBERED)
        self._symbols = {symbol.name: symbol for symbol in symbols}

    def _symbol_type(self, name: str) -> DebuggersType | None:
        return self._symbols.get(name)

    def _key_and_elem(self, map_type: GoType) -> tuple[GoType, GoType]:
        key, elem = map_type.header.name.removeprefix("map<").rstrip(">").split(",")
        return self.named(key) or map_type, self.named(elem) or map_type


def _pointer(to: DebuggersType) -> _Type:
    return _Type(Shape.POINTER, leads_to=to)


def _typedef(name: str, of: DebuggersType) -> _Type:
    return _Type(Shape.TYPEDEF, name, of.sizeof, of)


def _struct(name: str, *fields: tuple[str, DebuggersType]) -> _Type:
    made, at = [], 0
    for field, type in fields:
        made.append(_Field(field, type, 8 * at))
        at += type.sizeof
    return _Type(Shape.STRUCT, name, at, fields=made)


_INT = _Type(Shape.INTEGER, "int")
_UINT8 = _Type(Shape.INTEGER, "uint8", 1, signed=False)
_VOID = _Type(Shape.VOID, None, 1)
_STRING = _struct("string", ("str", _pointer(_UINT8)), ("len", _INT))
_SLICE = _struct("[]int", ("array", _pointer(_INT)), ("len", _INT), ("cap", _INT))
_EFACE = _struct("runtime.eface", ("_type", _pointer(_INT)), ("data", _pointer(_VOID)))


@pytest.mark.parametrize(
    ("found", "kind", "name", "size"),
    [
        (_INT, Kind.INT, "int", 8),
        (_typedef("main.Level", _INT), Kind.INT64, "main.Level", 8),  # that it is an int cannot be seen
        (_Type(Shape.INTEGER, "main.Flags", 4, signed=False), Kind.UINT32, "main.Flags", 4),
        (_Type(Shape.FLOAT, "float32", 4), Kind.FLOAT32, "float32", 4),
        (_Type(Shape.COMPLEX, "complex128", 16), Kind.COMPLEX128, "complex128", 16),
        (_Type(Shape.BOOL, "bool", 1), Kind.BOOL, "bool", 1),
        (_STRING, Kind.STRING, "string", 16),
        (_typedef("main.Name", _STRING), Kind.STRING, "main.Name", 16),
        (_SLICE, Kind.SLICE, "[]int", 24),
        (_EFACE, Kind.STRUCT, "runtime.eface", 16),
        (_typedef("interface {}", _EFACE), Kind.INTERFACE, "interface {}", 16),
        (_typedef("func()", _Type(Shape.FUNCTION, None, 1)), Kind.FUNC, "func()", 8),
        (_pointer(_pointer(_INT)), Kind.POINTER, "**int", 8),
        (_pointer(_VOID), Kind.UNSAFE_POINTER, "unsafe.Pointer", 8),
        (_Type(Shape.ARRAY, None, 24, _INT, length=3), Kind.ARRAY, "[3]int", 24),
        (_typedef(".param0", _STRING), Kind.STRING, "string", 16),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_type_is_what_its_shape_says(found: DebuggersType, kind: Kind, name: str, size: int) -> None:
    type = _Types().of(found)
    assert (type.kind, type.name, type.size) == (kind, name, size)
    assert name_in_go(found, _NUMBERED) == name


def test_a_map_and_a_chan_are_pointers_to_what_the_linker_makes() -> None:
    header = _struct("map<string,int>", ("used", _INT))
    types = _Types(_INT, _STRING)
    map = types.of(_typedef("map[string]int", _pointer(header)))
    assert (map.kind, map.key.name, map.elem.name) == (Kind.MAP, "string", "int")
    assert [field.name for field in map.header.fields] == ["used"]
    chan = types.of(_typedef("chan int", _pointer(_struct("hchan<int>", ("qcount", _INT)))))
    assert (chan.kind, chan.elem.kind, chan.header.name) == (Kind.CHAN, Kind.INT, "hchan<int>")


def test_a_field_is_embedded_if_it_is_named_as_its_type_is() -> None:
    inner = _struct("net/http.Server", ("n", _INT))
    outer = _Types().of(_struct("main.T", ("Server", _pointer(inner)), ("other", inner)))
    assert [(each.name, each.offset, each.embedded) for each in outer.fields] == [
        ("Server", 0, True),
        ("other", 8, False),
    ]


def test_the_debuggers_type_is_found_again_by_name_if_it_can_be_the_same() -> None:
    level = _typedef("main.Level", _INT)
    types = _Types(level, _STRING)
    made = types.of(level)
    assert types.in_debugger(made) is level
    # Descriptors know that it is an int, and a Level of another size is another program's.
    assert types.in_debugger(GoType(Kind.INT, 8, "main.Level")) is level
    assert types.in_debugger(GoType(Kind.INT32, 4, "main.Level")) is None
    pointer = types.in_debugger(GoType(Kind.POINTER, 8, "*string", elem=types.of(_STRING)))
    assert pointer is not None
    assert pointer.target() is _STRING
    assert types.in_debugger(GoType(Kind.STRUCT, 8, "main.Unknown")) is None


def test_what_is_no_type_of_go_is_said_to_be_none() -> None:
    with pytest.raises(LayoutError, match=r"^union_of_c is not a Go type$"):
        _Types().of(_Type(None, "union_of_c"))
    with pytest.raises(LayoutError, match="not UTF-8"):
        _Types().of(_NotUtf8(Shape.STRUCT, "main.Damaged"))
