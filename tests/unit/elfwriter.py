"""Little ELF files with debug information as Go's linker writes it, of either size, byte order and DWARF version."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Literal

__all__ = ["ElfWriter", "LittleProgram"]

_DEBUG_SECTIONS = (".debug_info", ".debug_abbrev")


@dataclass(frozen=True)
class ElfWriter:
    """What the file is like.

    Attributes:
        compressed: how its debug information is: not, as ELF has it, or as ``.zdebug_...`` had it before.
        dwarf: the version of that.
    """

    pointer_size: Literal[4, 8] = 8
    order: Literal["little", "big"] = "little"
    dwarf: Literal[4, 5] = 5
    compressed: Literal["", "zlib", "zdebug"] = ""

    @property
    def endian(self) -> str:
        return "<" if self.order == "little" else ">"

    def file(self, sections: dict[str, bytes], *, code: bytes = b"", address: int = 0x1000, type: int = 2) -> bytes:
        """An ELF file of those sections, and one segment: CODE at ADDRESS."""
        wide = self.pointer_size == 8
        header_size, segment_size, section_size = (64, 56, 64) if wide else (52, 32, 40)
        body = bytearray(header_size + segment_size) + code
        names, headers = bytearray(b"\0"), [self._section(0, 0, 0, 0, 0, 0, 0)]
        numbers = {name: number for number, name in enumerate(sections, 1)}
        for name, content in (*sections.items(), (".shstrtab", b"")):
            flags, kind = 0, 2 if name == ".symtab" else 1
            if name in _DEBUG_SECTIONS and self.compressed == "zlib":
                layout = "IIQQ" if wide else "III"
                fields = (1, 0, len(content), 1) if wide else (1, len(content), 1)
                content, flags = struct.pack(self.endian + layout, *fields) + zlib.compress(content), 0x800
            elif name in _DEBUG_SECTIONS and self.compressed == "zdebug":
                name, content = ".z" + name[1:], b"ZLIB" + len(content).to_bytes(8, "big") + zlib.compress(content)
            names_at = len(names)
            names += name.encode() + b"\0"
            if name == ".shstrtab":
                content = bytes(names)
            link = numbers.get(".strtab", 0) if name == ".symtab" else 0
            headers.append(self._section(names_at, kind, flags, 0x1000, len(body), len(content), link))
            body += content
        machine = {(4, "little"): 3, (8, "little"): 62, (4, "big"): 8, (8, "big"): 22}[self.pointer_size, self.order]
        identity = b"\x7fELF" + bytes([2 if wide else 1, 1 if self.order == "little" else 2, 1]) + bytes(9)
        body[:header_size] = identity + struct.pack(
            self.endian + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"),
            *(type, machine, 1, address, header_size, len(body), 0),
            *(header_size, segment_size, 1, section_size, len(headers), len(headers) - 1),
        )
        at, size = header_size + segment_size, len(code)
        segment = (1, 5, at, address, address, size, size, 1) if wide else (1, at, address, address, size, size, 5, 1)
        body[header_size:at] = struct.pack(self.endian + ("IIQQQQQQ" if wide else "8I"), *segment)
        return bytes(body + b"".join(headers))

    def symbols(self, *symbols: tuple[str, int, int, int]) -> dict[str, bytes]:
        """The sections of a symbol table: name, address, size and type of each."""
        names, table = bytearray(b"\0"), bytearray(24 if self.pointer_size == 8 else 16)
        for name, address, size, type in symbols:
            if self.pointer_size == 8:
                table += struct.pack(self.endian + "IBBHQQ", len(names), type, 0, 1, address, size)
            else:
                table += struct.pack(self.endian + "IIIBBH", len(names), address, size, type, 0, 1)
            names += name.encode() + b"\0"
        return {".symtab": bytes(table), ".strtab": bytes(names)}

    def _section(self, *fields: int) -> bytes:
        name, kind, flags, address, offset, size, link = fields
        layout = "IIQQQQIIQQ" if self.pointer_size == 8 else "10I"
        return struct.pack(self.endian + layout, name, kind, flags, address, offset, size, link, 0, 1, 0)


#: Number, tag, whether others belong to it, and its attributes with their forms: as Go's linker has them.
_ABBREVIATIONS = (
    (1, 0x11, True, ((0x03, 0x08), (0x13, 0x0B))),  # unit: name, language
    (2, 0x24, False, ((0x03, 0x08), (0x3E, 0x0B), (0x0B, 0x0B), (0x2900, 0x0B), (0x2904, 0x01))),  # base type
    (3, 0x13, True, ((0x03, 0x08), (0x0B, 0x0F), (0x2900, 0x0B))),  # struct: name, size, kind
    (4, 0x0D, False, ((0x03, 0x08), (0x38, 0x0F), (0x49, 0x10), (0x2903, 0x0C))),  # field: name, place, type, embedded
    (5, 0x0F, False, ((0x03, 0x08), (0x49, 0x10), (0x2900, 0x0B))),  # pointer: name, elem, kind
    (6, 0x16, False, ((0x03, 0x08), (0x49, 0x10))),  # typedef: name, type
    (7, 0x34, False, ((0x03, 0x08), (0x02, 0x0A), (0x49, 0x10), (0x3F, 0x0C))),  # variable: name, place, type, external
    (8, 0x2E, False, ((0x40, 0x0A),)),  # function, with a frame base
    (200, 0x16, False, ((0x03, 0x08), (0x49, 0x10), (0x2906, 0x0F))),  # typedef, of a number of two bytes
)


class LittleProgram:
    """Types ``int``, ``main.T`` (``struct { A int; *T }``), ``runtime.g``, and variables ``main.t`` and ``main.u``.

    ``main.Circle`` is a typedef of itself.
    """

    def __init__(self, writer: ElfWriter) -> None:
        self._writer = writer
        self._info = bytearray()
        self._references: list[tuple[int, str]] = []
        self._places: dict[str, int] = {}

    def content(self) -> bytes:
        """The file."""
        size = self._writer.pointer_size
        self._info += bytes(12 if self._writer.dwarf == 5 else 11)
        self._entry(1, b"main\0\x16")
        self._entry(8, bytes([40]) + b"int\0" * 10)  # a block that holds what looks like names
        self._entry(2, b"int\0\x05" + bytes([size, 2]) + bytes(size), "int")
        self._entry(3, b"main.T\0" + bytes([2 * size, 25]), "struct T")
        self._field(b"A", 0, "int", 0)
        self._field(b"T", size, "*main.T", 1)
        self._entry(0, b"")
        self._entry(6, b"main.T\0", "main.T", "struct T")
        self._entry(5, b"*main.T\0", "*main.T", "main.T", b"\x16")
        self._entry(6, b"main.Circle\0", "main.Circle", "main.Circle")
        self._entry(200, b".param0\0", "", "int", b"\x81\x01")
        self._entry(3, b"runtime.g\0" + bytes([size, 25]))
        self._field(b"goid", 0, "int", 0)
        self._entry(0, b"")
        for name, address in ((b"main.t", 0x1000), (b"main.u", 0x1010)):
            place = bytes([1 + size, 3]) + address.to_bytes(size, self._writer.order)
            self._entry(7, name + b"\0" + place, "", "main.T", b"\x01")
        self._entry(0, b"")
        for at, name in self._references:
            self._info[at : at + 4] = self._places[name].to_bytes(4, self._writer.order)
        self._info[: len(self._header())] = self._header()
        if self._writer.dwarf == 5:
            self._info += self._type_unit()
        sections = {".debug_info": bytes(self._info), ".debug_abbrev": _abbreviations()}
        symbols = self._writer.symbols(("main.t", 0x1000, 16, 1), ("main.main", 0x1020, 8, 2))
        return self._writer.file({".data": b"", **sections, **symbols}, code=bytes(range(64)))

    def _header(self) -> bytes:
        length = (len(self._info) - 4).to_bytes(4, self._writer.order)
        version = self._writer.dwarf.to_bytes(2, self._writer.order)
        if self._writer.dwarf == 5:
            return length + version + bytes([1, self._writer.pointer_size]) + bytes(4)
        return length + version + bytes(4) + bytes([self._writer.pointer_size])

    def _type_unit(self) -> bytes:
        """A unit of another kind, as C++ has them, that begins with what would be a type in Go's."""
        content = b"\2main.Other\0" + bytes(20)
        header = (5).to_bytes(2, self._writer.order) + bytes([2, self._writer.pointer_size]) + bytes(16)
        return (len(header) + len(content)).to_bytes(4, self._writer.order) + header + content

    def _entry(self, code: int, content: bytes, name: str = "", refers: str = "", rest: bytes = b"") -> None:
        self._places[name] = len(self._info)
        self._info += _leb128(code) + content
        if refers:
            self._references.append((len(self._info), refers))
            self._info += bytes(4)
        self._info += rest

    def _field(self, name: bytes, offset: int, type: str, embedded: int) -> None:
        self._entry(4, name + b"\0" + bytes([offset]), "", type, bytes([embedded]))


def _abbreviations() -> bytes:
    table = b""
    for code, tag, children, attributes in _ABBREVIATIONS:
        table += _leb128(code) + _leb128(tag) + bytes([children])
        table += b"".join(_leb128(name) + _leb128(form) for name, form in attributes) + b"\0\0"
    return table + b"\0"


def _leb128(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])
