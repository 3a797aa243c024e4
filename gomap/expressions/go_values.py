"""Values in the program that an expression passes through on its way to a map: variables, fields, elements.

A value has a Go type, and its bytes are in memory, in registers, or nowhere but here. It knows fields, elements and
what it points to, for every Go type alike - those too that only the runtime's descriptors know, and that a debugger
has no values for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from gomap.goruntime.closures import closure_type
from gomap.goruntime.rtype import runtime_types
from gomap.program.gotypes import Field, GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.target import pointer_at

__all__ = ["ExpressionError", "GoValue", "an", "assembled", "closure", "dynamic", "held", "in_memory", "temporary"]

V = TypeVar("V")

#: Pointers and interfaces in one another, at most: a pointer may point to itself.
_MOST_FOLLOWED = 16
#: Structs embedded in one another, at most.
_MOST_EMBEDDED = 8


class ExpressionError(Exception):
    """An expression leads to no map: one line that says at which part of it, and why."""


class GoValue:
    """A value in the program.

    Attributes:
        program: the program.
        type: the value's type.
        text: the expression that leads to it, for messages.
        address: where it lies; None if not in memory.
    """

    def __init__(
        self,
        program: Program,
        type: GoType,
        text: str,
        address: int | None,
        read: Callable[[], bytes],
        part: Callable[[Field, str], GoValue],
    ) -> None:
        self.program = program
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
        return int.from_bytes(self.read(), self.program.byte_order, signed=signed)

    def named(self, text: str) -> GoValue:
        """The same under the name of another expression."""
        return GoValue(self.program, self.type, text, self.address, self._read, self.part)

    def pointee(self) -> GoValue:
        """What it points to. Raises ExpressionError if it is no pointer, or nil."""
        if self.type.kind is not Kind.POINTER:
            raise ExpressionError(f"{self.text} is {an(self.type)}, not a pointer")
        address = self.integer()
        if address == 0:
            raise ExpressionError(f"{self.text} is a nil {self.type.name}")
        return in_memory(self.program, self.type.elem, f"*{self.text}", address)

    def behind(self) -> GoValue:
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

    def field(self, name: str) -> GoValue:
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

    def element(self, index: int) -> GoValue:
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
        return in_memory(self.program, elem, text, base.integer() + index * elem.size)


def in_memory(program: Program, type: GoType, text: str, address: int) -> GoValue:
    """The value of that type at ADDRESS."""

    def part(field: Field, text: str) -> GoValue:
        return in_memory(program, field.type, text, address + field.offset)

    return GoValue(program, type, text, address, lambda: program.memory.read(address, type.size), part)


def temporary(program: Program, type: GoType, text: str, data: bytes) -> GoValue:
    """A value that is nowhere but in DATA."""

    def part(field: Field, text: str) -> GoValue:
        return temporary(program, field.type, text, data[field.offset : field.offset + field.type.size])

    return GoValue(program, type, text, None, lambda: data, part)


def assembled(type: GoType, value: V, part: Callable[[V, Field], V], number: Callable[[GoType, V], bytes]) -> bytes:
    """The bytes of a VALUE that is in no memory as a whole.

    Args:
        part: gives what is at a field of a value; an array's elements are fields that are called by their index.
        number: gives the bytes of a value that has no parts.
    """
    if type.kind is Kind.ARRAY:
        elem = type.elem
        fields: Sequence[Field] = [Field(str(at), elem, at * elem.size) for at in range(type.length)]
    elif type.kind is Kind.STRUCT or type.fields:
        fields = type.fields
    else:
        return number(type, value)
    content = bytearray(type.size)
    for field in fields:
        data = assembled(field.type, part(value, field), part, number)
        content[field.offset : field.offset + len(data)] = data
    return bytes(content)


def dynamic(value: GoValue) -> GoValue | None:
    """The value in an interface, with its dynamic type; None in a nil interface.

    Raises ExpressionError if VALUE is no interface, or where its type should be is none.
    """
    program, types, text = value.program, runtime_types(value.program), value.text
    if value.type.kind is not Kind.INTERFACE:
        raise ExpressionError(f"{text} is {an(value.type)}, not an interface")
    word, data = value.type.fields
    descriptor = value.part(word, text).integer()
    if descriptor == 0:
        return None
    try:
        if word.name == "tab":
            descriptor = types.in_itab(descriptor)
        type, direct = types.named_at(descriptor), types.is_direct(descriptor)
    except (LayoutError, ReadError) as error:
        raise ExpressionError(f"{text} has no type at {descriptor:#x}: {error}") from None
    inner = value.part(data, text)
    if not direct:
        return in_memory(program, type, text, inner.integer())
    if inner.address is not None:
        return in_memory(program, type, text, inner.address)
    return temporary(program, type, text, inner.read())


def held(value: GoValue) -> GoValue:
    """What an interface holds. Raises ExpressionError if it is none, or nil."""
    inner = dynamic(value)
    if inner is None:
        raise ExpressionError(f"{value.text} is a nil {value.type.name}")
    return inner


def closure(value: GoValue) -> GoValue:
    """What the closure that a func value leads to has caught, as a struct; raises ExpressionError if nothing tells."""
    program, address = value.program, value.integer()
    try:
        type = closure_type(program, pointer_at(program, address)) if address else None
    except (LayoutError, ReadError) as error:
        raise ExpressionError(f"{value.text} is no func at {address:#x}: {error}") from None
    if type is None:
        known = "what it has caught is not known" if address else "it is nil"
        raise ExpressionError(f"{value.text} is {an(value.type)}, not an interface; {known}")
    return in_memory(program, type, value.text, address)


def an(type: GoType) -> str:
    """``a []int``, ``an int``."""
    return f"{'an' if type.name[:1] in 'aeio' else 'a'} {type.name}"
