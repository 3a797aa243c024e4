"""Lines that have been begun: options, their values, types of maps, expressions - each offer as a whole."""

from __future__ import annotations

import pytest

from gomap.commands import COMMANDS
from gomap.commands.completing import completions, expression_begun, goes_on_as_the_debuggers
from gomap.expressions.scope import Scope, assigns
from gomap.language.spelling import before_demangling, packages_in
from gomap.program.gotypes import Kind
from tests.unit.image import Image, basic
from tests.unit.scopes import ImageScope

_SCOPE = ImageScope(Image({}), variables={"main.counts": (0x1000, basic(Kind.INT))}, locals={})


def offers(command: str, text: str) -> list[str]:
    return completions(COMMANDS[command], text, lambda: _SCOPE)


def nobody() -> Scope:
    raise AssertionError("asked for a scope")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-lim", ["-limit"]),
        ("-old -lim", ["-old -limit"]),
        ("-limit u", ["-limit unlimited"]),
        ("main.", ["main.counts"]),
        ("-old main.c", ["-old main.counts"]),
        ("-limit 3 &main.c", ["-limit 3 &main.counts"]),
    ],
)
def test_each_offer_begins_with_what_is_there(text: str, expected: list[str]) -> None:
    assert offers("gomap-walk", text) == expected


def test_nobody_is_asked_about_options() -> None:
    assert completions(COMMANDS["gomap-walk"], "-js", nobody) == ["-json"]
    assert completions(COMMANDS["gomap"], "main.", nobody) == []


@pytest.mark.parametrize(
    ("command", "text", "expression"),
    [
        ("gomap-walk", "-limit 3 main.c", "main.c"),
        ("gomap-walk", "", ""),
        ("gomap-walk", "-lim", None),
        ("gomap-walk", "-type 'map[string]", None),
        ("gomap", "main.c", None),
    ],
)
def test_whether_it_ends_in_an_expression(command: str, text: str, expression: str | None) -> None:
    assert expression_begun(COMMANDS[command], text) == expression


@pytest.mark.parametrize(
    ("text", "own"), [("$m", True), ("-old 'main.c", True), ("main.c", False), ("-type 'm", False)]
)
def test_names_that_are_the_debuggers(text: str, own: bool) -> None:
    assert goes_on_as_the_debuggers(COMMANDS["gomap-walk"], text) is own


def test_assignments_are_told_from_comparisons() -> None:
    for text in ("x = 1", "x=1", "x += 2", "x++", "--x", "x <<= 1"):
        assert assigns(text)
    for text in ("x == 1", "x <= 1", "x >= 1", "x != 1", """m["a=b"]""", "'='"):
        assert not assigns(text)


def test_names_that_gdb_has_put_brackets_around() -> None:
    assert before_demangling("main[counts]") == "main.counts"
    assert before_demangling("net/http[DefaultServeMux]") == "net/http.DefaultServeMux"
    for name in ("main.counts", "main.f[int]", "main.main"):
        assert before_demangling(name) == name
    assert packages_in("net/http.(*Server).Serve") == ["net/http", "main"]
    assert packages_in("main.main") == packages_in("") == ["main"]
