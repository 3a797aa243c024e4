"""gomap-refs: who points to an object of a real program; the paths are those that the program says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import jsonschema
import pytest

import gomap.views
from gomap.census.referrers import MapSlot, Referrer, Sought, referrers, sought
from gomap.goruntime.answers import FreeObject, HeapObject
from gomap.views.paint import Paint
from gomap.views.referrers import referrers_lines, referrers_object
from tests.unit.census import Configuration, taken

CONFIGURATIONS = (Configuration("1.23.9"), Configuration("1.27.3"), Configuration("1.27.3", goarch="386"))
SCHEMA = jsonschema.Draft202012Validator(
    json.loads((Path(gomap.views.__file__).parent / "gomap.schema.json").read_text())
)


@pytest.fixture(params=CONFIGURATIONS, ids=str)
def configuration(request: pytest.FixtureRequest) -> Configuration:
    return request.param


class Answer(NamedTuple):
    what: Sought
    found: list[Referrer]
    complete: bool


def asked(configuration: Configuration, address: int) -> Answer:
    program, census, *_ = taken(configuration)
    what = sought(program, census.survey, address)
    return Answer(what, *referrers(program, census.survey, what, lambda what: None))


def key_of(slot: MapSlot) -> str:
    return "a key"


def address_of(configuration: Configuration, path: str) -> int:
    return next(truth.address for truth in taken(configuration).maps if truth.path == path)


def test_each_map_is_pointed_to_by_what_the_program_says(configuration: Configuration) -> None:
    paths = [truth for truth in taken(configuration).maps if truth.path and "goroutine" not in truth.path]
    assert len(paths) > 60
    for truth in paths[::4]:
        what, found, complete = asked(configuration, truth.address)
        assert complete and what.reached and what.path == truth.path
        assert truth.path in [each.path for each in found]
        assert [each.steps for each in found] == sorted(each.steps for each in found)


def test_an_address_in_an_object_means_the_object(configuration: Configuration) -> None:
    address = address_of(configuration, "main.Thousand")
    assert asked(configuration, address + 9).found == asked(configuration, address).found
    assert asked(configuration, address + 9).what.path == "main.Thousand"


def test_a_pointer_in_a_map_has_its_slot(configuration: Configuration) -> None:
    inner = address_of(configuration, 'main.Nested["b"]')
    (one,) = (each for each in asked(configuration, inner).found if each.kind == "object")
    assert one.slot is not None and one.slot.place is not None and not one.slot.in_key
    assert one.slot.map.address == address_of(configuration, "main.Nested")
    assert one.slot.place.name.endswith("slot 1") and one.path == 'main.Nested["b"]'
    keyed = next(found for found in taken(configuration).census.maps if found.origin == "main.Keyed[key *].Tags")
    census = taken(configuration).census
    holder = census.survey.paths.parents[keyed.number]
    (key,) = (each for each in asked(configuration, census.survey.objects.data(holder)).found if each.slot)
    assert key.slot is not None and key.slot.in_key


def test_a_stack_has_its_goroutine_and_function(configuration: Configuration) -> None:
    truth = next(truth for truth in taken(configuration).maps if truth.path.endswith(" main.worker: local"))
    on_stacks = [each for each in asked(configuration, truth.address).found if each.kind == "stack"]
    number = truth.path.split()[1]
    # Where arguments are passed in memory, they stand in the caller's frame.
    function = "main.main.gowrap1" if configuration.goarch == "386" else "main.worker"
    assert f"goroutine {number} {function}" in [each.path for each in on_stacks]


def test_what_no_root_leads_to_says_so(configuration: Configuration) -> None:
    """A freed object, by the allocator's own bits, and one that is nobody's."""
    census = taken(configuration).census
    objects, paths = census.survey.objects, census.survey.paths
    free = next(
        number
        for number in range(len(objects))
        if not objects.used[number] and not objects.span(number).noscan and objects.size(number) == 64
    )
    what, found, complete = asked(configuration, objects.data(free))
    assert isinstance(what.answer, FreeObject) and what.reached is None and not what.path
    assert "freed object" in next(referrers_lines(what, found, complete, None, key_of, Paint()))
    unreached = [number for number in range(len(objects)) if objects.used[number] and not paths.reached(number)]
    for number in unreached[:3]:
        what, found, complete = asked(configuration, objects.data(number))
        assert isinstance(what.answer, HeapObject) and what.reached is False
        assert "no root leads to it" in list(referrers_lines(what, found, complete, None, key_of, Paint()))[1]
        assert not [each for each in found if each.path and each.kind != "stack"]


def test_json_is_as_the_schema_has_it(configuration: Configuration) -> None:
    for path in ('main.Nested["b"]', "main.Thousand", "main.Static.inner.Tags"):
        what, found, complete = asked(configuration, address_of(configuration, path))
        document = json.loads(json.dumps(referrers_object(what, found, complete, 2, key_of)))
        SCHEMA.validate(document)
        assert document["path"] == path and document["total"] == len(found)
