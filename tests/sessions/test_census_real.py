"""gomap-list on the cores of real programs at work: maps that are found by looking at every word have paths.

The scan here knows the header of a Swiss map, and of gomap's only whether an object is in use: it tries each word of
what the core holds. Delve runs with GOGC=1, so that next to nothing in its heap waits to be collected; Caddy and gopls
collect before they are aborted. What has no path in a core of gopls from before that, the collection frees.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pytest

from gomap.census.census import take_census, with_unreached
from gomap.elf.target import open_core
from gomap.goruntime.answers import HeapObject
from gomap.goruntime.heap import heap_of
from gomap.program.memory import ReadError
from gomap.program.program import Program
from tests.fixtures import toolchains
from tests.fixtures.builds import build
from tests.sessions.corefile import CoreFile
from tests.sessions.gopls import VERSION, Gopls, environment

#: Map of internal/runtime/maps: used, seed, dirPtr, dirLen, globalDepth, globalShift.
_HEADER = struct.Struct("<QQQqBB")
#: table: used, capacity, growthLeft, localDepth, index, groups.
_TABLE = struct.Struct("<HHHBxqQ")
_WORD, _SLOTS = 8, 8
#: Words among which no header is looked for if all of them are 0.
_CHUNK = 512


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
        written = (
            range(at, min(at + _CHUNK, len(words) - 5))
            for at in range(0, len(words), _CHUNK)
            if content[offset + at * _WORD : offset + (at + _CHUNK) * _WORD].strip(b"\0")
        )
        for at in chain.from_iterable(written):
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


def aborted(
    command: list[str | Path],
    directory: Path,
    environment: Mapping[str, str],
    at_work: Callable[[subprocess.Popen[bytes]], object],
) -> Path:
    """The kernel's core of a program, once AT_WORK has returned."""
    environment = {**environment, "GOTRACEBACK": "crash", "HOME": str(directory)}
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    with subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (most, most)),
    ) as process:
        try:
            at_work(process)
        except BaseException:
            process.kill()
            raise
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

    def work(_process: subprocess.Popen[bytes]) -> None:
        time.sleep(3)
        for number in range(100):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/{number}").read()
        collect(admin)

    command: list[str | Path] = [program, "run", "--config", directory / "config.json"]
    return aborted(command, directory, {**os.environ, "GOGC": "1"}, work)


def cores_of_gopls(program: Path, directory: Path) -> tuple[Path, Path]:
    """Go's language server: while it works for an editor, by GDB; and after that and a collection, the kernel's."""
    port, at_work = free_port(), directory / "at-work"
    shutil.copytree(Path(__file__).parents[1] / "fixtures" / "bench", directory / "module")

    def work(process: subprocess.Popen[bytes]) -> None:
        Gopls(process).work(directory / "module" / "main.go")
        options = ["-nx", "-q", "-batch", "-iex", "set auto-load off", "-p", str(process.pid)]
        subprocess.run([toolchains.gdb(), *options, "-ex", f"gcore {at_work}"], capture_output=True, check=True)
        wait_until_idle(process.pid)
        collect(port)

    command: list[str | Path] = [program, "serve", f"-debug=127.0.0.1:{port}"]
    return at_work, aborted(command, directory, environment(), work)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_until_idle(pid: int) -> None:
    """Wait until a process has not worked for some seconds."""
    worked, quiet = -1, 0
    for _ in range(120):
        times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        before, worked = worked, sum(map(int, times))
        quiet = quiet + 1 if worked - before < 5 else 0
        if quiet == 4:
            return
        time.sleep(1)
    raise AssertionError(f"process {pid} does not come to rest")


def collect(port: int) -> None:
    """Have the program collect its garbage, which has no path: net/http/pprof does before it writes a heap profile."""
    urllib.request.urlopen(f"http://127.0.0.1:{port}/debug/pprof/heap?gc=1").read()


def test_nearly_every_map_of_a_real_program_has_a_path(tmp_path: Path) -> None:
    assert_paths(toolchains.delve(), core_of_delve(tmp_path))


def test_nearly_every_map_of_a_web_server_has_a_path(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    only_with_matrix(request)
    program = toolchains.program("github.com/caddyserver/caddy/v2/cmd/caddy", "2.11.9")
    assert_paths(program, core_of_caddy(program, tmp_path))


def test_maps_of_gopls_without_a_path_are_garbage(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    only_with_matrix(request)
    program = toolchains.program("golang.org/x/tools/gopls", VERSION)
    at_work, collected = cores_of_gopls(program, tmp_path)
    before, _, without_path = scanned(program, at_work)
    after = assert_paths(program, collected)
    survived = [
        address
        for address in without_path
        # Each map has a seed of its own, by which it is told from another one at the same place.
        if survived_collection(after, address) and seed(after, address) == seed(before, address)
    ]
    print(f"{len(without_path)} had no path, {len(survived)} of them survived the collection")
    assert len(without_path) > 100
    assert not survived
    at_work.unlink()  # gigabytes, most of them empty


def only_with_matrix(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--matrix"):
        pytest.skip("it takes minutes to build: --matrix")


class Scanned(NamedTuple):
    """A program that left a core, the headers that are found in its heap, and those of them that have no path."""

    program: Program
    headers: set[int]
    without_path: set[int]


def scanned(binary: Path, core: Path) -> Scanned:
    program = Program(open_core(binary, core))
    found = {address for address in headers(core, program) if is_object(program, address)}
    census = with_unreached(program, take_census(program, lambda what: None), lambda what: None)
    assert not census.survey.damage
    named = {each.address for each in census.maps if census.path(each)}
    print(f"{len(found)} headers, {len(found & named)} with a path; {len(named)} maps listed; {census.unreached}")
    assert len(found) > 100
    return Scanned(program, found, found - named)


def is_object(program: Program, address: int) -> bool:
    """Whether an object in use begins there: fields in the middle of one may look like a header, and are none."""
    answer = heap_of(program).at(address)
    return isinstance(answer, HeapObject) and not answer.offset


def assert_paths(binary: Path, core: Path) -> Program:
    program, found, without_path = scanned(binary, core)
    assert len(without_path) <= 0.05 * len(found)
    return program


def survived_collection(program: Program, address: int) -> bool:
    """Whether the last collection found what is at ADDRESS alive, by the marks that its sweep left."""
    heap = heap_of(program)
    answer = heap.at(address)
    state = heap.spans.span_of(address, heap.spans.arena_of(address)) if isinstance(answer, HeapObject) else None
    return state is not None and not heap.objects_since_collection(state) >> answer.index & 1


def seed(program: Program, header: int) -> bytes:
    return program.memory.read(header + _WORD, _WORD)
