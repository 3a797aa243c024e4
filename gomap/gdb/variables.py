"""The program's package variables.

Their names come from the symbol table. GDB's 'info variables' would look up each symbol there that the debug
information does not have, which takes a quarter of a minute in a program of 60 MB.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator

import gdb

from gomap.gdb.units import in_unit
from gomap.language.spelling import as_linked, as_written, package_of

__all__ = ["all_of_them", "symbol_of", "variable_names"]

#: ``[ 17] B 0x5f2a10 main.counts section .bss  main.go``; what the compiler made has two dots in a row.
_LISTED = re.compile(
    r"^ *\[ *\d+\] \w 0x[0-9a-f]+ ((?:[^\s/]+/)*[^\s./]+\.[^\W\d]\w*) +section \.(?:noptr)?(?:data|bss)\b", re.MULTILINE
)


def variable_names() -> list[str]:
    """The full names of all package variables, in alphabetical order; some of the linker's symbols are among them."""
    return sorted({as_written(name) for name in _LISTED.findall(_symbol_table())})


def _symbol_table() -> str:
    """GDB's list of the symbol table; bytes of a damaged one that are not UTF-8 are escaped."""
    listing = "maint print msymbols"
    try:
        return str(gdb.execute(listing, to_string=True))
    except UnicodeDecodeError:
        with tempfile.NamedTemporaryFile() as file:
            gdb.execute(f"{listing} -- {file.name}")
            return file.read().decode("utf-8", "backslashreplace")


def symbol_of(name: str) -> gdb.Symbol | None:
    """The package variable of that full name; None if the debug information has none."""
    if "\0" in name:  # GDB's API takes no such name
        return None
    linked = as_linked(name)
    symbol = gdb.lookup_global_symbol(linked) or gdb.lookup_static_symbol(linked) or in_unit(linked)
    return symbol if symbol is not None and symbol.name == linked and _is_variable(symbol) else None


def all_of_them(names: list[str]) -> Iterator[gdb.Symbol]:
    """The package variables of all packages that have one of NAMES, package by package, in alphabetical order.

    Each package is a compile unit; to look for every variable by its name takes GDB ten times as long.
    """
    packages: dict[str, list[str]] = {}
    for name in names:
        packages.setdefault(package_of(name), []).append(name)
    for together in packages.values():
        found = next(filter(None, map(symbol_of, together)), None)
        if found is not None:
            variables = [symbol for symbol in found.symtab.global_block() if _is_variable(symbol) and _name_of(symbol)]
            yield from sorted(variables, key=_name_of)


def _name_of(symbol: gdb.Symbol) -> str:
    """Its name; nothing if it is not UTF-8, as in damaged debug information."""
    try:
        return str(symbol.name)
    except UnicodeDecodeError:
        return ""


def _is_variable(symbol: gdb.Symbol) -> bool:
    return bool(symbol.addr_class == gdb.SYMBOL_LOC_STATIC)
