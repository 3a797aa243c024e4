"""The memory of a running process, by /proc: to read or write it, nothing has to be stopped or attached to.

Linux, proc(5). Who may read is who may trace: one's own processes, as far as the kernel's ptrace_scope allows.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from gomap.elf.coredump import auxiliary_vector
from gomap.elf.elffile import FileError
from gomap.program.mapped_files import MappedFile
from gomap.program.memory import ReadError

__all__ = ["Process"]


class Process:
    """A process by its number. Raises FileError if there is none, or it may not be read."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._place = Path("/proc") / str(pid)
        try:
            self._memory = os.open(self._place / "mem", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise self._error(error) from None

    def close(self) -> None:
        """Let go of it; nothing can be read any more."""
        os.close(self._memory)

    def demand(self) -> None:
        """Raises FileError if it has ended since."""
        try:
            # The name may hold any character, and stands in brackets.
            state = (self._place / "stat").read_bytes().rpartition(b")")[2].split()[0]
        except OSError:
            state = b"X"
        if state in (b"X", b"Z"):
            raise FileError(f"process {self.pid} has ended")

    @property
    def program(self) -> Path:
        """The file that it runs, also if that has been deleted or replaced since."""
        return self._place / "exe"

    @property
    def name(self) -> str:
        """``process 4711``."""
        return f"process {self.pid}"

    def write(self, address: int, content: bytes) -> None:
        """Put the bytes at ADDRESS. Raises FileError."""
        try:
            memory = os.open(self._place / "mem", os.O_WRONLY | os.O_CLOEXEC)
        except OSError as error:
            raise self._error(error, "write to") from None
        try:
            written = os.pwrite(memory, content, address)
        except (OSError, OverflowError) as error:
            raise FileError(f"cannot write {len(content)} bytes at {address:#x}: {error}") from None
        finally:
            os.close(memory)
        if written != len(content):
            raise FileError(f"only {written} of {len(content)} bytes at {address:#x} could be written")

    def read(self, address: int, length: int) -> bytes:
        """LENGTH bytes at ADDRESS. Raises ReadError."""
        try:
            content = os.pread(self._memory, length, address)
        except (OSError, OverflowError):  # OverflowError: the kernel's own half of the addresses
            raise ReadError(address, length) from None
        if len(content) != length:
            raise ReadError(address, length)
        return content

    @property
    def mapped_files(self) -> list[MappedFile]:
        """The files that lie in its memory now. Raises FileError."""
        mapped = []
        # A path may have any other end of a line in it; for a line feed the kernel writes \\012.
        for line in self._contents("maps").decode("utf-8", "surrogateescape").split("\n")[:-1]:
            span, _, offset, _, _, *path = line.split(None, 5)
            if path and path[0].startswith("/"):
                start, end = (int(each, 16) for each in span.split("-"))
                mapped.append(MappedFile(start, end, int(offset, 16), path[0]))
        return mapped

    def mapped_now(self) -> Sequence[MappedFile]:
        """The files that lie in its memory now; none if the process is gone."""
        try:
            return self.mapped_files
        except FileError:
            return ()

    def auxiliary(self, pointer_size: int, byte_order: Literal["little", "big"]) -> dict[int, int]:
        """The auxiliary vector: by AT_... what the kernel told it as it began. Raises FileError."""
        return auxiliary_vector(self._contents("auxv"), pointer_size, byte_order)

    def _contents(self, name: str) -> bytes:
        try:
            return (self._place / name).read_bytes()
        except OSError as error:
            raise self._error(error) from None

    def _error(self, error: OSError, what: str = "read") -> FileError:
        who = isinstance(error, PermissionError)
        remedy = "; its user and root may, as far as the kernel lets them: see 'gomap doctor'" if who else ""
        return FileError(f"cannot {what} process {self.pid}: {error.strerror or error}{remedy}")
