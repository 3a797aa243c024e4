"""The ways to gomap in Delve that the README names: loaded for good, in batch, at a breakpoint, beside an IDE."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import toolchains
from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.delve import SCRIPT, Delve
from tests.sessions.gomap import GomapDelve

pytestmark = pytest.mark.xdist_group("dlv-ways")

_CLEAN = "no findings in 1 entry (1 group, 1 hash)"
_STOP = "main.fixtureReady"


@pytest.fixture
def init(tmp_path: Path) -> Path:
    """A file for --init that loads gomap."""
    file = tmp_path / "delve.init"
    file.write_text(f"source {SCRIPT}\n")
    return file


def _batch(*arguments: str | Path) -> str:
    """What Delve says to those arguments, with nobody at its terminal."""
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [toolchains.delve(), *arguments, "--allow-non-terminal-interactive=true"],
            env={**os.environ, "XDG_CONFIG_HOME": home},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=True,
        )
    return done.stdout


def test_loaded_for_good(init: Path) -> None:
    binary = build("scopes", "1.27.3")
    with Delve("exec", binary, "--init", init, load=False) as delve:
        assert delve.greeting.count("gomap: commands gomap-header, ") == 1
        assert "nil map" in delve.run("gomap-header main.nilSet")


def test_in_batch(init: Path) -> None:
    binary = build("maps", "1.27.3")
    with open(init, "a") as more:
        more.write("gomap-check main.grown\ngomap-header -json main.grown\nexit\n")
    *_, check, header = _batch("core", binary, kernel_core_of(binary, "abort").path, "--init", init).splitlines()
    assert "no findings in 1000 entries" in check
    assert json.loads(header)["count"] == 1000


def test_at_a_breakpoint(init: Path) -> None:
    with open(init, "a") as more:
        more.write(f"break {_STOP}\non 1 gomap-check main.counts\ncontinue\nexit\n")
    assert _CLEAN in _batch("exec", build("scopes", "1.27.3"), "--init", init)


def test_beside_an_ide(init: Path) -> None:
    """One server, to which an IDE attaches by DAP, and a terminal: what the IDE stops, gomap looks at."""
    with _server(build("scopes", "1.27.3")) as address, _Ide(address) as ide:
        ide.ask("initialize", adapterID="go", linesStartAt1=True)
        ide.ask("attach", mode="remote", request="attach", stopOnEntry=True)
        ide.await_event("initialized")
        ide.ask("setFunctionBreakpoints", breakpoints=[{"name": _STOP}])
        ide.ask("configurationDone")
        ide.ask("continue", threadId=1)
        ide.await_event("stopped", reason="function breakpoint")
        with Delve("connect", f"{address[0]}:{address[1]}", "--init", init, load=False) as delve:
            assert _CLEAN in delve.run("gomap-check main.counts")
            delve.leave("quit", "Would you like to kill the headless instance? [Y/n] ", "n")
        # The server and the program are still there, and the IDE's.
        assert ide.ask("threads")["threads"]


def test_ctrl_c_while_an_ide_lets_the_program_run() -> None:
    """Delve does not let another client stop it then; gomap's terminal says so, and can be typed in."""
    with _server(build("busy", "1.27.3")) as address, _Ide(address) as ide:
        ide.ask("initialize", adapterID="go", linesStartAt1=True)
        ide.ask("attach", mode="remote", request="attach", stopOnEntry=True)
        ide.await_event("initialized")
        ide.ask("configurationDone")
        with GomapDelve("connect", f"{address[0]}:{address[1]}") as terminal:
            ide.ask("continue", threadId=1)
            terminal.press("\x03")
            terminal.read_until("gomap: the program goes on: stop it in the IDE that let it run")
            assert "the program is running: stop it first" in terminal.run("gomap-check -all")
            ide.ask("pause", threadId=1)
            ide.await_event("stopped", reason="pause")
            assert "maps checked" in terminal.run("gomap-check -all")


@contextlib.contextmanager
def _server(binary: Path) -> Iterator[tuple[str, int]]:
    """The address of a headless Delve on BINARY that takes several clients."""
    command = [toolchains.delve(), "exec", "--headless", "--accept-multiclient", "--listen=127.0.0.1:0", binary]
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "XDG_CONFIG_HOME": home}
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout
                said = re.fullmatch(r"API server listening at: (.*):(\d+)\n", server.stdout.readline())
                assert said
                yield said[1], int(said[2])
            finally:
                server.terminate()


class _Ide:
    """As much of an IDE as it takes: it asks by DAP, and keeps the events that come meanwhile."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=60)
        self._stream = self._socket.makefile("rwb")
        self._numbers = itertools.count(1)
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> _Ide:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        number = next(self._numbers)
        asked = {"seq": number, "type": "request", "command": command, "arguments": arguments}
        text = json.dumps(asked).encode()
        self._stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(text), text))
        self._stream.flush()
        while True:
            message = self._read()
            if message["type"] == "event":
                self._events.append(message)
            elif message.get("request_seq") == number:
                assert message["success"], message
                body: dict[str, Any] = message.get("body") or {}
                return body

    def await_event(self, name: str, **body: Any) -> None:
        while True:
            for event in self._events:
                if event["event"] == name and body.items() <= (event.get("body") or {}).items():
                    return
            message = self._read()
            if message["type"] == "event":
                self._events.append(message)

    def _read(self) -> dict[str, Any]:
        length = int(self._stream.readline().split(b":")[1])
        self._stream.readline()
        message: dict[str, Any] = json.loads(self._stream.read(length))
        return message
