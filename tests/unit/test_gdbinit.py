"""``gomap gdbinit``: which file GDB reads, and that it never loads gomap twice."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gomap.__main__ import main
from gomap.shell.gdbinit import LINE, home_gdbinit, loaded_by
from gomap.shell.sourced import DELVE_SCRIPT, GDB_SCRIPT


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path


def answering(monkeypatch: pytest.MonkeyPatch, answer: str) -> int:
    """The exit status of an installation by somebody who answers so."""
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    return main(["gdbinit", "-install"])


def test_what_is_sourced_is_there() -> None:
    assert GDB_SCRIPT.is_file()
    assert DELVE_SCRIPT.is_file()


def test_the_line_alone_is_printed(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    assert main(["gdbinit"]) == 0
    assert capsys.readouterr().out == f"source {GDB_SCRIPT}\n"
    assert list(home.iterdir()) == []


def test_gdb_reads_the_first_that_there_is(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    assert home_gdbinit() == home / ".gdbinit"
    default, other = home / ".config" / "gdb" / "gdbinit", home / "other" / "gdb" / "gdbinit"
    for file in (default, other):
        file.parent.mkdir(parents=True)
        file.touch()
    (home / ".gdbinit").touch()
    assert home_gdbinit() == default
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "other"))
    assert home_gdbinit() == other
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "none"))
    assert home_gdbinit() == home / ".gdbinit"


@pytest.mark.parametrize("before", ["", "set pagination off\n", "set pagination off"])
def test_it_is_written_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], before: str) -> None:
    file = home_gdbinit()
    if before:
        file.write_text(before)
    assert answering(monkeypatch, "y\n") == 0
    assert str(file) in capsys.readouterr().out
    lines = [*before.split("\n")[:1], LINE] if before else [LINE]
    assert file.read_text() == "".join(f"{line}\n" for line in lines)
    assert answering(monkeypatch, "y\n") == 0
    assert f"has it already, in line {len(lines)}" in capsys.readouterr().out
    assert file.read_text().splitlines() == lines


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "yeah but no\n"])
def test_nothing_is_written_without_a_yes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    assert answering(monkeypatch, answer) == 1
    assert "nothing was written" in capsys.readouterr().out
    assert not home_gdbinit().exists()


def test_another_gomap_is_replaced(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    file = home_gdbinit()
    file.write_bytes(b"set width 0\n  source ~/old/gdb_gomap\nset prompt \xff\n")
    assert answering(monkeypatch, "yes\n") == 0
    assert "Line 2" in (asked := capsys.readouterr().out)
    assert "~/old/gdb_gomap" in asked
    assert file.read_bytes() == f"set width 0\n{LINE}\n".encode() + b"set prompt \xff\n"


def test_a_line_that_only_looks_like_it_is_not_it() -> None:
    file = home_gdbinit()
    file.write_text(f"# {LINE}\necho {LINE}\nsource /x/gdb_gomap_old\n")
    assert loaded_by(file) is None


def test_a_link_stays_one(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    (home / "dotfiles").write_text("set width 0\n")
    home_gdbinit().symlink_to("dotfiles")
    assert answering(monkeypatch, "y\n") == 0
    assert home_gdbinit().is_symlink()
    assert (home / "dotfiles").read_text() == f"set width 0\n{LINE}\n"


def test_a_file_that_cannot_be_written_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home_gdbinit().mkdir()
    assert answering(monkeypatch, "y\n") == 2
    assert f"cannot write {home_gdbinit()}: Is a directory" in capsys.readouterr().err
