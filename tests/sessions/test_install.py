"""The wheel: what is in it, that it needs nothing, and that with it alone every command of the README works."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gomap.shell.gdbinit import LINE
from tests.fixtures import toolchains
from tests.fixtures.builds import build
from tests.sessions.debugger import Gdb, schema
from tests.sessions.doors import serving
from tests.sessions.gomap import ROOT, GomapDelve
from tests.sessions.installed import Installed, tracked

pytestmark = pytest.mark.xdist_group("examples")

_README = (ROOT / "README.md").read_text()


class Dead(NamedTuple):
    """The program that the README tells of first, and its core."""

    binary: Path
    core: Path


@pytest.fixture(scope="module")
def shop(shops: Path) -> Dead:
    there = shops / "go1.27.3"
    return Dead(there / "shop", there / "core")


@pytest.fixture(scope="module")
def gdb(installed: Installed, shop: Dead) -> Iterator[Gdb]:
    with Gdb(toolchains.gdb(), *shop, load=False, cwd=installed.packages) as session:
        session.run("source gdb_gomap")
        yield session


@pytest.fixture(scope="module")
def address(gdb: Gdb) -> str:
    """Of a header."""
    return str(gdb.json("gomap-header -json main.stock")["address"])


def test_it_has_all_of_the_package_and_all_that_is_sourced(installed: Installed) -> None:
    wanted = {name for name in tracked() if name.startswith(("gomap/", "dlv_scripts/")) or name == "gdb_gomap"}
    with zipfile.ZipFile(installed.wheel) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
        assert packed == wanted
        assert wheel.read("gdb_gomap") == (ROOT / "gdb_gomap").read_bytes()


def test_it_depends_on_nothing(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        (metadata,) = [name for name in wheel.namelist() if name.endswith("/METADATA")]
        requirements = re.findall(r"^Requires-Dist: (.*)$", wheel.read(metadata).decode(), re.M)
    assert [each for each in requirements if "extra ==" not in each] == []
    assert {each.name.partition("-")[0] for each in installed.packages.iterdir()} == {
        "gomap", "dlv_scripts", "gdb_gomap"
    }  # fmt: skip


def test_gdbinit_loads_it(installed: Installed, tmp_path: Path) -> None:
    """The line is written once; GDB then has gomap, and nothing of the environment is on its Python's path."""
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / ".config")}
    line = installed.run(installed.gomap, "gdbinit", cwd=tmp_path)
    assert line == f"source {installed.packages / 'gdb_gomap'}\n" and line != f"{LINE}\n"
    for _ in range(2):
        command = ["env", *(f"{name}={value}" for name, value in home.items()), installed.gomap, "gdbinit", "-install"]
        installed.run(*command, cwd=tmp_path, typed="y\n")
    assert (tmp_path / ".gdbinit").read_text() == line
    said = subprocess.run(
        [toolchains.gdb(), "-q", "-batch", "-ex", "gomap", "-ex", "python print(sys.path)"],
        env={**os.environ, **home},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert "gomap-walk" in said
    assert str(installed.packages) not in said.splitlines()[-1]


def test_the_doctor_knows_where_it_is(installed: Installed, tmp_path: Path) -> None:
    said = json.loads(
        subprocess.run(
            [installed.gomap, "doctor", "-json"],
            env={**os.environ, "GDB": str(toolchains.gdb18()), "DLV": str(toolchains.delve()), "HOME": str(tmp_path)},
            cwd=tmp_path,
            capture_output=True,
            timeout=60,
            check=False,
        ).stdout
    )
    schema().validate(said)
    says = {each["subject"]: each["says"] for each in said["things"]}
    assert str(installed.packages) in says["gomap"]
    assert says["GDB"].startswith("18.1 ")
    assert says["GDB reads"] == "opens programs for amd64, 386, arm64"
    assert says["Delve"].startswith(f"{toolchains.DELVE_VERSION} ")
    assert says["ptrace"].startswith("works on ")  # or sessions that attach would fail


class TestEveryCommandOfTheReadme:
    """Its transcripts are replayed by test_readme.py, with the wheel too."""

    def test_in_gdb(self, gdb: Gdb, address: str, tmp_path: Path) -> None:
        for command in _commands(address, tmp_path):
            _works(command, gdb.run(command))

    def test_without_a_debugger(self, installed: Installed, shop: Dead, address: str, tmp_path: Path) -> None:
        commands = _commands(address, tmp_path)
        # Both, so that what goes wrong can be seen in its place.
        both = ["sh", "-c", 'exec "$@" 2>&1', "sh", installed.gomap, "core", *shop]
        said = installed.run(*both, cwd=tmp_path, typed="\n".join(commands), status=2)
        _works("\n".join(commands), said)
        assert said.count("map[string]int at ") >= 4

    def test_in_delve(self, installed: Installed, shop: Dead, address: str, tmp_path: Path) -> None:
        with GomapDelve("dlv", "core", *shop, command=[installed.gomap]) as dlv:
            for command in _commands(address, tmp_path):
                _works(command, dlv.run(command))

    def test_of_its_command_lines(self, installed: Installed, shop: Dead) -> None:
        """Those for GDB's batch mode: ``source gdb_gomap`` is meant where that lies."""
        lines = re.findall(r"^    (gdb -q -batch .*)$", _README, re.M)
        assert len(lines) >= 3
        replaced = {"gdb": str(toolchains.gdb()), "PROGRAM": str(shop.binary), "CORE": str(shop.core)}
        for line in lines:
            words = [replaced.get(word, word) for word in shlex.split(line)]
            _works(line, installed.run(*words, cwd=installed.packages))

    def test_of_its_table_of_ways(self, installed: Installed, shop: Dead, tmp_path: Path) -> None:
        section = _README.partition("| way in |")[2].partition("\n\n")[0]
        assert re.findall(r"^\| `gomap (\w+) ", section, re.M) == ["core", "attach", "gdb", "dlv", "connect"]
        clean = " no findings in "
        assert clean in installed.run(installed.gomap, "core", *shop, "check", "main.stock", cwd=tmp_path)
        gdb = ["gdb", "-nx", "-batch", "-ex", "gomap-check main.stock"]
        assert clean in installed.run(installed.gomap, *gdb, *shop, cwd=tmp_path)
        running = build("maps", "1.27.3")
        with subprocess.Popen([running, "stop"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            try:
                assert process.stdout and process.stdout.readline()
                check = ["attach", str(process.pid), "check", "main.small"]
                assert clean in installed.run(installed.gomap, *check, cwd=tmp_path)
            finally:
                process.kill()
        with serving("core", *shop) as port:
            connect = ["connect", "-program", shop.binary, f"127.0.0.1:{port}"]
            with GomapDelve(*connect, command=[installed.gomap]) as dlv:
                assert clean in dlv.run("gomap-check main.stock")


def _commands(address: str, place: Path) -> list[str]:
    """Each command of the README's table once, and each that writes a page or a profile."""
    section = _README.partition("## Commands")[2].partition("| option |")[0]
    heads = re.findall(r"^\| `(gomap[^`]*)` \|", section, re.M)
    assert len(heads) >= 15
    stands_for = {"EXPR": "main.stock", "[EXPR]": "main.stock", "KEY": '"article-7"', "ADDR": address}
    commands = [" ".join(stands_for.get(word, word) for word in head.split()) for head in heads]
    commands[commands.index("gomap-diff")] = "gomap-diff main.stock main.stock"
    return [
        *commands,
        f"gomap-check -html {place / 'check.html'} main.stock",
        f"gomap-list -pprof {place / 'profile'}",
        f"gomap-postmortem -json {place / 'report.json'} -html {place / 'report.html'}",
    ]


#: What is said by a command that is not there, or that lacks a part of the package.
_BROKEN = re.compile(
    r"Undefined command|Traceback|No module|ImportError|command not available|No such file|no command|failed on us"
)


def _works(command: str, said: str) -> None:
    assert said.strip(), f"{command} says nothing"
    assert not _BROKEN.search(said), f"{command}:\n{said}"
