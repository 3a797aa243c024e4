"""gomap-list on the core of a real program, Delve at work: maps that are found by looking at every word have paths.

The scan here knows the header of a Swiss map, and of gomap's only whether an object is in use: it tries each word of
what the core holds. Delve runs with GOGC=1, so that next to nothing in its heap waits to be collected.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import struct
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gomap.census.census import take_census
from gomap.elf.target import open_core
from gomap.goruntime.answers import HeapObject
from gomap.goruntime.heap import heap_of
from gomap.program.memory import ReadError
from gomap.program.program import Program
from tests.fixtures import toolchains
from tests.fixtures.builds import build
from tests.sessions.corefile import CoreFile

#: Map of internal/runtime/maps: used, seed, dirPtr, dirLen, globalDepth, globalShift.
_HEADER = struct.Struct("<QQQqBB")
#: table: used, capacity, growthLeft, localDepth, index, groups.
_TABLE = struct.Struct("<HHHBxqQ")
_WORD, _SLOTS = 8, 8


def core_of_delve(directory: Path) -> Path:
    """Delve, with a program loaded that it debugs, aborted by a signal: the kernel's core.

    A process with another on its hands is at times dumped in part only, which says nothing about gomap: then again.
    """
    for attempt in range(5):
        core = _core_of_delve(directory / str(attempt))
        if core is not None:
            return core
    raise AssertionError(f"five cores of Delve in {directory} are not whole")


def _core_of_delve(directory: Path) -> Path | None:
    # Without a child of its own for Go's telemetry, which may leave a core in the same place.
    (directory / "go/telemetry").mkdir(parents=True)
    (directory / "go/telemetry/mode").write_text("off")
    command = [toolchains.delve(), "exec", "--headless", "--listen=127.0.0.1:0", "--check-go-version=false"]
    environment = {**os.environ, "GOTRACEBACK": "crash", "GOGC": "1", "XDG_CONFIG_HOME": str(directory)}
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    with subprocess.Popen(
        [*command, build("census", "1.27.3")],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (most, most)),
    ) as delve:
        assert delve.stdout is not None and "listening" in delve.stdout.readline()
        tasks = Path(f"/proc/{delve.pid}/task").glob("*/children")
        debugged = [int(pid) for task in tasks for pid in task.read_text().split()]
        for pid in debugged:  # whose core would be in the same place
            os.kill(pid, signal.SIGKILL)
        delve.send_signal(signal.SIGABRT)
        delve.wait(60)
    core = next(directory.glob("core*"), None)
    return core if core is not None and CoreFile(core).whole else None


def headers(core: Path, program: Program) -> Iterator[int]:
    """Addresses of what is a header by its fields, and by the control bytes of its groups, in what CORE holds."""
    content = core.read_bytes()
    for offset, start, end, writable in CoreFile(core).segments:
        if not writable:
            continue
        words = memoryview(content)[offset : offset + (end - start) // _WORD * _WORD].cast("Q")
        for at in range(len(words) - 5):
            used, seed, group, length = words[at : at + 4]
            if not (0 < used < 1 << 32 and seed >> 32 and group and length < 1 << 20):
                continue
            depth, shift = words[at + 4] & 0xFF, words[at + 4] >> 8 & 0xFF
            if (length != 1 << depth or shift != 64 - depth) if length else (depth or shift or used > _SLOTS):
                continue
            if full_slots(program, group, length, used) == used:
                yield start + at * _WORD


def full_slots(program: Program, directory: int, length: int, used: int) -> int:
    """How many slots are full; -1 where that is no directory, or no group."""
    try:
        if not length:
            marks = program.memory.read(directory, _SLOTS)
            return sum(mark < 0x80 for mark in marks) if all(m < 0x80 or m in (0x80, 0xFE) for m in marks) else -1
        tables = set(struct.unpack(f"<{length}Q", program.memory.read(directory, length * _WORD)))
        return sum(_TABLE.unpack(program.memory.read(table, _TABLE.size))[0] for table in tables)
    except ReadError:
        return -1


def aborted(command: list[str | Path], directory: Path, at_work: Callable[[], object]) -> Path:
    """The kernel's core of a program, once AT_WORK has returned."""
    environment = {**os.environ, "GOTRACEBACK": "crash", "GOGC": "1", "HOME": str(directory)}
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    with subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (most, most)),
    ) as process:
        at_work()
        process.send_signal(signal.SIGABRT)
        process.wait(60)
    (core,) = directory.glob("core*")
    return core


def core_of_caddy(program: Path, directory: Path) -> Path:
    """The web server, which has answered requests."""
    admin, port = free_port(), free_port()
    route = {"handle": [{"handler": "static_response", "body": "here"}]}
    server = {"listen": [f"127.0.0.1:{port}"], "routes": [route]}
    config = {"admin": {"listen": f"127.0.0.1:{admin}"}, "apps": {"http": {"servers": {"one": server}}}}
    (directory / "config.json").write_text(json.dumps(config))

    def work() -> None:
        time.sleep(3)
        for number in range(100):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/{number}").read()
        collect(admin)

    return aborted([program, "run", "--config", directory / "config.json"], directory, work)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def collect(port: int) -> None:
    """Have the program collect its garbage, which has no path: net/http/pprof does before it writes a heap profile."""
    urllib.request.urlopen(f"http://127.0.0.1:{port}/debug/pprof/heap?gc=1").read()


def test_nearly_every_map_of_a_real_program_has_a_path(tmp_path: Path) -> None:
    assert_paths(toolchains.delve(), core_of_delve(tmp_path))


@pytest.mark.parametrize(
    ("package", "version", "core_of"),
    [
        ("github.com/caddyserver/caddy/v2/cmd/caddy", "2.11.9", core_of_caddy),
    ],
)
def test_nearly_every_map_of_larger_programs_has_a_path(
    package: str, version: str, core_of: Callable[[Path, Path], Path], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if not request.config.getoption("--matrix"):
        pytest.skip("it takes minutes to build: --matrix")
    program = toolchains.program(package, version)
    assert_paths(program, core_of(program, tmp_path))


def assert_paths(binary: Path, core: Path) -> None:
    program = Program(open_core(binary, core))
    heap = heap_of(program)
    found = {address for address in headers(core, program) if isinstance(heap.at(address), HeapObject)}
    census = take_census(program, lambda what: None)
    assert not census.survey.damage
    listed = {each.address: each for each in census.maps}
    named = [address for address in found if address in listed and census.path(listed[address])]
    untyped = [address for address in named if listed[address].map is None]
    print(f"{len(found)} headers, {len(named)} with a path, {len(untyped)} of these without a type; {len(listed)} maps")
    assert len(found) > 100
    assert len(named) >= 0.95 * len(found)
