"""gomap dlv and gomap connect: Delve's own terminal, in which the commands of the Python side are typed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import CoreDump, build, kernel_core_of
from tests.sessions.doors import serving
from tests.sessions.gomap import GomapDelve, gomap

pytestmark = pytest.mark.xdist_group("delve-terminal")

OLD = "--check-go-version=false"


@pytest.fixture(scope="module")
def binary() -> Path:
    return build("maps", "1.27.3")


@pytest.fixture(scope="module")
def terminal(binary: Path, core: CoreDump) -> Iterator[GomapDelve]:
    with GomapDelve("dlv", "core", binary, core.path) as session:
        yield session


def test_every_command_is_there(terminal: GomapDelve) -> None:
    assert "gomap-check " in terminal.run("gomap")
    assert "Usage: gomap-walk [-limit N|unlimited]" in terminal.run("help gomap-walk")


def test_what_it_says_is_what_the_files_say(terminal: GomapDelve, binary: Path, core: CoreDump) -> None:
    for command in ("header main.ints", "walk -json main.grown", "check -all"):
        alone = gomap("core", binary, core.path, *command.split())
        assert terminal.run(f"gomap-{command}") == alone.stdout.rstrip("\n")


def test_errors_are_a_line(terminal: GomapDelve) -> None:
    assert terminal.run("gomap-walk main.nope") == "no variable main.nope"
    assert terminal.run("gomap-walk -limit x main.ints").startswith("gomap-walk: -limit takes")


def test_locals_and_arguments_of_the_frame_that_is_selected(terminal: GomapDelve) -> None:
    """withLocals has a map in its frame, perform has none; withArguments has others."""
    frames = terminal.run("stack 30")
    number = next(line.split()[0] for line in frames.splitlines() if " in main.withLocals" in line)
    terminal.run(f"frame {number}")
    assert "map[string]int at 0x" in terminal.run("gomap-header local")
    terminal.run("frame 0")
    assert terminal.run("gomap-header local").startswith("no variable local")


def test_a_frame_of_the_goroutine_that_is_selected(terminal: GomapDelve) -> None:
    """Delve tells scripts nothing of its prefixes, such as "frame 1", so the option takes their place."""
    frames = terminal.run("stack 30")
    number = next(line.split()[0] for line in frames.splitlines() if " in main.withLocals" in line)
    terminal.run("frame 0")
    assert "map[string]int at 0x" in terminal.run(f"gomap-header -frame {number} local")
    last = int([line.split()[0] for line in frames.splitlines() if line.split()[0].isdecimal()][-1])
    assert terminal.run("gomap-header -frame 999 local") == f"there is no frame 999: the last one is {last}"


def test_another_goroutine(terminal: GomapDelve) -> None:
    terminal.run("goroutine 2")
    assert terminal.run("gomap-header local").startswith("no variable local")
    assert "map[int]uint" in terminal.run("gomap-header main.ints")
    terminal.run("goroutine 1")


def test_ctrl_c_ends_the_command_and_leaves_delve_as_it_was() -> None:
    large = build("large", "1.27.3")
    with GomapDelve("dlv", "core", large, kernel_core_of(large, "abort").path) as terminal:
        terminal.press("gomap-walk -json -all main.million\n")
        time.sleep(1)
        terminal.press("\x03")
        terminal.read_until("interrupted")
        terminal.read_until("(dlv) ")
        assert terminal.run("print 1+1") == "2"
        assert "1000000 entries" in terminal.run("gomap-header main.million")


class TestLive:
    def test_what_is_seen_follows_the_program(self) -> None:
        with GomapDelve("dlv", "exec", build("steps", "1.27.3"), OLD) as terminal:
            assert "has ended" not in terminal.run("gomap-check -all")
            terminal.run("break main.step")
            for entries in ("1 entry", "2 entries", "3 entries"):
                terminal.run("continue")
                assert f": {entries} in 1 group" in terminal.run("gomap-header m").splitlines()[0]
            terminal.run("clearall")
            terminal.run("continue")
            assert terminal.run("gomap-check -all").startswith("no process")

    def test_ctrl_c_stops_a_program_that_runs(self) -> None:
        with GomapDelve("dlv", "exec", build("busy", "1.27.3")) as terminal:
            terminal.press("continue\n")
            time.sleep(1)
            terminal.press("\x03")
            terminal.read_until("(dlv) ")
            assert "maps checked" in terminal.run("gomap-check -all")

    def test_what_the_program_prints_begins_at_the_left(self) -> None:
        """On standard output and on standard error, where a panic is told."""
        with GomapDelve("dlv", "exec", build("maps", "1.27.3"), "--", "abort") as terminal:
            said = ""
            for _ in range(3):
                said += terminal.raw("continue")
        assert said.startswith("{") and "\npanic: " in said, said
        assert not re.search(r"(?<!\r)\n", said), said

    def test_attach_leaves_the_process(self) -> None:
        with subprocess.Popen([build("busy", "1.27.3")], stdout=subprocess.DEVNULL) as process:
            try:
                time.sleep(0.5)
                with GomapDelve("dlv", "attach", str(process.pid)) as terminal:
                    assert "maps checked" in terminal.run("gomap-check -all")
                    terminal.press("quit\n")
                    terminal.read_until("[Y/n] ")
                    terminal.press("n\n")
                    terminal.exit_status()
                assert process.poll() is None
            finally:
                process.kill()


class TestConnect:
    def test_to_a_server_that_runs_already(self, binary: Path, core: CoreDump) -> None:
        """As an IDE has one; it goes on when gomap leaves."""
        with serving("core", binary, core.path) as port:
            for _ in range(2):
                with GomapDelve("connect", "-program", binary, f"127.0.0.1:{port}") as terminal:
                    assert "map[int]uint" in terminal.run("gomap-header main.ints")
                    terminal.press("quit\n")
                    terminal.read_until("[Y/n] ")
                    terminal.press("n\n")
                    assert terminal.exit_status() == 0

    def test_nobody_listens(self) -> None:
        done = gomap("connect", "127.0.0.1:1")
        assert done.returncode == 2
        assert done.stderr.startswith("gomap: no Delve listens at 127.0.0.1:1")

    def test_another_build(self, binary: Path, core: CoreDump) -> None:
        with (
            serving("core", binary, core.path) as port,
            GomapDelve("connect", "-program", build("maps", "1.26.6"), f"127.0.0.1:{port}") as terminal,
        ):
            assert " is of another build: its Go build ID is " in terminal.run("gomap-check -all")


class TestEnds:
    def test_a_script(self, binary: Path, core: CoreDump) -> None:
        done = gomap("dlv", "core", binary, core.path, typed="gomap-header main.ints\nexit\n")
        assert "map[int]uint at 0x" in done.stdout

    def test_the_server_dies(self, binary: Path, core: CoreDump) -> None:
        with GomapDelve("dlv", "core", binary, core.path) as terminal:
            for server in children(terminal.pid):
                if b"--headless" in command_of(server):
                    os.kill(server, signal.SIGKILL)
            assert "Delve" in terminal.run("gomap-header main.ints")
            terminal.press("quit\n")
            terminal.exit_status()

    def test_gomap_is_killed(self, binary: Path, core: CoreDump) -> None:
        """No Delve is left behind."""
        terminal = GomapDelve("dlv", "core", binary, core.path)
        started = children(terminal.pid)
        assert len(started) == 2
        os.kill(terminal.pid, signal.SIGKILL)
        end = time.monotonic() + 20
        while any(b"dlv" in command_of(each) for each in started):
            assert time.monotonic() < end, "Delve goes on"
            time.sleep(0.05)
        terminal.close()

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_gomap_is_ended_by_a_signal(
        self, number: signal.Signals, binary: Path, core: CoreDump, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As its window closes, say: nothing is left behind."""
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        with GomapDelve("dlv", "core", binary, core.path) as terminal:
            assert list(tmp_path.iterdir())
            os.kill(terminal.pid, number)
            assert terminal.exit_status() == 128 + number
        assert not list(tmp_path.iterdir())


def children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def command_of(pid: int) -> bytes:
    """The command line of a process; nothing once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
