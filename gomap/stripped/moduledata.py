"""Finds runtime.firstmoduledata of a program without symbols: it points to the program's table of functions.

The table begins with a magic number, the length of the machine's shortest instruction and the size of a pointer
(runtime/symtab.go: pcHeader; debug/gosym reads it), and the first word of moduledata points to it. What else moduledata
says has to agree with the table: where the table's parts are, and how many functions it is for.
"""

from __future__ import annotations

from collections.abc import Iterator

from gomap.elf.elffile import LOAD, ElfFile
from gomap.program.gotypes import GoType
from gomap.program.memory import ReadError
from gomap.program.structs import Struct
from gomap.program.target import Target
from gomap.stripped.sections import Sections

__all__ = ["find_moduledata", "function_tables"]

#: Numbers that a table begins with, from Go 1.18 and from Go 1.20 on (internal/abi/symtab.go).
_MAGICS = (0xFFFFFFF0, 0xFFFFFFF1)
_QUANTA = (1, 2, 4)
#: The parts of the table, and where its header says that they begin, from the header on.
_PARTS = {
    "funcnametab": "funcnameOffset",
    "cutab": "cuOffset",
    "filetab": "filetabOffset",
    "pctab": "pctabOffset",
    "pclntable": "pclnOffset",
}


def function_tables(file: ElfFile) -> Iterator[int]:
    """Addresses, as FILE has them, at which a table of functions may begin; likely ones first. Raises FileError."""
    for section in file.sections:
        if section.name.endswith(".gopclntab"):
            yield section.address
    for magic in _MAGICS:
        for quantum in _QUANTA:
            begins = magic.to_bytes(4, file.byte_order) + bytes([0, 0, quantum, file.pointer_size])
            for segment in file.segments:
                if segment.type != LOAD:
                    continue
                content = file.bytes_at(segment.offset, segment.file_size)
                at = content.find(begins)
                while at >= 0:
                    yield segment.address + at
                    at = content.find(begins, at + 1)


def find_moduledata(target: Target, type: GoType, tables: Iterator[int], sections: Sections) -> int | None:
    """The address of the moduledata that points to one of TABLES and agrees with it; None if there is none.

    Args:
        type: runtime.moduledata.
        tables: where a table of functions may begin in memory.
        sections: where the moduledata may be.
    """
    header = Struct(type.field("pcHeader").type.elem, target)
    offset = type.field("pcHeader").offset
    for table in tables:
        for at in sections.find_word(table):
            try:
                if _agrees(target, type, at - offset, header, table):
                    return at - offset
            except ReadError:
                continue
    return None


def _agrees(target: Target, type: GoType, address: int, header: Struct, table: int) -> bool:
    """Whether the moduledata of the TABLE, which begins with that HEADER, can be at ADDRESS. Raises ReadError."""
    parts = [name for name, offset in _PARTS.items() if header.type.find(offset)]
    found = Struct(type, target).some(
        "text", "etext", "minpc", "maxpc", "ftab.len", *(f"{name}.array" for name in parts)
    )
    text, etext, minpc, maxpc, functions, *places = found.read(target.memory, address)
    said = header.read(table)
    return (
        text <= minpc < maxpc <= etext
        and functions == said["nfunc"] + 1
        and places == [table + said[_PARTS[name]] for name in parts]
    )
