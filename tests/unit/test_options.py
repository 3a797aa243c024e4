"""Options as people type them: before EXPR, cut short, behind it."""

from __future__ import annotations

import pytest

from gomap.commands.options import Option, UsageError, complete, number_or_unlimited, parse, value_begun

OPTIONS = (
    Option("limit", "N|unlimited", "", number_or_unlimited, default=32),
    Option("all", "", ""),
    Option("json", "", ""),
    Option("type", "TYPE", ""),
)
NOTHING = {"limit": 32, "all": False, "json": False, "type": None}


@pytest.mark.parametrize(
    ("text", "given", "rest"),
    [
        ("m", {}, "m"),
        ("-json m", {"json": True}, "m"),
        ("-lim 3 m", {"limit": 3}, "m"),
        ("-limit 0 m", {"limit": None}, "m"),
        ("-limit 0x0 m", {"limit": None}, "m"),
        ("-limit unlimited m", {"limit": None}, "m"),
        ("-- -x", {}, "-x"),
        # Behind the expression.
        ("m -json", {"json": True}, "m"),
        ("m -limit 3", {"limit": 3}, "m"),
        ("m -lim 3", {"limit": 3}, "m"),
        ("m -limit 3 -json", {"limit": 3, "json": True}, "m"),
        ("-all m[1] -limit 3", {"all": True, "limit": 3}, "m[1]"),
        ("0xc000 -type 'map[string] int'", {"type": "map[string] int"}, "0xc000"),
        ("a - b -json", {"json": True}, "a - b"),
        # No options: text in brackets and quotes, arithmetic, and all that stands behind --.
        ('m["x -json"]', {}, 'm["x -json"]'),
        ('m[" -limit 3"]', {}, 'm[" -limit 3"]'),
        ("m[x -json]", {}, "m[x -json]"),
        ("m[x -limit 3", {}, "m[x -limit 3"),
        ("x -y", {}, "x -y"),
        ("x -js", {}, "x -js"),
        ("x -json + 1", {}, "x -json + 1"),
        ("x -1", {}, "x -1"),
        ("-- m -json", {}, "m -json"),
    ],
)
def test_options_stand_before_the_expression_or_behind_it(text: str, given: dict[str, object], rest: str) -> None:
    assert parse(OPTIONS, text) == ({**NOTHING, **given}, rest)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("m -limit many", "-limit takes N|unlimited, not many"),
        ("m -limit", "-limit takes a value: N|unlimited"),
        ("m -json -nonsense", "no option -nonsense"),
    ],
)
def test_a_wrong_one_behind_the_expression_is_told_too(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says.replace("|", r"\|")):
        parse(OPTIONS, text)


def test_tab() -> None:
    assert complete(OPTIONS, "-l") == (["-limit"], None)
    assert complete(OPTIONS, "m -l") == (["-limit"], None)
    assert complete(OPTIONS, "m.x") == ([], "m.x")
    assert complete(OPTIONS, "-- m -l") == ([], "m -l")
    assert complete(OPTIONS, "-limit u") == (["unlimited"], None)


def test_a_value_that_has_been_begun() -> None:
    for text, begun in (
        ("-type ", ""),
        ("-json -ty map[st", "map[st"),
        ("-type 'map[interface {}]i", "'map[interface {}]i"),
    ):
        assert value_begun(OPTIONS, text) == (OPTIONS[3], begun)
    for text in ("-type", "-type map[string]int 0x", "-json m", "-nonsense m", "m"):
        assert value_begun(OPTIONS, text) is None
