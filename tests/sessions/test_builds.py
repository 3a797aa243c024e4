"""Programs built in other ways than most: all maps are as they printed them, in a core; and in the running process.

Position-independent programs are in test_files_maps.py and test_face_loading.py, plugins and libraries for C in
test_shared.py, -asan in test_check_arrays.py, other GOEXPERIMENTs throughout.
"""

from __future__ import annotations

import subprocess
from functools import partial
from pathlib import Path

import pytest

from tests.fixtures.builds import build, kernel_core_of
from tests.fixtures.toolchains import gdb18
from tests.sessions.debugger import Gdb
from tests.sessions.gomap import gomap
from tests.unit.incore import assert_core

_CGO = """\
package main

// static int one(void) { return 1; }
import "C"

var fromC = map[string]int{"one": int(C.one())}

func init() { fromC["two"] = len(fromC) + 1 }
"""
_maps = partial(build, "maps")
_BUILDS = {
    "trimpath": partial(_maps, "1.27.3", trimpath=True),
    "cgo": partial(_maps, "1.27.3", libc=True, generated=_CGO),
    "race": partial(_maps, "1.27.3", race=True),
    "v3": partial(_maps, "1.27.3", goamd64="v3"),
}
#: Each compiles the standard library anew, which takes half a minute of a processor.
_MORE_BUILDS = {
    "cgo-1.23": partial(_maps, "1.23.9", libc=True, generated=_CGO),
    "race-1.23": partial(_maps, "1.23.9", race=True),
    "v3-1.23": partial(_maps, "1.23.9", goamd64="v3"),
    "noswissmap-1.25": partial(_maps, "1.25.5", experiment="noswissmap"),
    "greenteagc-1.25": partial(_maps, "1.25.5", experiment="greenteagc"),
    "nogreenteagc-1.26": partial(_maps, "1.26.6", experiment="nogreenteagc"),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    builds = _BUILDS | (_MORE_BUILDS if metafunc.config.getoption("--matrix") else {})
    marks = {name: pytest.mark.xdist_group(f"builds-{name}") for name in builds}
    params = [pytest.param(made, id=name, marks=marks[name]) for name, made in builds.items()]
    if "binary" in metafunc.fixturenames:
        metafunc.parametrize("binary", params, scope="module", indirect=True)


@pytest.fixture(scope="module")
def binary(request: pytest.FixtureRequest) -> Path:
    made: Path = request.param()
    return made


def test_a_core(binary: Path) -> None:
    """By files alone; and GDB finds nothing wrong either."""
    core = kernel_core_of(binary, "abort")
    assert_core(binary, core)
    alone = gomap("core", binary, core.path, "check", "-all", "-quick").stdout.rstrip("\n")
    assert ": no findings;" in alone
    with Gdb(gdb18(), binary, core.path) as session:
        assert session.run("gomap-check -all -quick") == alone
        assert "no findings in 5 entries" in session.run("gomap-check main.small")


def test_a_process(binary: Path) -> None:
    with subprocess.Popen([binary, "stop"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout and process.stdout.readline()
            assert ": no findings;" in gomap("attach", str(process.pid), "check", "-all", "-quick").stdout
            with Gdb(gdb18(), binary) as session:
                session.run(f"attach {process.pid}")
                assert "no findings in 5 entries" in session.run("gomap-check main.small")
                session.run("detach")
        finally:
            process.kill()


@pytest.mark.xdist_group("builds-cgo")
def test_what_c_gave_is_in_the_map() -> None:
    binary = _BUILDS["cgo"]()
    said = gomap("core", binary, kernel_core_of(binary, "abort").path, "walk", "-entries", "main.fromC").stdout
    assert '"one": 1' in said and '"two": 2' in said
