"""``pip install .`` gives the command gomap, which needs nothing but the Python that it was installed for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.gomap import ROOT


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a new environment's programs, gomap among them."""
    place = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", place / "env"], check=True, timeout=120)
    # From a copy: setuptools writes into the directory that it builds from.
    subprocess.run(["git", "clone", "--quiet", ROOT, place / "clone"], check=True, timeout=60)
    pip = [place / "env" / "bin" / "python", "-m", "pip", "install", "--quiet", place / "clone"]
    subprocess.run(pip, check=True, timeout=300)
    return place / "env" / "bin"


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints, run elsewhere and without this checkout on its path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


def test_it_depends_on_nothing(installed: Path, tmp_path: Path) -> None:
    listed = json.loads(run(installed / "python", "-m", "pip", "list", "--format", "json", cwd=tmp_path))
    assert {each["name"] for each in listed} <= {"gomap", "pip", "setuptools", "wheel"}


def test_without_a_debugger(installed: Path, tmp_path: Path) -> None:
    binary = build("maps", "1.27.3")
    core = kernel_core_of(binary, "abort").path
    assert "no findings" in run(installed / "gomap", "core", binary, core, "check", "-all", cwd=tmp_path)


def test_gdb_with_gomap_loaded(installed: Path, tmp_path: Path) -> None:
    binary = build("maps", "1.27.3")
    core = kernel_core_of(binary, "abort").path
    said = run(installed / "gomap", "gdb", "-nx", "-batch", "-ex", "gomap-check -all", binary, core, cwd=tmp_path)
    assert "no findings" in said
