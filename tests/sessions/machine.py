"""GDB as programs speak to it: MI and DAP."""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

__all__ = ["Dap", "Mi"]

_Self = TypeVar("_Self", bound="_Conversation")
_QUIET = ["-nx", "-q", "-iex", "set auto-load off", "-iex", "set debuginfod enabled off"]
#: Seconds that a whole conversation may take.
_PATIENCE = 120


class _Conversation:
    """A GDB at the other end of two pipes, which is ended if it takes too long."""

    def __init__(self, gdb: Path, *arguments: str | Path) -> None:
        self._process = subprocess.Popen(
            [str(gdb), *_QUIET, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        self._watch = threading.Timer(_PATIENCE, self._process.kill)
        self._watch.start()

    def close(self) -> None:
        self._watch.cancel()
        self._process.kill()
        self._process.communicate()

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _line(self) -> bytes:
        line = self._from.readline()
        assert line, "GDB ended, or said nothing for too long"
        return line


class Mi(_Conversation):
    """The machine interface."""

    def __init__(self, gdb: Path, program: Path) -> None:
        super().__init__(gdb, "-i=mi3", program)
        self._tokens = itertools.count(1)
        self._stopped = False

    def say(self, command: str) -> str:
        """Its answer to COMMAND (``^done,...``). Raises AssertionError if that is an error."""
        token = str(next(self._tokens))
        self._to.write(f"{token}{command}\n".encode())
        self._to.flush()
        while True:
            line = self._line().decode().rstrip()
            self._stopped |= line.startswith("*stopped")
            if line.startswith(f"{token}^"):
                answer = line.removeprefix(token)
                assert not answer.startswith("^error"), f"{command}: {answer}"
                return answer

    def await_stop(self) -> None:
        """Wait until the program has stopped."""
        while not self._stopped:
            self._stopped = self._line().startswith(b"*stopped")


class Dap(_Conversation):
    """The Debug Adapter Protocol."""

    def __init__(self, gdb: Path, script: Path) -> None:
        super().__init__(gdb, "-iex", f"source {script}", "-i=dap")
        self._numbers = itertools.count(1)
        self._frame = 0

    def launch(self, program: Path, function: str) -> None:
        """Run PROGRAM until FUNCTION."""
        self.request("initialize", adapterID="gomap")
        self._send("launch", program=str(program), args=["stop"])
        self._await(lambda message: message.get("event") == "initialized")
        self.request("setFunctionBreakpoints", breakpoints=[{"name": function}])
        self._send("configurationDone")
        stop = self._await(lambda message: message.get("event") == "stopped")
        trace = self.request("stackTrace", threadId=stop["body"]["threadId"])
        self._frame = trace["stackFrames"][0]["id"]

    def evaluate(self, expression: str) -> dict[str, Any]:
        """What EXPRESSION is, as a watch window would ask."""
        return self.request("evaluate", expression=expression, frameId=self._frame, context="watch")

    def command(self, text: str) -> None:
        """Type a command at GDB's own prompt, as an editor's console does."""
        self.request("evaluate", expression=text, frameId=self._frame, context="repl")

    def children(self, variable: dict[str, Any]) -> list[dict[str, Any]]:
        """What opening VARIABLE shows."""
        if not variable["variablesReference"]:
            return []
        body = self.request("variables", variablesReference=variable["variablesReference"])
        variables: list[dict[str, Any]] = body["variables"]
        return variables

    def request(self, command: str, **arguments: Any) -> dict[str, Any]:
        """The body of the answer. Raises AssertionError if the request fails."""
        number = self._send(command, **arguments)
        answer = self._await(lambda message: message.get("request_seq") == number)
        assert answer["success"], f"{command}: {answer.get('message')}"
        body: dict[str, Any] = answer.get("body", {})
        return body

    def _send(self, command: str, **arguments: Any) -> int:
        number = next(self._numbers)
        message = {"seq": number, "type": "request", "command": command, "arguments": arguments}
        data = json.dumps(message).encode()
        self._to.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self._to.flush()
        return number

    def _await(self, wanted: Any) -> dict[str, Any]:
        while True:
            length = None
            while (line := self._line()) != b"\r\n" or length is None:
                if line.startswith(b"Content-Length:"):
                    length = int(line.partition(b":")[2])
            message: dict[str, Any] = json.loads(self._from.read(length))
            if wanted(message):
                return message
