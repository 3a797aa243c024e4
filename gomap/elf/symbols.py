"""The symbol table of a program: which function or variable an address is in, and which variables there are.

Addresses are those of the file: a position-independent program lies elsewhere in memory.
"""

from __future__ import annotations

import bisect
import re
import struct
from functools import cached_property
from typing import NamedTuple

from gomap.elf.elffile import ElfFile
from gomap.language.spelling import as_written
from gomap.program.target import Symbol

__all__ = ["SymbolTable"]

#: STT_OBJECT, STT_FUNC.
_OBJECT, _FUNCTION = 1, 2
#: What the linker puts behind the name of a function that takes its arguments on the stack, as assembler has it.
_OLD_CONVENTION = ".abi0"
#: So many symbols may begin between an address and the one that covers it.
_NESTED = 4
#: Where package variables lie.
_DATA = {".data", ".bss", ".noptrdata", ".noptrbss"}
#: ``main.counts``; what the compiler made (``main..stmp_1``) has two dots in a row.
_VARIABLE = re.compile(r"(?:[^\s/]+/)*[^\s./]+\.[^\W\d]\w*")


class _Entry(NamedTuple):
    address: int
    size: int
    name: int
    type: int
    section: int


class SymbolTable:
    """What .symtab says; nothing, where a program was stripped of it. Raises FileError when first asked."""

    def __init__(self, file: ElfFile) -> None:
        self._file = file

    def at(self, address: int) -> Symbol | None:
        """The function or variable that covers ADDRESS."""
        # The first that comes before it need not reach it: what the linker puts a name to may lie within another.
        place = bisect.bisect_right(self._covering, (address, 1 << 64))
        for entry in reversed(self._covering[max(place - _NESTED, 0) : place]):
            if address < entry.address + entry.size:
                return Symbol(as_written(self._name(entry)).removesuffix(_OLD_CONVENTION), entry.address, entry.size)
        return None

    def address_of(self, name: str) -> int | None:
        """Where the symbol of exactly that name is, as the linker spells it."""
        wanted = name.encode() + b"\0"
        places, place = set(), self._names.find(wanted)
        while place >= 0:  # a linker may have a name as the end of a longer one
            places.add(place)
            place = self._names.find(wanted, place + 1)
        return next((each.address for each in self._entries if each.name in places), None)

    @cached_property
    def variables(self) -> list[str]:
        """The full names of all package variables, in alphabetical order; some of the linker's own are among them."""
        sections = {number for number, each in enumerate(self._file.sections) if each.name in _DATA}
        names = {self._name(each) for each in self._entries if each.section in sections and each.type != _FUNCTION}
        return sorted(as_written(name) for name in names if _VARIABLE.fullmatch(name))

    @cached_property
    def _covering(self) -> list[_Entry]:
        return sorted(each for each in self._entries if each.size and each.type in (_OBJECT, _FUNCTION))

    @cached_property
    def _entries(self) -> list[_Entry]:
        content = self._file.contents(".symtab")
        if self._file.pointer_size == 8:
            layout = struct.Struct(self._file.endian + "IBxHQQ")
            entries = (
                _Entry(address, size, name, info & 0xF, section)
                for name, info, section, address, size in layout.iter_unpack(_whole(content, layout.size))
            )
        else:
            layout = struct.Struct(self._file.endian + "IIIBxH")
            entries = (
                _Entry(address, size, name, info & 0xF, section)
                for name, address, size, info, section in layout.iter_unpack(_whole(content, layout.size))
            )
        return [each for each in entries if each.section]  # those without a section are defined elsewhere

    @cached_property
    def _names(self) -> bytes:
        table = self._file.section(".symtab")
        if table is None or not 0 <= table.link < len(self._file.sections):
            return b""
        return self._file.contents(self._file.sections[table.link].name)

    def _name(self, entry: _Entry) -> str:
        end = self._names.find(b"\0", entry.name)
        return self._names[entry.name : max(end, entry.name)].decode("utf-8", "backslashreplace")


def _whole(content: bytes, size: int) -> bytes:
    """As much of CONTENT as makes whole entries."""
    return content[: len(content) // size * size]
