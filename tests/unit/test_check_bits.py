"""One bit of a real map is flipped: gomap-check names that bit, or none, and never another one.

Many bytes that are changed at once are never taken for a flipped bit. The maps are those of tests/fixtures/maps.
"""

from __future__ import annotations

import random
from typing import NamedTuple

import jsonschema
import pytest

from gomap.check.checking import Report
from gomap.check.flips import Flip
from gomap.views.findings import check_object
from tests.unit.realmaps import CLASSIC, SWISS, RealMap, Toolchain
from tests.unit.test_check_causes import SCHEMA
from tests.unit.test_check_flips import check, header_parts, other_parts, subjects

#: Flips of each toolchain.
_FLIPS = 40
_TOOLCHAINS = (CLASSIC[1], SWISS[1])


class Made(NamedTuple):
    """A byte that was changed, by how, and what a check says of it."""

    real: RealMap
    part: str
    address: int
    apart: int
    report: Report

    @property
    def named(self) -> tuple[int, int] | None:
        """The bit that is named: the byte's address, and the bit as a number."""
        for cause in self.report.causes:
            if isinstance(cause.evidence, Flip):
                return cause.address, 1 << cause.evidence.bit
        return None

    def __str__(self) -> str:
        said = [cause.text for cause in self.report.causes]
        found = [(each.rule.name, f"{each.address:#x}") for each in self.report.findings[:4]]
        return f"{self.real.name}: {self.part} at {self.address:#x}, {self.apart:#04x}: {said}; {found}"


def some_change(real: RealMap, bits: int) -> Made:
    """So many bits of one byte of the map's structure, in the header as often as behind it, are flipped."""
    here, there = list(header_parts(real)), list(other_parts(real))
    part, _, start, size = random.choice(random.choice([here, there]) if there else here)
    address = start + random.randrange(size)
    apart = sum(1 << bit for bit in random.sample(range(8), bits))
    image = real.target()
    (before,) = real.bytes_at(address, 1)
    image.write(address, bytes([before ^ apart]))
    return Made(real, part, address, apart, check(real, image))


@pytest.mark.parametrize("toolchain", _TOOLCHAINS, ids=str)
def test_the_bit_that_was_flipped_is_named_or_none(toolchain: Toolchain) -> None:
    random.seed(9)
    made = [some_change(random.choice(subjects(toolchain)), 1) for _ in range(_FLIPS)]
    wrong = [each for each in made if each.named not in (None, (each.address, each.apart))]
    shown = "\n".join(map(str, wrong))
    assert not wrong, f"another bit is named than was flipped:\n{shown}"
    found = [each for each in made if each.report.findings]
    named = [each for each in found if each.named]
    assert len(named) > 0.35 * len(found) > 10, f"{len(named)} of {len(found)}"
    for each in named[:5]:
        shown_so = check_object(each.report)
        jsonschema.validate(shown_so, SCHEMA)
        (cause,) = shown_so["causes"]
        assert cause["bit"]["now"] ^ cause["bit"]["before"] == each.apart


@pytest.mark.parametrize("toolchain", _TOOLCHAINS, ids=str)
def test_several_bits_are_not_taken_for_one(toolchain: Toolchain) -> None:
    random.seed(19)
    made = [some_change(random.choice(subjects(toolchain)), 3) for _ in range(_FLIPS)]
    wrong = [each for each in made if each.named]
    shown = "\n".join(map(str, wrong))
    assert len(wrong) <= _FLIPS // 50, f"one bit is named where three were flipped:\n{shown}"
