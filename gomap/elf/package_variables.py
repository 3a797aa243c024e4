"""All package variables of a process, out of the files that a debugger has read for it.

A debugger that knows no Go would read in all that it has of each package to tell of them. Their files tell at once, if
they are still the ones that it has read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from gomap.elf.elffile import ElfFile, FileError
from gomap.elf.target import open_program
from gomap.language.spelling import package_of
from gomap.program.gotypes import GoType, LayoutError

__all__ = ["LoadedFile", "variables_in"]

#: What the names of sections end with that a program of Go's has that can tell of its variables.
_NEEDED = ("gopclntab", "debug_info")


class LoadedFile(NamedTuple):
    """A file that the debugger has read: the program, a plugin, a library of any kind.

    Attributes:
        path: where it was then.
        places: tells at which addresses the debugger has its package variables, by their full names.
        has_runtime: tells whether the debugger has found Go's runtime in it.
    """

    path: str
    places: Callable[[], Mapping[str, int]]
    has_runtime: Callable[[], bool]


def variables_in(files: Iterable[LoadedFile]) -> dict[str, tuple[int, GoType]] | None:
    """Address and type of all package variables by name, package by package, in alphabetical order.

    None if there are none, or one of the FILES cannot be read any more, or is not what the debugger has read.
    """
    found: dict[str, tuple[int, GoType]] = {}
    for file in files:
        variables = _variables_of(file)
        if variables is None:
            return None
        found = variables | found  # a plugin may have what the program has too
    return {name: found[name] for name in sorted(found, key=lambda name: (package_of(name), name))} or None


def _variables_of(file: LoadedFile) -> dict[str, tuple[int, GoType]] | None:
    """The package variables of one FILE; none if it is none of Go's, None if it cannot be read as it was."""
    try:
        sections = [section.name for section in ElfFile(file.path).sections]
        if not all(any(name.endswith(part) for name in sections) for part in _NEEDED):
            return {}
        return open_program(file.path).variables_where(file.places())
    except (FileError, LayoutError):  # what the kernel maps into every process, say, is no file
        return None if file.has_runtime() else {}
