"""Every map of a program, by every kind of path: found once, where and as large as the program says."""

from __future__ import annotations

import pytest

from gomap.maps.recognition import header_at
from tests.unit.census import CONFIGURATIONS, Configuration, taken


@pytest.fixture(params=CONFIGURATIONS, ids=str)
def configuration(request: pytest.FixtureRequest) -> Configuration:
    return request.param


def test_each_map_is_listed_once_with_its_entries_and_bytes(configuration: Configuration) -> None:
    _, census, truths, _, _ = taken(configuration)
    assert len(truths) > 60
    listed = [found.address for found in census.maps]
    assert len(listed) == len(set(listed))
    by_address = {found.address: found for found in census.maps}
    for truth in truths:
        found = by_address[truth.address]
        if found.measured is None:  # only where no type leads, and its group does not say its own
            assert "->" in census.path(found) or census.path(found).startswith("goroutine"), truth
            continue
        assert (found.measured.entries, found.measured.structure) == (truth.entries, truth.bytes), truth
    unknown = [truth for truth in truths if by_address[truth.address].measured is None]
    assert len(unknown) <= (3 if configuration.typed_objects else 8), unknown


def test_each_path_is_that_of_the_program(configuration: Configuration) -> None:
    _, census, truths, _, _ = taken(configuration)
    by_address = {found.address: found for found in census.maps}
    said = [truth for truth in truths if truth.path]
    assert len(said) > 60
    for truth in said:
        if "(main.Large)" in truth.path and not configuration.typed_objects:
            continue
        assert census.path(by_address[truth.address]) == truth.path


def test_what_a_debugger_shows_as_many_is_one_origin(configuration: Configuration) -> None:
    origins = [found.origin for found in taken(configuration).census.maps]
    assert origins.count("main.Tree.Kids[*].inner.Tags") == 5
    assert origins.count("main.Slice[*]") == 5
    assert origins.count("main.Nested[*]") == 2
    assert origins.count("main.Keyed[key *].Tags") == 1


def test_what_is_reached_is_what_the_runtime_says_is_alive(configuration: Configuration) -> None:
    """After a collection all objects in use are alive, but for the few that the program made while it died."""
    _, census, _, live, objects = taken(configuration)
    all_objects, paths = census.survey.objects, census.survey.paths
    used = [number for number in range(len(all_objects)) if all_objects.used[number]]
    reached = [number for number in used if paths.reached(number)]
    assert 0 <= len(used) - len(reached) <= 8
    # The runtime counts each value in a block of tiny ones, and the block as one object here.
    assert abs(len(reached) - objects) <= 0.02 * objects
    assert abs(sum(map(all_objects.size, reached)) - live) <= 0.01 * live
    assert not census.survey.damage


def test_every_header_that_the_heap_holds_has_a_path(configuration: Configuration) -> None:
    """By trying the invariants of a map's header on each object of that size, reached or not."""
    program, census, _, _, _ = taken(configuration)
    objects = census.survey.objects
    listed = {found.address for found in census.maps}
    headers = [
        objects.data(number)
        for number in range(len(objects))
        if objects.used[number]
        and objects.size(number) in (24, 32, 48, 64)
        and header_at(program, objects.data(number))
    ]
    assert len(headers) > 60
    assert [address for address in headers if address not in listed] == []


def test_maps_that_keep_memory_of_deleted_entries_say_so(configuration: Configuration) -> None:
    census = taken(configuration).census
    emptied = next(found.measured for found in census.maps if found.origin == "main.Emptied")
    grown = next(found.measured for found in census.maps if found.origin == "main.Grown")
    assert emptied is not None and grown is not None
    assert emptied.rebuilt is not None and emptied.rebuilt < 300
    assert emptied.waste == emptied.structure - emptied.rebuilt > 0.99 * emptied.structure
    assert grown.waste < 0.2 * grown.structure
    assert not emptied.scanned


def test_a_map_built_anew_takes_what_is_foretold(configuration: Configuration) -> None:
    """Those that were made with room for what they hold are as large as that says; chance may add overflow buckets."""
    census = taken(configuration).census
    measured = {found.origin: found.measured for found in census.maps}
    for origin in ("main.One", "main.Eight", "main.Nine", "main.Thousand"):
        one = measured[origin]
        assert one is not None and one.rebuilt is not None
        swiss = next(found.map for found in census.maps if found.map).kind == "swiss"
        assert one.structure == one.rebuilt if swiss else one.rebuilt <= one.structure <= 1.1 * one.rebuilt, origin
