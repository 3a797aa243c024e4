"""Core dumps as they are kept: compressed, by gzip, xz, zstd or lz4, which their first bytes tell.

They are unpacked into a temporary file that has no name, so that nothing of it is left behind. Zeros, of which cores
are full, take no room in it.
"""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO
from typing import IO, Any, NamedTuple

from gomap.elf.elffile import FileError, StrPath

__all__ = ["unpacked"]

_CHUNK = 1 << 20
#: Bytes of what a tool complains about that are looked at.
_MOST_SAID = 1 << 12


class _Format(NamedTuple):
    name: str
    magic: bytes
    #: Python's own way to read it; None: by the tool of that name.
    opened: Callable[[FileIO], Any] | None


_FORMATS = (
    _Format("gzip", b"\x1f\x8b", gzip.open),
    _Format("xz", b"\xfd7zXZ\0", lzma.open),
    _Format("zstd", b"\x28\xb5\x2f\xfd", None),
    _Format("lz4", b"\x04\x22\x4d\x18", None),
)


def unpacked(path: StrPath, progress: Callable[[str], None]) -> IO[bytes] | None:
    """A file that has what is compressed in the one at PATH; None if that is not compressed, or cannot be opened.

    PROGRESS is told how far it is. Raises FileError.
    """
    try:
        # Whatever reads it has a buffer of its own; a tool shares its place in the file.
        packed = FileIO(path)
    except OSError:
        return None
    with packed:
        start = packed.read(max(len(each.magic) for each in _FORMATS))
        format = next((each for each in _FORMATS if start.startswith(each.magic)), None)
        if format is None:
            return None
        size = packed.seek(0, 2)
        packed.seek(0)

        def told() -> None:
            progress(f"unpacking {os.path.basename(path)}: {100 * packed.tell() // size}% of {size >> 20} MiB")

        try:
            with _reader(path, packed, format) as reader:
                return _copied(reader, told)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            where = f"; it is unpacked into {tempfile.gettempdir()}, or where $TMPDIR says"
            why = f"{error.strerror}{where}" if isinstance(error, OSError) and error.strerror else str(error)
            raise FileError(f"{path} is compressed ({format.name}) and cannot be unpacked: {why}") from None


@contextmanager
def _reader(path: StrPath, packed: FileIO, format: _Format) -> Iterator[IO[bytes]]:
    """What reads the unpacked bytes."""
    if format.opened is not None:
        with format.opened(packed) as reader:
            yield reader
        return
    tool = shutil.which(format.name)
    if tool is None:
        raise FileError(f"{path} is compressed: install {format.name}, or unpack it first")
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen([tool, "-d", "-c"], stdin=packed, stdout=subprocess.PIPE, stderr=complaints) as process,
    ):
        try:
            assert process.stdout is not None
            yield process.stdout
        except BaseException:
            process.kill()
            raise
        if process.wait():
            complaints.seek(0)
            said = complaints.read(_MOST_SAID).decode("utf-8", "replace").strip().splitlines()
            raise FileError(f"{path} cannot be unpacked by {tool}: {said[0] if said else process.returncode}")


def _copied(reader: IO[bytes], told: Callable[[], None]) -> IO[bytes]:
    """What READER has, in a file without a name."""
    with ExitStack() as closing:
        copy = closing.enter_context(tempfile.TemporaryFile())
        while chunk := reader.read(_CHUNK):
            told()
            if chunk.count(0) == len(chunk):
                copy.seek(len(chunk), 1)
            else:
                copy.write(chunk)
        copy.truncate()
        copy.flush()
        closing.pop_all()
    return copy
