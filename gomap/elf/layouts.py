"""Whether two builds of a program are laid out alike: the same code and the same variables at the same places.

A build with ``-ldflags=-w`` or ``-s`` has no debug information, but that of a build that is laid out alike describes
it. Go's linker writes into every program a table of all functions, with where each begins and which lines of which
files it comes from (runtime/symtab.go), which is then the same to the byte. Variables move with the section before
them, .go.buildinfo, which has the flags of the build in it: flags of another length are enough to move them.
"""

from __future__ import annotations

from pathlib import Path

from gomap.elf.elffile import ElfFile, FileError

__all__ = ["laid_out_alike"]

#: sh_flags of a section that is in memory.
_ALLOCATED = 2


def laid_out_alike(one: Path, other: Path) -> bool | None:
    """Whether all that is in memory lies at the same places in two builds; None if a file cannot be read."""
    try:
        first, second = ElfFile(one), ElfFile(other)
        if _places(first) != _places(second):
            return False
        tables = _functions(first), _functions(second)
    except FileError:
        return None
    # A file that has debug information alone has no table in it, but its place.
    return tables[0] == tables[1] or not all(tables)


def _places(file: ElfFile) -> list[tuple[str, int, int]]:
    return [(each.name, each.address, each.size) for each in file.sections if each.flags & _ALLOCATED]


def _functions(file: ElfFile) -> bytes:
    # In a program that may lie anywhere it is .data.rel.ro.gopclntab.
    table = next((each for each in file.sections if each.name.endswith(".gopclntab")), None)
    return b"" if table is None else file.contents(table.name)
