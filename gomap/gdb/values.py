"""GDB's values as Go's: at their address, or in registers, or made by GDB."""

from __future__ import annotations

from functools import partial
from typing import Literal

import gdb

from gomap.expressions.go_values import ExpressionError, GoValue, assembled, in_memory
from gomap.gdb.target import GdbTarget
from gomap.language.numbers import float_bytes, integer_bytes
from gomap.program.gotypes import Field, GoType, Kind

__all__ = ["address_of", "constant_or_value", "of_value", "text_of"]


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


def of_value(target: GdbTarget, text: str, value: gdb.Value, known: GoType | None = None) -> GoValue:
    """What GDB's VALUE is, called TEXT; its Go type is KNOWN, or found out.

    Raises ExpressionError if it is optimized out, LayoutError if it is of no Go type.
    """
    type = known or target.types.of(value.type)
    if value.is_optimized_out:
        raise ExpressionError(f"{text} is optimized out here; try another frame, or build with -gcflags='-N -l'")
    address = address_of(value)
    if address is not None:
        return in_memory(target.program, type, text, address)

    def read() -> bytes:
        try:
            return assembled(type, value, _part, partial(_number, target.byte_order))
        except gdb.error as error:
            raise ExpressionError(f"{text}: {error}") from None

    def part(field: Field, text: str) -> GoValue:
        return of_value(target, text, _part(value, field), field.type)

    return GoValue(target.program, type, text, None, read, part)


def constant_or_value(target: GdbTarget, text: str, value: gdb.Value) -> str | bool | int | float | GoValue:
    """A constant of GDB's as Python's, bytes that are not UTF-8 by surrogates; any other VALUE as the program's."""
    data = text_of(value)
    if data is not None:
        return data.decode("utf-8", "surrogateescape")
    code = value.type.strip_typedefs().code
    if address_of(value) is None:
        if code == gdb.TYPE_CODE_BOOL:
            return bool(value)
        if code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR):
            return int(value)
        if code == gdb.TYPE_CODE_FLT:
            return float(value)
    return of_value(target, text, value)


def text_of(value: gdb.Value) -> bytes | None:
    """What a string constant of GDB's holds: an array of characters in most languages; None for any other value."""
    type = value.type.strip_typedefs()
    if type.code not in (gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_STRING) or type.target().sizeof != 1:
        return None
    if address_of(value) is not None:  # an array in the program is none
        return None
    first, last = type.range()
    data = bytes(int(value[index]) & 0xFF for index in range(first, last + 1))
    return data[:-1] if data.endswith(b"\0") and type.code == gdb.TYPE_CODE_ARRAY else data


def _part(value: gdb.Value, field: Field) -> gdb.Value:
    return value[int(field.name) if field.name.isdecimal() else field.name]


def _number(byte_order: Literal["little", "big"], type: GoType, value: gdb.Value) -> bytes:
    """The bytes of a value without parts. (GDB hands them over from version 15 on.)"""
    if type.kind in (Kind.FLOAT32, Kind.FLOAT64):
        return float_bytes(type.kind, [float(value)], byte_order)
    return integer_bytes(int(value), type.size, byte_order)
