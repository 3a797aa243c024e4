"""gopls, Go's language server, asked as an editor asks it: JSON-RPC over its standard input and output."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import IO, Any

from tests.fixtures import toolchains

__all__ = ["VERSION", "Gopls", "environment"]

VERSION = "0.23.0"


def environment() -> dict[str, str]:
    """Where it finds the go command, which it runs; nothing is fetched."""
    go = toolchains.go(toolchains.GO_VERSIONS[-1])
    path = f"{go.parent}{os.pathsep}{os.environ['PATH']}"
    return {**toolchains.go_environment(), "PATH": path, "GOPROXY": "off"}


class Gopls:
    """A session with gopls.

    Args:
        process: it, with its standard input and output as pipes.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._to: IO[bytes] = process.stdin
        self._from: IO[bytes] = process.stdout
        self._asked = 0

    def work(self, source: Path) -> None:
        """Open a Go file of a module, and ask what each line is about."""
        text = source.read_text()
        document = {"uri": source.as_uri()}
        self.ask("initialize", {"processId": None, "rootUri": source.parent.as_uri(), "capabilities": {}})
        self._tell("initialized", {})
        self._tell(
            "textDocument/didOpen", {"textDocument": {**document, "languageId": "go", "version": 1, "text": text}}
        )
        assert self.ask("textDocument/documentSymbol", {"textDocument": document})
        about = 0
        for number, line in enumerate(text.splitlines()):
            if "." in line:
                position = {"line": number, "character": line.index(".") + 1}
                about += self.ask("textDocument/hover", {"textDocument": document, "position": position}) is not None
                self.ask("textDocument/completion", {"textDocument": document, "position": position})
        assert about

    def ask(self, method: str, parameters: dict[str, Any]) -> Any:
        """The result of a request."""
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": parameters})
        while True:
            message = self._received()
            if "method" not in message:
                assert "error" not in message, message
                return message["result"]
            if "id" in message:  # it asks in turn: nothing is configured
                items = message["params"].get("items") if message["method"] == "workspace/configuration" else None
                self._send({"id": message["id"], "result": None if items is None else [None] * len(items)})

    def _tell(self, method: str, parameters: dict[str, Any]) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._to.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
        self._to.flush()

    def _received(self) -> dict[str, Any]:
        length = 0
        for line in iter(self._from.readline, b"\r\n"):
            assert line, "gopls has ended"
            name, _, value = line.partition(b":")
            if name == b"Content-Length":
                length = int(value)
        message: dict[str, Any] = json.loads(self._from.read(length))
        return message
