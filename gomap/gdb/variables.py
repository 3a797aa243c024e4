"""The program's package variables.

Their names come from the symbol table, their types from the program's own file: GDB would read in the whole debug
information of each package that has one, which takes a quarter of a minute in a program of 60 MB ('info variables'
does that, and looks up each symbol besides).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property, partial

import gdb

from gomap.gdb.dwarf import DwarfTypes
from gomap.language.spelling import as_linked, as_written, package_of
from gomap.program.gotypes import GoType

__all__ = ["PackageVariables", "addresses_of", "in_files"]

#: ``[ 17] B 0x5f2a10 main.counts section .bss  main.go``; what the compiler made has two dots in a row.
_LISTED = re.compile(
    r"^ *\[ *\d+\] \w 0x([0-9a-f]+) ((?:[^\s/]+/)*[^\s./]+\.[^\W\d]\w*) +section \.(?:noptr)?(?:data|bss)\b",
    re.MULTILINE,
)
#: A function of a package whose path begins with ``go.``.
_IN_HIDDEN = re.compile(
    r"^ *\[ *\d+\] \w 0x([0-9a-f]+) (go\.(?:[^\s/]+/)*[^\s./]+)\.\w+ +section \.text\b", re.MULTILINE
)


class PackageVariables:
    """The package variables of one program, as long as its files stay the same.

    Args:
        types: its types.
    """

    def __init__(self, types: DwarfTypes) -> None:
        self._types = types
        #: All of them, by name and in order, once somebody asked for all.
        self._all: dict[str, tuple[int, GoType]] | None = None
        #: Those that were asked for and are there.
        self._named: dict[str, tuple[int, GoType]] = {}

    @cached_property
    def names(self) -> list[str]:
        """Their full names, in alphabetical order; some of the linker's symbols are among them."""
        return sorted(addresses_of(_LISTED))

    def named(self, name: str) -> tuple[int, GoType] | None:
        """Address and type of the one of that full name."""
        if name not in self._named:
            symbol = self.symbol(name)
            address = None if symbol is None else symbol.value().address
            if symbol is None or address is None:
                return None
            self._named[name] = int(address), self._types.of(symbol.type)
        return self._named[name]

    def symbol(self, name: str) -> gdb.Symbol | None:
        """The variable of that full name; None if the debug information has none."""
        if "\0" in name:  # GDB's API takes no such name
            return None
        linked = as_linked(name)
        symbol = gdb.lookup_global_symbol(linked) or gdb.lookup_static_symbol(linked) or self._hidden(linked)
        return symbol if symbol is not None and symbol.name == linked and _is_variable(symbol) else None

    def all(self) -> Iterator[tuple[str, int, GoType]]:
        """Name, address and type of all, package by package, in alphabetical order; each as soon as it is found."""
        if self._all is None:
            self._all = in_files()
        if self._all is not None:
            yield from ((name, *found) for name, found in self._all.items())
            return
        listed: dict[str, tuple[int, GoType]] = {}
        for name, address, type in self.in_gdb():
            listed[name] = address, type
            yield name, address, type
        self._all = listed

    def in_gdb(self) -> Iterator[tuple[str, int, GoType]]:
        """All, by GDB's symbols: each package is a compile unit, of which one variable leads to all others."""
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
        return addresses_of(_IN_HIDDEN)


def in_files() -> dict[str, tuple[int, GoType]] | None:
    """Address and type of all package variables by name, as the files of the program and its plugins have them.

    None where one of these cannot be read any more, or is not what GDB has read.
    """
    from gomap.elf.package_variables import LoadedFile, variables_in

    return variables_in(
        LoadedFile(
            objfile.filename,
            partial(addresses_of, _LISTED, objfile.filename),
            partial(_has_runtime, objfile),
        )
        for objfile in gdb.objfiles()
    )


def _has_runtime(objfile: gdb.Objfile) -> bool:
    return objfile.lookup_global_symbol("runtime.firstmoduledata") is not None


def _name_of(symbol: gdb.Symbol) -> str:
    """Its name; nothing if it is not UTF-8, as in damaged debug information."""
    try:
        return str(symbol.name)
    except UnicodeDecodeError:
        return ""


def addresses_of(symbols: re.Pattern[str], path: str | None = None) -> dict[str, int]:
    """Addresses by name, as SYMBOLS finds them in the symbol table of the file at PATH, or in those of all files."""
    return {as_written(name): int(address, 16) for address, name in symbols.findall(_listed(path))}


def _listed(path: str | None) -> str:
    """The symbol table of that file, or of all, as GDB lists it; bytes that are not UTF-8 are escaped."""
    listing = "maint print msymbols"
    if path is not None:
        listing += " -objfile " + re.sub(r"([\s'\"\\])", r"\\\1", path)
    try:
        return str(gdb.execute(listing, to_string=True))
    except UnicodeDecodeError:
        import tempfile

        with tempfile.NamedTemporaryFile() as file:
            gdb.execute(f"{listing} -- {file.name}")
            return file.read().decode("utf-8", "backslashreplace")


def _is_variable(symbol: gdb.Symbol) -> bool:
    return bool(symbol.addr_class == gdb.SYMBOL_LOC_STATIC)
