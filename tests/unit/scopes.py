"""An expression's scope without a debugger: an image of memory, its variables by name, and nobody else to ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gomap.expressions.go_values import ExpressionError, GoValue, in_memory
from gomap.program.gotypes import GoType
from gomap.program.program import Program
from tests.unit.image import Image

__all__ = ["ImageScope"]


class _NamedImage:
    """IMAGE, with types and variables that a test knows besides."""

    def __init__(self, image: Image, types: Mapping[str, GoType], variables: Mapping[str, tuple[int, GoType]]) -> None:
        self.memory = image.memory
        self.pointer_size = image.pointer_size
        self.byte_order = image.byte_order
        self.architecture = image.architecture
        self.other_build = image.other_build
        self.signal = image.signal
        self.symbol_at = image.symbol_at
        self.threads = image.threads
        self.variable_names = sorted(variables)
        self._image, self._types, self._variables = image, types, variables

    def type_named(self, name: str) -> GoType | None:
        return self._types.get(name) or self._image.type_named(name)

    def variable(self, name: str) -> tuple[int, GoType] | None:
        return self._variables.get(name) or self._image.variable(name)

    def variables(self) -> Iterator[tuple[str, int, GoType]]:
        return ((name, *self._variables[name]) for name in self.variable_names)


class ImageScope:
    """Package variables and locals, each given by its address and type; the selected frame is of package main.

    Attributes:
        evaluated: what scope.evaluate was asked, in turn; it understands nothing.
    """

    def __init__(
        self,
        image: Image,
        *,
        variables: Mapping[str, tuple[int, GoType]] | None = None,
        locals: Mapping[str, tuple[int, GoType]] | None = None,
        types: Iterable[GoType] = (),
    ) -> None:
        variables = variables or {}
        self.program = Program(_NamedImage(image, {type.name: type for type in types}, variables))
        self.evaluated: list[str] = []
        self._locals = locals or {}

    def without(self, name: str) -> str:
        return "the selected frame or its package"

    def local(self, name: str) -> GoValue | None:
        if name not in self._locals:
            return None
        address, type = self._locals[name]
        return in_memory(self.program, type, name, address)

    def locals(self) -> list[str]:
        return list(self._locals)

    def packages(self) -> list[str]:
        return ["main"]

    def evaluate(self, text: str) -> GoValue:
        self.evaluated.append(text)
        raise ExpressionError(f"{text}: not understood")
