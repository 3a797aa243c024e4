"""gomap-list and gomap-refs, in GDB, in Delve and without a debugger: the same lines, from one core.

What a sync.Map holds from Go 1.24 on is set apart: GDB does not know the type of its entries, whose name in the debug
information is go.shape's, and says that the type of the map in there is not known.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.fixtures.builds import build, kernel_core_of
from tests.fixtures.toolchains import gdb18
from tests.sessions.debugger import Gdb
from tests.sessions.gomap import GomapDelve, gomap


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
def test_every_door_lists_the_same_maps(go: str) -> None:
    binary = build("census", go)
    core = kernel_core_of(binary).path
    with Gdb(gdb18(), binary, core) as gdb:
        for options in ("-limit unlimited", "-each -limit unlimited"):
            theirs = gomap("core", binary, core, "list", *options.split())
            assert theirs.returncode == 0, theirs.stderr
            assert told(gdb.run(f"gomap-list {options}")) == told(theirs.stdout)
        assert "-sort takes bytes|retained|entries" in gdb.run("gomap-list -sort colour")
        assert "takes no argument" in gdb.run("gomap-list main.m")


def test_what_a_closure_has_caught_is_named_as_it_is_listed() -> None:
    binary = build("census", "1.27.3")
    core = kernel_core_of(binary)
    path = "main.Closure.(main.closure.func1).captured"
    truth = next(json.loads(line) for line in core.printed.read_text().splitlines() if f'"{path}"' in line)
    said = json.loads(gomap("core", binary, core.path, "header", "-json", path).stdout)
    assert (said["address"], said["count"]) == (f"{truth['address']:#x}", truth["entries"]) == (said["address"], 33)
    asked = gomap("core", binary, core.path, "header", "main.Closure.(main.other).captured").stderr
    assert "main.Closure holds a main.closure.func1, not main.other" in asked
    with Gdb(gdb18(), binary, core.path) as gdb:
        assert gdb.run(f"gomap-header {path}").splitlines()[0].startswith(f"map[int]int at {said['address']} ")


def test_delve_gives_what_the_files_give() -> None:
    binary = build("census", "1.27.3")
    core = kernel_core_of(binary).path
    with GomapDelve("dlv", "core", "--check-go-version=false", binary, core) as delve:
        for line in ("list -each -limit unlimited", "refs main.Tree.Kids[2].inner.Tags"):
            alone = gomap("core", binary, core, *line.split())
            assert alone.returncode == 0, alone.stderr
            assert delve.run(f"gomap-{line}").splitlines() == alone.stdout.splitlines()


def told(said: str) -> list[str]:
    """The lines for maps, without what is summed up before them, and without those in main.Synced."""
    lines = [line for line in said.splitlines() if re.match(r" +[\d,x]", line)]
    assert len(lines) > 50
    return sorted(line for line in lines if "main.Synced" not in line)
