"""The doors without a debugger, as a person and a script use them: gomap core, gomap attach, and their prompt."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fixtures.builds import CoreDump, build, kernel_core_of
from tests.sessions.corefile import CoreFile
from tests.sessions.gomap import ROOT, Shell, gomap
from tests.sessions.test_check_faults import allow_cores

pytestmark = pytest.mark.xdist_group("shell")


@pytest.fixture(scope="module")
def binary() -> Path:
    return build("maps", "1.27.3")


@pytest.fixture(scope="module")
def shell(binary: Path, core: CoreDump, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with Shell("core", binary, core.path, state=tmp_path_factory.mktemp("state")) as session:
        yield session


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A program, a core of it, and the variable of whose tables one counts wrong."""
    binary, scratch = build("faults", "1.27.3"), tmp_path_factory.mktemp("damaged")
    died = subprocess.run(
        [binary, "table-used-off-ints", "abort"],
        cwd=scratch,
        env={**os.environ, "GOTRACEBACK": "crash"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        preexec_fn=allow_cores,
        timeout=60,
        check=False,
    )
    (core,) = scratch.glob("core*")
    return binary, core, json.loads(died.stdout)["variable"]


class TestExitStatus:
    def test_0_when_clean(self, binary: Path, core: CoreDump) -> None:
        done = gomap("core", binary, core.path, "check", "-all")
        assert (done.returncode, done.stderr) == (0, "")
        assert ": no findings" in done.stdout.splitlines()[-1]

    def test_1_with_findings(self, damaged: tuple[Path, Path, str]) -> None:
        program, core, name = damaged
        for command in (["check", name], ["gomap-check", "-json", name], ["check", "-all"]):
            done = gomap("core", program, core, *command)
            assert done.returncode == 1, done
            assert "table-used" in done.stdout

    @pytest.mark.parametrize(
        ("command", "said"),
        [
            (["walk", "main.nope"], "no variable main.nope"),
            (["walk", "-limit", "x", "main.ints"], "-limit takes"),
            (["nope"], "no command nope"),
            (["walk"], "needs EXPR"),
        ],
    )
    def test_2_when_it_could_not_be_done(self, binary: Path, core: CoreDump, command: list[str], said: str) -> None:
        done = gomap("core", binary, core.path, *command)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("gomap: ") and said in done.stderr and done.stderr.count("\n") == 1

    def test_2_when_a_map_cannot_be_read(self, binary: Path, core: CoreDump, tmp_path: Path) -> None:
        """No findings, but not for the lack of any: most of the heap is missing."""
        cut = tmp_path / "cut"
        found = gomap("core", binary, core.path, "header", "main.ints").stdout.partition(" at ")[2].partition(" ")[0]
        CoreFile(core.path).cut_off(int(found, 16), cut)
        done = gomap("core", binary, cut, "check", "-all")
        assert re.search(r"; \d+ maps? cannot be read", done.stdout)
        assert done.returncode == (1 if " with findings" in done.stdout else 2)

    def test_files_that_are_none(self, binary: Path, core: CoreDump, tmp_path: Path) -> None:
        empty = tmp_path / "empty"
        empty.touch()
        for program, dump in ((empty, core.path), (binary, empty), (tmp_path / "gone", core.path), (binary, binary)):
            done = gomap("core", program, dump, "check", "-all")
            assert done.returncode == 2 and done.stderr.startswith("gomap: ") and "Traceback" not in done.stderr

    def test_a_reader_that_has_seen_enough(self, binary: Path, core: CoreDump) -> None:
        command = f"python3 -m gomap core {binary} {core.path} walk -all main.grown | head -n 2"
        done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout.count("\n") == 2 and done.stderr == ""


@pytest.mark.parametrize("word", ["postmortem", "gomap-why"])
def test_a_command_in_the_place_of_a_way(word: str) -> None:
    done = gomap(word, "program", "core")
    name = word.removeprefix("gomap-")
    ways = f"gomap core PROGRAM CORE {name}, or gomap attach PID {name}"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"gomap: {name} is a command, and what it looks at comes first: {ways}\n"


def test_the_shell_takes_quotes_away(binary: Path, core: CoreDump) -> None:
    """What a shell has unquoted is one argument, blanks and all."""
    found = gomap("core", binary, core.path, "header", "main.ints").stdout.partition(" at ")[2].partition(" ")[0]
    by_type = gomap("core", binary, core.path, "header", "-type", "map[int]uint", found)
    assert by_type.stdout.startswith(f"map[int]uint at {found} ")


def test_a_script(binary: Path, core: CoreDump) -> None:
    """Line by line from the standard input; the exit status is the worst."""
    done = gomap("core", binary, core.path, typed="# a comment\n\nheader main.ints\ncheck main.nope\nwalk main.ints\n")
    assert done.returncode == 2
    assert done.stdout.startswith("map[int]uint at ") and "group 0 at" in done.stdout
    assert done.stderr == "no variable main.nope\n"
    assert "(gomap)" not in done.stdout


def test_help_from_the_command_line(binary: Path, core: CoreDump) -> None:
    assert "Usage: gomap-walk [-limit N|unlimited]" in gomap("core", binary, core.path, "help", "walk").stdout
    assert "gomap-check " in gomap("core", binary, core.path, "help").stdout


class TestPrompt:
    def test_commands_with_and_without_their_prefix(self, shell: Shell) -> None:
        assert shell.run("header main.ints") == shell.run("gomap-header main.ints") != ""

    def test_help(self, shell: Shell) -> None:
        listed = shell.run("help")
        assert all(f"gomap-{name} " in listed for name in ("header", "walk", "check", "whatis"))
        assert "Usage: gomap-walk [-limit N|unlimited]" in shell.run("help walk")
        assert shell.run("help nope") == "no command nope"

    @pytest.mark.parametrize(
        ("typed", "completed"),
        [
            ("wal", "walk "),
            ("walk -lim", "-limit "),
            ("walk main.complexe", "main.complexes"),
            ("help whati", "whatis "),
        ],
    )
    def test_tab(self, shell: Shell, typed: str, completed: str) -> None:
        shell.press(typed + "\t")
        shell.read_until(typed.rpartition(" ")[0] + " " * (" " in typed) + completed)
        # Take the line away. (Python may see a Ctrl-C between showing and waiting only at the next key.)
        shell.press("\x15help nope\n")
        shell.read_until("no command nope")
        shell.read_until("(gomap) ")

    def test_ctrl_c_at_the_prompt(self, shell: Shell) -> None:
        shell.press("check main.in\x03")
        shell.read_until("(gomap) ")
        assert "uint" in shell.run("header main.ints")

    def test_ctrl_c_though_it_was_ignored_when_gomap_began(self, binary: Path, core: CoreDump, tmp_path: Path) -> None:
        """As it is in what a shell has put in the background."""
        with Shell("core", binary, core.path, state=tmp_path, before=ignore_interrupts) as session:
            session.press("check main.in\x03")
            session.read_until("(gomap) ")
            assert "uint" in session.run("header main.ints")

    def test_history_lasts(self, binary: Path, core: CoreDump, tmp_path: Path) -> None:
        with Shell("core", binary, core.path, state=tmp_path) as first:
            first.run("header main.ints")
            first.press("\x04")
            assert first.exit_status() == 0
        with Shell("core", binary, core.path, state=tmp_path) as second:
            second.press("\x10")  # Ctrl-P
            second.read_until("header main.ints")

    def test_ctrl_c_ends_a_command(self, tmp_path: Path) -> None:
        large = build("large", "1.27.3")
        with Shell("core", large, kernel_core_of(large, "abort").path, state=tmp_path) as session:
            session.press("walk -json -all main.million\n")
            time.sleep(0.5)
            session.press("\x03")
            session.read_until("interrupted")
            session.read_until("(gomap) ")
            assert "entries" in session.run("header main.million")


def ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def busy(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that writes to its maps all the time."""
    with subprocess.Popen([build("busy", "1.27.3"), *arguments], stdout=subprocess.DEVNULL) as process:
        try:
            time.sleep(0.5)
            yield process
        finally:
            process.kill()


class TestAttach:
    def test_a_process_that_is_killed_while_it_stands_still(self, tmp_path: Path) -> None:
        with busy() as process, Shell("attach", "-stop", str(process.pid), state=tmp_path) as session:
            assert "maps checked" in session.run("check -all")
            process.kill()
            end = time.monotonic() + 20
            while (said := session.run("header sharedInts")) != f"process {process.pid} has ended":
                assert time.monotonic() < end, said
                time.sleep(0.05)

    def test_it_stands_still_for_a_command_and_goes_on(self) -> None:
        with busy() as process:
            for _ in range(5):
                done = gomap("attach", str(process.pid), "check", "-all")
                # A write may have been under way; what that explains is no finding.
                assert done.returncode == 0 and " maps checked" in done.stdout, done
                assert goes_on(process.pid)

    def test_it_stands_still_for_the_session(self, tmp_path: Path) -> None:
        with busy() as process, Shell("attach", "-stop", str(process.pid), state=tmp_path) as session:
            first = session.run("header main.sharedInts")
            assert first == session.run("header main.sharedInts")
            assert not goes_on(process.pid)
            session.press("\x04")
            assert session.exit_status() == 0
            assert goes_on(process.pid)

    def test_it_goes_on_whatever_happens_to_gomap(self, tmp_path: Path) -> None:
        with busy() as process, Shell("attach", "-stop", str(process.pid), state=tmp_path) as session:
            assert not goes_on(process.pid)
            os.kill(session.pid, signal.SIGKILL)
            session.exit_status()
            assert goes_on(process.pid)

    def test_a_process_that_is_traced_already(self) -> None:
        with busy() as process:
            tracer = subprocess.Popen(
                ["gdb", "-nx", "-q", "-p", str(process.pid)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            with tracer:
                await_tracer(process.pid)
                done = gomap("attach", str(process.pid), "check", "-all")
                tracer.kill()
        assert done.returncode == 2
        assert f"being traced already, by process {tracer.pid}" in done.stderr

    def test_a_process_that_is_not_there(self) -> None:
        done = gomap("attach", "4194304", "check", "-all")
        assert done.returncode == 2 and done.stderr.startswith("gomap: ") and "Traceback" not in done.stderr


def goes_on(pid: int) -> bool:
    """Whether the process uses processors."""

    def used() -> int:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        return int(fields[11]) + int(fields[12])

    before, end = used(), time.monotonic() + 2
    while time.monotonic() < end:
        time.sleep(0.02)
        if used() > before:
            return True
    return False


def await_tracer(pid: int) -> None:
    end = time.monotonic() + 30
    while "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text():
        assert time.monotonic() < end, "GDB does not attach"
        time.sleep(0.05)
