"""Go that is not the program: a plugin, and a library that a program of C has loaded (-buildmode=c-shared)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from gomap.elf import coredump as elf
from tests.fixtures.builds import CoreDump, build, kernel_core_of
from tests.fixtures.toolchains import gdb18
from tests.sessions.debugger import Gdb
from tests.sessions.gomap import gomap

_GO = "1.27.3"
#: All hashes, for which the library's file is read: no core of the kernel's has its constants.
_CLEAN = re.compile(r"no findings in (\d+) entries \(\d+ groups?, \1 hashes\)$")


@pytest.fixture(scope="module")
def library() -> Path:
    return build("shared", _GO, libc=True, buildmode="c-shared")


@pytest.fixture(scope="module")
def host(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _host_of(library, tmp_path_factory.mktemp("host"))


def _host_of(library: Path, place: Path) -> Path:
    """The program of C, which loads that LIBRARY."""
    source = Path(__file__).parents[1] / "fixtures" / "shared" / "host.c"
    subprocess.run(["gcc", "-g", "-o", place / "host", source, library], check=True)
    return place / "host"


@pytest.fixture(scope="module")
def core(host: Path) -> CoreDump:
    core = kernel_core_of(host)
    assert core.printed.read_text() == "20\n"
    return core


def test_a_library_in_a_core(host: Path, library: Path, core: CoreDump) -> None:
    """GDB has it from the program; without GDB it is what has to be named."""
    with Gdb(gdb18(), host, core.path) as session:
        said = session.run("gomap-check main.counts")
        assert _CLEAN.search(said) and "in 20 entries" in said
        assert "runtime" in session.run("gomap-goroutines")
    assert gomap("core", library, core.path, "check", "main.counts").stdout == f"{said}\n"
    assert gomap("core", host, core.path, "check", "-all").stderr == f"gomap: {host} is not a Go program\n"


def test_a_stripped_library_in_a_core(tmp_path: Path) -> None:
    library = build("shared", _GO, libc=True, buildmode="c-shared", ldflags="-s -w")
    host = _host_of(library, tmp_path)
    core = kernel_core_of(host).path
    with Gdb(gdb18(), host, core) as session:
        for command in ("goroutines -stack", "list"):
            said = session.run(f"gomap-{command}")
            assert said == gomap("core", library, core, *command.split()).stdout.rstrip("\n")
            assert "runtime." in said or "map[string]int" in said


def test_a_library_that_is_another_by_now_is_not_read(library: Path, tmp_path: Path) -> None:
    """As where it was updated: its headers differ, and the build ID in them."""
    loaded = tmp_path / "library"
    loaded.write_bytes(library.read_bytes())
    host = _host_of(loaded, tmp_path)
    path = kernel_core_of(host).path
    mapped = elf.CoreDump(path).mapped_files
    (constants,) = {file.end for file in mapped if file.path == str(loaded) and not file.offset}
    assert not elf.CoreDump(path).foreign_files(constants, 8)
    changed = loaded.read_bytes()
    loaded.write_bytes(changed[:0x300] + bytes([changed[0x300] ^ 1]) + changed[0x301:])
    assert elf.CoreDump(path).foreign_files(constants, 8)
    with Gdb(gdb18(), host, path) as session:
        said = session.run("gomap-check main.counts")
        assert "error" not in said and not _CLEAN.search(said)


def test_a_library_in_a_process(host: Path, library: Path) -> None:
    with subprocess.Popen([host], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout and process.stdout.readline() == b"20\n"
            check = ["-program", library, str(process.pid), "check", "main.counts"]
            assert _CLEAN.search(gomap("attach", *check).stdout.strip())
            with Gdb(gdb18(), host) as session:
                session.run(f"attach {process.pid}")
                assert _CLEAN.search(session.run("gomap-check main.counts"))
                session.run("detach")
        finally:
            process.kill()


def test_a_plugin_in_a_core() -> None:
    program = build("plugged", _GO, libc=True)
    core = kernel_core_of(program, str(build("plugged", _GO, libc=True, buildmode="plugin", package="./plugin")))
    alone = gomap("core", program, core.path, "check", "-all").stdout
    with Gdb(gdb18(), program, core.path) as session:
        for name in ("counts", "prices"):
            assert _CLEAN.search(session.run(f"gomap-check main.{name}")), name
    assert ": no findings;" in alone
