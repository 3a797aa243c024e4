"""Names out of damaged memory: whoever reads them, nothing that moves a terminal comes in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomap.language.spelling import as_written
from gomap.program.gotypes import Field, GoType, Kind
from gomap.program.printable import printable
from gomap.program.target import Symbol
from tests.unit.image import basic


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("main.T", "main.T"),
        ('struct { A int "json:\\"a\\"" }', 'struct { A int "json:\\"a\\"" }'),
        ("\x1b]0;title\a", "\\x1b]0;title\\a"),
        ("a\nb\x7f\x9b", "a\\nb\\x7f\\u009b"),
        ("main.\u202e\u200bT", "main.\\u202e\\u200bT"),
        ("main.日本", "main.日本"),
        (b"\xff".decode(errors="surrogateescape"), "\\xff"),
    ],
)
def test_what_is_not_printable_is_escaped_as_in_go(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown


@given(st.text(st.characters()))
def test_any_name_is_printable_where_it_enters(name: str) -> None:
    assert GoType(Kind.INT, 8, name).name.isprintable()
    assert Field(name, basic(Kind.INT), 0).name.isprintable()
    assert Symbol(name, 0, 8).name.isprintable()
    assert as_written(name).isprintable()
