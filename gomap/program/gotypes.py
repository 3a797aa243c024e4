"""Go types as every floor above knows them, wherever they were read from: DWARF or the runtime's descriptors.

Kinds are those of package reflect. Types may refer to themselves (``type T struct{ next *T }``), so whatever leads
from one type to another is resolved when it is first asked for.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar, Union

from gomap.program.facts import Facts
from gomap.program.printable import printable

__all__ = ["Field", "GoType", "Kind", "LayoutError", "Lazy", "kept_with_type"]

T = TypeVar("T")
P = ParamSpec("P")
#: A value, or how to get it once it is needed.
Lazy = Union[T, Callable[[], T]]


class Kind(enum.Enum):
    """What package reflect calls a type's kind; the value is its spelling there."""

    BOOL = "bool"
    INT = "int"
    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    UINT = "uint"
    UINT8 = "uint8"
    UINT16 = "uint16"
    UINT32 = "uint32"
    UINT64 = "uint64"
    UINTPTR = "uintptr"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    COMPLEX64 = "complex64"
    COMPLEX128 = "complex128"
    ARRAY = "array"
    CHAN = "chan"
    FUNC = "func"
    INTERFACE = "interface"
    MAP = "map"
    POINTER = "ptr"
    SLICE = "slice"
    STRING = "string"
    STRUCT = "struct"
    UNSAFE_POINTER = "unsafe.Pointer"

    @property
    def signed(self) -> bool:
        """Whether it is an integer with a sign."""
        return self in _SIGNED

    @property
    def integer(self) -> bool:
        """Whether it is an integer, signed or not."""
        return self in _INTEGERS

    def fixed_size(self, pointer_size: int) -> int:
        """Bytes that every value of this kind takes; 0 where the type decides (arrays, structs)."""
        return _SIZES.get(self) or _POINTERS.get(self, 0) * pointer_size


_SIGNED = frozenset({Kind.INT, Kind.INT8, Kind.INT16, Kind.INT32, Kind.INT64})
_INTEGERS = _SIGNED | {Kind.UINT, Kind.UINT8, Kind.UINT16, Kind.UINT32, Kind.UINT64, Kind.UINTPTR}
#: Kinds of one size everywhere, in bytes; and those whose size is so many pointers'.
_SIZES = {
    **dict.fromkeys((Kind.BOOL, Kind.INT8, Kind.UINT8), 1),
    **dict.fromkeys((Kind.INT16, Kind.UINT16), 2),
    **dict.fromkeys((Kind.INT32, Kind.UINT32, Kind.FLOAT32), 4),
    **dict.fromkeys((Kind.INT64, Kind.UINT64, Kind.FLOAT64, Kind.COMPLEX64), 8),
    Kind.COMPLEX128: 16,
}
_POINTERS = {
    **dict.fromkeys((Kind.INT, Kind.UINT, Kind.UINTPTR, Kind.UNSAFE_POINTER), 1),
    **dict.fromkeys((Kind.CHAN, Kind.FUNC, Kind.MAP, Kind.POINTER), 1),
    **dict.fromkeys((Kind.STRING, Kind.INTERFACE), 2),
    Kind.SLICE: 3,
}


class LayoutError(Exception):
    """A type does not look as expected: a Go version whose layout is not known, or no Go type at all."""


class Field(Facts):
    """One field of a struct.

    Attributes:
        name: as declared, made printable; ``_`` for a blank field.
        type: its type.
        offset: bytes from the struct's start.
        embedded: declared by its type alone.
    """

    name: str
    type: GoType
    offset: int
    embedded: bool = False

    def __init__(self, name: str, type: GoType, offset: int, embedded: bool = False) -> None:
        super().__init__(printable(name), type, offset, embedded)


class GoType:
    """One Go type.

    Args:
        kind: its kind.
        size: bytes that a value of it takes where it is stored.
        name: as ``%T`` prints it, but with the whole package path where that is known (``net/http.Header``);
            made printable.
        fields: of a struct; of a string, slice or interface the fields of its header, as the runtime names them
            (``str``/``len``; ``array``/``len``/``cap``; ``_type`` or ``tab``/``data``).
        elem: of an array, slice, pointer, chan or map.
        key: of a map.
        length: of an array.
        header: of a map or a chan: the struct that a value of it points to (``hmap``, ``Map``, ``hchan``).
        bucket: of a map: its bucket (classic) or group (Swiss), a struct.
        regular_memory: whether the runtime compares and hashes its values by their bytes alone (TFlagRegularMemory);
            None where the type does not come from a descriptor.

    Those from fields to bucket, but length, may be given as a function, called at first use.
    """

    def __init__(
        self,
        kind: Kind,
        size: int,
        name: str,
        *,
        fields: Lazy[Sequence[Field]] = (),
        elem: Lazy[GoType | None] = None,
        key: Lazy[GoType | None] = None,
        length: int = 0,
        header: Lazy[GoType | None] = None,
        bucket: Lazy[GoType | None] = None,
        regular_memory: bool | None = None,
    ) -> None:
        self.kind = kind
        self.size = size
        self.name = printable(name)
        self.length = length
        self.regular_memory = regular_memory
        self._fields = fields
        self._elem = elem
        self._key = key
        self._header = header
        self._bucket = bucket
        self._by_name: dict[str, Field] | None = None
        #: What kept_with_type keeps here.
        self._kept: dict[Hashable, Any] = {}

    def __repr__(self) -> str:
        return f"<GoType {self.name} ({self.kind.value}, {self.size} bytes)>"

    def __str__(self) -> str:
        return self.name

    @property
    def fields(self) -> Sequence[Field]:
        if callable(self._fields):
            self._fields = self._fields()
        return self._fields

    @property
    def elem(self) -> GoType:
        if callable(self._elem):
            self._elem = self._elem()
        return self._there(self._elem, "element type")

    @property
    def key(self) -> GoType:
        if callable(self._key):
            self._key = self._key()
        return self._there(self._key, "key type")

    @property
    def header(self) -> GoType:
        if callable(self._header):
            self._header = self._header()
        return self._there(self._header, "header")

    @property
    def has_bucket(self) -> bool:
        """Whether the map's bucket or group is known by itself, not only through the header."""
        return self._bucket is not None

    @property
    def bucket(self) -> GoType:
        if callable(self._bucket):
            self._bucket = self._bucket()
        return self._there(self._bucket, "bucket or group type")

    def field(self, name: str) -> Field:
        """The field of that name. Raises LayoutError, which names the fields that there are."""
        found = self.find(name)
        if found is None:
            there = ", ".join(field.name for field in self.fields) or "none"
            raise LayoutError(f"{self.name} has no field {name}; its fields are: {there}")
        return found

    def find(self, name: str) -> Field | None:
        """The field of that name, or None."""
        if self._by_name is None:
            self._by_name = {field.name: field for field in self.fields}
        return self._by_name.get(name)

    def _there(self, part: GoType | None, what: str) -> GoType:
        if part is None:
            raise LayoutError(f"{self.name} ({self.kind.value}) has no {what}")
        return part


def kept_with_type(work: Callable[Concatenate[GoType, P], T]) -> Callable[Concatenate[GoType, P], T]:
    """Remember what WORK returns of a type for as long as that type lives, which is as long as its program does.

    Errors are not remembered.
    """

    @functools.wraps(work)
    def asked(type: GoType, /, *args: P.args, **kwargs: P.kwargs) -> T:
        question = (work, args, *kwargs.items())
        if question not in type._kept:
            type._kept[question] = work(type, *args, **kwargs)
        answer: T = type._kept[question]
        return answer

    return asked
