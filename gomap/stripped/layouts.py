"""How the runtime's own types are laid out in one build of the runtime, as data.

Go's version and the architecture say which runtime is in a program (runtime.buildVersion has the experiments that were
chosen too: ``go1.24.11 X:noswissmap``). All programs that were built with the same have the same runtime. So the types
of a program without debug information are laid out as in one that has it, and there they were noted.

The definition of a type is a list: kind, size in bytes, name, fields, element, key, length, header. It refers to other
types by name. A field is a list of name, type, offset in bytes, and 1 if it is embedded.

There is one file for all releases of a version of the language (go1.27.0, go1.27.1, ...), since they hardly differ. It
is compressed JSON with two members. ``parts`` has each name once with each thing that any runtime of the file has noted
under it: lists of two. ``runtimes`` has, by the names of the runtimes, the numbers of their parts.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from gomap.language.types_by_name import TypesByName
from gomap.program.gotypes import Field, GoType, Kind, LayoutError

__all__ = ["RUNTIMES", "Layouts", "Runtime", "built_in", "file_of", "name_of_runtime", "packed", "unpacked"]

#: The directory with the files.
RUNTIMES = Path(__file__).with_name("runtimes")
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


def built_in(version: str, architecture: str) -> Runtime | None:
    """The runtime of a Go version on an architecture as gomap brings it; None if it does not.

    That of a near release does not stand in for it: runtime.m is another from go1.24.3 to go1.24.11, for one.
    """
    file = file_of(version)
    if file is None or not file.exists():
        return None
    whole = _read(file.read_bytes())
    numbers = whole["runtimes"].get(name_of_runtime(version, architecture))
    return None if numbers is None else _runtime(numbers, whole["parts"])


def name_of_runtime(version: str, architecture: str) -> str:
    """The name for the runtime whose runtime.buildVersion is VERSION.

    >>> name_of_runtime("go1.24.11 X:noswissmap", "amd64")
    'go1.24.11 X:noswissmap amd64'
    """
    return f"{version} {architecture}"


def file_of(version: str) -> Path | None:
    """The file that has the runtimes of VERSION, a runtime.buildVersion, if any has; None if that names no release.

    >>> file_of("go1.24.11 X:noswissmap").name
    'go1.24.json.zlib'
    """
    language = re.match(r"go1\.\d+", version, re.ASCII)
    return None if language is None else RUNTIMES / f"{language[0]}.json.zlib"


def packed(runtimes: Mapping[str, Runtime]) -> bytes:
    """What the file with RUNTIMES holds, which have the names that ``name_of_runtime`` gives them."""
    numbers: dict[str, int] = {}
    listed = {
        called: [
            [numbers.setdefault(json.dumps(part), len(numbers)) for part in sorted(parts.items())] for parts in each
        ]
        for called, each in sorted(runtimes.items())
    }
    whole = {"parts": [json.loads(part) for part in numbers], "runtimes": listed}
    return zlib.compress(json.dumps(whole, separators=(",", ":")).encode(), 9)


def unpacked(content: bytes) -> dict[str, Runtime]:
    """All runtimes in such a file, as ``packed`` takes them."""
    whole = _read(content)
    return {called: _runtime(listed, whole["parts"]) for called, listed in whole["runtimes"].items()}


def _read(content: bytes) -> Any:
    return json.loads(zlib.decompress(content))


def _runtime(listed: Sequence[Sequence[int]], parts: Sequence[tuple[str, Any]]) -> Runtime:
    return Runtime(*(dict(parts[number] for number in numbers) for numbers in listed))
