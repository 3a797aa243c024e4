"""What Delve adds to a program for an expression: a goroutine's frame with its variables, and its own evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from gomap.delve.rpc import CallError, Rpc
from gomap.expressions.go_values import ExpressionError, GoValue, in_memory, temporary
from gomap.language.numbers import FLOATS, float_bytes, integer_bytes
from gomap.language.spelling import packages_in
from gomap.program.gotypes import GoType, Kind
from gomap.program.program import Program

__all__ = ["DelveScope"]

#: Flags of a variable (service/api in Delve): another of its name hides it; not in memory as a whole.
_SHADOWED, _FAKE_ADDRESS = 1 << 1, 1 << 5
#: What the addresses of such parts begin with.
_FAKE = 0xBEEF
#: How much comes with a variable: enough for the fields of what is in registers.
_SHALLOW = {
    "FollowPointers": False,
    "MaxVariableRecurse": 4,
    "MaxStringLen": 0,
    "MaxArrayValues": 64,
    "MaxStructFields": -1,
}


class DelveScope:
    """A frame of a goroutine's.

    Args:
        rpc: the connection.
        program: what the server debugs.
        goroutine: by its id; -1 for the one that Delve has selected.
        frame: 0 is the innermost.

    Attributes:
        program: as given.
    """

    def __init__(self, rpc: Rpc, program: Program, goroutine: int = -1, frame: int = 0) -> None:
        self.program = program
        self._rpc = rpc
        self._scope = {"GoroutineID": goroutine, "Frame": frame}

    def demand(self) -> None:
        """Raises ExpressionError where there is no such frame."""
        frame = self._scope["Frame"]
        try:
            stack = self._rpc.call("Stacktrace", Id=self._scope["GoroutineID"], Depth=frame, Full=False)["Locations"]
        except CallError as error:
            raise ExpressionError(str(error)) from None
        if len(stack) <= frame:
            raise ExpressionError(f"there is no frame {frame}: the last one is {len(stack) - 1}")

    def without(self, name: str) -> str:
        return "the selected frame or its package"

    def local(self, name: str) -> GoValue | None:
        # The innermost block's come last.
        found = next((each for each in reversed(self._variables) if each["name"] == name), None)
        return None if found is None else self._value(found, name)

    def locals(self) -> Sequence[str]:
        return [each["name"] for each in self._variables]

    def packages(self) -> Sequence[str]:
        try:
            stack = self._rpc.call("Stacktrace", Id=self._scope["GoroutineID"], Depth=self._scope["Frame"], Full=False)
            function = (stack["Locations"][self._scope["Frame"]].get("function") or {}).get("name", "")
        except (CallError, LookupError):
            function = ""
        return packages_in(function)

    def evaluate(self, text: str) -> GoValue:
        try:
            return self._value(self._rpc.call("Eval", Scope=self._scope, Expr=text, Cfg=_SHALLOW)["Variable"], text)
        except CallError as error:
            raise ExpressionError(f"{text}: {error}") from None

    @cached_property
    def _variables(self) -> list[dict[str, Any]]:
        """Arguments and local variables, those that no other hides."""
        try:
            arguments = self._rpc.call("ListFunctionArgs", Scope=self._scope, Cfg=_SHALLOW)["Args"] or []
            variables = self._rpc.call("ListLocalVars", Scope=self._scope, Cfg=_SHALLOW)["Variables"] or []
        except CallError:  # code without debug information, or no goroutine
            return []
        return [each for each in [*arguments, *variables] if not each["flags"] & _SHADOWED]

    def _value(self, variable: dict[str, Any], text: str) -> GoValue:
        """What Delve says of a variable, as a value in memory, or by its bytes."""
        said, address = variable["unreadable"], variable["addr"]
        lost = "loclist entry" in said or "empty OP stack" in said
        if lost:
            raise ExpressionError(f"{text} is optimized out here; try another frame, or build with -gcflags='-N -l'")
        fake = bool(variable["flags"] & _FAKE_ADDRESS)
        if fake and variable["kind"] == _INTERFACE and variable["children"]:
            return self._value(variable["children"][0], text)  # Delve hands out what is in it, and no type word
        type = self.program.type_named(variable["type"]) or self.program.type_named(variable["realType"])
        if type is None:
            raise ExpressionError(f"{text} is of type {variable['type']}, which the debug information does not have")
        if address and not fake:
            return in_memory(self.program, type, text, address)
        if said:
            raise ExpressionError(f"{text}: {said}")
        try:
            return temporary(self.program, type, text, self._bytes(type, variable, text))
        except (ValueError, LookupError):  # a part has no value: Delve could not read it
            raise ExpressionError(_not_told(text, type)) from None

    def _bytes(self, type: GoType, variable: dict[str, Any], text: str) -> bytes:
        """The bytes of a value that is not in memory, out of what Delve says of it. Raises ExpressionError."""
        kind, value, children = type.kind, variable["value"], variable["children"]
        if variable["addr"] and not variable["flags"] & _FAKE_ADDRESS and variable["addr"] >> 48 != _FAKE:
            return in_memory(self.program, type, text, variable["addr"]).read()
        if kind is Kind.BOOL:
            return b"\1" if value == "true" else b"\0"
        if kind.integer:
            return self._word(int(value.split()[0]), type.size)
        if kind in FLOATS:
            # The parts of a complex number are its children.
            numbers = [float(child["value"]) for child in children] if len(FLOATS[kind]) > 1 else [float(value)]
            if len(numbers) == len(FLOATS[kind]):
                return float_bytes(kind, numbers, self.program.byte_order)
        if kind in (Kind.POINTER, Kind.UNSAFE_POINTER):
            return self._word(children[0]["addr"] if children else 0, type.size)
        if kind in (Kind.MAP, Kind.CHAN):
            return self._word(variable["base"], type.size)
        if kind in (Kind.STRING, Kind.SLICE):
            words = (variable["base"], variable["len"], variable["cap"])[: 2 if kind is Kind.STRING else 3]
            return b"".join(self._word(word, self.program.pointer_size) for word in words)
        if kind is Kind.STRUCT and len(children) == len(type.fields):
            content = bytearray(type.size)
            for field, child in zip(type.fields, children, strict=True):
                part = self._bytes(field.type, child, f"{text}.{field.name}")
                content[field.offset : field.offset + len(part)] = part
            return bytes(content)
        if kind is Kind.ARRAY and len(children) == type.length:
            return b"".join(self._bytes(type.elem, child, text) for child in children)
        raise ExpressionError(_not_told(text, type))

    def _word(self, value: int, size: int) -> bytes:
        return integer_bytes(value, size, self.program.byte_order)


def _not_told(text: str, type: GoType) -> str:
    return f"{text} is in registers, and Delve does not tell the bytes of a {type.name} there"


#: reflect.Interface, as Delve numbers kinds.
_INTERFACE = 20
