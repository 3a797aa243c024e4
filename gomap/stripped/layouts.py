"""How the runtime's own types are laid out in one build of the runtime, as data.

A program without debug information has the runtime in it that a Go version brings for an architecture, and its version
says which (runtime.buildVersion, with the experiments that were chosen: ``go1.24.11 X:noswissmap``). Whatever else was
built with the same has the same runtime, so how that one's types are laid out was noted from its debug information.

A definition is a list: kind, size, name, fields, element, key, length, header. Types are referred to by name; a field
is a list of name, type, offset, embedded. What is the same in several runtimes is there once.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from gomap.language.types_by_name import TypesByName
from gomap.program.gotypes import Field, GoType, Kind, LayoutError

__all__ = ["Layouts", "Runtime", "built_in", "known", "packed"]

_FILE = Path(__file__).with_name("layouts.json.zlib")
Definition = Sequence[Any]


class Runtime(NamedTuple):
    """What is noted of one runtime.

    Attributes:
        types: definitions by the names that they are referred to with.
        variables: the names of the types of its variables.
        contents: what tables hold that no program changes: bytes in hexadecimal, or a list of strings.
        functions: by the names of functions their fingerprint, and of each argument its name, its type, and where it
            is: from which byte of the code on to which, and an expression of DWARF in hexadecimal.
    """

    types: Mapping[str, Definition]
    variables: Mapping[str, str]
    contents: Mapping[str, Any]
    functions: Mapping[str, Sequence[Any]]


class Layouts(TypesByName):
    """The types of one runtime.

    Args:
        runtime: what is noted of it.
        pointer_size: 4 or 8.

    Attributes:
        runtime: as given.
    """

    def __init__(self, runtime: Runtime, pointer_size: int) -> None:
        super().__init__(pointer_size)
        self.runtime = runtime
        self._made: dict[str, GoType] = {}

    def referred(self, name: str) -> GoType:
        """The type that is referred to with NAME. Raises LayoutError if nothing is noted of it."""
        return self._at(name)

    def of_variable(self, name: str) -> GoType | None:
        """The type of that variable of the runtime's; None if it has none of that name."""
        type = self.runtime.variables.get(name)
        return None if type is None else self._at(type)

    def _found(self, name: str) -> GoType | None:
        return self._at(name) if name in self.runtime.types else None

    def _at(self, name: str) -> GoType:
        if name not in self._made:
            if name not in self.runtime.types:
                raise LayoutError(f"nothing is noted of the type {name}")
            kind, size, spelled, fields, elem, key, length, header = self.runtime.types[name]
            self._made[name] = GoType(
                Kind(kind),
                size,
                spelled,
                fields=partial(self._fields, fields),
                elem=partial(self._at, elem) if elem else None,
                key=partial(self._at, key) if key else None,
                length=length,
                header=partial(self._at, header) if header else None,
            )
        return self._made[name]

    def _fields(self, fields: Sequence[Sequence[Any]]) -> list[Field]:
        return [Field(name, self._at(type), offset, bool(embedded)) for name, type, offset, embedded in fields]


def packed(runtimes: Mapping[str, Runtime]) -> bytes:
    """RUNTIMES, by what ``known`` calls them, as the file has them."""
    numbers: dict[str, int] = {}
    listed = {
        called: [
            {name: numbers.setdefault(json.dumps(one), len(numbers)) for name, one in sorted(each.types.items())},
            each.variables,
            each.contents,
            each.functions,
        ]
        for called, each in sorted(runtimes.items())
    }
    # Names that say the same as their definitions are left out.
    definitions = [json.loads(one) for one in numbers]
    whole = {
        "definitions": definitions,
        "runtimes": {
            called: [
                [number for name, number in types.items() if definitions[number][2] == name],
                {name: number for name, number in types.items() if definitions[number][2] != name},
                *rest,
            ]
            for called, (types, *rest) in listed.items()
        },
    }
    return zlib.compress(json.dumps(whole, separators=(",", ":")).encode(), 9)


def built_in(version: str, architecture: str) -> Runtime | None:
    """What gomap brings of the runtime of a Go version on an architecture; None if nothing."""
    return _unpacked(_FILE.read_bytes()).get(known(version, architecture))


def known(version: str, architecture: str) -> str:
    """What the runtime is called whose runtime.buildVersion is VERSION.

    >>> known("go1.24.11 X:noswissmap", "amd64")
    'go1.24.11 X:noswissmap amd64'
    """
    return f"{version} {architecture}"


def _unpacked(content: bytes) -> dict[str, Runtime]:
    whole = json.loads(zlib.decompress(content))
    definitions = whole["definitions"]
    return {
        called: Runtime(
            {definitions[number][2]: definitions[number] for number in numbers}
            | {name: definitions[number] for name, number in others.items()},
            *rest,
        )
        for called, (numbers, others, *rest) in whole["runtimes"].items()
    }
