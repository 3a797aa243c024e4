"""Programs for other processors by the doors that need no GDB: arm64 in cores, and 386, which amd64 runs, too.

test_doors_agree.py has GDB on the same cores, and every command. Delve for amd64 takes no programs for 386.
"""

from __future__ import annotations

import subprocess

import pytest

from tests.fixtures.builds import build, kernel_core_of, qemu_core_of
from tests.sessions.gomap import gomap

_VERSIONS = ("1.23.9", "1.27.3")


@pytest.mark.parametrize("go", _VERSIONS)
def test_arm64_core_without_gdb(go: str) -> None:
    """By files alone, and by Delve for amd64, which opens it."""
    binary = build("maps", go, goarch="arm64")
    core = qemu_core_of(binary, "abort").path
    alone = gomap("core", binary, core, "check", "main.small").stdout
    assert "no findings in 5 entries" in alone
    typed = gomap("dlv", "core", "--check-go-version=false", binary, core, typed="gomap-check main.small\nexit\n")
    assert alone in typed.stdout


@pytest.mark.parametrize("go", _VERSIONS)
def test_386(go: str) -> None:
    binary = build("maps", go, goarch="386")
    assert ": no findings;" in gomap("core", binary, kernel_core_of(binary, "abort").path, "check", "-all").stdout
    with subprocess.Popen([binary, "stop"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout and process.stdout.readline()
            assert ": no findings;" in gomap("attach", str(process.pid), "check", "-all").stdout
            assert "main.main" in gomap("attach", str(process.pid), "goroutines", "-stack").stdout
        finally:
            process.kill()
