"""A client of Delve's server: JSON-RPC 1.0 over TCP, one object a line, API version 2 (service/rpc2 in Delve)."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

__all__ = ["INNERMOST", "LARGEST_READ", "CallError", "ConnectionLostError", "Rpc", "number_at"]

#: The scope of an expression that needs no particular one: the innermost frame of the selected goroutine.
INNERMOST = {"GoroutineID": -1, "Frame": 0}

#: Requests under way at once: more gain nothing, the server works on one at a time.
_IN_FLIGHT = 8
#: The most that ExamineMemory gives in one call.
LARGEST_READ = 1 << 16
#: Seconds to reach a server.
_PATIENCE = 10.0


def number_at(address: int, size: int) -> str:
    """The expression for the unsigned number there, of 1, 2, 4 or 8 bytes."""
    return f"*(*uint{8 * size})({address:#x})"


class CallError(Exception):
    """The server refused a call; the text is Delve's."""


class ConnectionLostError(Exception):
    """There is no server at that address, or it has gone away."""


class Rpc:
    """A connection to a server.

    A call that is interrupted, by Ctrl-C say, leaves answers under way that nobody waits for; the next call begins with
    a connection of its own, which a server for several clients grants.

    Args:
        host, port: where it listens; an address of IPv6 in brackets.

    Attributes:
        host, port: the same.

    Raises ConnectionLostError if nobody listens there.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._socket: socket.socket | None = None
        self._last = 0
        self._connect()

    def call(self, method: str, **argument: Any) -> Any:
        """What RPCServer.METHOD returns. Raises CallError and ConnectionLostError."""
        with self._whole():
            self._send(method, argument)
            return self._receive()

    def memory(self, ranges: Sequence[tuple[int, int]]) -> list[bytes | None]:
        """The bytes at each address, as many as its length, LARGEST_READ at most; None where they cannot be read.

        Several requests are under way at once.
        """
        contents: list[bytes | None] = []
        with self._whole():
            for number, (address, length) in enumerate(ranges):
                self._send("ExamineMemory", {"Address": address, "Length": length})
                if number >= _IN_FLIGHT:
                    contents.append(self._content())
            while len(contents) < len(ranges):
                contents.append(self._content())
        return contents

    def close(self) -> None:
        """Leave; the server goes on."""
        if self._socket is not None:
            self._answers.close()
            self._socket.close()
            self._socket = None

    def _connect(self) -> None:
        try:
            connected = socket.create_connection((self.host.strip("[]"), self.port), _PATIENCE)
        except OSError as error:
            raise ConnectionLostError(f"no Delve listens at {self.host}:{self.port}: {error}") from None
        connected.settimeout(None)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers, self._socket = connected.makefile("rb", 1 << 20), connected
        self._send("SetApiVersion", {"APIVersion": 2})
        self._receive()

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Requests with all their answers: where some are missing in the end, the connection is of no more use."""
        try:
            if self._socket is None:
                self._connect()
            yield
        except CallError:
            raise
        except BaseException:
            self.close()
            raise

    def _content(self) -> bytes | None:
        try:
            return base64.b64decode(self._receive()["Mem"])
        except CallError:
            return None

    def _send(self, method: str, argument: dict[str, Any]) -> None:
        assert self._socket is not None
        self._last += 1
        request = {"method": f"RPCServer.{method}", "params": [argument], "id": self._last}
        try:
            self._socket.sendall(json.dumps(request).encode())
        except OSError as error:
            raise self._lost(error) from None

    def _receive(self) -> Any:
        """The answer to the oldest request that is under way."""
        try:
            line = self._answers.readline()
        except OSError as error:
            raise self._lost(error) from None
        if not line:
            raise self._lost("it closed the connection")
        answer = json.loads(line)
        if answer.get("error") is not None:
            raise CallError(answer["error"])
        return answer["result"]

    def _lost(self, why: object) -> ConnectionLostError:
        return ConnectionLostError(f"Delve at {self.host}:{self.port} has gone away: {why}")
