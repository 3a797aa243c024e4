"""A core of a machine that GDB knows nothing of: Debian's GDB takes arm64 for i386, with addresses of four bytes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixtures.builds import build, qemu_core_of
from tests.fixtures.toolchains import GO_VERSIONS
from tests.sessions.debugger import Gdb
from tests.sessions.targets import Debugger, debugger


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"foreign-{name}")) for name in ("system_gdb", "gdb18")],
)
def which(request: pytest.FixtureRequest) -> Debugger:
    found: Debugger = request.param
    return found


@pytest.fixture(scope="module")
def arm64(which: Debugger) -> Iterator[Gdb]:
    binary = build("maps", GO_VERSIONS[-1], goarch="arm64")
    with Gdb(debugger(which), binary, qemu_core_of(binary, "abort").path) as session:
        yield session


def test_that_gdb_is_mistaken_is_said_once(arm64: Gdb, which: Debugger) -> None:
    first, again = arm64.run("print 'main.single'"), arm64.run("print 'main.single'")
    assert ("this GDB does not know arm64" in first) == (which == "system_gdb")
    assert ("use gdb-multiarch" in first) == (which == "system_gdb")
    assert again.endswith('map[string]int with 1 entry = {["one"] = 1}')
    assert "gdb-multiarch" not in again


def test_what_gomap_reads_by_itself_is_right(arm64: Gdb) -> None:
    arm64.run("gomap-header 'main.grown'")  # the first command of a session warns
    answer = arm64.json("gomap-check -json 'main.grown'")
    assert (answer["findings"], answer["entries"], answer["hashes"]) == ([], 1000, 1000)
    assert arm64.run("gomap-walk -entries 'main.grown'").count("\n") == 33


def test_a_value_at_an_address_that_gdb_would_cut_is_refused(arm64: Gdb, which: Debugger) -> None:
    said = arm64.run("print $gomap_get('main.single', \"one\")")
    assert "gdb-multiarch" in said if which == "system_gdb" else said.endswith(" = 1")
    assert 'Name = "boxed"' in arm64.run("print 'main.boxed'")
