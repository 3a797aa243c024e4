"""What is in a program's debug information according to binutils' readelf."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gomap.language.spelling import as_written

__all__ = ["Named", "constants_in", "types_in", "variables_in"]


class Named(NamedTuple):
    """A type, or a package variable.

    Attributes:
        descriptor: of a type: where the runtime's descriptor of it is, from runtime.types on; 0 if it has none.
    """

    name: str
    descriptor: int


#: ``<1><4e>: Abbrev Number: 3 (DW_TAG_typedef)``, its name on the next line, and its other attributes.
_ENTRY = re.compile(
    r"^ <1><\w+>: Abbrev Number: \d+ \(DW_TAG_(?P<tag>\w+)\)\n {4}<\w+> +DW_AT_name +: (?P<name>.*)\n"
    r"(?P<rest>(?: {4}<\w+> .*\n)*)",
    re.MULTILINE,
)
_TYPES = {"typedef", "structure_type", "base_type", "array_type", "pointer_type", "subroutine_type"}
_GO = re.compile(r"DW_AT_language +: 22\t")
_CONSTANT = re.compile(r"DW_AT_const_value +: (-?\w+)")
#: DW_AT_go_runtime_type, which it has no name for.
_DESCRIPTOR = re.compile(r"Unknown AT value: 2904: (0x[0-9a-f]+)")


def types_in(program: Path) -> list[Named]:
    """All types; those that a typedef gives a name to are there twice."""
    return [
        Named(as_written(entry["name"]), int(found[1], 16) if (found := _DESCRIPTOR.search(entry["rest"])) else 0)
        for entry in _entries(program)
        if entry["tag"] in _TYPES
    ]


def variables_in(program: Path) -> list[Named]:
    """All package variables."""
    return [
        Named(as_written(entry["name"]), 0)
        for entry in _entries(program)
        if entry["tag"] == "variable" and "DW_OP_addr:" in entry["rest"]
    ]


def constants_in(program: Path) -> dict[str, int]:
    """All constants of packages."""
    return {
        as_written(entry["name"]): int(value[1], 0)
        for entry in _entries(program)
        if entry["tag"] == "constant" and (value := _CONSTANT.search(entry["rest"]))
    }


def _entries(program: Path) -> Iterator[re.Match[str]]:
    """The outermost entries of Go's packages."""
    command = ["readelf", "--debug-dump=info", str(program)]
    listed = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    for unit in listed.stdout.decode(errors="surrogateescape").split("Compilation Unit @ ")[1:]:
        if _GO.search(unit[:4000]):
            yield from _ENTRY.finditer(unit)
