"""The selected inferior as something to write to. Only gomap-poke asks for it: all else changes nothing."""

from __future__ import annotations

import gdb

from gomap.gdb.target import is_core
from gomap.poking.changes import ONLY_A_CORE
from gomap.program.program import ProgramError

__all__ = ["GdbProcess"]


class GdbProcess:
    """The selected inferior, which has to be a process.

    Attributes:
        name: by its connection too: two servers may have a process of the same number.

    Raises ProgramError if it is none, or a core.
    """

    def __init__(self) -> None:
        self._inferior = gdb.selected_inferior()
        if self._inferior.pid == 0:
            raise ProgramError("no process: run the program, or attach to it")
        if is_core(self._inferior):
            raise ProgramError(ONLY_A_CORE)
        connection = self._inferior.connection
        self.name = f"process {self._inferior.pid} of GDB's connection {connection.num if connection else 0}"

    def write(self, address: int, content: bytes) -> None:
        """Raises ProgramError, such as where the user has said ``set may-write-memory off``."""
        try:
            self._inferior.write_memory(address, content)
        except gdb.error as error:
            raise ProgramError(f"cannot write {len(content)} bytes at {address:#x}: {error}") from None
