"""Values in the program that an expression passes through on its way to a map: variables, fields, elements.

An operand has a Go type, and its bytes are in memory, in registers, or nowhere but here. It knows fields, elements and
what it points to, for every Go type alike - those too that only the runtime's descriptors know, and that GDB has no
values for.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import gdb

from gomap.gdb.target import GdbTarget
from gomap.program.gotypes import Field, GoType, Kind, LayoutError
from gomap.program.memory import ReadError

__all__ = ["ExpressionError", "Operand", "address_of", "an", "dynamic", "held", "in_memory", "of_value", "temporary"]

_FLOAT_FORMATS = {4: "f", 8: "d"}
#: Pointers and interfaces in one another, at most: a pointer may point to itself.
_MOST_FOLLOWED = 16
#: Structs embedded in one another, at most.
_MOST_EMBEDDED = 8


class ExpressionError(Exception):
    """An expression leads to no map: one line that says at which part of it, and why."""


class Operand:
    """A value in the program.

    Attributes:
        target: the program.
        type: the value's type.
        text: the expression that leads to it, for messages.
        address: where it lies; None if not in memory.
    """

    def __init__(
        self,
        target: GdbTarget,
        type: GoType,
        text: str,
        address: int | None,
        read: Callable[[], bytes],
        part: Callable[[Field, str], Operand],
    ) -> None:
        self.target = target
        self.type = type
        self.text = text
        self.address = address
        self._read = read
        #: part(field, text): what lies at a field's place in it.
        self.part = part

    def read(self) -> bytes:
        """Its bytes. Raises ExpressionError if they cannot be had."""
        try:
            return self._read()
        except ReadError as error:
            raise ExpressionError(f"{self.text}: {error}") from None

    def integer(self, signed: bool = False) -> int:
        """Its bytes as a number."""
        return int.from_bytes(self.read(), self.target.byte_order, signed=signed)

    def named(self, text: str) -> Operand:
        """The same under the name of another expression."""
        return Operand(self.target, self.type, text, self.address, self._read, self.part)

    def pointee(self) -> Operand:
        """What it points to. Raises ExpressionError if it is no pointer, or nil."""
        if self.type.kind is not Kind.POINTER:
            raise ExpressionError(f"{self.text} is {an(self.type)}, not a pointer")
        address = self.integer()
        if address == 0:
            raise ExpressionError(f"{self.text} is a nil {self.type.name}")
        return in_memory(self.target, self.type.elem, f"*{self.text}", address)

    def behind(self) -> Operand:
        """What pointers and interfaces lead to from here; itself if it is neither. Raises ExpressionError."""
        found = self
        for _ in range(_MOST_FOLLOWED):
            if found.type.kind is Kind.POINTER:
                found = found.pointee()
            elif found.type.kind is Kind.INTERFACE:
                found = held(found)
            else:
                break
        return found

    def field(self, name: str) -> Operand:
        """The field of that name, through pointers, interfaces and embedded structs. Raises ExpressionError."""
        whole = self.behind()
        text = f"{self.text}.{name}"
        level = [whole]
        for _ in range(_MOST_EMBEDDED):
            deeper = []
            for candidate in level:
                found = candidate.type.find(name)
                if found is not None:
                    return candidate.part(found, text)
                deeper += [candidate.part(field, text) for field in candidate.type.fields if field.embedded]
            # One that is embedded by pointer and nil has no fields to offer.
            followed = (one.pointee() if one.type.kind is Kind.POINTER and one.integer() else one for one in deeper)
            level = [one for one in followed if one.type.kind is Kind.STRUCT]
        there = ", ".join(field.name for field in whole.type.fields if field.name != "_")
        raise ExpressionError(
            f"{self.text} is {an(whole.type)}, which has no field {name}" + (f"; it has {there}" if there else "")
        )

    def element(self, index: int) -> Operand:
        """The element of that index of a slice, an array or behind a pointer. Raises ExpressionError."""
        text = f"{self.text}[{index}]"
        kind = self.type.kind
        if kind is Kind.POINTER and self.type.elem.kind is Kind.ARRAY:
            return self.pointee().element(index).named(text)
        if kind is Kind.ARRAY:
            length = self.type.length
        elif kind is Kind.SLICE:
            length = self.part(self.type.field("len"), f"len({self.text})").integer(signed=True)
        elif kind is Kind.POINTER:
            length = index + 1  # as in GDB: a pointer is an array of unknown length
        else:
            raise ExpressionError(f"{self.text} is {an(self.type)}, which has no elements")
        if not 0 <= index < length:
            raise ExpressionError(f"{text}: index out of range, {self.text} has {length} elements")
        elem = self.type.elem
        if kind is Kind.ARRAY:
            return self.part(Field(str(index), elem, index * elem.size), text)
        base = self.part(self.type.field("array"), self.text) if kind is Kind.SLICE else self
        return in_memory(self.target, elem, text, base.integer() + index * elem.size)


def in_memory(target: GdbTarget, type: GoType, text: str, address: int) -> Operand:
    """The value of that type at ADDRESS."""

    def part(field: Field, text: str) -> Operand:
        return in_memory(target, field.type, text, address + field.offset)

    return Operand(target, type, text, address, lambda: target.memory.read(address, type.size), part)


def temporary(target: GdbTarget, type: GoType, text: str, data: bytes) -> Operand:
    """A value that is nowhere but in DATA."""

    def part(field: Field, text: str) -> Operand:
        return temporary(target, field.type, text, data[field.offset : field.offset + field.type.size])

    return Operand(target, type, text, None, lambda: data, part)


def address_of(value: gdb.Value) -> int | None:
    """Where a value of GDB's lies; None if not in memory.

    Asked for the address of an array that is not, such as a string constant, GDB would have the program call malloc.
    """
    if value.type.strip_typedefs().code in (gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_STRING):
        with gdb.with_parameter("may-call-functions", False):
            address = value.address
    else:
        address = value.address
    return None if address is None else int(address)


def of_value(target: GdbTarget, type: GoType, text: str, value: gdb.Value) -> Operand:
    """What GDB's VALUE, of the Go type TYPE, is: at its address, or in registers, or made by GDB."""
    if value.is_optimized_out:
        raise ExpressionError(f"{text} is optimized out here; try another frame, or build with -gcflags='-N -l'")
    address = address_of(value)
    if address is not None:
        return in_memory(target, type, text, address)

    def read() -> bytes:
        try:
            return _encode(target, value)
        except gdb.error as error:
            raise ExpressionError(f"{text}: {error}") from None

    def part(field: Field, text: str) -> Operand:
        inner = value[int(field.name)] if type.kind is Kind.ARRAY else value[field.name]
        return of_value(target, field.type, text, inner)

    return Operand(target, type, text, None, read, part)


def dynamic(operand: Operand) -> Operand | None:
    """The value in an interface, with its dynamic type; None in a nil interface.

    Raises ExpressionError if OPERAND is no interface, or where its type should be is none.
    """
    target, text = operand.target, operand.text
    if operand.type.kind is not Kind.INTERFACE:
        raise ExpressionError(f"{text} is {an(operand.type)}, not an interface")
    word, data = operand.type.fields
    descriptor = operand.part(word, text).integer()
    if descriptor == 0:
        return None
    try:
        if word.name == "tab":
            descriptor = target.runtime_types.in_itab(descriptor)
        type, direct = target.dynamic_type(descriptor), target.runtime_types.is_direct(descriptor)
    except (LayoutError, ReadError) as error:
        raise ExpressionError(f"{text} has no type at {descriptor:#x}: {error}") from None
    inner = operand.part(data, text)
    if not direct:
        return in_memory(target, type, text, inner.integer())
    if inner.address is not None:
        return in_memory(target, type, text, inner.address)
    return temporary(target, type, text, inner.read())


def held(operand: Operand) -> Operand:
    """What an interface holds. Raises ExpressionError if it is none, or nil."""
    inner = dynamic(operand)
    if inner is None:
        raise ExpressionError(f"{operand.text} is a nil {operand.type.name}")
    return inner


def _encode(target: GdbTarget, value: gdb.Value) -> bytes:
    """The bytes of a value that has no address. (GDB hands them over from version 15 on.)"""
    type = value.type.strip_typedefs()
    if type.code == gdb.TYPE_CODE_STRUCT:
        data = bytearray(type.sizeof)
        for field in type.fields():
            at = field.bitpos // 8
            data[at : at + field.type.sizeof] = _encode(target, value[field])
        return bytes(data)
    if type.code == gdb.TYPE_CODE_ARRAY:
        first, last = type.range()
        return b"".join(_encode(target, value[index]) for index in range(first, last + 1))
    if type.code == gdb.TYPE_CODE_FLT:
        order = "<" if target.byte_order == "little" else ">"
        return struct.pack(order + _FLOAT_FORMATS[type.sizeof], float(value))
    return (int(value) % (1 << (8 * type.sizeof))).to_bytes(type.sizeof, target.byte_order)


def an(type: GoType) -> str:
    """``a []int``, ``an int``."""
    return f"{'an' if type.name[:1] in 'aeio' else 'a'} {type.name}"
