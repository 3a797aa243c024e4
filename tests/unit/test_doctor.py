"""``gomap doctor`` on machines that have and lack one thing or another, made of files and of programs that say so."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

from gomap.__main__ import main
from gomap.shell.doctor import debuggers, kernel
from gomap.shell.doctor.answer import Answer
from gomap.shell.gdbinit import LINE
from tests.sessions.debugger import schema

_GDB = """#!/bin/sh
echo 'GNU gdb (Fictitious Linux 9-2) {version}'
echo 'Copyright (C) whoever'
"""
_FACTS = {"python": [3, 11, 2], "safe": "/usr/share/gdb/auto-load", "architectures": ["i386", "i386:x86-64"]}


@pytest.fixture
def bin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The only directory on the path."""
    place = tmp_path / "bin"
    place.mkdir()
    (place / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(place))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("GDB", "DLV", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return place


def made(place: Path, name: str, script: str) -> None:
    (place / name).write_text(script)
    (place / name).chmod(0o755)


def gdb_that_says(place: Path, version: str, facts: dict[str, object] | None) -> None:
    told = f"echo 'gomap:{json.dumps(facts)}'\n" if facts else "echo 'Python scripting is not supported'\n"
    made(place, "gdb", _GDB.format(version=version) + told)


class TestGdb:
    def test_it_is_not_there(self, bin: Path) -> None:
        made(bin, "dnf", "#!/bin/sh\n")
        (answer,) = debuggers.gdb()
        assert (answer.state, answer.says) == ("missing", "there is no gdb")
        assert answer.advice.startswith("dnf install gdb")

    def test_it_is_another(self, bin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GDB", "/no/gdb")
        (answer,) = debuggers.gdb()
        assert answer.says == "there is no /no/gdb"

    def test_it_does_not_start(self, bin: Path) -> None:
        made(bin, "gdb", "#!/bin/sh\necho 'libpython3.9.so: cannot open' >&2; exit 127\n")
        (answer,) = debuggers.gdb()
        assert answer.state == "missing"
        assert answer.says.endswith("does not start: libpython3.9.so: cannot open")

    @pytest.mark.parametrize(
        ("version", "facts", "says"),
        [
            ("11.2", _FACTS, "11.2 ({gdb}) is too old: gomap needs 12 or newer"),
            ("12.1", None, "12.1 ({gdb}) was built without Python"),
            ("13.1-3.el9", {**_FACTS, "python": [3, 9, 2]}, "13.1-3.el9 ({gdb}) has Python 3.9.2: gomap needs 3.10 or"),
        ],
    )
    def test_it_does_not_serve(self, bin: Path, version: str, facts: dict[str, object], says: str) -> None:
        gdb_that_says(bin, version, facts)
        answer, *_ = debuggers.gdb()
        assert answer.state == "missing" and answer.advice
        assert answer.says.startswith(says.format(gdb=bin / "gdb"))

    def test_it_serves(self, bin: Path, tmp_path: Path) -> None:
        gdb_that_says(bin, "16.3", _FACTS)
        first, reads, loads, safe = debuggers.gdb()
        assert first == Answer("GDB", "ok", f"16.3 ({bin / 'gdb'}), with Python 3.11.2")
        assert (reads.state, reads.says) == ("note", "opens programs for amd64, 386; not for arm64")
        assert (loads.state, loads.says) == ("note", f"{tmp_path / '.gdbinit'} does not load gomap")
        assert safe.says.startswith("/usr/share/gdb/auto-load; ")
        for line, state, says in (
            (LINE, "ok", "line 2 of"),
            ("source /old/gdb_gomap", "note", "loads another gomap, /old/gdb_gomap"),
        ):
            (tmp_path / ".gdbinit").write_text(f"set width 0\n{line}\n")
            _, _, loads, _ = debuggers.gdb()
            assert loads.state == state and says in loads.says


def test_delve(bin: Path) -> None:
    assert debuggers.delve().says == "there is no dlv"
    made(bin, "dlv", "#!/bin/sh\nexit 1\n")
    assert debuggers.delve().says.endswith("does not start: it says nothing")
    made(bin, "dlv", "#!/bin/sh\nprintf 'Delve Debugger\\nVersion: 1.25.0\\nBuild: $Id$\\n'\n")
    assert debuggers.delve().says.startswith(f"1.25.0 ({bin / 'dlv'}); ")


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """/proc of somebody without rights, on a kernel with Yama."""
    there = tmp_path / "proc"
    (there / "sys" / "kernel" / "yama").mkdir(parents=True)
    (there / "self").mkdir()
    (there / "self" / "status").write_text("Name:\tpython3\nCapEff:\t0000000000000000\n")
    (there / "self" / "coredump_filter").write_text("00000033\n")
    return there


class TestPtrace:
    @pytest.mark.parametrize(
        ("scope", "capabilities", "state", "says"),
        [
            ("0", 0, "ok", "works on your own processes"),
            ("0", 1 << 19, "ok", "works on processes of all users"),
            ("1", 0, "missing", "works on what the debugger starts"),
            ("1", 1 << 19, "ok", "works: you have CAP_SYS_PTRACE"),
            ("2", 0, "missing", "takes root"),
            ("2", 1 << 19, "ok", "works: you have CAP_SYS_PTRACE"),
            ("3", 1 << 19, "missing", "is forbidden to everybody"),
        ],
    )
    def test_the_scope(self, proc: Path, scope: str, capabilities: int, state: str, says: str) -> None:
        (proc / "sys" / "kernel" / "yama" / "ptrace_scope").write_text(f"{scope}\n")
        (proc / "self" / "status").write_text(f"Name:\tpython3\nCapEff:\t{capabilities:016x}\n")
        answer = kernel.ptrace(proc)
        assert answer.state == state and answer.says.startswith(says)
        assert bool(answer.advice) == (state == "missing")

    def test_a_kernel_without_yama(self, proc: Path) -> None:
        assert kernel.ptrace(proc).says == "works on your own processes"


class TestCores:
    @pytest.mark.parametrize(
        ("pattern", "state", "says"),
        [
            ("", "missing", "is empty"),
            ("core.%p", "ok", "cores go to core.%p, in the directory that the program runs in"),
            ("/no/such/folder/core", "missing", "cores would go to /no/such/folder/core, but"),
            ("/no/%e/core", "ok", "cores go to /no/%e/core"),
            ("|/usr/lib/systemd/systemd-coredump %P %u", "ok", "cores are handed to systemd-coredump"),
            ("|/wsl-capture-crash %t", "note", "cores are handed to '/wsl-capture-crash %t'"),
        ],
    )
    def test_where_they_go(self, proc: Path, pattern: str, state: str, says: str) -> None:
        (proc / "sys" / "kernel" / "core_pattern").write_text(f"{pattern}\n")
        where, *_ = kernel.cores(proc)
        assert where.state == state and where.says.startswith(says)
        assert where.advice

    @pytest.mark.parametrize(
        ("limits", "pattern", "state", "says"),
        [
            ((0, -1), "core", "missing", "ulimit -c is 0"),
            ((4096, 4096), "core", "missing", "ulimit -c cuts cores after 4096 bytes"),
            ((-1, -1), "core", "ok", "is not limited"),
            ((0, 0), "|/usr/lib/systemd/systemd-coredump", "ok", "is not limited by the kernel"),
        ],
    )
    def test_how_large(
        self,
        proc: Path,
        monkeypatch: pytest.MonkeyPatch,
        limits: tuple[int, int],
        pattern: str,
        state: str,
        says: str,
    ) -> None:
        (proc / "sys" / "kernel" / "core_pattern").write_text(pattern)
        monkeypatch.setattr(resource, "getrlimit", lambda which: limits)
        _, size = kernel.cores(proc)
        assert size.state == state and size.says.startswith(says)
        assert ("as root" in size.advice) == (limits == (4096, 4096))

    def test_without_the_heap(self, proc: Path) -> None:
        (proc / "self" / "coredump_filter").write_text("00000032\n")
        *_, content = kernel.cores(proc)
        assert (content.state, content.says) == ("missing", "coredump_filter is 0x32: cores are without the heap")


def test_the_exit_status_says_whether_something_is_missing(bin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "-json"]) == 1
    said = json.loads(capsys.readouterr().out)
    schema().validate(said)
    things = {each["subject"]: each for each in said["things"]}
    assert things["Delve"]["state"] == things["packed cores"]["state"] == "missing"
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert all(thing["says"] in shown and thing.get("advice", "") in shown for thing in things.values())


def test_what_files_say_does_not_reach_the_terminal_as_it_is(
    bin: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GDB", "\x1b[31mgdb")
    main(["doctor"])
    assert r"there is no \x1b[31mgdb" in capsys.readouterr().out
