"""The program's package variables.

Their names come from the symbol table, their types from the program's own file: GDB would read in the whole debug
information of each package that has one, which takes a quarter of a minute in a program of 60 MB ('info variables'
does that, and looks up each symbol besides).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import gdb

from gomap.gdb.units import in_unit
from gomap.language.spelling import as_linked, as_written, package_of
from gomap.program.gotypes import GoType, LayoutError

__all__ = ["symbol_of", "symbols_of", "variable_names", "variables_in_files", "variables_in_gdb"]

#: ``[ 17] B 0x5f2a10 main.counts section .bss  main.go``; what the compiler made has two dots in a row.
_LISTED = re.compile(
    r"^ *\[ *\d+\] \w 0x([0-9a-f]+) ((?:[^\s/]+/)*[^\s./]+\.[^\W\d]\w*) +section \.(?:noptr)?(?:data|bss)\b",
    re.MULTILINE,
)


def variable_names() -> list[str]:
    """The full names of all package variables, in alphabetical order; some of the linker's symbols are among them."""
    return sorted({as_written(name) for _, name in _LISTED.findall(symbols_of())})


def symbol_of(name: str) -> gdb.Symbol | None:
    """The package variable of that full name; None if the debug information has none."""
    if "\0" in name:  # GDB's API takes no such name
        return None
    linked = as_linked(name)
    symbol = gdb.lookup_global_symbol(linked) or gdb.lookup_static_symbol(linked) or in_unit(linked)
    return symbol if symbol is not None and symbol.name == linked and _is_variable(symbol) else None


def variables_in_files() -> list[tuple[str, int, GoType]] | None:
    """Name, address and type of all package variables, package by package, in alphabetical order.

    They come from the files of the program and its plugins. None where one of these cannot be read any more, or is not
    what GDB has read.
    """
    found: dict[str, tuple[int, GoType]] = {}
    for objfile in gdb.objfiles():
        variables = _in_file(objfile)
        if variables is None:
            return None
        for name, address, type in variables:
            found.setdefault(name, (address, type))  # a plugin may have what the program has too
    return [(name, *found[name]) for name in sorted(found, key=lambda name: (package_of(name), name))] or None


def variables_in_gdb(names: list[str]) -> Iterator[tuple[str, int, gdb.Type]]:
    """The same by GDB's symbols: each package is a compile unit, of which one of NAMES leads to all others."""
    packages: dict[str, list[str]] = {}
    for name in names:
        packages.setdefault(package_of(name), []).append(name)
    for together in packages.values():
        found = next(filter(None, map(symbol_of, together)), None)
        if found is not None:
            variables = [symbol for symbol in found.symtab.global_block() if _is_variable(symbol) and _name_of(symbol)]
            for symbol in sorted(variables, key=_name_of):
                yield as_written(_name_of(symbol)), int(symbol.value().address), symbol.type


def _name_of(symbol: gdb.Symbol) -> str:
    """Its name; nothing if it is not UTF-8, as in damaged debug information."""
    try:
        return str(symbol.name)
    except UnicodeDecodeError:
        return ""


def _in_file(objfile: gdb.Objfile) -> list[tuple[str, int, GoType]] | None:
    """Name, address and type of the package variables that a file of Go's has, which GDB has read.

    None if there is no such file any more, or GDB has read another one under that name.
    """
    from gomap.elf.elffile import ElfFile, FileError
    from gomap.elf.target import open_program

    path = objfile.filename
    try:
        sections = [section.name for section in ElfFile(Path(path)).sections]
        if not all(any(name.endswith(part) for name in sections) for part in ("gopclntab", "debug_info")):
            return []
        variables = list(open_program(Path(path)).variables())
    except (FileError, LayoutError):  # what the kernel maps into every process, say, is no file
        return [] if objfile.lookup_global_symbol("runtime.firstmoduledata") is None else None
    known = {as_written(name): int(address, 16) for address, name in _LISTED.findall(symbols_of(path))}
    moved = {known[name] - address for name, address, _ in variables if name in known}
    if len(moved) != 1:
        return None
    (bias,) = moved
    return [(name, address + bias, type) for name, address, type in variables]


def symbols_of(path: str | None = None) -> str:
    """The symbol table of that file, or of all, as GDB lists it; bytes that are not UTF-8 are escaped."""
    listing = "maint print msymbols"
    if path is not None:
        listing += " -objfile " + re.sub(r"([\s'\"\\])", r"\\\1", path)
    try:
        return str(gdb.execute(listing, to_string=True))
    except UnicodeDecodeError:
        with tempfile.NamedTemporaryFile() as file:
            gdb.execute(f"{listing} -- {file.name}")
            return file.read().decode("utf-8", "backslashreplace")


def _is_variable(symbol: gdb.Symbol) -> bool:
    return bool(symbol.addr_class == gdb.SYMBOL_LOC_STATIC)
