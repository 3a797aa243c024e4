"""The client of Delve's JSON-RPC against a server made here: answers, refusals, and a server that goes away."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gomap.delve.rpc import LARGEST_READ, CallError, ConnectionLostError, Rpc

#: What a server does with a request: the result, or raises CallError; None: it closes the connection.
Answer = Callable[[str, dict[str, Any]], Any]


class Server:
    """Listens at a port, and answers each request of each connection in turn.

    Attributes:
        asked: the methods that were called, in turn.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.asked: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        decoder, received = json.JSONDecoder(), ""
        with connection:
            while True:
                try:
                    data = connection.recv(1 << 16)
                except OSError:
                    return
                if not data:
                    return
                received += data.decode()
                while received:
                    try:
                        request, end = decoder.raw_decode(received)
                    except ValueError:
                        break
                    received = received[end:]
                    method = request["method"].removeprefix("RPCServer.")
                    self.asked.append(method)
                    answer: dict[str, Any] = {"id": request["id"], "result": None, "error": None}
                    if method != "SetApiVersion":
                        try:
                            answer["result"] = self._answer(method, request["params"][0])
                        except CallError as error:
                            answer["error"] = str(error)
                        except ConnectionError:
                            return
                    with contextlib.suppress(OSError):  # the client left
                        connection.sendall(json.dumps(answer).encode() + b"\n")


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Server]]:
    servers: list[Server] = []

    def start(answer: Answer) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def memory(method: str, argument: dict[str, Any]) -> Any:
    """Bytes that say where they are; nothing below address 100."""
    assert method == "ExamineMemory"
    if argument["Address"] < 100:
        raise CallError("could not read memory")
    content = bytes((argument["Address"] + at) % 251 for at in range(argument["Length"]))
    return {"Mem": base64.b64encode(content).decode()}


def test_a_call(serve: Callable[[Answer], Server]) -> None:
    server = serve(lambda method, argument: {"said": [method, argument]})
    rpc = Rpc("127.0.0.1", server.port)
    assert rpc.call("State", NonBlocking=True) == {"said": ["State", {"NonBlocking": True}]}
    assert server.asked == ["SetApiVersion", "State"]


def test_a_refusal_is_delve_s_own_words_and_the_connection_stays(serve: Callable[[Answer], Server]) -> None:
    def answer(method: str, argument: dict[str, Any]) -> Any:
        if method == "Eval":
            raise CallError("could not find symbol value for x")
        return 1

    server = serve(answer)
    rpc = Rpc("127.0.0.1", server.port)
    with pytest.raises(CallError, match="could not find symbol value for x"):
        rpc.call("Eval", Expr="x")
    assert rpc.call("State") == 1
    assert server.asked.count("SetApiVersion") == 1


def test_memory_in_many_pieces_of_which_some_cannot_be_read(serve: Callable[[Answer], Server]) -> None:
    rpc = Rpc("127.0.0.1", serve(memory).port)
    ranges = [(address, 10 + address % 7) for address in range(0, 2000, 50)]
    expected = [
        None if address < 100 else bytes((address + at) % 251 for at in range(length)) for address, length in ranges
    ]
    assert rpc.memory(ranges) == expected
    assert rpc.memory([]) == []
    (large,) = rpc.memory([(1000, LARGEST_READ)])
    assert large is not None and len(large) == LARGEST_READ


def test_a_server_that_dies_between_two_answers(serve: Callable[[Answer], Server]) -> None:
    calls = 0

    def answer(method: str, argument: dict[str, Any]) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ConnectionResetError
        return memory(method, argument)

    rpc = Rpc("127.0.0.1", serve(answer).port)
    with pytest.raises(ConnectionLostError, match="has gone away"):
        rpc.memory([(1000, 8)] * 20)
    # The next call begins anew.
    assert rpc.memory([(1000, 1)]) == [bytes([1000 % 251])]


def test_after_an_interrupt_no_stale_answer_is_taken_for_a_new_one(serve: Callable[[Answer], Server]) -> None:
    """Ctrl-C with eight requests under way: what they are answered belongs to nobody."""

    def answer(method: str, argument: dict[str, Any]) -> Any:
        return "state" if method == "State" else memory(method, argument)

    class Interrupted(Rpc):
        armed = True

        def _receive(self) -> Any:
            if self.armed and self._last > 5:
                self.armed = False
                raise KeyboardInterrupt
            return super()._receive()

    rpc = Interrupted("127.0.0.1", serve(answer).port)
    with pytest.raises(KeyboardInterrupt):
        rpc.memory([(1000 + at, 4) for at in range(50)])
    assert rpc.call("State") == "state"


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConnectionLostError, match=f"no Delve listens at 127.0.0.1:{port}"):
        Rpc("127.0.0.1", port)
