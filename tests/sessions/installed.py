"""gomap as others have it: its wheel, in an environment that has nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

from tests.fixtures import toolchains
from tests.sessions.gomap import ROOT

__all__ = ["Installed", "install", "tracked"]


class Installed(NamedTuple):
    """An environment, and the wheel that was installed in it.

    Attributes:
        wheel: the file.
        bin: the environment's programs.
        packages: where the package lies, and beside it what debuggers source.
    """

    wheel: Path
    bin: Path
    packages: Path

    @property
    def gomap(self) -> Path:
        """The command."""
        return self.bin / "gomap"

    def run(self, *command: str | Path, cwd: Path, typed: str = "", status: int = 0) -> str:
        """What COMMAND prints, run in CWD with TYPED as its input, and without this checkout on its path.

        Raises AssertionError unless it ends with that STATUS.
        """
        done = subprocess.run(
            command, cwd=cwd, env=_environment(), input=typed, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == status, f"{command}:\n{done.stdout}{done.stderr}"
        return done.stdout


def install(place: Path) -> Installed:
    """Build the wheel of what git tracks here, and install it below PLACE. Neither needs the network."""
    source, env = place / "source", place / "env"
    # A copy: setuptools writes into the directory that it builds from.
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip"]
    offline = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    _run(*pip, "wheel", *offline, "--no-build-isolation", "--wheel-dir", place, source)
    (wheel,) = place.glob("*.whl")
    # Without a pip of its own, which takes most of the time that an environment does.
    venv.create(env, symlinks=True, with_pip=False)
    _run(*pip, "--python", env / "bin" / "python", "install", *offline, "--no-compile", wheel)
    (packages,) = env.glob("lib/python*/site-packages")
    return Installed(wheel, env / "bin", packages)


def tracked() -> list[str]:
    """Every file that git has, or is about to have."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {**kept, "GDB": str(toolchains.gdb()), "DLV": str(toolchains.delve())}
