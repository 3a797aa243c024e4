"""gomap-check finds nothing where nothing is wrong: in a program that changes its maps all the time, wherever it is
stopped, and in programs that people use, at work.

What tests/fixtures/busy does to its maps is right, so what is said of a map that nobody is writing is a false alarm.
Whether a map is being written its own flag says, which this test reads by itself.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pexpect
import pytest

from tests.fixtures import toolchains
from tests.fixtures.builds import build
from tests.sessions.debugger import Gdb
from tests.sessions.targets import READY, Debugger, debugger

#: How often each program is stopped; the second with --matrix.
_STOPS, _MORE_STOPS = 15, 300
#: Seconds that the program runs between two stops, at most.
_LONGEST = 0.1
#: Maps that the program has.
_MAPS = 4 * 11 + 3 + 1


@pytest.mark.parametrize(("go", "by"), [("1.23.9", "system_gdb"), ("1.27.3", "gdb18")])
def test_a_busy_program_stopped_anywhere_has_no_findings(go: str, by: Debugger, pytestconfig: pytest.Config) -> None:
    stops = _MORE_STOPS if pytestconfig.getoption("--matrix") else _STOPS
    seen: Counter[str] = Counter()
    alarms = []
    with Gdb(debugger(by), build("busy", go)) as gdb:
        gdb.run(f"tbreak {READY}")
        assert READY in gdb.run("run < /dev/null > /dev/null")
        for stop in range(stops):
            interrupt(gdb, random.uniform(0.01, _LONGEST))
            maps = json.loads(gdb.run("gomap-check -all -json"))["maps"]
            mine = [one for one in maps if one["variable"].startswith("main.")]
            assert len(mine) == _MAPS
            seen["entries"] += sum(one["entries"] for one in mine)
            seen["hashes"] += sum(one["hashes"] for one in mine)
            seen["writes"] += sum(one["beingWritten"] for one in mine)
            for one in maps:
                flagged = bool(one["findings"]) and being_written(gdb, one["variable"], one["kind"])
                alarms += [f"stop {stop}: {one['variable']}: {alarm}" for alarm in false_alarms(one, flagged)]
    shown = "\n".join(alarms)
    assert not alarms, f"{len(alarms)} false alarms in {stops} stops:\n{shown}"
    # It is maps with something in them that were looked at, hashes included.
    assert seen["entries"] > 1000 * stops
    assert seen["hashes"] > 1000 * stops
    # And it was stopped in the middle of writes.
    assert seen["writes"] >= stops // 30


class Program(NamedTuple):
    """A program from the Go module proxy.

    Attributes:
        package, version: what it is.
        inside: the function, deep inside, that it is stopped in.
        work: its arguments, as a shell takes them.
        files: what it works on, by name, in the directory where it is run.
    """

    package: str
    version: str
    inside: str
    work: str
    files: dict[str, str]

    def __str__(self) -> str:
        return f"{self.package.rpartition('/')[2]}-{self.version}"


_PROGRAMS = (
    Program(
        "github.com/go-delve/delve/cmd/dlv",
        toolchains.DELVE_VERSION,
        "github.com/go-delve/delve/pkg/proc.(*EvalScope).EvalExpression",
        "exec --allow-non-terminal-interactive=true --init commands ./busy",
        {"commands": f"break {READY}\ncontinue\nprint main.sharedInts\nexit\n"},
    ),
    Program(
        "honnef.co/go/tools/cmd/staticcheck",
        "0.8.2",
        "honnef.co/go/tools/go/ir.(*Package).build",
        ".",
        {"go.mod": "module example.org\n\ngo 1.21\n", "main.go": "package main\n\nfunc main() { println(1) }\n"},
    ),
    Program(
        "github.com/evanw/esbuild/cmd/esbuild",
        "0.28.2",
        "github.com/evanw/esbuild/internal/linker.Link",
        "--bundle in.js --minify --outdir=out",
        {
            "in.js": "import './some.css'; class A { #x = 1; y = async () => a?.b ?? 3n ** 2n }; console.log(new A)",
            "some.css": ".a { color: rgba(1, 2, 3, .5); &:hover { inset: 0 } }",
        },
    ),
)


@pytest.mark.parametrize("by", ["system_gdb", "gdb18"])
@pytest.mark.parametrize("program", _PROGRAMS, ids=str)
def test_programs_at_work_have_no_findings(program: Program, by: Debugger, tmp_path: Path) -> None:
    binary = toolchains.program(program.package, program.version)
    (tmp_path / "busy").symlink_to(build("busy"))
    for name, text in program.files.items():
        (tmp_path / name).write_text(text)
    with Gdb(debugger(by), binary, cwd=tmp_path) as gdb:
        # staticcheck starts go, and remembers what it has seen.
        gdb.run(f"set environment PATH {toolchains.go(toolchains.GO_VERSIONS[-1]).parent}:{os.environ['PATH']}")
        gdb.run(f"set environment STATICCHECK_CACHE {tmp_path / 'cache'}")
        gdb.run(f"tbreak '{program.inside}'")
        said = gdb.run(f"run {program.work} < /dev/null > out.txt 2>&1")
        assert re.search(rf"hit Temporary breakpoint 1.*{re.escape(program.inside)} \(", said), said
        maps = json.loads(gdb.run("gomap-check -all -json"))["maps"]
    findings = [f"{one['variable']}: {finding['text']}" for one in maps for finding in one["findings"]]
    assert findings == []
    # All maps that there are were looked at, and all that can be looked at.
    assert [one["without"] for one in maps if one["without"]] == []
    listed = subprocess.run([build("packagemaps"), binary], capture_output=True, check=True)
    assert sorted(one["variable"] for one in maps if one["type"] != "sync.Map") == json.loads(listed.stdout)
    assert any(one["type"] == "sync.Map" for one in maps)
    assert sum(one["hashes"] for one in maps) > 1000


def interrupt(gdb: Gdb, seconds: float) -> None:
    """Let the program run for so long, then press Ctrl-C."""
    gdb.press("continue\n")
    gdb.read_until("Continuing.")
    time.sleep(seconds)
    gdb.press("\x03")
    try:
        said = gdb.read_until("(gdb) ", 20)
    except pexpect.TIMEOUT:
        # If it comes while GDB tells Python of an event, Python keeps it for itself; a person would press again.
        gdb.press("\x03")
        said = gdb.read_until("(gdb) ")
    assert "SIGINT" in said


def being_written(gdb: Gdb, variable: str, kind: str) -> bool:
    """Whether the header of that map says that it is being written: by its own flag, as GDB reads it."""
    field, bits = ("flags", 4) if kind == "classic" else ("writing", 1)
    header = f"gdb.lookup_global_symbol('{variable}').value().dereference()"
    return bool(int(gdb.run(f"python print(int({header}['{field}']))")) & bits)


def false_alarms(checked: dict[str, Any], flagged: bool) -> Iterator[str]:
    """What is said of a map though it is right: all, but in one that is being written what passes.

    A store into an element, of which no flag tells, may be seen half done.
    """
    for finding in checked["findings"]:
        if not finding["transient"] or not (flagged or finding["rule"] == "impossible-elem"):
            yield f"{finding['rule']}: {finding['text']}"
