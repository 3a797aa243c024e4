"""ELF files of either size and byte order: sections, segments, notes, as elf.h of the System V ABI has them.

The file is mapped, not read: what nobody asks for is never touched. It may be damaged, and a core is often cut short,
so every offset and size is checked before it is used; nothing here raises anything but FileError.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from functools import cached_property
from typing import IO, Literal, NamedTuple, Union

from gomap.program.machine import goarch
from gomap.program.program import ProgramError

__all__ = [
    "CORE",
    "EXECUTABLE",
    "HEADERS",
    "LOAD",
    "NOTE",
    "POSITION_INDEPENDENT",
    "READABLE",
    "WRITABLE",
    "ElfFile",
    "ElfNote",
    "FileError",
    "NotElfError",
    "Section",
    "Segment",
    "StrPath",
]

#: A path as it is passed on to open().
StrPath = Union[str, os.PathLike[str]]

#: e_type of a program that may lie anywhere in memory, and of a core dump.
POSITION_INDEPENDENT, CORE = 3, 4
#: p_type of what is in memory, of notes, and of the program headers themselves.
LOAD, NOTE, HEADERS = 1, 4, 6
#: p_flags of memory that holds code, and that the program may write to.
EXECUTABLE, WRITABLE, READABLE = 1, 2, 4
#: sh_type of what takes no room in the file, and of notes; sh_flags of what begins with a compression header.
_NOBITS, _NOTE_SECTION, _COMPRESSED = 8, 7, 0x800
_ZLIB = 1
#: A number in the file's header that says: it is too large, and in the first section's header.
_ELSEWHERE = 0xFFFF
#: zlib makes at most that many bytes of one.
_MOST_INFLATED = 1032


class FileError(ProgramError):
    """A file that is not what it must be, or is damaged. Says which file, and what is wrong with it."""


class NotElfError(FileError):
    """A file is no ELF file; it may be one that is compressed."""


class Section(NamedTuple):
    """A section's header, under elf.h's names without ``sh_``; the sizes in bytes."""

    name: str
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int


class _SectionHeader(NamedTuple):
    """A section's header as the file has it: its name is a place among names."""

    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int


class Segment(NamedTuple):
    """A program header, under elf.h's names without ``p_``.

    Attributes:
        address: where it lies in memory, for a program before it is moved.
        file_size, memory_size: how much of it the file has, and how much memory it takes.
    """

    type: int
    flags: int
    offset: int
    address: int
    file_size: int
    memory_size: int


class ElfNote(NamedTuple):
    """An entry of a note segment or section: whose it is, which of theirs, and what it says."""

    owner: bytes
    type: int
    content: bytes


class ElfFile:
    """One file, opened. Raises FileError, of which NotElfError if it is no ELF file.

    Args:
        path: of the file.
        unpacked: what is compressed in it; None: the file is as it is.

    Attributes:
        path: as given.
        pointer_size: 4 or 8.
        byte_order: as int.from_bytes takes it.
        type, machine, entry: of the file's header.
        endian: byte order as struct takes it.
    """

    def __init__(self, path: StrPath, unpacked: IO[bytes] | None = None) -> None:
        self.path = path
        try:
            with unpacked or open(path, "rb") as opened:
                self._data = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:  # ValueError: an empty file, or none that has bytes
            raise FileError(f"cannot open {path}: {getattr(error, 'strerror', None) or error}") from None
        self.size = len(self._data)
        if self._data[:4] != b"\x7fELF":
            raise NotElfError(f"{path} is not an ELF file")
        size, order = self.bytes_at(4, 2)
        if size not in (1, 2) or order not in (1, 2):
            raise self.error("has an ELF header that is damaged")
        self.pointer_size = 4 * size
        self.byte_order: Literal["little", "big"] = "little" if order == 1 else "big"
        self.endian = "<" if order == 1 else ">"
        header = self._struct("HHIQQQIHHHHHH" if size == 2 else "HHIIIIIHHHHHH")
        self.type, self.machine, _, self.entry, *places = header.unpack(self.bytes_at(16, header.size))
        self._segments_at, self._sections_at, *_, self._segment_size, self._segment_count = places[:6]
        self._section_size, self._section_count, self._names = places[6:]

    def error(self, what: str) -> FileError:
        """The error that says WHAT about this file."""
        return FileError(f"{self.path} {what}")

    def bytes_at(self, offset: int, size: int) -> bytes:
        """SIZE bytes from OFFSET in the file on. Raises FileError if it does not have them."""
        if size < 0 or not 0 <= offset <= self.size - size:
            raise self.error(f"has {self.size} bytes where {offset + size} are needed: is it truncated?")
        return self._data[offset : offset + size]

    def section(self, name: str) -> Section | None:
        """The first section of that name, or None."""
        return next((section for section in self.sections if section.name == name), None)

    def contents(self, name: str) -> bytes:
        """What is in the section of that name, inflated; ``.debug_info`` may be called ``.zdebug_info``.

        Empty if there is no such section. Raises FileError.
        """
        section = self.section(name)
        if section is None and name.startswith(".debug_"):
            section = self.section(".z" + name[1:])
        if section is None or section.type == _NOBITS:
            return b""
        content = self.bytes_at(section.offset, section.size)
        if section.flags & _COMPRESSED:
            header = self._struct("IIQQ" if self.pointer_size == 8 else "III")
            method, *_, size, _ = self._unpack(header, content)
            if method != _ZLIB:
                raise self.error(f"has {name} compressed in a way (number {method}) that gomap does not know")
            return self._inflated(name, content[header.size :], size)
        if section.name.startswith(".zdebug_") and content[:4] == b"ZLIB":
            return self._inflated(name, content[12:], int.from_bytes(content[4:12], "big"))
        return content

    @property
    def architecture(self) -> str:
        """As GOARCH names it; ``machine 99`` where Go has no name for it."""
        return goarch(self.machine, self.pointer_size, self.byte_order)

    @cached_property
    def sections(self) -> list[Section]:
        """All sections. Raises FileError."""
        headers = self._section_headers
        if not headers:
            return []
        # A number that the file's header has no room for stands in the first section's link.
        index = headers[0].link if self._names == _ELSEWHERE else self._names
        if index >= len(headers):
            raise self.error("has no names of sections: its header is damaged")
        names = self.bytes_at(headers[index].offset, headers[index].size)
        return [Section(_string(names, each.name), *each[1:7]) for each in headers]

    @cached_property
    def segments(self) -> list[Segment]:
        """All program headers. Raises FileError."""
        count = self._segment_count
        if count == _ELSEWHERE and self._section_headers:
            count = self._section_headers[0].info
        layout = self._struct("IIQQQQQQ" if self.pointer_size == 8 else "IIIIIIII")
        segments = []
        for fields in self._table(layout, self._segments_at, count, self._segment_size):
            if self.pointer_size == 8:
                type, flags, offset, address, _, file_size, memory_size, _ = fields
            else:
                type, offset, address, _, file_size, memory_size, flags, _ = fields
            segments.append(Segment(type, flags, offset, address, file_size, memory_size))
        return segments

    @cached_property
    def notes(self) -> list[ElfNote]:
        """All notes, those of segments and then those of sections that are in none. Raises FileError."""
        places = [(each.offset, each.file_size) for each in self.segments if each.type == NOTE]
        if not places:
            places = [(each.offset, each.size) for each in self.sections if each.type == _NOTE_SECTION]
        return [note for offset, size in places for note in self._notes_in(self.bytes_at(offset, size))]

    @cached_property
    def build_ids(self) -> dict[str, bytes]:
        """What tells this build from any other: ``Go`` and ``GNU``, as far as it has them."""
        kinds = {(b"Go", 4): "Go", (b"GNU", 3): "GNU"}
        return {kinds[note[:2]]: note.content for note in self.notes if note[:2] in kinds}

    def _notes_in(self, content: bytes) -> Iterator[ElfNote]:
        header = self._struct("III")
        at = 0
        while at + header.size <= len(content):
            name_size, size, type = header.unpack_from(content, at)
            at += header.size
            start = at + _aligned(name_size)
            if start + size > len(content):
                return  # the rest of a core that was cut short
            yield ElfNote(content[at : at + name_size].rstrip(b"\0"), type, content[start : start + size])
            at = start + _aligned(size)

    @cached_property
    def _section_headers(self) -> list[_SectionHeader]:
        if not self._sections_at:
            return []
        layout = self._struct("IIQQQQIIQQ" if self.pointer_size == 8 else "IIIIIIIIII")
        # A number that the file's header has no room for is the first section's size.
        count = self._section_count or layout.unpack(self.bytes_at(self._sections_at, layout.size))[5]
        return [_SectionHeader(*each[:8]) for each in self._table(layout, self._sections_at, count, self._section_size)]

    def _table(self, layout: struct.Struct, offset: int, count: int, entry_size: int) -> Iterator[tuple[int, ...]]:
        if count and entry_size != layout.size:
            raise self.error(f"has headers of {entry_size} bytes where {layout.size} are meant: it is damaged")
        return layout.iter_unpack(self.bytes_at(offset, count * layout.size))

    def _inflated(self, name: str, content: bytes, size: int) -> bytes:
        if size > len(content) * _MOST_INFLATED:
            raise self.error(f"says that {name} has {size} bytes, which {len(content)} compressed ones cannot make")
        try:
            inflated = zlib.decompressobj().decompress(content, size) if size else b""
        except zlib.error as error:
            raise self.error(f"has {name} damaged: {error}") from None
        if len(inflated) != size:
            raise self.error(f"has {len(inflated)} bytes of {name} where {size} are meant: it is damaged")
        return inflated

    def _struct(self, fields: str) -> struct.Struct:
        return struct.Struct(self.endian + fields)

    def _unpack(self, layout: struct.Struct, content: bytes) -> tuple[int, ...]:
        if len(content) < layout.size:
            raise self.error("ends in the middle of a header: is it truncated?")
        return layout.unpack_from(content)


def _aligned(size: int) -> int:
    """Notes are padded to four bytes, in files of either size."""
    return -(-size // 4) * 4


def _string(table: bytes, offset: int) -> str:
    """The string that begins there, up to its NUL."""
    return table[offset : max(table.find(b"\0", offset), offset)].decode("utf-8", "backslashreplace")
