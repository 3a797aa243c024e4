"""The process behind a Delve server as something to write to.

Delve's RPC has no call that writes bytes. It sets variables, and a number at an address is one.
"""

from __future__ import annotations

from typing import Literal

from gomap.delve.rpc import INNERMOST, CallError, Rpc, number_at
from gomap.delve.target import reads_core
from gomap.poking.changes import ONLY_A_CORE
from gomap.program.program import ProgramError

__all__ = ["DelveProcess"]


class DelveProcess:
    """What a server debugs.

    Args:
        rpc: the connection.
        pid: the process's number.
        byte_order: its numbers'.

    Raises ProgramError if it is a core.
    """

    def __init__(self, rpc: Rpc, pid: int, byte_order: Literal["little", "big"]) -> None:
        if reads_core(rpc):
            raise ProgramError(ONLY_A_CORE)
        self._rpc, self._byte_order = rpc, byte_order
        self.name = f"process {pid}"

    def write(self, address: int, content: bytes) -> None:
        """1, 2, 4 or 8 bytes at once. Raises ProgramError."""
        number = int.from_bytes(content, self._byte_order)
        place = number_at(address, len(content))
        try:
            self._rpc.call("Set", Scope=INNERMOST, Symbol=place, Value=str(number))
        except CallError as error:
            raise ProgramError(f"cannot write {len(content)} bytes at {address:#x}: {error}") from None
