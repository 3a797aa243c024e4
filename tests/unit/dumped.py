"""Real memory without a debugger: what the Go program tests/fixtures/values says about itself, and an Image of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from gomap.program.gotypes import Field, GoType, Kind
from gomap.program.target import Symbol
from tests.fixtures.builds import Experiment, build
from tests.unit.image import Image

__all__ = ["CONFIGURATIONS", "Configuration", "Dump", "dump_of"]


class Configuration(NamedTuple):
    """How the program is compiled. Between them: both layouts of descriptors, of maps, and sizes of a pointer."""

    go: str
    experiment: Experiment | None = None
    goarch: str = "amd64"

    def __str__(self) -> str:
        return "-".join(filter(None, self))


CONFIGURATIONS = (
    Configuration("1.19"),
    Configuration("1.24.11", "noswissmap"),
    Configuration("1.27.3"),
    Configuration("1.27.3", goarch="386"),
)


class Dump(NamedTuple):
    """The program's memory, and what it says is there (tests/fixtures/values/main.go has the fields)."""

    image: Image
    said: dict[str, Any]


def dump_of(configuration: Configuration, directory: Path) -> Dump:
    """Run the program, its memory written below DIRECTORY."""
    program = build("values", configuration.go, experiment=configuration.experiment, goarch=configuration.goarch)
    memory = directory / "memory"
    printed = subprocess.run([program, memory], capture_output=True, check=True, timeout=60).stdout
    said = json.loads(printed)
    content = memory.read_bytes()
    memory.unlink()
    types = _types(said["structs"], said["pointer_size"])
    image = Image(
        {each["address"]: content[each["offset"] : each["offset"] + each["length"]] for each in said["segments"]},
        pointer_size=said["pointer_size"],
        types=types.values(),
        variables=[(name, each["address"], types[each["type"]]) for name, each in said["variables"].items()],
        symbols=[Symbol(each["name"], each["address"], each["size"]) for each in said["functions"]],
    )
    return Dump(image, said)


def _types(structs: dict[str, Any], pointer_size: int) -> dict[str, GoType]:
    types: dict[str, GoType] = {}

    def fields_of(name: str) -> Callable[[], list[Field]]:
        fields = structs[name]["fields"] or []
        return lambda: [Field(each["name"], types[each["type"]], each["offset"]) for each in fields]

    def elem_of(name: str) -> Callable[[], GoType | None]:
        return lambda: types.get(structs[name]["elem"])

    for name, each in structs.items():
        kind = Kind.UNSAFE_POINTER if name == "*void" else Kind(each["kind"])
        size = pointer_size if kind is Kind.FUNC else each["size"]
        types[name] = GoType(kind, size, name, fields=fields_of(name), elem=elem_of(name), length=each["length"])
    return types
