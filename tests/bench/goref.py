"""What goref and gomap each find in the heap of one core: the same question, asked of two programs.

goref (github.com/cloudwego/goref) lists what a Go program can reach and writes a profile of it by variable and field;
gomap-list lists maps, and reckons from the same whole what nothing leads to.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench.runs import BenchError, Crashed, Run, files, timed
from tests.fixtures import toolchains

__all__ = ["Found", "by_gomap", "by_goref", "version"]

_TOTAL = re.compile(r"of (\d+)B? total$", re.M)
#: Of a line of pprof's: what is there itself, and that it is a map.
_MAP = re.compile(r"^ *(\d+)B? .*\(map\[", re.M)
#: The first line of gomap-list, and the one that says what nothing leads to.
_LIST = re.compile(
    r"^([\d,]+) maps? by .*, ([\d,]+) bytes of structure; the heap has ([\d,]+) objects in use, ([\d,]+)"
)
_GARBAGE = re.compile(r"^nothing leads to ([\d,]+) of them, ([\d,]+) bytes", re.M)


@dataclass(frozen=True)
class Found:
    """What was found in a heap.

    Attributes:
        run: the process that did.
        objects, bytes: that can be reached.
        maps: their number; None where that is not said.
        structure: bytes of what maps consist of.
    """

    run: Run
    objects: int
    bytes: int
    maps: int | None
    structure: int


def version() -> str:
    """What the goref that is here calls itself. Raises MissingError."""
    said = subprocess.run([toolchains.goref(), "version"], capture_output=True, text=True, check=True).stdout
    return f"goref {said.strip()}"


def by_goref(program: Crashed) -> Found:
    with tempfile.TemporaryDirectory() as directory:
        profile = Path(directory) / "profile"
        core = [str(program.binary), str(program.core)]
        run = timed([str(toolchains.goref()), "core", *core, "--out", str(profile)])
        objects, space = (_pprof(program.go, profile, index) for index in ("inuse_objects", "inuse_space"))
    totals = [_TOTAL.search(said) for said in (objects, space)]
    if None in totals:
        raise BenchError(f"goref's profile says nothing of a total:\n{objects[:1000]}")
    structure = sum(int(own) for own in _MAP.findall(space))
    return Found(run, *(int(total[1]) for total in totals if total), None, structure)


def by_gomap(program: Crashed) -> Found:
    run = files(program, "list -limit 1")
    first, garbage = _LIST.search(run.said), _GARBAGE.search(run.said)
    if first is None:
        raise BenchError(f"gomap-list said:\n{run.said[:1000]}")
    maps, structure, objects, size = (int(each.replace(",", "")) for each in first.groups())
    dead = [int(each.replace(",", "")) for each in garbage.groups()] if garbage else [0, 0]
    return Found(run, objects - dead[0], size - dead[1], maps, structure)


def _pprof(go: str, profile: Path, index: str) -> str:
    """All lines of a profile, in bytes or numbers."""
    every = ["-top", "-unit=B", "-nodefraction=0", "-nodecount=1000000", f"-sample_index={index}"]
    return timed([str(toolchains.go(go)), "tool", "pprof", *every, str(profile)]).said
