"""One command given to one debugger on one core: how long it took, alone and with all around it, and what it said."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ParamSpec

from tests.fixtures import fetching, toolchains
from tests.fixtures.builds import build, gdb_core_of, kernel_core_of
from tests.fixtures.fetching import MissingError

__all__ = [
    "GOMAP",
    "BenchError",
    "Crashed",
    "Run",
    "best",
    "crashed",
    "crashed_with_maps",
    "delve",
    "delve_rpc",
    "files",
    "gdb",
    "gdb_live",
    "go_script",
    "opening",
    "timed",
]

#: What people source.
GOMAP = Path(__file__).parents[2] / "gdb_gomap"
#: Where the program stops.
_READY = "main.fixtureReady"
_Parameters = ParamSpec("_Parameters")
#: Go's own script needs minutes.
_PATIENCE = 900
_TIMED = re.compile(r"^bench: ([\d.]+) s, ([\d.]+) s of processor, (\d+) bytes more$", re.M)
#: Makes GDB's command bench-time COMMAND, which says on the standard error what COMMAND took.
_TIMER = Path(__file__).with_name("timer.py")
#: What ends Delve's terminal, and with it the server, about which it asks.
_LEAVE = "exit\ny\n"
#: Before a program and its core.
_GOMAP_DLV = (sys.executable, "-m", "gomap", "dlv", "core", "--check-go-version=false")


class BenchError(Exception):
    """A debugger that did not do what was to be measured."""


@dataclass(frozen=True)
class Crashed:
    """A program compiled by a version of Go, and a core of it, run with those arguments."""

    go: str
    binary: Path
    core: Path
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """What one command took.

    Attributes:
        command: seconds for the command alone.
        processor: seconds that processors worked meanwhile; the measure that other work on the machine disturbs least.
        whole: seconds for the debugger's whole process, from its start to its end.
        growth: bytes by which the debugger's peak of memory grew meanwhile; 0 where that is not known.
        said, complained: standard output and standard error.
    """

    command: float
    processor: float
    whole: float
    growth: int
    said: str
    complained: str


def crashed(go: str, kind: str, size: int) -> Crashed:
    """The core of a map[string]int (KIND "string") or map[int]int ("int") with SIZE entries."""
    binary, arguments = build("bench", go), (kind, str(size))
    try:
        core = kernel_core_of(binary, *arguments)
    except MissingError:
        core = gdb_core_of(binary, _READY, *arguments)
    return Crashed(go, binary, core.path, arguments)


def crashed_with_maps(go: str) -> Crashed:
    """The core of a program with 100,000 maps and a million other objects, from tests/fixtures/census."""
    binary, arguments = build("census", go), ("large",)
    return Crashed(go, binary, kernel_core_of(binary, *arguments).path, arguments)


def gdb(debugger: Path, program: Crashed, command: str, *before: str) -> Run:
    """COMMAND in GDB on the core, after the commands BEFORE."""
    return _gdb(debugger, [*before], command, [program.binary, program.core])


def gdb_live(debugger: Path, program: Crashed, command: str, *before: str) -> Run:
    """COMMAND in GDB on the running program, stopped when its map is full."""
    start = [f"break {_READY}", f"run {' '.join(program.arguments)} >/dev/null 2>&1"]
    return _gdb(debugger, [*start, *before], command, [program.binary])


def delve(program: Crashed, command: str) -> Run:
    """COMMAND in Delve on the core, with no limit on what is shown."""
    script = "config max-array-values 100000000\nconfig max-string-len 100000000\n"
    idle = timed(_delve(program, f"{script}exit\n"))
    done = timed(_delve(program, f"{script}{command}\nexit\n"))
    return replace(done, command=done.whole - idle.whole, processor=done.processor - idle.processor)


def files(program: Crashed, command: str) -> Run:
    """COMMAND through ``gomap core``: a process that begins with the command and ends with it."""
    return timed([sys.executable, "-m", "gomap", "core", str(program.binary), str(program.core), *command.split()])


def delve_rpc(program: Crashed, command: str) -> Run:
    """COMMAND through ``gomap dlv``, the terminal's and the server's start left out."""
    idle = timed([*_GOMAP_DLV, str(program.binary), str(program.core)], _LEAVE)
    done = timed([*_GOMAP_DLV, str(program.binary), str(program.core)], f"{command}\n{_LEAVE}")
    return replace(done, command=done.whole - idle.whole, processor=done.processor - idle.processor)


def opening(program: Path, type: str, variable: str) -> float:
    """Processor seconds to open PROGRAM without a debugger, and to find a type and a package variable of it."""
    script = (
        "import sys, time; from pathlib import Path; from gomap.elf.target import open_program; "
        "start = time.process_time(); target = open_program(Path(sys.argv[1])); "
        "assert target.type_named(sys.argv[2]) and target.variable(sys.argv[3]); print(time.process_time() - start)"
    )
    return float(timed([sys.executable, "-c", script, str(program), type, variable]).said)


def go_script(go: str) -> Path:
    """Go's own script for GDB, of that version."""
    return toolchains.go(go).parents[1] / "src" / "runtime" / "runtime-gdb.py"


def best(times: int, run: Callable[_Parameters, Run], *arguments: _Parameters.args, **named: _Parameters.kwargs) -> Run:
    """The one of several runs in which the command took the least."""
    return min((run(*arguments, **named) for _ in range(times)), key=lambda one: one.command)


def _gdb(debugger: Path, before: Sequence[str], command: str, files: Sequence[Path]) -> Run:
    arguments = ["-nx", "-q", "-batch", "-iex", "set auto-load off", "-iex", "set debuginfod enabled off"]
    settings = ["set confirm off", "set print elements unlimited", f"source {_TIMER}"]
    for line in [*settings, *before, f"bench-time {command}"]:
        arguments += ["-ex", line]
    done = timed([str(debugger), *arguments, *map(str, files)])
    found = _TIMED.search(done.complained)
    if found is None:
        raise BenchError(f"{command} in {debugger} failed:\n{done.said[-1000:]}{done.complained[-2000:]}")
    return replace(done, command=float(found[1]), processor=float(found[2]), growth=int(found[3]))


def _delve(program: Crashed, script: str) -> list[str]:
    init = fetching.cache() / "bench.dlv"
    init.write_text(script)
    # Delve 1.27 says that it is too new for Go 1.23, and reads its maps well.
    options = ["--allow-non-terminal-interactive=true", "--check-go-version=false", "--init", str(init)]
    return [str(toolchains.delve()), "core", *options, str(program.binary), str(program.core)]


def timed(command: Sequence[str], typed: str = "") -> Run:
    """A process as a whole, with TYPED on its standard input. Raises BenchError where it fails."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command,
        input=typed,
        cwd=GOMAP.parent,
        env={**os.environ, "DLV": str(toolchains.delve())},
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    whole, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command)} failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
    processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Run(whole, processor, whole, 0, done.stdout, done.stderr)
