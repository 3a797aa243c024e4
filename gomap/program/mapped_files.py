"""Files that are mapped into a program's memory, and which byte of which file an address is."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import NamedTuple

from gomap.program.facts import Facts
from gomap.program.printable import printable

__all__ = ["FilePlace", "MappedFile", "file_at"]


class MappedFile(NamedTuple):
    """A file that lies in memory from START to END, from OFFSET on; its path is as the kernel has it."""

    start: int
    end: int
    offset: int
    path: str


class FilePlace(Facts):
    """A byte of a mapped file.

    Attributes:
        path: the file's, made printable; the kernel puts `` (deleted)`` behind that of a file that is gone.
        offset: how far into the file the byte is.
        start, end: from where to where this part of the file lies in memory.
    """

    path: str
    offset: int
    start: int
    end: int


def file_at(files: Sequence[MappedFile], address: int) -> FilePlace | None:
    """The byte of one of FILES, which are in the order of their addresses, that is at ADDRESS."""
    place = bisect.bisect_right(files, address, key=lambda file: file.start) - 1
    if place < 0 or address >= files[place].end:
        return None
    file = files[place]
    return FilePlace(printable(file.path), file.offset + address - file.start, file.start, file.end)
