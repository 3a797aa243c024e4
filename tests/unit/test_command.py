"""A command as it is declared: what it asks of its line, how it is explained, and how it fails."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from gomap.commands import COMMANDS
from gomap.commands.command import (
    FORCE,
    INCOMPLETE,
    JSON,
    Command,
    Door,
    Options,
    command,
    explained,
    json_line,
)
from gomap.commands.options import Option, UsageError
from gomap.commands.plain_door import PlainDoor
from gomap.expressions.go_values import ExpressionError
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program, ProgramError
from tests.unit.image import Image


class ImageDoor(PlainDoor):
    """A door to a program without memory, which may be OTHER_BUILD than its process."""

    def __init__(self, other_build: str | None = None) -> None:
        super().__init__()
        image = Image({})
        image.other_build = other_build
        self._program = Program(image)

    def program(self) -> Program:
        return self._program

    def scope(self) -> Any:
        raise ProgramError("no process")

    def besides(self) -> Iterable[str]:
        return ()


def _echo(door: Door, options: Options, rest: str) -> Iterable[str]:
    yield f"{rest} {options}"
    return INCOMPLETE  # type: ignore[return-value]  # a generator's value


def made(argument: str = "EXPR", instead: str | None = None, *options: Option) -> Command:
    return Command("gomap-echo", _echo, options, argument, instead, "Say it again.\n\nMore of it.")


def said(one: Command, line: str, door: Door | None = None) -> tuple[list[str], int | None]:
    """The command's lines and its status."""
    lines, running = [], one.lines(door or ImageDoor(), line)
    while True:
        try:
            lines.append(next(running))
        except StopIteration as end:
            return lines, end.value


def test_a_command_gets_its_options_and_the_rest_and_its_status_comes_through() -> None:
    assert said(made("EXPR", None, JSON), "-json m[1]") == (["m[1] {'json': True}"], INCOMPLETE)


@pytest.mark.parametrize(
    ("argument", "line", "says"),
    [
        ("EXPR", "", "needs EXPR. Usage: gomap-echo [-all] EXPR"),
        ("EXPR", "-all m", "-all stands in place of EXPR, such as m"),
        ("", "m", "takes no argument, such as m"),
        ("EXPR", "-nope m", "no option -nope; there are -all"),
    ],
)
def test_a_line_that_does_not_go_with_the_command(argument: str, line: str, says: str) -> None:
    with pytest.raises(UsageError) as told:
        said(made(argument, "all", Option("all", "", "")), line)
    assert str(told.value) == says


@pytest.mark.parametrize(("argument", "line"), [("EXPR", "-all"), ("[EXPR]", ""), ("", "")])
def test_what_may_be_left_out(argument: str, line: str) -> None:
    lines, _ = said(made(argument, "all", Option("all", "", "")), line)
    assert lines == [f" {{'all': {line == '-all'}}}"]


def test_another_build_is_refused_or_warned_of_or_said_in_json() -> None:
    one, door = made("EXPR", None, FORCE, JSON), ImageDoor("it is another build")
    with pytest.raises(ProgramError, match=r"^it is another build; with -force, "):
        said(one, "m", door)
    assert said(one, "-force m", door)[0][0] == "warning: it is another build"
    assert len(said(one, "-force -json m", door)[0]) == 1
    (line,) = json_line(door, {"command": "echo"})
    assert json.loads(line) == {"command": "echo", "otherBuild": "it is another build"}
    assert list(json_line(ImageDoor(), {"command": "echo"})) == ['{"command": "echo"}']


def test_a_command_without_force_looks_whatever_the_build_is() -> None:
    assert said(made(), "m", ImageDoor("it is another build"))[0] == ["m {}"]


def test_help() -> None:
    one = made("[EXPR]", None, JSON, Option("limit", "N", "No more\n   than N."))
    assert (one.summary, one.usage) == ("Say it again.", "gomap-echo [-json] [-limit N] [EXPR]")
    text, usage, expression, options = one.help.replace("Say it again.\n\n", "").split("\n\n")
    assert (text, usage) == ("More of it.", f"Usage: {one.usage}")
    assert expression.startswith("EXPR is an expression")
    assert options.splitlines()[-3:] == ["  -limit N", "    No more", "    than N."]
    assert "EXPR is" not in made("ADDR").help and "Options:" not in made().help


def test_a_declaration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(COMMANDS, "gomap-new", raising=False)

    @command("gomap-new", options=(JSON,), argument="ADDR")
    def new(door: Door, options: Options, rest: str) -> Iterable[str]:
        """The first line.

        The rest."""
        return [rest]

    declared = COMMANDS.pop("gomap-new")
    assert (declared.text, declared.argument, declared.options) == ("The first line.\n\nThe rest.", "ADDR", (JSON,))
    assert said(declared, "0x1000") == (["0x1000"], None)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    """One line of summary that ends with a full stop, and every option with a text."""
    one = COMMANDS[name]
    assert one.summary.endswith(".") and len(one.summary) < 110
    assert all(option.help.strip().endswith(".") for option in one.options)
    assert one.instead is None or one.instead in [option.name for option in one.options]


@pytest.mark.parametrize(
    "error",
    [ExpressionError("e"), ProgramError("e"), LayoutError("e"), UsageError("e")],
    ids=lambda error: type(error).__name__,
)
def test_gomaps_own_errors_are_said_as_they_are(error: Exception) -> None:
    assert explained(error) == "e"


def test_other_errors_are_defects_and_none_reaches_the_terminal_with_control_characters() -> None:
    assert explained(ReadError(0x1000, 8)) == str(ReadError(0x1000, 8))
    assert explained(KeyError("k")).startswith("gomap failed: KeyError: 'k' (a defect in gomap; ")
    assert "\x1b" not in explained(ExpressionError("\x1b[31m")) and "[31m" in explained(ExpressionError("\x1b[31m"))
