"""Sessions run once for each configuration, which the tests of a file share."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures import toolchains
from tests.fixtures.builds import CoreDump, build, kernel_core_of
from tests.sessions.configurations import Configuration, every, run_for_each, some
from tests.sessions.debugger import Gdb
from tests.sessions.delve import Delve
from tests.sessions.gomap import ROOT
from tests.sessions.installed import Installed, install
from tests.sessions.pairs import PAIRS, live
from tests.sessions.targets import Stopped, bring_up, debugger


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    whole = metafunc.config.getoption("--matrix")
    if "configuration" in metafunc.fixturenames:
        run_for_each(metafunc, "configuration", every() if whole else some())
    if "delve_go" in metafunc.fixturenames:
        metafunc.parametrize("delve_go", ["1.27.3", "1.23.9"] if whole else ["1.27.3"])


@pytest.fixture(scope="module")
def configuration(request: pytest.FixtureRequest) -> Configuration:
    chosen = request.param
    assert isinstance(chosen, Configuration)
    return chosen


@pytest.fixture(scope="module")
def stopped(configuration: Configuration) -> Iterator[Stopped]:
    """The fixture program maps in that configuration, standing still with all its maps made."""
    binary = build(
        "maps",
        configuration.go,
        experiment=configuration.experiment,
        optimised=configuration.optimised,
        goarch=configuration.goarch,
    )
    with bring_up(configuration.way, debugger(configuration.debugger), binary) as there:
        yield there


@pytest.fixture(scope="module", params=PAIRS)
def face(request: pytest.FixtureRequest) -> Iterator[Stopped]:
    """The fixture program maps, live, in each of the two pairs of Go and GDB that the face is tried with."""
    with live(request.param) as there:
        yield there


@pytest.fixture
def gdb(face: Stopped) -> Gdb:
    """Its GDB, in the frame of main.fixtureReady, a function of package main without variables."""
    face.gdb.run("frame 0")
    return face.gdb


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """gomap's wheel in an environment of its own."""
    return install(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="session")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the demo leaves: a program and its core for each of two versions of Go, in a folder ``go1.27.3``, say."""
    place = tmp_path_factory.mktemp("demo")
    subprocess.run(
        [ROOT / "examples" / "demo.sh", toolchains.go("1.23.9"), toolchains.go("1.27.3")],
        env={**os.environ, "GDB": str(toolchains.gdb()), "DEMO_DIR": str(place)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=120,
        check=True,
    )
    return place


@pytest.fixture(scope="module")
def core(binary: Path) -> CoreDump:
    """The core of the program that a file's own fixture ``binary`` names, with its maps in it."""
    return kernel_core_of(binary, "abort")


@pytest.fixture(scope="module")
def delve(binary: Path, core: CoreDump) -> Iterator[Delve]:
    """Delve on that core."""
    with Delve("core", binary, core.path) as session:
        yield session
