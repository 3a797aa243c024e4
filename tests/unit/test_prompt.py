"""The prompt of gomap without a debugger: what Tab offers, the history, help, and exit statuses."""

from __future__ import annotations

import builtins
import io
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gomap.commands import COMMANDS
from gomap.commands.command import INCOMPLETE, JSON, Command, Door, Options
from gomap.program.gotypes import Kind
from gomap.program.program import ProgramError
from gomap.shell.prompt import Prompt
from gomap.shell.session import CLEAN, FAILED, FINDINGS, Session
from tests.unit.image import Image, basic
from tests.unit.scopes import ImageScope

readline = pytest.importorskip("readline")


class _Door:
    """A door to a program with two variables."""

    def scope(self) -> ImageScope:
        variables = {f"main.{name}": (0x1000, basic(Kind.INT)) for name in ("counts", "count")}
        return ImageScope(Image({0x1000: bytes(8)}), variables=variables)

    def program(self) -> Any:
        return self.scope().program

    def clear(self) -> None:
        """There is no line of progress."""

    def besides(self) -> Iterable[str]:
        return ["Anything else."]


@contextmanager
def opened() -> Iterator[Any]:
    yield _Door()


def offers(line: str) -> list[str]:
    """What Tab offers at the end of LINE; words end at blanks."""
    return Prompt(opened)._all_offers(line, line.rpartition(" ")[2])


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("wal", ["walk "]),
        ("gomap-wal", ["gomap-walk "]),
        ("  wal", ["walk "]),
        ("hel", ["help "]),
        ("help wal", ["walk "]),
        ("qui", ["quit "]),
        ("nope", []),
        ("nope m", []),
        ("walk -lim", ["-limit "]),
        ("gomap-walk -lim", ["-limit "]),
        ("walk -limit un", ["unlimited "]),
        ("walk main.count", ["main.count", "main.counts"]),
        ("walk -json main.counts", ["main.counts"]),
        ("walk *main.counts", ["*main.counts"]),
        ("walk 1 + main.counts", ["main.counts"]),
        ("walk m[1 + main.counts", ["main.counts"]),
        ("walk -- main.counts", ["main.counts"]),
        ("walk zz", []),
    ],
)
def test_tab(line: str, offered: list[str]) -> None:
    assert offers(line) == offered


def test_tab_offers_one_after_the_other_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readline, "get_line_buffer", lambda: "walk main.count and more")
    monkeypatch.setattr(readline, "get_endidx", lambda: len("walk main.count"))
    prompt = Prompt(opened)
    found = [prompt._complete("main.count", number) for number in range(3)]
    assert found == ["main.count", "main.counts", None], "by what stands before the cursor"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the history goes; a terminal stands in for the standard input."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("sys.stdin", _Terminal())
    before = signal.getsignal(signal.SIGINT)
    readline.clear_history()
    yield tmp_path / "state" / "gomap" / "history"
    readline.clear_history()
    readline.set_completer(None)
    signal.signal(signal.SIGINT, before)


def _type(monkeypatch: pytest.MonkeyPatch, *lines: str | type[BaseException]) -> None:
    """Have these LINES typed, and Ctrl-C or Ctrl-D where an exception stands."""
    typed = iter(lines)

    def read(prompt: str) -> str:
        assert prompt == "(gomap) "
        line = next(typed)
        if not isinstance(line, str):
            raise line
        readline.add_history(line)
        return line

    monkeypatch.setattr(builtins, "input", read)


def test_the_history_lasts(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _type(monkeypatch, "walk m", "header m", EOFError)
    assert list(Prompt(opened)) == ["walk m", "header m"]
    assert state.read_text().splitlines()[-2:] == ["walk m", "header m"]
    readline.clear_history()
    _type(monkeypatch, "check m", EOFError)
    assert list(Prompt(opened)) == ["check m"]
    assert [readline.get_history_item(number) for number in (1, 2, 3)] == ["walk m", "header m", "check m"]


def test_ctrl_c_begins_a_new_line_and_ctrl_d_leaves(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _type(monkeypatch, KeyboardInterrupt, "walk m", EOFError, "never")
    assert list(Prompt(opened)) == ["walk m"]
    assert capsys.readouterr().out == "\n\n"


def test_ctrl_c_works_where_who_started_it_had_it_ignored(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _type(monkeypatch, EOFError)
    assert list(Prompt(opened)) == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_history_that_cannot_be_written_is_done_without(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state.parent.parent.write_text("a file where a folder should be")
    _type(monkeypatch, "walk m", EOFError)
    assert list(Prompt(opened)) == ["walk m"]


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    """One with commands that end in each way."""

    def ending(name: str, end: object) -> None:
        def run(door: Door, options: Options, rest: str) -> Iterable[str]:
            yield f"{name} {rest}".rstrip()
            if isinstance(end, BaseException):
                raise end
            return end  # type: ignore[return-value]  # a generator's value

        monkeypatch.setitem(COMMANDS, f"gomap-{name}", Command(f"gomap-{name}", run, (JSON,), "[EXPR]", None, "Help."))

    for name, end in (("fine", None), ("bad", 1), ("partly", INCOMPLETE), ("fails", ProgramError("no process"))):
        ending(name, end)
    ending("stops", KeyboardInterrupt())
    ending("defect", KeyError("k"))
    return Session(opened)


@pytest.mark.parametrize(
    ("line", "status", "out", "err"),
    [
        ("fine", CLEAN, "fine\n", ""),
        ("gomap-fine  m ", CLEAN, "fine m\n", ""),
        ("bad", FINDINGS, "bad\n", ""),
        ("partly", INCOMPLETE, "partly\n", ""),
        ("fails", FAILED, "fails\n", "no process\n"),
        ("stops", FAILED, "stops\n", "interrupted\n"),
        ("fine -nope", FAILED, "", "gomap-fine: no option -nope; there are -json\n"),
        ("help fine", CLEAN, "Help.\n\nUsage: gomap-fine [-json] [EXPR]\n", ""),
        ("help nope", FAILED, "", "no command nope\n"),
    ],
)
def test_exit_status(
    session: Session, capsys: pytest.CaptureFixture[str], line: str, status: int, out: str, err: str
) -> None:
    assert session.run(line) == status
    said = capsys.readouterr()
    assert (said.out.partition("\n\nEXPR is")[0].rstrip("\n") + "\n" * bool(out), said.err) == (out, err)


def test_a_defect_and_a_command_that_is_none(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    assert session.run("defect") == FAILED
    assert capsys.readouterr().err.startswith("gomap failed: KeyError: 'k' (a defect in gomap;")
    assert session.run("nope") == FAILED
    assert capsys.readouterr().err.startswith("no command nope; there are ")


def test_a_script_has_the_worst_status_and_ends_at_quit(
    session: Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("fine\n# fails\n\n  bad\nfine 2\nquit\nfails\n"))
    assert session.converse() == FINDINGS
    assert capsys.readouterr().out == "fine\nbad\nfine 2\n"


def test_words_that_a_shell_has_taken_apart(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    assert session.run_words(["fine", 'm["a', 'b"]']) == CLEAN
    assert capsys.readouterr().out == 'fine m["a b"]\n'
    assert session.run_words(["fails"]) == FAILED
    assert capsys.readouterr().err == "gomap: no process\n"
