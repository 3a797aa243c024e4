"""A census of memory that is not as it was: it ends, and says what it left out; and it never fails otherwise."""

from __future__ import annotations

import random

import pytest

from gomap.census.census import Census, take_census
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program
from tests.unit.census import Configuration, taken

CONFIGURATIONS = (Configuration("1.19"), Configuration("1.23.9"), Configuration("1.27.3"))


@pytest.fixture(params=CONFIGURATIONS, ids=str)
def configuration(request: pytest.FixtureRequest) -> Configuration:
    return request.param


def census_with(configuration: Configuration, where: dict[int, bytes]) -> Census:
    """The census of the program's core with other bytes at some addresses."""
    program = taken(configuration).program
    memory = program.memory
    raw = memory._raw

    def read(address: int, length: int) -> bytes:
        found = raw(address, length)
        for at, new in where.items():
            if at < address + length and address < at + len(new):
                changed = bytearray(found)
                for number, byte in enumerate(new):
                    if address <= at + number < address + length:
                        changed[at + number - address] = byte
                found = bytes(changed)
        return found

    memory._raw = read
    program.moved()
    try:
        return take_census(Program(program.target), lambda what: None)
    finally:
        memory._raw = raw
        program.moved()


def test_undamaged_it_is_what_it_was(configuration: Configuration) -> None:
    again = census_with(configuration, {})
    assert [found.address for found in again.maps] == [found.address for found in taken(configuration).census.maps]


def test_a_span_that_cannot_be_is_left_out_and_named(configuration: Configuration) -> None:
    program, census, *_ = taken(configuration)
    span = census.survey.objects.spans[len(census.survey.objects.spans) // 2].state.span
    mspan = program.type_named("runtime.mspan")
    assert mspan
    field = mspan.field("nelems")
    damaged = census_with(configuration, {span.mspan + field.offset: b"\xff\xff"})
    assert any(f"{span.mspan:#x}" in each for each in damaged.survey.damage)
    assert 0 < len(damaged.maps) <= len(census.maps)


def test_pointers_to_anywhere_end_it_all_the_same(configuration: Configuration) -> None:
    """Words of the heap, of spans' books and of type descriptors, one in so many, are others."""
    _, census, *_ = taken(configuration)
    choose = random.Random(5)
    spans = census.survey.objects.spans
    ended = 0
    values = [0, 1, 8, 0xFFFF_FFFF_FFFF_FFFF, 0x7FFF_FFFF_FFFF, spans[0].state.span.start + 5]
    for _ in range(6):
        where = {}
        for _ in range(40):
            span = choose.choice(spans).state.span
            at = choose.choice(
                [span.start + 8 * choose.randrange(span.size // 8), span.mspan + 8 * choose.randrange(18)]
            )
            where[at] = choose.choice(values).to_bytes(8, "little")
        try:
            damaged = census_with(configuration, where)
        except (LayoutError, ReadError):
            continue
        ended += 1
        for found in damaged.maps:
            assert damaged.path(found)
    assert ended > 1


def test_a_circle_of_maps_ends(configuration: Configuration) -> None:
    """main.Nested's element is made to be main.Nested itself."""
    _, census, *_ = taken(configuration)
    nested = next(found for found in census.maps if found.origin == "main.Nested")
    pointers, objects = census.survey.pointers, census.survey.objects
    inner = next(found for found in census.maps if found.origin == "main.Nested[*]")
    at = next(
        objects.data(holder) + pointers.places[edge]
        for holder in range(len(objects))
        for edge in pointers.of(holder)
        if pointers.targets[edge] == inner.number
    )
    damaged = census_with(configuration, {at: nested.address.to_bytes(8, "little")})
    assert [found.address for found in damaged.maps].count(nested.address) == 1
    assert inner.address not in {found.address for found in damaged.maps}
