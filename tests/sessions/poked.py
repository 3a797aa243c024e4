"""The fixture program poked by each of gomap's doors: what it prints of its maps, and how it is let go on."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.fixtures.builds import build
from tests.sessions.debugger import Gdb
from tests.sessions.gomap import GomapDelve, Shell
from tests.sessions.targets import READY, expect_stop

__all__ = ["View", "Views", "attached", "in_delve", "in_gdb"]

#: Bytes by their addresses.
Memory = dict[int, int]


class View:
    """What the program printed of a map, as memory that it knows the parts of."""

    def __init__(self, printed: dict[str, Any]) -> None:
        self.len: int = printed["len"]
        self.missed: list[str] = printed["missed"]
        self.parts = {
            part["name"]: (int(part["address"], 0), bytes.fromhex(part["bytes"])) for part in printed["parts"]
        }

    @cached_property
    def memory(self) -> Memory:
        return {at + number: byte for at, content in self.parts.values() for number, byte in enumerate(content)}

    def full(self, part: str, empty: Callable[[int], bool]) -> tuple[int, list[int]]:
        """Where a part is, and its slots that hold an entry."""
        at, content = self.parts[part]
        return at, [slot for slot in range(8) if not empty(content[slot])]

    def word(self, part: str, number: int) -> int:
        """A pointer in a part, counted from its start, or from its end if that is negative."""
        content = self.parts[part][1]
        at = 8 * number if number >= 0 else len(content) + 8 * number
        return int.from_bytes(content[at : at + 8], "little")


Views = dict[str, View]


def views_in(printed: Path, number: int) -> Views:
    """What the program printed when it had done so often."""
    end = time.monotonic() + 60
    while printed.read_text().count("\n") <= number:
        assert time.monotonic() < end, "the program prints nothing"
        time.sleep(0.01)
    return {name: View(view) for name, view in json.loads(printed.read_text().splitlines()[number]).items()}


class InDebugger:
    """GDB or Delve, with the program at its breakpoint."""

    def __init__(self, session: Gdb | GomapDelve, printed: Path) -> None:
        self.run, self._printed, self._number = session.run, printed, 0

    def views(self) -> Views:
        return views_in(self._printed, self._number)

    def go_on(self) -> Views:
        said = self.run("continue")
        assert READY in said, said
        self._number += 1
        return self.views()


class Attached:
    """gomap's own prompt, with the program waiting for lines."""

    def __init__(self, session: Shell, process: subprocess.Popen[bytes], printed: Path) -> None:
        self.run, self._process, self._printed, self._number = session.run, process, printed, 0

    def views(self) -> Views:
        return views_in(self._printed, self._number)

    def go_on(self) -> Views:
        assert self._process.stdin
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        self._number += 1
        return self.views()


@contextmanager
def in_gdb(gdb: Path, go: str, scratch: Path) -> Iterator[InDebugger]:
    with Gdb(gdb, build("poked", go)) as session:
        session.run(f"break {READY}")
        expect_stop(session.run(f"run < /dev/null > {scratch / 'printed'}"))
        yield InDebugger(session, scratch / "printed")


@contextmanager
def in_delve(go: str, scratch: Path) -> Iterator[InDebugger]:
    printed = scratch / "printed"
    arguments = ("dlv", "exec", "--check-go-version=false", f"--redirect=stdout:{printed}", build("poked", go))
    with GomapDelve(*arguments) as session:
        session.run(f"break {READY}")
        session.run("continue")
        yield InDebugger(session, printed)


@contextmanager
def attached(go: str, scratch: Path) -> Iterator[Attached]:
    printed = scratch / "printed"
    with (
        open(printed, "wb") as output,
        subprocess.Popen([build("poked", go), "wait"], stdin=subprocess.PIPE, stdout=output) as process,
    ):
        try:
            views_in(printed, 0)
            with Shell("attach", str(process.pid), state=scratch) as session:
                yield Attached(session, process, printed)
        finally:
            process.kill()
