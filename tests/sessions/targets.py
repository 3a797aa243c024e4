"""Ways to a program's memory: each brings a GDB to where the fixture stands still, with what it printed before."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tests.fixtures import toolchains
from tests.fixtures.builds import gdb_core_of, kernel_core_of
from tests.sessions.debugger import Gdb

__all__ = ["READY", "Debugger", "Stopped", "Way", "bring_up", "debugger", "ended", "expect_stop", "started"]

Debugger = Literal["system_gdb", "gdb18"]
Way = Literal["live", "kernel core", "gdb core", "attach", "gdbserver"]

#: Where every fixture stops.
READY = "main.fixtureReady"
#: Seconds that a fixture may take to get there.
_PATIENCE = 60


class Stopped(NamedTuple):
    """A program that stands still in front of a debugger.

    Attributes:
        gdb: the session.
        printed: the document that the program had written by then.
        frames: whether the frames of the program's main goroutine can be seen.
    """

    gdb: Gdb
    printed: dict[str, Any]
    frames: bool


def debugger(name: Debugger) -> Path:
    """That debugger's program."""
    return toolchains.system_gdb() if name == "system_gdb" else toolchains.gdb18()


@contextmanager
def bring_up(way: Way, gdb: Path, binary: Path) -> Iterator[Stopped]:
    """BINARY, a fixture that knows the modes stop and abort, as GDB sees it that WAY."""
    with tempfile.TemporaryDirectory(prefix="gomap-") as scratch, _WAYS[way](gdb, binary, Path(scratch)) as stopped:
        yield stopped


@contextmanager
def _live(gdb: Path, binary: Path, scratch: Path) -> Iterator[Stopped]:
    printed = scratch / "printed"
    with Gdb(gdb, binary) as session:
        session.run(f"break {READY}")
        expect_stop(session.run(f"run stop < /dev/null > {printed}", _PATIENCE))
        yield Stopped(session, _document(printed), True)


@contextmanager
def _kernel_core(gdb: Path, binary: Path, scratch: Path) -> Iterator[Stopped]:
    core = kernel_core_of(binary, "abort")
    with Gdb(gdb, binary, core.path) as session:
        # The thread that died stands on the runtime's own stack.
        yield Stopped(session, _document(core.printed), False)


@contextmanager
def _gdb_core(gdb: Path, binary: Path, scratch: Path) -> Iterator[Stopped]:
    core = gdb_core_of(binary, READY, "stop", gdb=gdb)
    with Gdb(gdb, binary, core.path) as session:
        yield Stopped(session, _document(core.printed), True)


@contextmanager
def _attach(gdb: Path, binary: Path, scratch: Path) -> Iterator[Stopped]:
    printed = scratch / "printed"
    with (
        open(printed, "wb") as output,
        subprocess.Popen([binary, "stop"], stdin=subprocess.PIPE, stdout=output, stderr=subprocess.DEVNULL) as process,
    ):
        try:
            _await(lambda: printed.read_bytes().endswith(b"}\n"), "the program to print")
            _await(lambda: _state(process.pid) == "S", "the program to wait")
            with Gdb(gdb, binary) as session:
                said = session.run(f"attach {process.pid}")
                assert "ptrace" not in said, said
                yield Stopped(session, _document(printed), True)
        finally:
            process.kill()


@contextmanager
def _gdbserver(gdb: Path, binary: Path, scratch: Path) -> Iterator[Stopped]:
    printed, log = scratch / "printed", scratch / "log"
    command = [str(toolchains.gdbserver()), "--once", "localhost:0", str(binary), "stop"]
    with (
        open(printed, "wb") as output,
        open(log, "wb") as errors,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors) as server,
    ):
        try:
            _await(lambda: b"Listening on port" in log.read_bytes(), "gdbserver to listen")
            port = re.search(r"Listening on port (\d+)", log.read_text())
            assert port
            with Gdb(gdb, binary) as session:
                # The program's libraries are those of this machine: nothing need come over the wire.
                session.run("set sysroot /")
                session.run(f"target remote localhost:{port[1]}")
                session.run(f"break {READY}")
                expect_stop(session.run("continue", _PATIENCE))
                yield Stopped(session, _document(printed), True)
                session.run("kill")
        finally:
            server.kill()


_WAYS: dict[Way, Callable[[Path, Path, Path], AbstractContextManager[Stopped]]] = {
    "live": _live,
    "kernel core": _kernel_core,
    "gdb core": _gdb_core,
    "attach": _attach,
    "gdbserver": _gdbserver,
}


def _document(printed: Path) -> dict[str, Any]:
    # What gdbserver says of the process stands before it.
    lines = [line for line in printed.read_text().splitlines() if line.startswith("{")]
    assert len(lines) == 1, f"the program printed {len(lines)} documents"
    document: dict[str, Any] = json.loads(lines[0])
    return document


def expect_stop(said: str) -> None:
    """Fails unless what GDB said on running a fixture is that it stopped where it must."""
    assert re.search(rf"Breakpoint 1, (0x[0-9a-f]+ in )?{READY}", said), f"the program did not get to {READY}:\n{said}"


def started(name: Debugger, binary: Path, arguments: str, printed: Path | None = None) -> Gdb:
    """A GDB in which BINARY, run with ARGUMENTS, stands at READY, with no breakpoint left.

    Args:
        name: the debugger.
        binary: a fixture.
        arguments: as a shell reads them.
        printed: where the program's output goes; to nobody if not given.
    """
    session = Gdb(debugger(name), binary)
    session.run("set environment GODEBUG asyncpreemptoff=1")
    session.run(f"break {READY}")
    expect_stop(session.run(f"run {arguments} < /dev/null > {printed or '/dev/null'}"))
    session.run("delete")
    return session


def ended(said: str) -> bool:
    """Whether what GDB said on letting a program go on is that it ended as it must.

    GDB by itself, up to 18.1, may lose a process of several threads that ends with watchpoints set.
    """
    return "exited normally" in said or "Couldn't get registers: No such process." in said


def _await(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited for {what} in vain"
        time.sleep(0.01)


def _state(pid: int) -> str:
    """A process's main thread's state as the kernel tells it: S while it waits."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
