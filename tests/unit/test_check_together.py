"""Maps that are checked together: each has the findings that it has alone, whatever is wrong with the others.

Real cores, of whose maps some are overwritten.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple, Union

import pytest

from gomap.check import checking, judging, keys
from gomap.check.checking import Report, check, check_each
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program
from tests.unit.census import Configuration, taken

#: Words that are good for nothing, in a map; some are lengths of strings that are too long to be hashed.
_WILD = (0, 1, 5, 0xDEAD0000, 1 << 32, (1 << 64) - 8, 1 << 63)

Opened = Union[GoMap, LayoutError, ReadError]


class Ruined(NamedTuple):
    """A program, its maps, and what comes of the check of each alone."""

    program: Program
    maps: list[Opened]
    alone: list[Report | str]


@pytest.fixture(scope="module", params=["1.23.9", "1.27.3"])
def ruined(request: pytest.FixtureRequest) -> Iterator[Ruined]:
    """Every third map has a wild word in its first bucket or group, or in its directory; and some in the header."""
    known = taken(Configuration(request.param))
    whole = [each.map for each in known.census.maps if isinstance(each.map, GoMap)]
    dice, wild = random.Random(9), dict[int, bytes]()
    for each in whole[::3]:
        base, size = each.header.get("buckets") or each.header.get("dirPtr"), each.places.size
        places = [each.address + dice.randrange(0, each.header_size, 8)] if dice.random() < 0.2 else []
        places += [base + dice.randrange(0, size, 8)] if base else []
        wild |= {place: dice.choice(_WILD).to_bytes(8, "little") for place in places}
    program = Program(known.program.target)
    with program.memory.supposing(wild):
        maps = [opened(program, each) for each in whole]
        yield Ruined(program, maps, [told(program, each) for each in maps])


def opened(program: Program, map: GoMap) -> Opened:
    try:
        return open_map(program, map.type, map.address)
    except (LayoutError, ReadError) as error:
        return error


def told(program: Program, map: Opened) -> Report | str:
    if not isinstance(map, GoMap):
        return str(map)
    try:
        return check(program, map)
    except (LayoutError, ReadError) as error:
        return str(error)


def together(ruined: Ruined) -> list[Report | str]:
    each = check_each(ruined.program, ruined.maps, quick=False, progress=lambda number, text: None)
    return [one if isinstance(one, Report) else str(one) for one in each]


def test_the_ruin_is_worth_looking_at(ruined: Ruined) -> None:
    reports = [each for each in ruined.alone if isinstance(each, Report)]
    assert len(reports) > 60
    assert len({each.map.type for each in reports}) < len(reports) / 2
    rules = {finding.rule.name for each in reports for finding in each.findings}
    assert {"count-mismatch", "hash-mismatch", "impossible-key", "freed-key"} <= rules, rules
    assert sum(not each.findings for each in reports) > 30


def test_each_has_the_findings_that_it_has_alone(ruined: Ruined) -> None:
    assert together(ruined) == ruined.alone


@pytest.mark.parametrize(("module", "name"), [(keys, "MOST_BYTES"), (judging, "_ENOUGH"), (checking, "_LARGE")])
def test_so_it_is_where_less_is_done_at_once(
    ruined: Ruined, module: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes of keys that may be read at once; slots that are judged at once; entries of maps that are not alone."""
    monkeypatch.setattr(module, name, 6)
    assert together(ruined) == ruined.alone


def test_an_interruption_ends_with_what_was_found(ruined: Ruined, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "_TOGETHER", 8)
    found = list(check_each(ruined.program, ruined.maps, False, pressed_at(20)))
    assert 16 < len(found) <= 20
    *whole, last = found
    assert isinstance(last, Report) and last.interrupted
    assert [one if isinstance(one, Report) else str(one) for one in whole] == ruined.alone[: len(whole)]


def test_an_interruption_is_not_lost_at_the_end_of_all(ruined: Ruined, monkeypatch: pytest.MonkeyPatch) -> None:
    run_together = judging.run_together

    def pressed_after(checks: Iterator[judging.Underway]) -> None:
        run_together(checks)
        raise KeyboardInterrupt

    monkeypatch.setattr(checking, "run_together", pressed_after)
    each = check_each(ruined.program, ruined.maps[:3], False, lambda number, text: None)
    assert [isinstance(next(each), Report) for _ in range(3)] == [True] * 3
    with pytest.raises(KeyboardInterrupt):
        next(each)


def pressed_at(map: int) -> Callable[[int, str], None]:
    def progress(number: int, text: str) -> None:
        if number >= map:
            raise KeyboardInterrupt

    return progress
