"""What a Target says of a program, as plain JSON: to compare what several of them say of the same one."""

from __future__ import annotations

from typing import Any

from gomap.program.gotypes import GoType, LayoutError
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = ["described", "type_described"]


def described(target: Target, questions: dict[str, list[Any]]) -> dict[str, Any]:
    """What TARGET says of the types, variables and addresses in QUESTIONS, and of its threads."""
    return {
        "types": {name: _named(target, name) for name in questions["types"]},
        "variables": {name: _variable(target, name) for name in questions["variables"]},
        "symbols": {hex(address): _symbol(target, address) for address in questions["addresses"]},
        "memory": {hex(address): _bytes(target, address) for address in questions["addresses"]},
        "threads": sorted(target.threads()),
        "variable_names": list(target.variable_names),
        "all_variables": [[name, address, _brief(type)] for name, address, type in target.variables()],
        "is": [target.architecture, target.pointer_size, target.byte_order],
    }


def type_described(type: GoType) -> dict[str, Any]:
    """The type itself, and of the types that it leads to what tells them from others."""
    said: dict[str, Any] = {**_brief(type), "length": type.length}
    said["fields"] = [[field.name, field.offset, field.embedded, _brief(field.type)] for field in type.fields]
    for part in ("key", "elem", "header"):
        try:
            said[part] = _brief(getattr(type, part))
        except LayoutError:
            said[part] = None
    return said


def _brief(type: GoType) -> dict[str, Any]:
    return {"name": type.name, "kind": type.kind.value, "size": type.size}


def _named(target: Target, name: str) -> Any:
    try:
        type = target.type_named(name)
        return type and type_described(type)
    except LayoutError as error:
        return str(error)


def _variable(target: Target, name: str) -> Any:
    try:
        found = target.variable(name)
    except LayoutError as error:
        return str(error)
    return found and [found[0], _brief(found[1])]


def _symbol(target: Target, address: int) -> Any:
    symbol = target.symbol_at(address)
    return symbol and [symbol.name, symbol.address]


def _bytes(target: Target, address: int) -> Any:
    try:
        return target.memory.read(address, 16).hex()
    except ReadError as error:
        return str(error)
