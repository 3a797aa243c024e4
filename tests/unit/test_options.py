"""Options as people type them: before EXPR, cut short, behind it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomap.commands.options import (
    Option,
    UsageError,
    complete,
    describe,
    number,
    number_or_unlimited,
    parse,
    usage,
    value_begun,
)

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


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("--json m", "no option --json; there are -limit, -all, -json, -type"),
        ("-limit=3 m", "no option -limit=3; there are -limit, -all, -json, -type"),
        ("-limit -3 m", "-limit takes N|unlimited, not -3"),
        ("-type", "-type takes a value: TYPE"),
    ],
)
def test_options_as_other_programs_take_them_are_none(text: str, says: str) -> None:
    with pytest.raises(UsageError) as told:
        parse(OPTIONS, text)
    assert str(told.value) == says


def test_a_name_cut_too_short_is_ambiguous_unless_it_is_one_in_full() -> None:
    options = (Option("all", "", ""), Option("allow", "", ""))
    with pytest.raises(UsageError, match="-al is ambiguous: -all, -allow"):
        parse(options, "-al m")
    assert parse(options, "-all m") == ({"all": True, "allow": False}, "m")
    assert parse(options, "-allo m") == ({"all": False, "allow": True}, "m")


@given(
    st.dictionaries(st.sampled_from(["all", "json"]), st.just(True)),
    st.none() | st.integers(1, 1 << 40),
    st.none() | st.sampled_from(["map[string]int", "map[interface {}]int", "*main.T"]),
    st.permutations(["all", "json", "limit", "type"]),
    st.sampled_from(["m", "m[1]", 'm["-json"]', "a - b", "(*main.T)(0x10).m"]),
    st.booleans(),
)
def test_what_was_spelled_out_comes_back(
    flags: dict[str, bool], limit: int | None, type: str | None, order: list[str], expression: str, behind: bool
) -> None:
    """In any order, before the expression or behind it; with -- only before."""
    spelled = {**{name: f"-{name}" for name in flags}, "limit": f"-limit {limit}", "type": f"-type '{type}'"}
    wanted = {**NOTHING, **flags}
    for name, value in (("limit", limit), ("type", type)):
        if value is None:
            del spelled[name]
        else:
            wanted[name] = value
    words = " ".join(spelled[name] for name in order if name in spelled)
    assert parse(OPTIONS, f"{expression} {words}" if behind else f"{words} {expression}") == (wanted, expression)
    assert parse(OPTIONS, f"{words} -- {expression} -json") == (wanted, f"{expression} -json")


@pytest.mark.parametrize(("text", "value"), [("7", 7), ("0x10", 16), ("0b11", 3), ("1_000", 1000)])
def test_a_number(text: str, value: int) -> None:
    assert number(text) == number_or_unlimited(text) == value
    with pytest.raises(ValueError):
        number("-" + text)


@pytest.mark.parametrize("text", ["", "x", "1.5", "unlimitedly"])
def test_no_number(text: str) -> None:
    with pytest.raises(ValueError):
        number_or_unlimited(text)


@pytest.mark.parametrize("text", ["u", "UNL", "unlimited", "0"])
def test_no_limit(text: str) -> None:
    assert number_or_unlimited(text) is None


def test_usage_and_help() -> None:
    options = (Option("limit", "N", "Show N.\n    Not more."), Option("all", "", "Show all."))
    assert usage("walk", options, "EXPR") == "walk [-limit N] [-all] EXPR"
    assert usage("walk", (), "") == "walk"
    assert describe(options) == "  -limit N\n    Show N.\n    Not more.\n  -all\n    Show all."


def test_tab_at_a_value_that_has_no_words_and_behind_an_unknown_option() -> None:
    assert complete(OPTIONS, "-type ma") == ([], None)
    assert complete(OPTIONS, "-nope m") == ([], None)
    assert complete(OPTIONS, "-json m[1].") == ([], "m[1].")
    assert complete(OPTIONS, "") == ([], "")
