"""GDB's values as Go's: at their address, or in registers, or made by GDB."""

from __future__ import annotations

import struct

import gdb

from gomap.expressions.go_values import ExpressionError, GoValue, in_memory
from gomap.gdb.target import GdbTarget
from gomap.program.gotypes import Field, GoType, Kind

__all__ = ["address_of", "constant_or_value", "of_value", "text_of"]

_FLOAT_FORMATS = {4: "f", 8: "d"}


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
            return _encode(target, value)
        except gdb.error as error:
            raise ExpressionError(f"{text}: {error}") from None

    def part(field: Field, text: str) -> GoValue:
        inner = value[int(field.name)] if type.kind is Kind.ARRAY else value[field.name]
        return of_value(target, text, inner, field.type)

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
