"""A program and its core as one memory that can be read and damaged by address, with the program's symbols.

Nothing of gomap is in here: where things lie is told by the ELF files and by what the fixture printed.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

__all__ = ["Image", "Place"]

_LOAD, _SYMTAB = 1, 2
_WORD = 8


class Place(NamedTuple):
    """Some bytes that one thing of the program or its runtime takes.

    Attributes:
        what: the kind of thing: ``header``, ``mspan``.
        of: the variable that it belongs to; empty for the runtime's own.
    """

    what: str
    of: str
    address: int
    size: int


class _Segment(NamedTuple):
    start: int
    size: int
    offset: int
    path: Path


class Image:
    """Copies of a program and its core, for amd64.

    Args:
        program, core, printed: the originals, and what the process had written: its places.
        directory: for the copies, which are made anew; the core's has holes where the original has.
    """

    def __init__(self, program: Path, core: Path, printed: Path, directory: Path) -> None:
        self.program, self.core = directory / "program", directory / "core"
        shutil.copy(program, self.program)
        subprocess.run(["cp", "--sparse=always", core, self.core], check=True)
        # What the core holds counts for more than what the program began with.
        self._segments = [*_segments(self.core), *_segments(self.program)]
        self._symbols = _symbols(self.program)
        self.places = [Place(**each) for each in json.loads(printed.read_text())["places"]]
        self.places += _Runtime(self).places()

    def symbol(self, name: str) -> Place | None:
        """The variable or function of that name."""
        found = self._symbols.get(name)
        return found and Place("symbol", name, *found)

    def read(self, address: int, length: int) -> bytes:
        """What is there of those bytes in one segment; none where nothing is."""
        place = self._locate(address)
        if place is None:
            return b""
        path, offset, room = place
        with open(path, "rb") as file:
            file.seek(offset)
            return file.read(min(length, room))

    def write(self, address: int, data: bytes) -> int:
        """Write as much of DATA as the segment at ADDRESS has room for; how many bytes that is."""
        place = self._locate(address)
        if place is None:
            return 0
        path, offset, room = place
        with open(path, "r+b") as file:
            file.seek(offset)
            return file.write(data[:room])

    def word(self, address: int) -> int:
        return int.from_bytes(self.read(address, _WORD), "little")

    def words(self, address: int, length: int) -> list[tuple[int, int]]:
        """Address and value of each word there that is not zero."""
        data = self.read(address, length)
        values = struct.unpack(f"<{len(data) // _WORD}Q", data[: len(data) // _WORD * _WORD])
        return [(address + _WORD * number, value) for number, value in enumerate(values) if value]

    def _locate(self, address: int) -> tuple[Path, int, int] | None:
        for start, size, offset, path in self._segments:
            if start <= address < start + size:
                return path, offset + address - start, start + size - address
        return None


class _Runtime:
    """Where the runtime's books lie, found from its variables' symbols."""

    #: mheap_.arenas is a table of one pointer, to one of 2^22; an arena of 64 MiB has 8192 pages.
    _ARENA, _BASE, _PAGES = 1 << 26, 1 << 47, 8192

    def __init__(self, image: Image) -> None:
        self._image = image

    def places(self) -> list[Place]:
        found = [
            *self._symbol("mheap", "runtime.mheap_"),
            *self._symbol("moduledata", "runtime.firstmoduledata"),
            *self._symbol("allgs", "runtime.allgs"),
            *self._symbol("allm", "runtime.allm"),
            *self._symbol("hashing", "runtime.aeskeysched"),
            *self._symbol("hashing", "runtime.useAeshash"),
            *self._symbol("hashing", "internal/runtime/maps.aeskeysched"),
            *self._symbol("hashing", "internal/runtime/maps.UseAeshash"),
            *self._symbol("version", "runtime.buildVersion"),
        ]
        allgs, length = (self._image.word(self._address("runtime.allgs") + at) for at in (0, _WORD))
        found.append(Place("allgs", "", allgs, length * _WORD))
        # stack.lo and stack.hi are a g's first words; the rest of what is read of it follows soon.
        found += [Place("g", "", g, 64) for _, g in self._image.words(allgs, length * _WORD)]
        found += [Place("g", "", g, 300) for _, g in self._image.words(allgs, length * _WORD)]
        m = self._image.word(self._address("runtime.allm"))
        found.append(Place("m", "", m, 300))
        return [*found, *self._spans()]

    def _spans(self) -> list[Place]:
        """The arena that the fixture's maps are in, and the mspans of its pages."""
        heap = next(each for each in self._image.places if each.what == "header").address
        mheap = self._image.symbol("runtime.mheap_")
        assert mheap is not None
        for _, table in self._image.words(mheap.address, mheap.size):
            entry = table + (heap + self._BASE) // self._ARENA * _WORD
            arena = self._image.word(entry)
            spans = self._image.words(arena, self._PAGES * _WORD) if arena else []
            first = heap // self._ARENA * self._ARENA
            # A span begins with its list's links, then startAddr, which must lie in that arena.
            if spans and all(
                first <= self._image.word(span + 3 * _WORD) < first + self._ARENA for _, span in spans[:9]
            ):
                return [
                    Place("arena", "", entry, _WORD),
                    Place("arena", "", spans[0][0], len(spans) * _WORD),
                    *(Place("mspan", "", span, 160) for span in {span for _, span in spans}),
                ]
        raise AssertionError("the fixture's heap is in no arena")

    def _symbol(self, what: str, name: str) -> list[Place]:
        found = self._image.symbol(name)
        return [found._replace(what=what, of="")] if found else []

    def _address(self, name: str) -> int:
        found = self._image.symbol(name)
        assert found is not None, name
        return found.address


def _segments(path: Path) -> list[_Segment]:
    """What the file has of memory, as its program headers say."""
    with open(path, "rb") as file:
        header = file.read(64)
        start, size, count = struct.unpack_from("<32xQ14xHH", header)
        file.seek(start)
        table = file.read(size * count)
    rows = (struct.unpack_from("<I4xQQ8xQ", table, number * size) for number in range(count))
    return [_Segment(address, held, offset, path) for kind, offset, address, held in rows if kind == _LOAD and held]


def _symbols(path: Path) -> dict[str, tuple[int, int]]:
    """Address and size of each symbol."""
    data = path.read_bytes()
    start, size, count = struct.unpack_from("<40xQ10xHH", data)
    sections = [struct.unpack_from("<4xI16xQQI", data, start + number * size) for number in range(count)]
    _, offset, length, link = next(each for each in sections if each[0] == _SYMTAB)
    _, names, _, _ = sections[link]
    found = {}
    for at in range(offset, offset + length, 24):
        name, address, symbol_size = struct.unpack_from("<I4xQQ", data, at)
        found[data[names + name : data.index(b"\0", names + name)].decode()] = address, symbol_size
    return found
