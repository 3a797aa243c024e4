"""The program's own types by name: those whose descriptors the linker lists, and those that these lead to."""

from __future__ import annotations

from gomap.goruntime.rtype import RuntimeTypes
from gomap.goruntime.typelinks import listed_types
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = ["ListedTypes"]

#: More types than any program has.
_MOST = 1 << 20


class ListedTypes:
    """The types of the program TARGET by name, as far as its descriptors lead to them."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._named: dict[str, GoType] | None = None
        self._collecting = False

    def named(self, name: str) -> GoType | None:
        """The type of that name; None if no descriptor leads to one."""
        if self._named is None:
            if self._collecting:  # reading descriptors asks for the runtime's own types first
                return None
            self._collecting = True
            self._named = self._collected()
        return self._named.get(name)

    def _collected(self) -> dict[str, GoType]:
        types = RuntimeTypes(self._target)
        found: dict[str, GoType] = {}
        todo: list[GoType] = []
        try:
            for address in listed_types(self._target, types.descriptors):
                todo.append(types.at(address))
                if len(todo) == _MOST:
                    break
        except (ReadError, LayoutError):
            pass  # of a damaged list those before the damage
        while todo and len(found) < _MOST:
            type = todo.pop()
            if type.name not in found:
                found[type.name] = type
                todo += _parts(type)
        return found


def _parts(type: GoType) -> list[GoType]:
    """The types that TYPE is made of."""
    try:
        parts = [field.type for field in type.fields] if type.kind is Kind.STRUCT else []
        if type.kind in (Kind.ARRAY, Kind.POINTER, Kind.SLICE, Kind.CHAN, Kind.MAP):
            parts.append(type.elem)
        if type.kind is Kind.MAP:
            parts.append(type.key)
    except (ReadError, LayoutError):
        return []
    return parts
