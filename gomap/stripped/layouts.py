"""How the runtime's own types are laid out in one build of the runtime, as data.

Go's version and the architecture say which runtime is in a program (runtime.buildVersion has the experiments that were
chosen too: ``go1.24.11 X:noswissmap``). All programs that were built with the same have the same runtime. So the types
of a program without debug information are laid out as in one that has it, and there they were noted.

The definition of a type is a list: kind, size in bytes, name, fields, element, key, length, header. It refers to other
types by name. A field is a list of name, type, offset in bytes, and 1 if it is embedded. What is the same in several
runtimes is stored once.
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

__all__ = ["Layouts", "Runtime", "built_in", "name_of_runtime", "packed"]

_FILE = Path(__file__).with_name("layouts.json.zlib")
Definition = Sequence[Any]


class Runtime(NamedTuple):
    """What is noted of one runtime.

    Attributes:
        types: the definition of each type, by the name that others refer to it with.
        variables: the name of each variable's type, by the variable's name.
        contents: what a table holds that no program changes, by the table's name: bytes in hexadecimal, or strings.
        functions: of each function, by name, its fingerprint and its arguments. Of an argument there are its name, its
            type's name, and where it is: lists of the first byte of the function's code for which this is so, the byte
            behind the last, and a DWARF expression in hexadecimal.
    """

    types: Mapping[str, Definition]
    variables: Mapping[str, str]
    contents: Mapping[str, Any]
    functions: Mapping[str, Sequence[Any]]


class Layouts(TypesByName):
    """The types of one runtime, made of their definitions.

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
        """The type that definitions refer to with NAME. Raises LayoutError if nothing is noted of it."""
        if name not in self._made:
            if name not in self.runtime.types:
                raise LayoutError(f"nothing is noted of the type {name}")
            kind, size, spelled, fields, elem, key, length, header = self.runtime.types[name]
            self._made[name] = GoType(
                Kind(kind),
                size,
                spelled,
                fields=partial(self._fields, fields),
                elem=partial(self.referred, elem) if elem else None,
                key=partial(self.referred, key) if key else None,
                length=length,
                header=partial(self.referred, header) if header else None,
            )
        return self._made[name]

    def of_variable(self, name: str) -> GoType | None:
        """The type of the runtime's variable of that name; None if the runtime has none."""
        type = self.runtime.variables.get(name)
        return None if type is None else self.referred(type)

    def _found(self, name: str) -> GoType | None:
        return self.referred(name) if name in self.runtime.types else None

    def _fields(self, fields: Sequence[Sequence[Any]]) -> list[Field]:
        return [Field(name, self.referred(type), offset, bool(embedded)) for name, type, offset, embedded in fields]


def packed(runtimes: Mapping[str, Runtime]) -> bytes:
    """What the file with the layouts holds: all RUNTIMES, by the names that ``name_of_runtime`` gives them."""
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
    """The runtime of a Go version on an architecture as gomap brings it; None if it does not."""
    return _unpacked(_FILE.read_bytes()).get(name_of_runtime(version, architecture))


def name_of_runtime(version: str, architecture: str) -> str:
    """The name for the runtime whose runtime.buildVersion is VERSION.

    >>> name_of_runtime("go1.24.11 X:noswissmap", "amd64")
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
