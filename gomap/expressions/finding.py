"""From an expression to the map that it means: a map, what points to one, what holds one, the address of a header."""

from __future__ import annotations

from gomap.expressions.evaluating import address_in, evaluate, opened
from gomap.expressions.go_values import ExpressionError, GoValue, an, held
from gomap.expressions.scope import Scope
from gomap.goruntime.rtype import runtime_types
from gomap.maps.model import GoMap
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError

__all__ = ["find_map", "map_behind"]

#: What the runtime's own functions have: a header that does not know its map's type.
_HEADERS = ("runtime.hmap", "internal/runtime/maps.Map")
#: What may be an address, without saying of what.
_WORDS = (Kind.INT, Kind.INT32, Kind.INT64, Kind.UINTPTR, Kind.UINT64, Kind.UNSAFE_POINTER)
#: Pointers and interfaces in one another between an expression and its map.
_MOST_FOLLOWED = 16


def find_map(scope: Scope, expression: str, type_name: str | None = None) -> GoMap:
    """The map that EXPRESSION leads to.

    Args:
        expression: what was typed; pointers and interfaces are followed.
        type_name: the map's type, where EXPRESSION is the address of its header.

    Raises ExpressionError and LayoutError, each with a line that can be shown.
    """
    program = scope.program
    value = evaluate(scope, expression)
    if type_name is None:
        return map_behind(scope, value)
    type = program.type_named(type_name)
    if type is None:
        raise ExpressionError(f"no type {type_name} in the program's debug information")
    if type.kind is not Kind.MAP:
        raise ExpressionError(f"-type {type_name}: not a map type")
    return opened(program, type, expression, address_in(value))


def map_behind(scope: Scope, value: GoValue, advice: str = "give -type 'map[K]V'") -> GoMap:
    """The map that VALUE is, points to, or has as its dynamic type.

    Args:
        advice: what to do where it is the address of a header that does not say of what type the map is.

    Raises ExpressionError if there is none.
    """
    text, type = value.text, value.type
    for _ in range(_MOST_FOLLOWED):
        kind = value.type.kind
        if kind is Kind.MAP:
            return opened(scope.program, value.type, text, value.integer())
        if kind is Kind.INTERFACE:
            value = held(value)
            type = value.type
        elif kind is Kind.POINTER and value.type.elem.name in _HEADERS:
            return opened(scope.program, _type_of_argument(scope, text, value.type, advice), text, value.integer())
        elif kind is Kind.POINTER:
            value = value.pointee().named(value.text)
        else:
            break
    could_be = f"; if it is the address of a map's header, {advice}" if type.kind in _WORDS else ""
    raise ExpressionError(f"{text} is {an(type)}, not a map{could_be}")


def _type_of_argument(scope: Scope, text: str, header: GoType, advice: str) -> GoType:
    """The map type that the runtime's functions take beside an untyped header: mapassign(t, h, key), (m).putSlot(typ).

    Raises ExpressionError if the selected frame has no such argument.
    """
    for name in ("t", "typ"):
        try:
            descriptor = evaluate(scope, name)
            if descriptor.type.kind is Kind.POINTER and descriptor.type.elem.name.lower().endswith("maptype"):
                return runtime_types(scope.program).named_at(descriptor.integer())
        except (ExpressionError, LayoutError, ReadError):
            continue
    raise ExpressionError(f"{text} is {an(header)}, which does not say of what type the map is; {advice}")
