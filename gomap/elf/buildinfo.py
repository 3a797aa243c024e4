"""What a Go program says of its own making, in its file: the Go version, and what the go command noted.

The linker writes it in front of the data (cmd/link/internal/ld/data.go: buildinfo; debug/buildinfo reads it): 14 bytes
that nothing else begins with, the size of a pointer, flags, and from byte 32 on two strings, each behind its length as
a varint. Up to Go 1.17 there were pointers in their place. Stripping takes none of it.
"""

from __future__ import annotations

from typing import NamedTuple

from gomap.elf.elffile import LOAD, WRITABLE, ElfFile

__all__ = ["BuildInfo", "build_info"]

_MAGIC = b"\xff Go buildinf:"
_ALIGNMENT, _HEADER = 16, 32
#: In the flags: the strings follow.
_INLINE = 2
_LONGEST = 1 << 20


class BuildInfo(NamedTuple):
    """What stands there.

    Attributes:
        version: runtime.buildVersion: ``go1.24.11``, ``go1.24.11 X:noswissmap`` with experiments.
        modules: runtime.modinfo, the build's settings among it.
    """

    version: str
    modules: bytes


def build_info(file: ElfFile) -> BuildInfo | None:
    """What FILE says; None if it is no Go program, or one older than Go 1.18. Raises FileError."""
    for segment in file.segments:
        if segment.type != LOAD or not segment.flags & WRITABLE:
            continue
        content = file.bytes_at(segment.offset, segment.file_size)
        at = content.find(_MAGIC)
        while at >= 0:
            if not (segment.address + at) % _ALIGNMENT and content[at + 15 : at + 16] == bytes([_INLINE]):
                version, end = _text(content, at + _HEADER)
                modules, _ = _text(content, end)
                return BuildInfo(version.decode("utf-8", "replace"), modules)
            at = content.find(_MAGIC, at + 1)
    return None


def _text(content: bytes, at: int) -> tuple[bytes, int]:
    """The string at AT, and where it ends."""
    length = shift = 0
    while at < len(content) and shift < 35:
        byte = content[at]
        length |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            break
    end = min(at + min(length, _LONGEST), len(content))
    return content[at:end], end
