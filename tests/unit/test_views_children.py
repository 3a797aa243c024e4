"""What a debugger's printer is given of a map, and how it looks on a terminal: entries as the program printed them."""

from __future__ import annotations

from itertools import chain

import pytest

from gomap.expressions.go_values import ExpressionError
from gomap.goruntime.rtype import RuntimeTypes
from gomap.language import Limits, Literals
from gomap.language.quoting import in_ascii, quote
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.views.children import alternating, joined, named, numbered, shown_pairs, text_of, text_pairs, value_or_text
from gomap.views.paint import Colours, Paint
from tests.unit.image import Image
from tests.unit.realmaps import CLASSIC, SWISS, RealMap, Toolchain, real_map

every_kind = pytest.mark.parametrize("toolchain", [CLASSIC[1], SWISS[1]], ids=str)


def opened(real: RealMap, target: Image | None = None) -> tuple[GoMap, Literals]:
    target = target or real.target()
    return open_map(target, real.type, real.address), Literals(target, RuntimeTypes(target), Limits(None, None))


def truth(real: RealMap) -> list[tuple[str, str]]:
    return sorted((key, elem) for key, elem in real.truth["entries"])


@every_kind
def test_every_entry_once_however_it_is_shown(toolchain: Toolchain) -> None:
    real = real_map(toolchain, "grown")
    map, literals = opened(real)
    key, elem = literals.text(map.key), literals.text(map.elem)
    pairs = list(text_pairs(map, key, elem))
    assert sorted(pairs) == truth(real)
    assert list(shown_pairs(map, text_of(key), text_of(elem))) == pairs
    assert list(alternating(iter(pairs[:2]))) == [
        *(("key", pairs[0][0]), ("elem", pairs[0][1])),
        *(("key", pairs[1][0]), ("elem", pairs[1][1])),
    ]
    assert [name for name, _ in numbered(iter(pairs[:2]))] == ["[0]", "[1]", "[2]", "[3]"]
    assert [shown for _, shown in numbered(iter(pairs))] == list(chain(*pairs))
    assert list(named(map, key, text_of(elem))) == [(f"[{key}]", elem) for key, elem in pairs]


@every_kind
def test_entries_that_go_over_together_read_as_if_each_went_alone(toolchain: Toolchain) -> None:
    map, literals = opened(real_map(toolchain, "grown"))
    pairs = list(text_pairs(map, literals.text(map.key), literals.text(map.elem)))
    together = list(joined(iter(pairs)))
    assert len(together) < len(pairs) / 50

    def as_gdb_writes(pairs: list[tuple[str, str]]) -> str:
        return ", ".join(f"[{key}] = {elem}" for key, elem in pairs)

    assert as_gdb_writes(together) == as_gdb_writes(pairs)


@every_kind
def test_a_value_where_there_is_one_and_text_where_not(toolchain: Toolchain) -> None:
    real = real_map(toolchain, "small")
    map, literals = opened(real)
    places = {slot["elem_address"]: slot["elem"] for bucket in real.truth["buckets"] for slot in bucket["live"]}
    first = min(places)

    def value_at(address: int) -> int | None:
        if address == max(places):
            raise ExpressionError("no such value")
        return address if address == first else None

    shown = value_or_text(value_at, literals.text(map.elem))
    elems = {elem for _, elem in shown_pairs(map, lambda key: None, shown)}
    assert elems == {first, *(text for address, text in places.items() if address != first)}


@every_kind
def test_what_cannot_be_read_is_noted_in_its_place(toolchain: Toolchain) -> None:
    real, target = real_map(toolchain, "grown"), real_map(toolchain, "grown").target()
    pointer = next(one for one in real.truth["header"] if one["name"] in ("buckets", "dirPtr"))
    target.write(real.address + pointer["offset"], (0x10).to_bytes(real.pointer_size, "little"))
    map, literals = opened(real, target)
    key, elem = literals.text(map.key), literals.text(map.elem)
    notes = list(text_pairs(map, key, elem))
    assert {bracketed for bracketed, _ in notes} == {"<note>"}
    assert any("0x10" in note for _, note in notes)
    assert list(shown_pairs(map, text_of(key), text_of(elem))) == notes
    assert list(named(map, key, text_of(elem))) == [("note", note[1:-1]) for _, note in notes]


def test_colours_are_escape_sequences_around_the_text() -> None:
    styles = {"type": ("cyan", "bold"), "address": ("blue", ""), "state": ("none", "dim"), "note": ("none", "normal")}
    paint = Colours(styles.__getitem__)
    assert paint.type("T") == "\x1b[1;36mT\x1b[m"
    assert paint.address("0x1") == "\x1b[34m0x1\x1b[m"
    assert paint.state("full") == "\x1b[2mfull\x1b[m"
    assert paint.note("note") == "\x1b[mnote\x1b[m"
    assert "key" in paint.literal('"key"')
    assert Paint().type("T") == "T"


def test_literals_for_a_terminal_that_knows_ascii_only() -> None:
    assert in_ascii(quote("ä😀\n".encode())) == '"\\u00e4\\U0001f600\\n"'
    assert in_ascii('"plain"') == '"plain"'
