"""Each Python that gomap is for runs what needs no debugger, and it says the same in all of them.

Which of them a machine has is its own affair: one that it lacks, and that Debian has for nobody, is skipped and named.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures import fetching, toolchains
from tests.fixtures.builds import build
from tests.sessions.gomap import ROOT

pytestmark = pytest.mark.xdist_group("examples")

#: Between them, each of the package's floors; html and pprof have modules of Python's of their own.
_COMMANDS = (
    *("gomap", "help walk", "header main.stock", "walk -all main.stock", "walk -json -entries main.sessions"),
    *("check -all -deep", 'find main.stock "article-7"', "stats -html stats.html main.stock", "layout main.stock"),
    *("diff -save ./snapshot main.stock", "diff -since ./snapshot main.stock", "goroutines -stack", "iter", "why"),
    *("list -pprof profile", "postmortem -html report.html", "whatis 0x10", "refs 0x10", 'walk main.sessions["t-104"]'),
    *("walk main.nope", "walk -limit x main.stock", "nope"),
)


@pytest.fixture(params=toolchains.PYTHON_VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    version: str = request.param
    try:
        toolchains.python(version)
    except fetching.MissingError as missing:
        if version in toolchains.DEBIAN_PYTHON:
            raise
        pytest.skip(str(missing))
    return version


@pytest.fixture(scope="module")
def expected(shops: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the Python that runs the tests says."""
    return _core(Path(sys.executable), shops, tmp_path_factory.mktemp("expected"))


def test_a_core(version: str, shops: Path, expected: str, tmp_path: Path) -> None:
    assert _core(toolchains.python(version), shops, tmp_path) == expected


def test_a_process(version: str) -> None:
    with subprocess.Popen([build("maps", "1.27.3"), "stop"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout and process.stdout.readline()
            command = ["attach", str(process.pid), "check", "main.small"]
            assert " no findings in 5 entries " in _gomap(toolchains.python(version), command, cwd=ROOT)
        finally:
            process.kill()


def test_the_unit_tests(version: str, request: pytest.FixtureRequest) -> None:
    """In an environment of that Python; with --matrix only, as they take minutes."""
    if not request.config.getoption("--matrix"):
        pytest.skip("the unit tests run in other Pythons with --matrix")
    if version == "3.10":
        pytest.skip("of the pinned development tools grimp is for Python 3.11 and newer")
    pytest_there = toolchains.dev(version) / "bin" / "pytest"
    command = [pytest_there, "-q", "-p", "no:cacheprovider", "tests/unit"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def _core(python: Path, shops: Path, cwd: Path) -> str:
    there = shops / "go1.27.3"
    said = _gomap(python, ["core", there / "shop", there / "core"], cwd, "\n".join(_COMMANDS), status=2)
    assert said.count(" at 0x") > 100
    return said


def _gomap(python: Path, arguments: list[str | Path], cwd: Path, typed: str = "", status: int = 0) -> str:
    """All that gomap says. A warning of Python's, that something will not be there in a later one, ends it."""
    done = subprocess.run(
        [python, "-W", "error", "-m", "gomap", *arguments],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"},
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stdout
    return done.stdout
