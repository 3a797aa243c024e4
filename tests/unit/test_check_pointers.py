"""An overflow pointer may lead into an object if that is the bucket array's own, and into no other one's middle."""

from __future__ import annotations

import pytest

from gomap.goruntime.answers import Answer, HeapObject, NotMapped, Span
from gomap.goruntime.rtype import RuntimeTypes
from gomap.language import Literals
from gomap.maps.opening import open_map
from tests.unit.checked import check_map
from tests.unit.objects import Objects
from tests.unit.realmaps import CLASSIC, RealMap, Toolchain, real_maps

#: Bytes of the object that stands behind the bucket array.
_NEIGHBOUR = 1 << 12


class Neighbours(Objects):
    """A program's objects, and one more where its map's bucket array ends."""

    def __init__(self, real: RealMap) -> None:
        super().__init__(real)
        array = super().at(real.header("buckets"))
        assert isinstance(array, HeapObject)
        self.behind = array.start + array.span.size

    def at(self, address: int) -> Answer:
        known = super().at(address)  # what the map has there itself comes first
        if isinstance(known, NotMapped) and self.behind <= address < self.behind + _NEIGHBOUR:
            span = Span(0, self.behind, _NEIGHBOUR, _NEIGHBOUR, 1, 1, False, 0)
            return HeapObject(address, span, 0)
        return known


def preallocating(toolchain: Toolchain) -> list[RealMap]:
    """Maps whose bucket array is large enough for makeBucketArray to put overflow buckets behind it."""
    every = real_maps(toolchain).values()
    return [real for real in every if real.address and real.header("B") >= 4 and not real.header("oldbuckets")]


@pytest.mark.parametrize("toolchain", CLASSIC, ids=str)
def test_an_overflow_pointer_past_the_array_leads_into_another_object(toolchain: Toolchain) -> None:
    maps = preallocating(toolchain)
    assert maps
    for real in maps:
        image, objects, size = real.target(), Neighbours(real), real.places["size"]
        head = next(bucket for bucket in real.truth["buckets"] if bucket["role"] == "bucket")
        # The place of one more bucket, had the array's object gone on.
        wrong = objects.behind + size
        pointer = head["address"] + real.places["overflow"]
        image.write(pointer, image.word(wrong))
        literals = Literals(image, RuntimeTypes(image))
        report = check_map(open_map(image, real.type, real.address), literals, objects, None)
        dangling = [finding for finding in report.findings if finding.rule.name == "dangling-overflow"]
        assert [finding.address for finding in dangling] == [pointer], real
        assert f"-> {wrong:#x}: the middle of an object" in dangling[0].text, real
