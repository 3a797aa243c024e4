"""The program's package variables.

Their names come from the symbol table, their types from the program's own file: GDB would read in the whole debug
information of each package that has one, which takes a quarter of a minute in a program of 60 MB ('info variables'
does that, and looks up each symbol besides).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from re import Pattern

import gdb

from gomap.gdb.dwarf import DwarfTypes
from gomap.language.spelling import as_linked, as_written, package_of
from gomap.language.told_by_gdb import IN_GO_PACKAGES, VARIABLES, addresses_in, list_symbols
from gomap.program.gotypes import GoType
from gomap.program.package_variables import FoundVariables

__all__ = ["PackageVariables", "addresses_of"]


class PackageVariables(FoundVariables):
    """The package variables of one program, as long as its files stay the same.

    Args:
        types: its types.
    """

    def __init__(self, types: DwarfTypes) -> None:
        super().__init__()
        self._types = types

    @cached_property
    def names(self) -> list[str]:
        """Their full names, in alphabetical order; some of the linker's symbols are among them."""
        return sorted(addresses_of(VARIABLES))

    def symbol(self, name: str) -> gdb.Symbol | None:
        """The variable of that full name; None if the debug information has none."""
        if "\0" in name:  # GDB's API takes no such name
            return None
        linked = as_linked(name)
        symbol = gdb.lookup_global_symbol(linked) or gdb.lookup_static_symbol(linked) or self._hidden(linked)
        return symbol if symbol is not None and symbol.name == linked and _is_variable(symbol) else None

    def at_once(self) -> dict[str, tuple[int, GoType]] | None:
        from gomap.elf.package_variables import LoadedFile, variables_in

        return variables_in(
            LoadedFile(
                objfile.filename,
                partial(addresses_of, VARIABLES, objfile.filename),
                partial(_has_runtime, objfile),
            )
            for objfile in gdb.objfiles()
        )

    def one_by_one(self) -> Iterator[tuple[str, int, GoType]]:
        # Each package is a compile unit, of which one variable leads to all others.
        packages: dict[str, list[str]] = {}
        for name in self.names:
            packages.setdefault(package_of(name), []).append(name)
        for together in packages.values():
            found = next(filter(None, map(self.symbol, together)), None)
            if found is not None:
                variables = [
                    symbol for symbol in found.symtab.global_block() if _is_variable(symbol) and _name_of(symbol)
                ]
                for symbol in sorted(variables, key=_name_of):
                    yield as_written(_name_of(symbol)), int(symbol.value().address), self._types.of(symbol.type)

    def found(self, name: str) -> tuple[int, GoType] | None:
        symbol = self.symbol(name)
        address = None if symbol is None else symbol.value().address
        return None if symbol is None or address is None else (int(address), self._types.of(symbol.type))

    def size_of(self, name: str) -> int | None:
        """How many bytes the variable has whose name the linker spells that way; None if it is none."""
        if self._all is not None:  # for GDB to look it up takes it some milliseconds
            known = self._all.get(as_written(name))
            return known and known[1].size
        found = gdb.lookup_global_symbol(name)
        return int(found.type.sizeof) if found is not None and found.is_variable else None

    def _hidden(self, linked: str) -> gdb.Symbol | None:
        """The variable of that full name, if it is one that GDB lists, and does not find.

        It takes a name that begins with ``go.`` (``go.uber.org/zap.x``) for one that gccgo mangled, and looks for what
        it makes of it, ``org/zap.x``. But it is in the block around any function of its package.
        """
        function = self._in_hidden_packages.get(as_written(package_of(linked))) if linked.startswith("go.") else None
        block = None if function is None else gdb.block_for_pc(function)
        return next((symbol for symbol in block.global_block if symbol.name == linked), None) if block else None

    @cached_property
    def _in_hidden_packages(self) -> dict[str, int]:
        """An address in each package whose path begins with ``go.``."""
        return addresses_of(IN_GO_PACKAGES)


def _has_runtime(objfile: gdb.Objfile) -> bool:
    return objfile.lookup_global_symbol("runtime.firstmoduledata") is not None


def _name_of(symbol: gdb.Symbol) -> str:
    """Its name; nothing if it is not UTF-8, as in damaged debug information."""
    try:
        return str(symbol.name)
    except UnicodeDecodeError:
        return ""


def addresses_of(rows: Pattern[str], path: str | None = None) -> dict[str, int]:
    """Addresses by name, of those ROWS of the symbol table of the file at PATH, or of all files."""
    return addresses_in(_listed(path), rows)


def _listed(path: str | None) -> str:
    """The symbol table of that file, or of all, as GDB lists it; bytes that are not UTF-8 are escaped."""
    listing = list_symbols(path)
    try:
        return str(gdb.execute(listing, to_string=True))
    except UnicodeDecodeError:
        import tempfile

        with tempfile.NamedTemporaryFile() as file:
            gdb.execute(f"{listing} -- {file.name}")
            return file.read().decode("utf-8", "backslashreplace")


def _is_variable(symbol: gdb.Symbol) -> bool:
    return bool(symbol.addr_class == gdb.SYMBOL_LOC_STATIC)
