"""Types by name, whoever reads the debug information: spelled as Go or as DWARF spells them, pointers included."""

from __future__ import annotations

import abc

from gomap.language.spelling import as_in_dwarf
from gomap.program.gotypes import GoType, Kind

__all__ = ["TypesByName", "predeclared"]

#: Kinds that are always there, whether or not the program has a variable of them.
_PREDECLARED = frozenset(kind for kind in Kind if kind.integer) | {
    *(Kind.BOOL, Kind.FLOAT32, Kind.FLOAT64, Kind.COMPLEX64, Kind.COMPLEX128, Kind.UNSAFE_POINTER)
}


def predeclared(pointer_size: int) -> dict[str, GoType]:
    """Types that mean the same in every program, by name: numbers, bool and unsafe.Pointer."""
    return {kind.value: GoType(kind, kind.fixed_size(pointer_size), kind.value) for kind in _PREDECLARED}


class TypesByName(abc.ABC):
    """The types of one program, each looked up once.

    Args:
        pointer_size: 4 or 8.
    """

    def __init__(self, pointer_size: int) -> None:
        self._pointer_size = pointer_size
        self._named: dict[str, GoType | None] = {}

    def named(self, name: str) -> GoType | None:
        """The type of that name; None if the program has none. Raises whatever its reader does."""
        if name not in self._named:
            self._named[name] = self._look_up(name)
        return self._named[name]

    @abc.abstractmethod
    def _found(self, name: str) -> GoType | None:
        """The type that the debug information has under just that name, but for its dots (see as_linked)."""

    def _look_up(self, name: str) -> GoType | None:
        found = self._found(name)
        if found is not None:
            return found
        if name.startswith("*"):
            elem = self.named(name[1:])
            return elem and GoType(Kind.POINTER, self._pointer_size, "*" + elem.name, elem=elem)
        spelled = as_in_dwarf(name)
        return self.named(spelled) if spelled != name else predeclared(self._pointer_size).get(name)
