"""From an expression to the map that it means: a map, what points to one, what holds one, the address of a header."""

from __future__ import annotations

from gomap.expressions.evaluating import address_in, evaluate, opened
from gomap.expressions.go_values import ExpressionError, GoValue, an, held
from gomap.expressions.scope import Scope
from gomap.goruntime.rtype import MAP_HEADERS, runtime_types
from gomap.maps.model import GoMap
from gomap.maps.recognised import Evidence
from gomap.maps.syncmap import is_sync_map
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.target import pointer_at

__all__ = ["find_map", "map_behind"]

#: What the runtime's own functions have: a header that does not know its map's type.
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
    if is_sync_map(type):
        return opened(program, type, expression, address_in(value))
    if type.kind is not Kind.MAP:
        raise ExpressionError(f"-type {type_name}: not a map type")
    if value.type.kind is Kind.POINTER and value.type.elem.kind is Kind.MAP:  # of a variable, not of a header
        value = value.pointee()
    return opened(program, type, expression, _header_address(program, expression, address_in(value)))


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
        if is_sync_map(value.type) and value.address is not None:
            return opened(scope.program, value.type, text, value.address)
        if kind is Kind.INTERFACE:
            value = held(value)
            type = value.type
        elif kind is Kind.POINTER and value.type.elem.name in MAP_HEADERS:
            return _header(scope, text, value, advice)
        elif kind is Kind.POINTER:
            value = value.pointee().named(value.text)
        else:
            break
    problem = f"{text} is {an(type)}, not a map{_maps_in(value.type)}"
    if value.type.kind not in _WORDS:
        raise ExpressionError(problem)
    return _recognised(
        scope.program, text, address_in(value), problem, "if it is the address of a map's header, " + advice
    )


def _maps_in(type: GoType) -> str:
    """Which fields of a struct are maps, for who has named the struct: ``; its fields items and stats are``."""
    fields = type.fields if type.kind is Kind.STRUCT else ()
    *names, last = ["", *(each.name for each in fields if each.type.kind is Kind.MAP or is_sync_map(each.type))]
    if not last:
        return ""
    named = f"s {', '.join(names[1:])} and {last} are" if names[1:] else f" {last} is"
    return f"; its field{named}"


def _header(scope: Scope, text: str, value: GoValue, advice: str) -> GoMap:
    """The map whose header VALUE points to, without saying of what type the map is."""
    type, program = _type_of_argument(scope), scope.program
    if type is None:
        problem = f"{text} is {an(value.type)}, which does not say of what type the map is"
        return _recognised(program, text, value.integer(), problem, advice)
    return opened(program, type, text, value.integer())


def _recognised(program: Program, text: str, address: int, problem: str, advice: str) -> GoMap:
    """The map whose header or variable is at ADDRESS, if what is there says so itself.

    Raises ExpressionError: the PROBLEM, and the ADVICE for who knows more.
    """
    from gomap.maps.recognition import header_at

    found = None
    try:
        variable = _map_variable(program, address)
        if variable is not None:
            return opened(program, variable, text, pointer_at(program, address))
        found = header_at(program, address)
    except (LayoutError, ReadError):
        pass  # nothing tells
    if found is None:
        raise ExpressionError(f"{problem}; {advice}")
    if found.type is None:
        from gomap.maps.trials.trial import trial_of

        trial = trial_of(program, address)
        if trial is not None and trial.type is not None:
            found = found._replace(type=trial.type, by=Evidence.HASHES)
    if found.type is None:
        from gomap.maps.trials.wording import trial_text
        from gomap.maps.wording import evidence_text, recognised_text

        advice = advice.rpartition("header, ")[2]
        there = f"what is there is the {recognised_text(found)}, {evidence_text(found.by)}"
        unknown = f"; {trial_text(trial)}; " if trial is not None else ", of an unknown type: "
        raise ExpressionError(f"{problem}; {there}{unknown}{advice}")
    map = opened(program, found.type, text, address)
    map.recognised_by = found.by
    return map


def _header_address(program: Program, text: str, address: int) -> int:
    """Where the header is: at ADDRESS, or where the map variable that stands there leads.

    Raises ExpressionError if what stands there is no header but the address of one.
    """
    from gomap.maps.recognition import header_at

    try:
        if _map_variable(program, address) is not None:
            return pointer_at(program, address)
        inner = pointer_at(program, address) if address and header_at(program, address) is None else 0
        if inner and header_at(program, inner) is not None:
            raise ExpressionError(
                f"{text}: at {address:#x} is no map's header, but the address of one: {inner:#x}; give that"
            )
    except (LayoutError, ReadError):
        pass  # nothing tells
    return address


def _map_variable(program: Program, address: int) -> GoType | None:
    """The type of the package variable that stands at ADDRESS, if that is a map."""
    symbol = program.symbol_at(address)
    variable = program.variable(symbol.name) if symbol is not None else None
    return variable[1] if variable is not None and variable[0] == address and variable[1].kind is Kind.MAP else None


def _type_of_argument(scope: Scope) -> GoType | None:
    """The map type that the runtime's functions take beside an untyped header: mapassign(t, h, key), (m).putSlot(typ).

    None if the selected frame has no such argument.
    """
    for name in ("t", "typ"):
        try:
            descriptor = evaluate(scope, name)
            if descriptor.type.kind is Kind.POINTER and descriptor.type.elem.name.lower().endswith("maptype"):
                return runtime_types(scope.program).named_at(descriptor.integer())
        except (ExpressionError, LayoutError, ReadError):
            continue
    return None
