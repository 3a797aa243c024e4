"""What a finding says of the word that it is about: text and floats that were put there, nothing of random words."""

from __future__ import annotations

import random
import struct

import jsonschema
import pytest

from gomap.check.checking import Report
from gomap.check.finding import RULES, Finding
from gomap.check.stray_words import with_stray_words
from gomap.maps.opening import open_map
from gomap.program.program import Program
from gomap.views.findings import check_object
from tests.unit.realmaps import CLASSIC, SWISS, RealMap, Toolchain, real_map
from tests.unit.test_check_causes import SCHEMA

#: Random words: of so many about two are text by chance, as each of eight bytes is in two of five cases.
_WORDS = 5000


def said_of(real: RealMap, word: bytes) -> tuple[Finding, Report]:
    """The finding about the header's pointer to its storage, if that is WORD."""
    image = real.target()
    field = "buckets" if real.kind == "classic" else "dirPtr"
    rule = "dangling-buckets" if real.kind == "classic" else "dangling-directory"
    image.write(real.address + real.offset(field), word)
    program = Program(image)
    map = open_map(program, real.type, real.address)
    (finding,) = with_stray_words(
        program, map, None, [RULES[rule].broken(real.address + real.offset(field), "not mapped")]
    )
    return finding, Report(map, [finding], 0, 0, 0, False, False)


@pytest.mark.parametrize("toolchain", [CLASSIC[1], SWISS[1]], ids=str)
@pytest.mark.parametrize(
    ("word", "looks", "text"),
    [
        (b"customer", b"customer", 'the bytes there are text: "customer"'),
        ("naïve\n?".encode(), "naïve\n?".encode(), 'the bytes there are text: "naïve\\n?"'),
        (struct.pack("<d", -0.125), -0.125, "-0.125 as a float64"),
        (struct.pack("<d", 1e6), 1e6, "1000000.0 as a float64"),
    ],
)
def test_what_was_put_there_is_said(toolchain: Toolchain, word: bytes, looks: object, text: str) -> None:
    finding, report = said_of(real_map(toolchain, "grown"), word)
    assert finding.word and finding.word.looks == looks
    assert text in finding.text
    shown = check_object(report)
    jsonschema.validate(shown, SCHEMA)
    assert shown["findings"][0]["word"]["value"] == f"{int.from_bytes(word, 'little'):#x}"


@pytest.mark.parametrize(
    "word",
    [
        bytes(8),
        b"aaaaaaaa",
        b"custome\0",
        b"\x1b[31mred",
        b"custome\xff",
        struct.pack("<d", 0.1 + 0.2),
        struct.pack("<d", float("nan")),
        struct.pack("<d", float("inf")),
        struct.pack("<Q", 0xC000014520),
        struct.pack("<q", -1),
    ],
    ids=repr,
)
def test_nothing_is_said_where_nothing_tells(word: bytes) -> None:
    finding, report = said_of(real_map(SWISS[1], "grown"), word)
    assert finding.word is None and finding.text == "not mapped"
    jsonschema.validate(check_object(report), SCHEMA)


def test_random_words_are_hardly_ever_anything() -> None:
    real = real_map(SWISS[1], "small")
    image = real.target()
    address = real.address + real.offset("dirPtr")
    program = Program(image)
    map = open_map(program, real.type, real.address)
    found = []
    for _ in range(_WORDS):
        image.write(address, random.randbytes(8))
        (finding,) = with_stray_words(program, map, None, [RULES["dangling-directory"].broken(address, "")])
        found += [finding.word.looks] if finding.word else []
    # 15 and more of 5000 would be chance once in a hundred million runs.
    assert not any(isinstance(looks, float) for looks in found)
    assert len(found) < 15, found
