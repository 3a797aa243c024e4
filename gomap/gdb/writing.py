"""The selected inferior as something to write to. Only gomap-poke asks for it: all else changes nothing."""

from __future__ import annotations

import gdb

from gomap.gdb.target import is_core
from gomap.poking.changes import ONLY_A_CORE
from gomap.program.program import ProgramError

__all__ = ["GdbProcess", "process"]


class GdbProcess:
    """An inferior that is a process.

    Attributes:
        name: by its connection too: two servers may have a process of the same number.
    """

    def __init__(self, inferior: gdb.Inferior) -> None:
        self._inferior = inferior
        connection = inferior.connection
        self.name = f"process {inferior.pid} of GDB's connection {connection.num if connection else 0}"

    def write(self, address: int, content: bytes) -> None:
        """Raises ProgramError, such as where the user has said ``set may-write-memory off``."""
        try:
            self._inferior.write_memory(address, content)
        except gdb.error as error:
            raise ProgramError(f"cannot write {len(content)} bytes at {address:#x}: {error}") from None


def process() -> GdbProcess:
    """The selected inferior, to be written to. Raises ProgramError if there is none, or it is a core."""
    inferior = gdb.selected_inferior()
    if inferior.pid == 0:
        raise ProgramError("no process: run the program, or attach to it")
    if is_core(inferior):
        raise ProgramError(ONLY_A_CORE)
    return GdbProcess(inferior)
