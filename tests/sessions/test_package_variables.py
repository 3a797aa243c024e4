"""Package variables come from the program's file, and are those that GDB knows; where the file is no longer what GDB
has read, they come from GDB."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import toolchains
from tests.fixtures.builds import build
from tests.sessions.debugger import Gdb
from tests.sessions.targets import READY, Debugger, debugger

pytestmark = pytest.mark.xdist_group("package-variables")

#: Name, address and type of each that is a map or a sync.Map, from the program's file and from GDB.
_MAPS = """
import json
from gomap.gdb import variables
from gomap.gdb.target import live
from gomap.program.gotypes import Kind

def maps(all):
    return [(name, at, type.name) for name, at, type in all if type.kind is Kind.MAP or type.name == "sync.Map"]

found = variables.PackageVariables(live().types)
files = found.at_once()
ours = files and maps((name, *found) for name, found in files.items())
print(json.dumps([ours, maps(found.one_by_one())]))
"""
_MANY = 40


def symbol(program: Path, name: str) -> int:
    """Where the linker put a symbol."""
    listed = subprocess.run(["nm", program], capture_output=True, check=True, text=True).stdout
    return next(int(line.split()[0], 16) for line in listed.splitlines() if line.split()[-1] == name)


def run(gdb: Path, program: Path) -> Gdb:
    session = Gdb(gdb, program)
    session.run(f"break {READY}")
    assert READY in session.run("run stop < /dev/null > /dev/null")
    return session


def both(session: Gdb, tmp_path: Path) -> Any:
    (tmp_path / "maps.py").write_text(_MAPS)
    return json.loads(session.run(f"source {tmp_path / 'maps.py'}"))


@pytest.mark.parametrize(
    ("gdb", "go", "flags"),
    [
        ("system_gdb", "1.23.9", {"optimised": False}),
        ("gdb18", "1.27.3", {}),
        ("system_gdb", "1.27.3", {"goarch": "386"}),
        ("gdb18", "1.27.3", {"libc": True, "buildmode": "pie"}),
    ],
)
def test_a_file_has_the_variables_that_gdb_has(gdb: Debugger, go: str, flags: dict[str, Any], tmp_path: Path) -> None:
    with run(debugger(gdb), build("maps", go, **flags)) as session:
        ours, theirs = both(session, tmp_path)
        assert len(ours) > _MANY
        assert ours == theirs
        # Where GDB looks a name up, it reads in what it has of a whole package.
        session.run("python lookups = []; real = gdb.lookup_global_symbol")
        session.run("python gdb.lookup_global_symbol = lambda *given: lookups.append(given[0]) or real(*given)")
        session.run("gomap-check -all -quick")
        assert int(session.run("python print(len(lookups))")) < _MANY


@pytest.fixture(params=["replaced", "gone"])
def passing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gdb]:
    """A program of which another build has taken the place since it was started, or nothing."""
    program = tmp_path / "maps"
    shutil.copy(build("maps", "1.27.3"), program)
    with run(debugger("gdb18"), program) as session:
        program.unlink()
        if request.param == "replaced":
            shutil.copy(build("maps", "1.26.6"), program)
        yield session


def test_a_file_that_changed_since_is_not_trusted(passing: Gdb, tmp_path: Path) -> None:
    ours, theirs = both(passing, tmp_path)
    assert ours is None
    assert len(theirs) > _MANY
    assert passing.run("gomap-check -all").splitlines()[-1].startswith(f"{len(theirs)} maps checked, ")


@pytest.mark.parametrize("gdb", ["system_gdb", "gdb18"])
def test_a_package_whose_path_begins_with_go_is_found(gdb: Debugger) -> None:
    """GDB lists such a variable, and looks for another one when it is asked for it."""
    program, name = toolchains.delve(), "go.starlark.net/starlark.Universe"
    with Gdb(debugger(gdb), program) as session:
        session.run("tbreak main.main")
        assert "main.main" in session.run("run < /dev/null > /dev/null")
        assert f"{symbol(program, name):#x}" in session.run(f"gomap-whatis &{name}")
        assert json.loads(session.run(f"gomap-header -json {name}"))["type"] == "go.starlark.net/starlark.StringDict"
        assert session.run("gomap-header go.starlark.net/starlark.nobody").startswith("no variable go.starlark.net/")
