"""What ``gomap dlv`` makes of Delve's own arguments."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.gomap import GomapDelve, gomap
from tests.sessions.targets import READY

pytestmark = pytest.mark.xdist_group("dlv-ways")

_CLEAN = "no findings in 1 entry (1 group, 1 hash)"


@pytest.fixture
def init(tmp_path: Path) -> Path:
    """A file for --init that lets a program run to where its maps are made, and asks gomap."""
    file = tmp_path / "delve.init"
    file.write_text(f"break {READY}\ncontinue\ngomap-check main.counts\n")
    return file


def test_an_option_whose_value_is_a_word_of_its_own(tmp_path: Path, init: Path) -> None:
    with GomapDelve("dlv", "exec", "--wd", tmp_path, "--init", init, build("scopes", "1.27.3")) as session:
        assert _CLEAN in session.greeting
        assert _CLEAN in session.run("gomap-check main.counts")


@pytest.mark.parametrize("host", ["127.0.0.1", ""])
def test_it_listens_where_it_is_told_to(host: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        GomapDelve("dlv", "exec", "-l", f"{host}:{port}", build("scopes", "1.27.3")) as session,
        GomapDelve("connect", f"127.0.0.1:{port}") as other,
    ):
        assert "nil map" in other.run("gomap-header main.nilSet")
        assert "nil map" in session.run("gomap-header main.nilSet")


def test_in_batch(init: Path) -> None:
    binary = build("maps", "1.27.3")
    init.write_text("gomap-check main.grown\nexit\n")
    # Delve asks whether to end the server too.
    done = gomap("dlv", "core", binary, kernel_core_of(binary, "abort").path, "--init", init, typed="y\n")
    assert "no findings in 1000 entries" in done.stdout, done
    assert done.returncode == 0, done


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["connect", "localhost:1"], "'gomap connect HOST:PORT'"),
        (["exec", "--log", "--log-dest=log", "program"], "--log alone logs to here"),
        (["dap"], "nothing can be typed there"),
        (["trace", "main.main"], "nothing can be typed there"),
    ],
)
def test_what_gomap_cannot_do_with_is_refused(arguments: list[str], says: str) -> None:
    done = gomap("dlv", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("gomap: ") and says in done.stderr and done.stderr.count("\n") == 1


def test_what_delve_says_of_itself() -> None:
    done = gomap("dlv", "version")
    assert "Version: " in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize("arguments", [["exec", "nosuch"], ["exec"], ["attach", "4194305"]])
def test_what_delve_cannot_open_it_says_itself(arguments: list[str]) -> None:
    done = gomap("dlv", *arguments)
    assert done.stderr and "gomap" not in done.stderr
    assert done.returncode != 0
