"""Ctrl-C in a census: what was found so far is kept, and it is said that there may be more."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

from gomap.census.census import Census, take_census, with_retained
from gomap.census.referrers import referrers, sought
from gomap.program.program import Program
from gomap.views.census import Filter, census_lines
from gomap.views.paint import Paint
from tests.unit.census import Configuration, taken

_CONFIGURATION = Configuration("1.27.3")


def pressed_at(what: str) -> Callable[[str], None]:
    """Told how far it is, it interrupts as soon as that is WHAT."""

    def progress(now: str) -> None:
        if what in now:
            raise KeyboardInterrupt

    return progress


def census_until(what: str) -> Census:
    program = Program(taken(_CONFIGURATION).program.target)
    progress = pressed_at(what)
    return with_retained(take_census(program, progress), progress)


@pytest.mark.parametrize("what", ["package variables", "variables of goroutines", "0 maps measured"])
def test_what_was_found_is_kept(what: str) -> None:
    census = census_until(what)
    assert census.interrupted and gc.isenabled()
    said = list(census_lines(census, Filter("bytes", None, 0, None, False), Paint()))
    assert "note: interrupted: there may be more maps, and shorter paths" in said
    found = {each.address for each in census.maps}
    assert found < {each.address for each in taken(_CONFIGURATION).census.maps}
    if what == "variables of goroutines":
        assert len(found) > 60


def test_without_what_maps_retain_the_rest_is_there() -> None:
    census = census_until("taken away")
    assert not census.interrupted and census.retained is None
    assert len(census.maps) == len(taken(_CONFIGURATION).census.maps)
    said = list(census_lines(census, Filter("bytes", None, 0, None, False), Paint()))
    assert "note: interrupted: what each map keeps alive was not worked out" in said


def test_pointers_that_were_found_are_shown() -> None:
    program, census, maps, *_ = taken(_CONFIGURATION)
    address = next(truth.address for truth in maps if truth.path == "main.Thousand")
    what = sought(program, census.survey, address)
    found, complete = referrers(program, census.survey, what, pressed_at("objects looked at"))
    assert not complete and [each.path for each in found] == ["main.Thousand"]
