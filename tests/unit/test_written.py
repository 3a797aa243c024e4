"""Go values as a person writes them."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomap.expressions.go_values import ExpressionError, GoValue
from gomap.expressions.written import Composite, Constant, Conversion, Literal, Written, literal, read


def nobody(text: str) -> GoValue:
    raise ExpressionError(f"asked for {text}")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("nil", None),
        ("-1", -1),
        ("+7", 7),
        ("1_000", 1000),
        ("0x_ff", 255),
        ("0b11", 3),
        ("0o17", 15),
        ("0755", 493),
        ("-0_17", -15),
        ("0", 0),
        ("00", 0),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("08.5", 8.5),
        ("09e1", 90.0),
        ("1e3", 1000.0),
        ("-Inf", -math.inf),
        ("2i", 2j),
        ("(1-2i)", 1 - 2j),
        ("'a'", 97),
        ("'ä'", 228),
        (r"'\n'", 10),
        (r"'\''", 39),
        (r"'\xff'", 255),
        (r"'\377'", 255),
        (r"'\u00e4'", 228),
        ('""', b""),
        (r'"a\tb\"\\"', b'a\tb"\\'),
        (r'"\xff\377"', b"\xff\xff"),
        (r'"\u00e4\U0001F600"', "ä😀".encode()),
        ("`a\\n`", b"a\\n"),
        ("``", b""),
    ],
)
def test_a_constant(text: str, value: Literal) -> None:
    found = literal(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "text",
    ["", "x", "_1", "1__0", "08", "0x", "'ab'", "''", '"a', '"a" + "b"', "`a` + `b`", "1 2", "--1", r"'\q'", r'"\q"'],
)
def test_what_is_no_constant(text: str) -> None:
    with pytest.raises(ValueError):
        literal(text)


@given(st.integers(-(1 << 64), 1 << 64), st.sampled_from(["{}", "{:#x}", "{:#b}", "{:#o}", "{:_}"]))
def test_an_integer_in_any_notation(number: int, notation: str) -> None:
    assert literal(notation.format(number)) == number


def _spelled(byte: int, how: int) -> str:
    """A byte as Go's source has it: as itself where it may, in hexadecimal, or in octal digits."""
    plain = 32 <= byte < 127 and chr(byte) not in '"\\'
    return chr(byte) if plain and how == 0 else f"\\{byte:03o}" if how == 1 else f"\\x{byte:02x}"


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 2))))
def test_a_string_of_any_bytes(bytes_and_ways: list[tuple[int, int]]) -> None:
    text = "".join(_spelled(byte, how) for byte, how in bytes_and_ways)
    assert literal(f'"{text}"') == bytes(byte for byte, _ in bytes_and_ways)


@given(st.text(max_size=30))
def test_any_text_is_a_constant_or_none(text: str) -> None:
    with contextlib.suppress(ValueError):
        literal(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" 7 ", Constant("7", 7)),
        ("int8(5)", Conversion("int8(5)", "int8", Constant("5", 5))),
        ("(*main.node)(0x10)", Conversion("(*main.node)(0x10)", "*main.node", Constant("0x10", 16))),
        ("{}", Composite("{}", "", [])),
        ("{1, 2,}", Composite("{1, 2,}", "", [("", Constant("1", 1)), ("", Constant("2", 2))])),
        ('main.ID{Host: "h"}', Composite('main.ID{Host: "h"}', "main.ID", [("Host", Constant('"h"', b"h"))])),
        ("[2]int{1: 5}", Composite("[2]int{1: 5}", "[2]int", [("1", Constant("5", 5))])),
        ('{"a,b: c"}', Composite('{"a,b: c"}', "", [("", Constant('"a,b: c"', b"a,b: c"))])),
        ("{{1}}", Composite("{{1}}", "", [("", Composite("{1}", "", [("", Constant("1", 1))]))])),
    ],
)
def test_a_value(text: str, value: Written) -> None:
    assert read(text, nobody) == value


@pytest.mark.parametrize("text", ["m", "f(x)", "*p", "m[1]", "&main.ID{1}", "int8(x)"])
def test_all_else_is_an_expression(text: str) -> None:
    with pytest.raises(ExpressionError) as told:
        read(text, nobody)
    assert str(told.value) == f"asked for {text}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{1,,2}", "{1,,2}: '' is no element"),
        ("{a: 1: 2}", "{a: 1: 2}: 'a: 1: 2' is no element"),
        ("{: 1}", "{: 1}: ': 1' is no element"),
    ],
)
def test_what_stands_wrongly_in_braces(text: str, says: str) -> None:
    with pytest.raises(ExpressionError) as told:
        read(text, nobody)
    assert str(told.value) == says


def test_nested_without_end() -> None:
    with pytest.raises(ExpressionError, match="nested too deeply"):
        read("{" * 1100 + "}" * 1100, nobody)
