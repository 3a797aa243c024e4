"""Core dumps as files: where in them an address is, and what is written there instead."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

__all__ = ["CoreFile", "Segment"]


class Segment(NamedTuple):
    """Memory that a core has.

    Attributes:
        offset: in the file.
        start, end: its addresses.
        writable: whether the program could write there.
    """

    offset: int
    start: int
    end: int
    writable: bool


class CoreFile:
    """A core dump.

    Args:
        path: of the file.

    Attributes:
        path: as given.
        segments: what it has, in the file's order.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        listed = subprocess.run(["readelf", "-lW", path], capture_output=True, text=True, check=True).stdout
        rows = [line.split() for line in listed.splitlines()]
        self.segments = [
            Segment(int(row[1], 16), int(row[2], 16), int(row[2], 16) + int(row[4], 16), "W" in "".join(row[6:-1]))
            for row in rows
            if row[:1] == ["LOAD"]
        ]

    def offset_of(self, address: int) -> int:
        """Where in the file the byte at ADDRESS is."""
        return next(part.offset + address - part.start for part in self.segments if part.start <= address < part.end)

    def address_of(self, offset: int) -> int:
        """The address of the byte that stands there in the file."""
        return next(
            part.start + offset - part.offset
            for part in self.segments
            if part.offset <= offset < part.offset + part.end - part.start
        )

    @property
    def whole(self) -> bool:
        """Whether the file has all that its headers say."""
        size = self.path.stat().st_size
        return all(part.offset + part.end - part.start <= size for part in self.segments)

    def an_end(self) -> int:
        """An address from which on nothing is there, while all is there in front of it."""
        starts = {part.start for part in self.segments}
        return next(part.end for part in self.segments if part.start < part.end and part.end not in starts)

    def cut_off(self, address: int, copy: Path) -> None:
        """Make a COPY that ends before ADDRESS."""
        subprocess.run(["cp", "--sparse=always", self.path, copy], check=True)
        with open(copy, "r+b") as file:
            file.truncate(self.offset_of(address))

    def read(self, address: int, length: int) -> bytes:
        with open(self.path, "rb") as file:
            file.seek(self.offset_of(address))
            return file.read(length)

    def write(self, address: int, data: bytes) -> None:
        with open(self.path, "r+b") as file:
            file.seek(self.offset_of(address))
            file.write(data)
