"""Whether two builds of a program are laid out alike: the same code and the same variables at the same places.

A build with ``-ldflags=-w`` or ``-s`` has no debug information, but that of a build that is laid out alike describes
it. Go's linker writes into every program a table of all functions, with where each begins and which lines of which
files it comes from (runtime/symtab.go), which is then the same to the byte. Variables move with the section before
them, .go.buildinfo, which has the flags of the build in it: flags of another length are enough to move them.
"""

from __future__ import annotations

from collections.abc import Callable

from gomap.elf.elffile import ElfFile, FileError, Section
from gomap.program.memory import RawRead, ReadError
from gomap.program.target import not_laid_out_as

__all__ = ["files_differ", "memory_differs", "rebuild_differs", "symbols_misfit"]

#: sh_flags of a section that is in memory.
_ALLOCATED = 2
#: Where the header of the table of functions has the one address in it, which a program that may lie anywhere has
#: moved in memory: textStart of runtime.pcHeader, behind eight bytes and two words.
_WORDS_BEFORE_TEXT_START = 2


def rebuild_differs(program: ElfFile, rebuilt: ElfFile, read: RawRead, bias: int) -> str | None:
    """How REBUILT is not laid out as the PROGRAM, or not as what memory has of it; None if it is. Raises FileError."""
    differing = files_differ(program, rebuilt)
    if differing is None and memory_differs(rebuilt, read, bias):
        differing = "the table of functions in memory is not the one that it has"
    return differing


def symbols_misfit(executed: str, symbols: str, read: RawRead, bias_of: Callable[[ElfFile], int]) -> str | None:
    """What to say where the file SYMBOLS has no debug information for the file EXECUTED, or for what memory has of it.

    None if it has, or if one of the two cannot be read: a debugger has it still, or from elsewhere.

    BIAS_OF: gives how much further up in memory a program lies than its file says.
    """
    try:
        program = ElfFile(executed)
        differing = rebuild_differs(program, ElfFile(symbols), read, bias_of(program))
    except FileError:
        return None
    return differing and not_laid_out_as(executed, symbols, differing)


def files_differ(one: ElfFile, other: ElfFile) -> str | None:
    """How the builds ONE and OTHER are not laid out alike; None if they are. Raises FileError."""
    first, second = _places(one), _places(other)
    for name in (*first, *second):
        if first.get(name) != second.get(name):
            return f"{name} {_said(first.get(name))} in the one, and {_said(second.get(name))} in the other"
    tables = _contents(one), _contents(other)
    # A file that has debug information alone has no table in it, but its place.
    return "their functions are not the same" if tables[0] != tables[1] and all(tables) else None


def memory_differs(file: ElfFile, read: RawRead, bias: int) -> bool | None:
    """Whether memory has another table of functions than FILE; None if one of them has none that can be read.

    Raises FileError.
    """
    section, there = _table(file), _contents(file)
    if section is None or not there:
        return None
    try:
        here = read(section.address + bias, len(there))
    except ReadError:
        return None
    start = 8 + _WORDS_BEFORE_TEXT_START * file.pointer_size
    end = start + file.pointer_size
    return (here[:start], here[end:]) != (there[:start], there[end:])


def _places(file: ElfFile) -> dict[str, tuple[int, int]]:
    return {each.name: (each.address, each.size) for each in file.sections if each.flags & _ALLOCATED}


def _said(place: tuple[int, int] | None) -> str:
    return "is not there" if place is None else f"has {place[1]} bytes at {place[0]:#x}"


def _table(file: ElfFile) -> Section | None:
    # In a program that may lie anywhere it is .data.rel.ro.gopclntab.
    return next((each for each in file.sections if each.name.endswith(".gopclntab")), None)


def _contents(file: ElfFile) -> bytes:
    table = _table(file)
    return b"" if table is None else file.contents(table.name)
