"""A census as text and as JSON, on real programs."""

from __future__ import annotations

import json
from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import gomap.views
from gomap.views.census import SORTS, Filter, census_lines, census_object
from gomap.views.paint import Paint
from tests.unit.census import Configuration, taken

SCHEMA = jsonschema.Draft202012Validator(
    json.loads((Path(gomap.views.__file__).parent / "gomap.schema.json").read_text())
)
SWISS = Configuration("1.27.3")
ALL = Filter("bytes", None, 0, None, False)


def lines(filter: Filter) -> list[str]:
    return list(census_lines(taken(SWISS).census, filter, Paint()))


def rows(filter: Filter) -> list[list[str]]:
    """The cells of each line for maps: without the heading, and what is said before and behind."""
    return [line.split(maxsplit=8) for line in lines(filter) if line[:2] == "  " and line.strip()[0].isdigit()]


def test_the_largest_comes_first_and_maps_of_one_origin_are_one_line() -> None:
    said = rows(ALL)
    sizes = [int(cells[2].replace(",", "")) for cells in said if cells[2] != "?"]
    assert sizes == sorted(sizes, reverse=True)
    assert ["5", "main.Tree.Kids[*].inner.Tags  main.Tags"] in [[cells[0], cells[8]] for cells in said]
    assert sum(int(cells[0]) for cells in said) == len(taken(SWISS).census.maps)


def test_each_map_can_have_a_line_of_its_own() -> None:
    said = [cells[8] for cells in rows(Filter("path", None, 0, None, True))]
    assert said == sorted(said, key=lambda text: text.split("  ")[0])
    assert {f"main.Tree.Kids[{number}].inner.Tags  main.Tags" for number in range(5)} <= set(said)


@pytest.mark.parametrize("sort", SORTS)
def test_sorting_shows_the_same_maps(sort: str) -> None:
    assert sorted(rows(ALL)) == sorted(rows(Filter(sort, None, 0, None, False)))


def test_what_is_left_out_is_counted() -> None:
    types = [cells[8].rpartition("  ")[2] for cells in rows(Filter("bytes", "main.Tags", 0, None, False))]
    assert types.count("main.Tags") > 1
    # A map that may be of the type is shown too.
    assert all(type == "main.Tags" or "perhaps main.Tags or map[string]int, by the hashes of" in type for type in types)
    assert all(int(cells[2].replace(",", "")) >= 10_000 for cells in rows(Filter("bytes", None, 10_000, None, False)))
    limited = lines(Filter("bytes", None, 0, 3, False))
    assert f"{len(rows(ALL)) - 3} more lines; see 'help gomap-list' for -limit, -min, -type and -each" in limited


def test_memory_of_deleted_entries_is_pointed_out() -> None:
    said = lines(ALL)
    at = next(number for number, line in enumerate(said) if "  main.Emptied  " in line)
    assert "of which 1 are there: built anew it would save" in said[at + 1]
    assert sum("built anew" in line for line in said) == 1


def test_why_a_map_retains_less_than_it_is_made_of_is_said() -> None:
    """As if something else led to the groups of each."""
    census = taken(SWISS).census
    assert census.retained is not None
    said = list(census_lines(replace(census, retained=array("Q", bytes(8 * len(census.retained)))), ALL, Paint()))
    why = "      something else leads into it too, such as an iterator or a leftover on a stack, and keeps the rest"
    large = [each for each in rows(ALL) if each[2] != "?" and int(each[2].replace(",", "")) >= 4096]
    assert large and said.count(why) == len(large)
    assert why not in lines(ALL)


def test_json_is_as_the_schema_has_it_and_tells_the_same() -> None:
    taken_all = taken(SWISS)
    document: dict[str, Any] = json.loads(json.dumps(census_object(taken_all.census, ALL)))
    SCHEMA.validate(document)
    assert document["complete"] and document["total"] == len(document["maps"]) == len(taken_all.census.maps)
    by_address = {int(each["address"], 16): each for each in document["maps"]}
    for truth in taken_all.maps:
        each = by_address[truth.address]
        if each["type"] is not None:
            assert (each["entries"], each["structure"]) == (truth.entries, truth.bytes)
        assert each["path"] == truth.path or not truth.path
        assert each["retained"] >= each.get("structure", 0)
    limited = census_object(taken_all.census, Filter("entries", None, 0, 2, False))
    SCHEMA.validate(limited)
    assert not limited["complete"] and len(limited["maps"]) == 2


def test_why_none_is_shown_is_said() -> None:
    _, said = lines(Filter("bytes", "float64", 0, None, False))
    assert said == "no map is of type float64; there are map[float64][3]int"
    assert lines(Filter("bytes", "no.Such", 0, None, False))[1:] == ["no map is of type no.Such"]
    assert lines(Filter("bytes", "main.Tags", 1 << 30, None, False))[1:] == [
        "no line has 1,073,741,824 bytes of structure"
    ]
