"""``source gdb_gomap``: from anywhere, again and again; and programs that gomap cannot help with."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from gomap import __version__
from tests.fixtures import toolchains
from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.debugger import GOMAP, Gdb
from tests.sessions.targets import READY, Debugger, debugger

_LINE = f"gomap {__version__}: type 'gomap' for its commands"
_GDBS: tuple[Debugger, ...] = get_args(Debugger)
_QUIET = ["-nx", "-q", "-batch", "-iex", "set auto-load off", "-iex", "set debuginfod enabled off"]


@pytest.fixture(scope="module", params=_GDBS)
def gdb(request: pytest.FixtureRequest) -> Path:
    return debugger(request.param)


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    """A checkout of one's own."""
    there = tmp_path / "checkout"
    there.mkdir()
    shutil.copy(GOMAP, there)
    shutil.copytree(GOMAP.parent / "gomap", there / "gomap", ignore=shutil.ignore_patterns("__pycache__"))
    yield there
    for path in [there, *there.rglob("*")]:
        path.chmod(path.stat().st_mode | stat.S_IWUSR)


def batch(gdb: Path, *arguments: str | Path, cwd: Path | None = None, **environment: str) -> str:
    """What GDB says in batch mode, errors too."""
    done = subprocess.run(
        [str(gdb), *_QUIET, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout.rstrip("\n")


class TestSourcing:
    def test_from_the_repositorys_root_as_written(self, gdb: Path) -> None:
        assert batch(gdb, "-ex", "source gdb_gomap", cwd=GOMAP.parent) == _LINE

    def test_by_full_path_from_anywhere(self, gdb: Path, tmp_path: Path) -> None:
        assert batch(gdb, "-ex", f"source {GOMAP}", cwd=tmp_path) == _LINE

    def test_by_relative_path(self, gdb: Path) -> None:
        assert batch(gdb, "-ex", "source ../gdb_gomap", cwd=GOMAP.parent / "tests") == _LINE

    def test_by_symbolic_link(self, gdb: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(GOMAP)
        assert batch(gdb, "-ex", "source link", cwd=tmp_path) == _LINE

    def test_as_an_argument(self, gdb: Path, tmp_path: Path) -> None:
        assert batch(gdb, "-x", GOMAP, cwd=tmp_path) == _LINE

    def test_from_a_script_and_from_gdbinit(self, gdb: Path, tmp_path: Path) -> None:
        (tmp_path / "outer").write_text(f"source {GOMAP}\ngomap\n")
        assert batch(gdb, "-x", tmp_path / "outer").startswith(f"{_LINE}\ngomap {__version__} shows")
        (tmp_path / ".gdbinit").write_text(f"source {GOMAP}\n")
        done = subprocess.run(
            [str(gdb), "-q", "-batch", "-ex", "gomap"],
            env={**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout.startswith(f"{_LINE}\ngomap {__version__} shows"), done

    def test_from_a_folder_that_cannot_be_written(self, gdb: Path, copy: Path) -> None:
        for path in [*copy.rglob("*"), copy]:
            path.chmod(path.stat().st_mode & ~0o222)
        assert batch(gdb, "-ex", f"source {copy / 'gdb_gomap'}", "-ex", "gomap").startswith(_LINE)

    def test_a_path_with_blanks_and_more(self, gdb: Path, tmp_path: Path) -> None:
        there = tmp_path / "a b'c ä"
        there.mkdir()
        shutil.copy(GOMAP, there)
        (there / "gomap").symlink_to(GOMAP.parent / "gomap")
        assert batch(gdb, "-ex", "source gdb_gomap", cwd=there) == _LINE

    def test_without_its_package(self, gdb: Path, tmp_path: Path) -> None:
        shutil.copy(GOMAP, tmp_path)
        assert batch(gdb, "-ex", "source gdb_gomap", cwd=tmp_path) == (
            f"gomap: no package gomap beside gdb_gomap, in {tmp_path}"
        )

    def test_nothing_else_is_loaded_or_read(self, gdb: Path) -> None:
        program = build("maps", "1.27.3")
        names = ("json", "pygments", "gomap.maps", "gomap.language", "gomap.program")
        heavy = f"python import sys; print([name for name in {names} if name in sys.modules])"
        said = batch(gdb, "-ex", f"source {GOMAP}", "-ex", heavy, program)
        assert said == f"{_LINE}\n[]"

    def test_the_first_command_waits_for_no_more_than_it_needs(self, gdb: Path) -> None:
        binary = build("maps", "1.27.3")
        slow = ("dataclasses", "difflib", "pathlib", "tempfile", "gomap.check", "gomap.expressions.written")
        loaded = f"python import sys; print('loaded', [name for name in {slow} if name in sys.modules])"
        commands = [f"source {GOMAP}", loaded, "gomap-walk main.small", loaded]
        said = batch(
            gdb, *(each for command in commands for each in ("-ex", command)),
            binary, "-c", kernel_core_of(binary, "abort").path,
        )  # fmt: skip
        before, after = re.findall(r"^loaded (.*)$", said, re.M)
        assert "5 entries" in said and after == before, said


class TestSourcingAgain:
    def test_it_all_works_as_before(self, gdb: Path) -> None:
        with Gdb(gdb, build("maps", "1.27.3")) as session:
            session.run(f"break {READY}")
            session.run("run stop < /dev/null > /dev/null")
            session.run("set gomap limit 7")
            commands = ("gomap-walk main.small", "output 'main.small'", "help gomap")
            before = [session.run(command) for command in commands]
            for _ in range(2):
                assert session.run(f"source {GOMAP}") == _LINE
            after = [session.run(command) for command in commands]
            assert after == before
            assert session.run("output $gomap_len('main.small')") == "5"
            assert "shows 7 buckets" in session.run("show gomap limit")

    def test_an_edit_is_picked_up(self, gdb: Path, copy: Path) -> None:
        with Gdb(gdb, load=False) as session:
            assert session.run(f"source {copy / 'gdb_gomap'}") == _LINE
            overview = session.run("gomap")
            commands = copy / "gomap" / "commands" / "overview.py"
            edited = commands.read_text().replace("shows what is inside Go maps", "has been edited")
            commands.write_text(edited)
            assert session.run(f"source {copy / 'gdb_gomap'}") == _LINE
            assert "has been edited" not in overview
            assert "has been edited" in session.run("gomap")

    def test_an_edit_that_fails_can_be_mended(self, gdb: Path, copy: Path) -> None:
        with Gdb(gdb, build("maps", "1.27.3"), load=False) as session:
            assert session.run(f"source {copy / 'gdb_gomap'}") == _LINE
            for part in ("commands/maps", "gdb/functions", "gdb/printers"):
                file = copy / "gomap" / f"{part}.py"
                working = file.read_text()
                file.write_text(f"{working}\nraise RuntimeError('not finished')\n")
                assert "not finished" in session.run(f"source {copy / 'gdb_gomap'}")
                file.write_text(working)
                assert session.run(f"source {copy / 'gdb_gomap'}") == _LINE
            said = session.run("info pretty-printer")
            assert said.count("\n  gomap") == said.count("objfile ")

    def test_memory_is_read_anew_after_the_program_ran(self, gdb: Path) -> None:
        """Each stop forgets what the one before had read, however often gomap was loaded."""
        with Gdb(gdb, build("maps", "1.27.3", optimised=False)) as session:
            session.run(f"source {GOMAP}")
            session.run("tbreak main.buildKinds")
            session.run(f"break {READY}")
            session.run("run stop < /dev/null > /dev/null")
            assert "0 entries" in session.run("gomap-walk main.strs").splitlines()[0]
            assert READY in session.run("continue")
            assert "10 entries" in session.run("gomap-walk main.strs").splitlines()[0]
            session.run("set var 'main.single' = 'main.small'")
            assert session.run("gomap-walk main.single") == session.run("gomap-walk main.small")


class TestProgramsThatItCannotHelpWith:
    def test_none_at_all(self, gdb: Path) -> None:
        said = batch(gdb, "-ex", f"source {GOMAP}", "-ex", "gomap-walk m")
        assert said == f"{_LINE}\nno program: name it with 'file PROGRAM', or start GDB with it"

    def test_no_process(self, gdb: Path) -> None:
        program = build("maps", "1.27.3")
        said = batch(gdb, "-ex", f"source {GOMAP}", "-ex", "gomap-walk main.small", program)
        assert said == f"{_LINE}\nno process: run the program, attach to it, or open a core file"

    def test_no_process_in_a_second_inferior(self, gdb: Path) -> None:
        """It has the first one's connection from the start."""
        program = build("maps", "1.27.3")
        with Gdb(gdb, program) as session:
            session.run(f"break {READY}")
            assert READY in session.run("run stop < /dev/null > /dev/null")
            session.run(f"add-inferior -exec {program}")
            session.run("inferior 2")
            assert session.run("gomap-walk main.small") == (
                "no process: run the program, attach to it, or open a core file"
            )
            session.run("inferior 1")
            assert "5 entries" in session.run("gomap-walk main.small").splitlines()[0]

    @pytest.mark.parametrize("flags", ["-w", "-s -w"])
    def test_no_debug_information_but_in_another_build(self, gdb: Path, flags: str, tmp_path: Path) -> None:
        source = tmp_path / "large"
        shutil.copytree(GOMAP.parent / "tests" / "fixtures" / "large", source)
        program, plain, moved = tmp_path / "program", tmp_path / "plain", tmp_path / "moved"
        for made, ldflags in ((program, flags), (plain, flags.replace("s", "f").replace("w", "f")), (moved, "")):
            subprocess.run(
                [toolchains.go("1.27.3"), "build", f"-ldflags={ldflags}", "-o", made, "."],
                cwd=source,
                env={**toolchains.go_environment(), "CGO_ENABLED": "0"},
                check=True,
            )
        with Gdb(gdb, program, kernel_core_of(program, "abort").path) as session:
            assert "no findings" not in session.run("gomap-check -quick main.million")  # nothing has that name
            session.run(f"symbol-file {plain}")
            assert " no findings in 1000000 entries " in session.run("gomap-check -quick main.million")
            for other in (moved, build("maps", "1.27.3")):
                session.run(f"symbol-file {other}")
                assert re.match(
                    rf"{other} is not laid out as {program}, so its debug information does not fit \(\.\S+ has "
                    r"\d+ bytes at 0x[0-9a-f]+ in the one, and has \d+ bytes at 0x[0-9a-f]+ in the other\): build ",
                    session.run("gomap-check -all"),
                )

    def test_no_go(self, gdb: Path, tmp_path: Path) -> None:
        (tmp_path / "hello.c").write_text("int numbers[3];\nint main(void) { numbers[1] = 1; __builtin_trap(); }\n")
        program = tmp_path / "hello"
        subprocess.run(["gcc", "-g", "-o", program, tmp_path / "hello.c"], check=True)
        commands = ("gomap-walk numbers", "run", "gomap-walk numbers", "print numbers", "print $gomap_len(numbers)")
        said = batch(gdb, "-ex", f"source {GOMAP}", *(word for each in commands for word in ("-ex", each)), program)
        assert said.count(f"{program} is not a Go program") == 3
        assert "{0, 1, 0}" in said
        assert "Traceback" not in said


class TestAnotherBuild:
    """The process, or the core, is not of the program that GDB was given."""

    @pytest.mark.parametrize(("go", "other"), [("1.27.3", "1.26.6"), ("1.23.9", "1.22.10")])
    def test_of_a_core_is_one_error(self, gdb: Path, go: str, other: str) -> None:
        core, program = kernel_core_of(build("maps", go), "abort").path, build("maps", other)
        with Gdb(gdb, program, core) as session:
            theirs, ours = (
                subprocess.run(
                    [toolchains.go(go), "tool", "buildid", path], capture_output=True, text=True, check=True
                ).stdout.strip()
                for path in (build("maps", go), program)
            )
            wrong = (
                f"the memory is not that of {program}: the process, or the core, is of another build: "
                f"its Go build ID is {theirs}, the file's {ours}; name the right program with 'file PROGRAM'"
            )
            refused = f"{wrong}; with -force, gomap's commands look all the same"
            for command in ("gomap-check -all", "gomap-check -all -json", "gomap-walk main.small", "gomap-header 0x10"):
                assert session.run(command) == refused
            assert session.run("print $gomap_findings('main.small')") == refused
            assert refused in session.run("print 'main.small'")
            assert session.json("gomap-check -all -json -force")["otherBuild"] == wrong
            assert session.run("gomap-whatis -force 0x10").splitlines()[0] == f"warning: {wrong}"
            session.run(f"file {build('maps', go)}")
            session.run(f"core-file {core}")
            assert "otherBuild" not in session.json("gomap-check -all -json")

    def test_of_a_core_that_has_nothing_where_the_variables_are(self, gdb: Path) -> None:
        core, program = kernel_core_of(build("large", "1.27.3"), "abort").path, build("maps", "1.27.3")
        with Gdb(gdb, program, core) as session:
            assert session.run("gomap-check -all").startswith(f"the memory is not that of {program}: ")

    @pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
    def test_it_is_not_for_all_its_plugins(self, gdb: Path, go: str) -> None:
        """A plugin has a symbol ``runtime.text`` of its own."""
        program = build("plugged", go, libc=True)
        plugin = build("plugged", go, libc=True, buildmode="plugin", package="./plugin")
        with Gdb(gdb, program) as session:
            session.run(f"break {READY}")
            assert READY in session.run(f"run {plugin} < /dev/null > /dev/null")
            for name, number in (("counts", 2), ("prices", 3)):
                said = session.run(f"gomap-check main.{name}").splitlines()
                assert len(said) == 1 and f" no findings in {number} entries " in said[0]

    @pytest.mark.parametrize("buildmode", ["pie", ""])
    @pytest.mark.parametrize("libc", [False, True])
    def test_it_is_not_where_the_loader_puts_it(self, gdb: Path, buildmode: str, libc: bool) -> None:
        with Gdb(gdb, build("maps", "1.27.3", libc=libc, buildmode=buildmode)) as session:
            session.run("starti stop < /dev/null > /dev/null")
            assert "another build" not in session.run("gomap-header main.small")
            session.run(f"break {READY}")
            assert READY in session.run("continue")
            assert "5 entries" in session.run("gomap-walk main.small").splitlines()[0]


def test_an_old_gdb_or_python_is_told_so() -> None:
    """Of such a GDB there is none here: one that gives itself out for old must do."""
    gdb = debugger("system_gdb")
    old_gdb = batch(gdb, "-ex", "python gdb.VERSION = '11.2'", "-ex", f"source {GOMAP}")
    assert old_gdb == "gomap needs GDB 12 or newer; this is GDB 11.2"
    old_python = batch(gdb, "-ex", "python import sys; sys.version_info = (3, 9, 2)", "-ex", f"source {GOMAP}")
    assert re.fullmatch(r"gomap needs Python 3.10 or newer in GDB; this GDB has 3\.9", old_python), old_python
