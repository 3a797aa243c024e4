"""The page on containers: what it installs, and its commands, on a program whose files only the program sees.

That is what a debugger in a container of its own has before it: /proc/PID/exe, and no file at the path that it names.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures import toolchains
from tests.fixtures.builds import MissingError, build
from tests.sessions.gomap import ROOT
from tests.sessions.installed import Installed

pytestmark = pytest.mark.xdist_group("examples")

_PAGE = (ROOT / "examples" / "containers.md").read_text()
#: Where the program's mount namespace has it.
_HIDDEN = Path("/mnt/service")


@pytest.fixture
def service() -> Iterator[int]:
    """The process of a program below a mount that no other process has."""
    inside = f'mount -t tmpfs tmpfs {_HIDDEN.parent} && cp "$0" {_HIDDEN} && exec {_HIDDEN} stop'
    command = ["unshare", "--mount", "sh", "-c", inside, build("maps", "1.27.3")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            assert process.stdout and process.stderr
            if not process.stdout.readline():
                raise MissingError(f"no mount namespace to be had here: {process.stderr.read().decode()}; try as root")
            assert not _HIDDEN.exists()
            yield process.pid
        finally:
            process.kill()


def test_its_commands(installed: Installed, service: int, tmp_path: Path) -> None:
    commands = re.findall(r"^# (.+)$", _PAGE.partition("## Two files")[2], re.M)
    assert [command.split()[0] for command in commands] == ["gcore", "cp", "gomap", "gomap", "gomap"]
    gcore = toolchains.system_gdb().with_name("gcore")
    for command in commands:
        typed = re.sub(r"\b1\b", str(service), command).replace("/tmp/", "").replace("gcore ", f"{gcore} ")
        said = installed.run(
            "sh", "-c", f"PATH={installed.bin}:$PATH; {typed.replace('-all', 'main.small')}", cwd=tmp_path
        )
        if " check " in command:
            assert " no findings in 5 entries " in said, command
    assert (tmp_path / f"core.{service}").stat().st_size > 1 << 20
    assert "</html>" in (tmp_path / "report.html").read_text()


def test_what_the_image_installs(installed: Installed, tmp_path: Path) -> None:
    """The lines behind COPY, below a directory of the test's."""
    (run,) = re.findall(r"^RUN (python3 .*(?:\n &&.*)*)$", _PAGE, re.M)
    opt, local, home = tmp_path / "opt", tmp_path / "bin", tmp_path / "home"
    for folder in (opt, local, home):
        folder.mkdir()
    shutil.copy(installed.wheel, opt)
    script = run.replace("/opt/", f"{opt}/").replace("/usr/local/bin/", f"{local}/")
    installed.run(
        "sh", "-c", f"set -e; export HOME={home} PATH={local}:$PATH; unset XDG_CONFIG_HOME\n{script}", cwd=home
    )
    said = installed.run("env", f"HOME={home}", "gdb", "-q", "-batch", "-ex", "gomap", cwd=home)
    assert "gomap-walk" in said
