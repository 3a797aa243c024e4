"""An address space put together from parts of files: a core's segments, and what the program's own file adds."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from typing import NamedTuple

from gomap.elf.elffile import ElfFile
from gomap.program.memory import ReadError

__all__ = ["Space"]


class _Part(NamedTuple):
    """Memory from START to END, which is in FILE from OFFSET on; zeros without a file."""

    start: int
    end: int
    file: ElfFile | None
    offset: int


class Space:
    """Bytes by address. Parts are added once, the most trusted first."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []

    def add(self, start: int, size: int, file: ElfFile | None, offset: int = 0) -> None:
        """SIZE bytes at START are in FILE from OFFSET on, where nothing is known yet: what is there stays.

        Of what the file does not have, as it was cut short, there is nothing.
        """
        if file is not None:
            size = min(size, file.size - offset)
        for gap, end in list(self._gaps(start, start + size)):
            bisect.insort(self._parts, _Part(gap, end, file, offset + gap - start), key=lambda part: part.start)

    def read(self, address: int, length: int) -> bytes:
        """LENGTH bytes at ADDRESS, all in one. Raises ReadError."""
        place = bisect.bisect_right(self._parts, address, key=lambda part: part.start) - 1
        pieces = []
        at, end = address, address + length
        while at < end:
            part = self._parts[place] if 0 <= place < len(self._parts) else None
            if part is None or not part.start <= at < part.end:
                raise ReadError(address, length)
            upto = min(end, part.end)
            start = part.offset + at - part.start
            pieces.append(part.file.bytes_at(start, upto - at) if part.file else bytes(upto - at))
            at = upto
            place += 1
        return b"".join(pieces)

    def _gaps(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """From where to where nothing is known between START and END."""
        place = max(bisect.bisect_right(self._parts, start, key=lambda part: part.start) - 1, 0)
        while start < end:
            part = self._parts[place] if place < len(self._parts) else None
            if part is None or part.start >= end:
                yield start, end
                return
            if start < part.start:
                yield start, part.start
            start = max(start, part.end)
            place += 1
