"""Whether what a person wrote can be a value of a type, and how its parts belong to those of the type."""

from __future__ import annotations

import abc
import re
import struct
from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

from gomap.expressions.go_values import ExpressionError, GoValue, an
from gomap.expressions.written import Composite, Constant, Conversion, Literal, Written
from gomap.language.names import shown_name
from gomap.language.numbers import FLOATS
from gomap.program.gotypes import GoType, Kind

__all__ = ["DEFAULT_TYPES", "ByForm", "UnfitError", "constant", "fields", "indices", "spells"]

T = TypeVar("T")

_ADDRESSES = {Kind.POINTER, Kind.CHAN, Kind.UNSAFE_POINTER}
_COMPLEX = {Kind.COMPLEX64, Kind.COMPLEX128}
#: The type that a constant has in an interface.
DEFAULT_TYPES = {bytes: "string", bool: "bool", int: "int", float: "float64", complex: "complex128"}
_BLANK = re.compile(r"\s+")
_ALIASES = (
    (re.compile(r"\bany\b"), "interface{}"),
    (re.compile(r"\bbyte\b"), "uint8"),
    (re.compile(r"\brune\b"), "int32"),
)


class UnfitError(Exception):
    """What was written cannot be a value of the type; the message says of which, and why."""


class ByForm(abc.ABC, Generic[T]):
    """Makes something of a written value, by the form that it is written in. Methods raise UnfitError and
    ExpressionError."""

    def of(self, type: GoType, written: Written) -> T:
        """What WRITTEN comes to as a value of TYPE. Raises UnfitError if it can be none, and ExpressionError."""
        if isinstance(written, GoValue):
            return self._value(type, written)
        if type.kind is Kind.INTERFACE:
            return self._interface(type, written)
        if isinstance(written, Composite):
            return self._composite(type, written)
        if isinstance(written, Conversion):
            if not spells(written.type, type):
                raise UnfitError(f"{written.text} is of type {written.type}")
            written = written.value
        return self._constant(type, written)

    @abc.abstractmethod
    def _value(self, type: GoType, key: GoValue) -> T: ...

    @abc.abstractmethod
    def _interface(self, type: GoType, written: Constant | Conversion | Composite) -> T: ...

    @abc.abstractmethod
    def _composite(self, type: GoType, written: Composite) -> T: ...

    @abc.abstractmethod
    def _constant(self, type: GoType, written: Constant) -> T: ...


def constant(type: GoType, value: Literal) -> Hashable:
    """What a value of TYPE is that the constant stands for."""
    kind = type.kind
    if kind is Kind.BOOL and isinstance(value, int):
        return bool(value)  # in most of GDB's languages a comparison gives a number
    if isinstance(value, bool):
        fits = False
    elif isinstance(value, bytes):
        fits = kind is Kind.STRING
    elif isinstance(value, int):
        fits = kind.integer or kind in FLOATS or kind in _ADDRESSES
    elif isinstance(value, float):
        fits = kind in FLOATS
    elif isinstance(value, complex):
        fits = kind in _COMPLEX
    else:
        fits, value = kind in _ADDRESSES, 0
    if not fits:
        raise UnfitError
    if kind is Kind.FLOAT32 and isinstance(value, (int, float)):
        return _float32(value)
    if kind is Kind.COMPLEX64 and isinstance(value, (int, float, complex)):
        return complex(_float32(complex(value).real), _float32(complex(value).imag))
    return value


def _float32(value: float) -> float:
    try:
        rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]  # "f" alone makes an infinity of it
    except OverflowError:
        raise ExpressionError(f"{value} overflows float32, the type of the map's keys") from None
    return rounded


def fields(type: GoType, written: Composite) -> dict[int, Written]:
    """What a struct's literal gives, by the number of the field: all in a row, or by name."""
    names = [field.name for field in type.fields]
    if not any(name for name, _ in written.items):
        if written.items and len(written.items) != len(names):
            raise UnfitError(f"{written.text} has {len(written.items)} values, {type.name} has {len(names)} fields")
        return dict(enumerate(value for _, value in written.items))
    given = {}
    for name, value in written.items:
        if name not in names:
            there = ", ".join(field for field in names if field != "_")
            raise UnfitError(f"{type.name} has no field {name or 'without a name'}; it has {there}")
        given[names.index(name)] = value
    return given


def indices(type: GoType, written: Composite) -> dict[int, Written]:
    """What an array's literal gives, by index: each stands behind the one before, unless it says where."""
    given: dict[int, Written] = {}
    at = 0
    for index, value in written.items:
        try:
            at = int(index, 0) if index else at
        except ValueError:
            raise UnfitError(f"{index} is no index of {an(type)}") from None
        if not 0 <= at < type.length:
            raise UnfitError(f"{written.text} has an element {at}, {type.name} has {type.length}")
        given[at] = value
        at += 1
    return given


def spells(name: str, type: GoType, exactly: bool = False) -> bool:
    """Whether NAME, as it was written, is that type's: whole, or as Go prints it, with packages' names for paths.

    EXACTLY: the package may not be left out, and neither may all of it.
    """
    if type.kind is Kind.ARRAY:
        name = name.replace("[...]", f"[{type.length}]", 1)
    spellings: Sequence[str] = (type.name, shown_name(type.name))
    if not exactly:
        spellings = (*spellings, type.name.rpartition("/")[2].rpartition(".")[2], "")
    return _plain(name) in map(_plain, spellings)


def _plain(name: str) -> str:
    """NAME without blanks and aliases."""
    for alias, type in _ALIASES:
        name = alias.sub(type, name)
    return _BLANK.sub("", name)
