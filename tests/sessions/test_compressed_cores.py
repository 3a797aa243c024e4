"""Cores that were compressed open as they are, and leave nothing behind."""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.gomap import gomap

_MAGIC = {"zstd": b"\x28\xb5\x2f\xfd", "lz4": b"\x04\x22\x4d\x18"}

pytestmark = pytest.mark.xdist_group("compressed")


@pytest.fixture(scope="module")
def binary() -> Path:
    return build("maps", "1.27.3")


@pytest.fixture(scope="module")
def core(binary: Path) -> bytes:
    return kernel_core_of(binary, "abort").path.read_bytes()


@pytest.mark.parametrize("format", ["gzip", "xz"])
def test_it_says_what_the_core_itself_does(
    format: str, binary: Path, core: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, scratch = tmp_path / "core", tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    there.write_bytes(core)
    expected = gomap("core", binary, there, "check", "-all")
    there.write_bytes({"gzip": gzip.compress(core, 1), "xz": lzma.compress(core, preset=0)}[format])
    assert gomap("core", binary, there, "check", "-all").stdout == expected.stdout != ""
    assert not list(scratch.iterdir())
    there.write_bytes(there.read_bytes()[:20000])
    cut = gomap("core", binary, there, "check", "-all")
    assert (cut.returncode, cut.stdout) == (2, "")
    assert cut.stderr.startswith(f"gomap: {there} is compressed ({format}) and cannot be unpacked: ")
    assert cut.stderr.count("\n") == 1


@pytest.mark.parametrize("format", ["zstd", "lz4"])
def test_a_tool_unpacks_it_if_there_is_one(
    format: str, binary: Path, core: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it a line says what to install."""
    there, tool = tmp_path / "core", shutil.which(format)
    there.write_bytes(core)
    expected = gomap("core", binary, there, "check", "-all")
    if tool is None:  # then it is a stand-in for it that knows what the core was
        (tmp_path / "plain").write_bytes(core)
        tool = str(tmp_path / format)
        Path(tool).write_text(f"#!/bin/sh\nexec cat '{tmp_path}/plain'\n")
        Path(tool).chmod(0o755)
        there.write_bytes(_MAGIC[format])
    else:
        there.write_bytes(subprocess.run([tool, "-c"], input=core, stdout=subprocess.PIPE, check=True).stdout)
    monkeypatch.setenv("PATH", f"{Path(tool).parent}{os.pathsep}{os.environ['PATH']}")
    assert gomap("core", binary, there, "check", "-all").stdout == expected.stdout != ""
    (tmp_path / "nothing").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    without = gomap("core", binary, there, "check", "-all")
    assert without.returncode == 2
    assert without.stderr == f"gomap: {there} is compressed: install {format}, or unpack it first\n"
