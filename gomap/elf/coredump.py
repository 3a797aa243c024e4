"""Core dumps: memory, threads, and what the kernel had told the process, from a core's segments and notes.

The kernel's, GDB's (``generate-core-file``), Delve's (``dump``) and qemu-user's have the same notes, of which any may
be missing. Sources: fs/binfmt_elf.c and include/uapi/linux/elf.h of Linux; struct elf_prstatus of each architecture.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Literal

from gomap.elf.elffile import CORE, EXECUTABLE, LOAD, READABLE, ElfFile, ElfNote, FileError, NotElfError, StrPath
from gomap.elf.registers import thread_in
from gomap.elf.space import Space
from gomap.program.mapped_files import MappedFile
from gomap.program.memory import ReadError
from gomap.program.signals import Signal
from gomap.program.target import Thread

__all__ = ["CoreDump", "auxiliary_vector", "core_at"]

#: n_type: NT_PRSTATUS, NT_AUXV, NT_FILE, NT_SIGINFO.
_STATUS, _AUXV, _FILE, _SIGINFO = 1, 6, 0x46494C45, 0x53494749
#: AT_ENTRY of the auxiliary vector: where the program begins.
_ENTRY = 9
#: Who writes those notes: the kernel and most others; Delve gives no name.
_OWNERS = (b"CORE", b"")
#: Bytes at the start of a library that are compared: what the kernel writes of it at least.
_HEADERS, _MAGIC = 4096, b"\x7fELF"


#: Where struct elf_prstatus has the thread's number and its registers, by the size of a pointer.
_STATUS_ID, _STATUS_REGISTERS = {8: 32, 4: 24}, {8: 112, 4: 72}


class CoreDump:
    """One core, which may be compressed. Raises FileError if it is none.

    PROGRESS is told how far it is unpacked.
    """

    def __init__(self, path: StrPath, progress: Callable[[str], None] | None = None) -> None:
        try:
            self.file = ElfFile(path)
        except NotElfError:
            from gomap.elf.compressed import unpacked  # which loads more than all that reads a core

            copy = unpacked(path, progress or (lambda _text: None))
            if copy is None:
                raise
            self.file = ElfFile(path, copy)
        if self.file.type != CORE:
            raise self.file.error("is not a core dump")
        self._word = struct.Struct(self.file.endian + ("Q" if self.file.pointer_size == 8 else "I"))

    @cached_property
    def memory(self) -> Space:
        """What it has of the process's memory."""
        space = Space()
        for segment in self.file.segments:
            if segment.type == LOAD:
                space.add(segment.address, min(segment.file_size, segment.memory_size), self.file, segment.offset)
        return space

    @property
    def cut_short(self) -> str | None:
        """What is missing of a core that was not written to its end; None if it was.

        So are cores where a disk was full, the size was limited (ulimit -c), or the process was killed meanwhile.
        """
        parts = [each for each in self.file.segments if each.type == LOAD and each.file_size]
        size, whole = self.file.size, max((each.offset + each.file_size for each in parts), default=0)
        if size >= whole:
            return None
        first = next(each for each in parts if each.offset + each.file_size > size)
        start = first.address + max(size - first.offset, 0)
        missing = sum(each.file_size - min(max(size - each.offset, 0), each.file_size) for each in parts)
        return (
            f"{self.file.path} is cut short: it has {size} of {whole} bytes; {missing} bytes of the process's memory "
            f"are missing, the first at {start:#x}. What gomap says is of the rest"
        )

    def left_out(self, address: int) -> bool:
        """Whether the process could read there; asked about what the core has not got: mapped files, or its end."""
        return any(
            segment.type == LOAD
            and segment.flags & READABLE
            and segment.address <= address < segment.address + segment.memory_size
            for segment in self.file.segments
        )

    def foreign_files(self, address: int, length: int) -> bool:
        """Whether some of that memory was a file's that the core has not got, and that is no part of the program.

        Debuggers show what such a file has now, or zeros, or the program's own file: nothing of that was there. Parts
        of the program are its own file, and a library or plugin that is on this machine as it was.
        """
        return any(start < address + length and address < end for start, end in self._foreign)

    @cached_property
    def _foreign(self) -> list[tuple[int, int]]:
        entry = self.auxiliary.get(_ENTRY, 0)
        own = {file.path for file in self.mapped_files if file.start <= entry < file.end or self._is_loaded(file)}
        ranges = [(file.start, file.end) for file in self.mapped_files if file.path in own]
        segments = [each for each in self.file.segments if each.type == LOAD]
        # qemu tells of no files; but the program's code is where it begins to run.
        extents = ((each.address, each.address + each.memory_size) for each in segments)
        ranges += [(start, end) for start, end in extents if start <= entry < end]
        return [
            (segment.address + segment.file_size, segment.address + segment.memory_size)
            for segment in segments
            if segment.file_size < segment.memory_size
            and not any(start <= segment.address < end for start, end in ranges)
        ]

    @cached_property
    def _executed(self) -> set[str]:
        """The files of which some part could be executed."""
        places = [segment.address for segment in self.file.segments if segment.flags & EXECUTABLE]
        return {file.path for file in self.mapped_files if any(file.start <= each < file.end for each in places)}

    def _is_loaded(self, file: MappedFile) -> bool:
        """Whether FILE, where it starts, is of a library that was loaded, and that still begins with the same headers.

        Of those the kernel writes the first page (core(5), coredump_filter), which has the build ID as a rule.
        """
        if file.offset or file.path not in self._executed:
            return False
        try:
            with open(file.path, "rb") as now:
                headers = now.read(_HEADERS)
            return headers.startswith(_MAGIC) and self.memory.read(file.start, len(headers)) == headers
        except (OSError, ReadError):
            return False

    @cached_property
    def threads(self) -> Sequence[Thread]:
        """Its threads; the one that died is the first. None on a machine whose registers gomap does not know."""
        found = (self._thread(note.content) for note in self._notes(_STATUS))
        return [thread for thread in found if thread is not None]

    @cached_property
    def auxiliary(self) -> dict[int, int]:
        """The auxiliary vector: by AT_... what the kernel told the process as it began."""
        return next(
            (
                auxiliary_vector(note.content, self.file.pointer_size, self.file.byte_order)
                for note in self._notes(_AUXV)
            ),
            {},
        )

    @cached_property
    def mapped_files(self) -> Sequence[MappedFile]:
        """The files that lay in its memory."""
        return next((sorted(self._mapped(note.content)) for note in self._notes(_FILE)), ())

    @cached_property
    def signal(self) -> Signal | None:
        """The signal that it is of, as far as it says. (GDB's have one too: that which the process was stopped by.)"""
        # The union that has si_addr, or si_pid, begins behind three numbers, at a place where a pointer may stand.
        endian, wide = self.file.endian, self.file.pointer_size == 8
        fault, sent = (
            struct.Struct(endian + ("iii4x" if wide else "iii") + union) for union in ("Q" if wide else "I", "i")
        )
        at, thread = _STATUS_ID[self.file.pointer_size], 0
        for note in self._notes(_STATUS):
            thread = int.from_bytes(note.content[at : at + 4], self.file.byte_order)
            break
        for note in self._notes(_SIGINFO):
            if len(note.content) >= fault.size:
                number, _, code, address = fault.unpack_from(note.content)
                sender = sent.unpack_from(note.content)[3]
                return Signal(number, code, address, sender, thread) if number else None
        return None

    def _notes(self, type: int) -> Iterator[ElfNote]:
        return (note for note in self.file.notes if note.owner in _OWNERS and note.type == type)

    def _thread(self, status: bytes) -> Thread | None:
        at, size = _STATUS_ID[self.file.pointer_size], _STATUS_REGISTERS[self.file.pointer_size]
        id = int.from_bytes(status[at : at + 4], self.file.byte_order)
        return thread_in(status[size:], id, self.file.architecture, self.file.byte_order)

    def _mapped(self, content: bytes) -> Iterator[MappedFile]:
        words = [
            value for (value,) in self._word.iter_unpack(content[: len(content) // self._word.size * self._word.size])
        ]
        if len(words) < 2 or len(words) < 2 + 3 * words[0]:
            return
        count, page_size = words[:2]
        names = content[(2 + 3 * count) * self._word.size :].split(b"\0")
        for number, name in zip(range(2, 2 + 3 * count, 3), names, strict=False):
            start, end, pages = words[number : number + 3]
            yield MappedFile(start, end, pages * page_size, name.decode("utf-8", "surrogateescape"))


def auxiliary_vector(content: bytes, pointer_size: int, byte_order: Literal["little", "big"]) -> dict[int, int]:
    """The pairs of numbers that a process finds above its environment, up to the pair that ends them."""
    vector: dict[int, int] = {}
    words = [content[at : at + pointer_size] for at in range(0, len(content), pointer_size)]
    for kind, value in zip(words[::2], words[1::2], strict=False):
        number = int.from_bytes(kind, byte_order)
        if number == 0:
            break
        vector[number] = int.from_bytes(value, byte_order)
    return vector


def core_at(path: str | None) -> CoreDump | None:
    """The core that a debugger has opened at PATH; None if there is none, or it has been moved away since."""
    try:
        return None if path is None else CoreDump(path)
    except FileError:
        return None
