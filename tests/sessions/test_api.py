"""Scripts inside GDB: what gomap.gdb.api gives is what the program printed of its maps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sessions.debugger import Gdb
from tests.sessions.pairs import truth
from tests.sessions.targets import Stopped
from tests.sessions.test_face_hostile import changed, field


def ask(gdb: Gdb, expression: str) -> Any:
    """What a Python expression comes to in GDB, with api at hand."""
    gdb.run("python import json; from gomap.gdb import api")
    said = gdb.run(f"python print(json.dumps({expression}))")
    try:
        return json.loads(said)
    except ValueError:
        raise AssertionError(said) from None


@pytest.mark.parametrize("name", ["main.small", "main.grown", "main.growing"])
def test_a_map_of_an_expression(face: Stopped, gdb: Gdb, name: str) -> None:
    view = truth(face, name)
    known = "(m.type, m.address, m.count, m.kind)"
    kind = "classic" if "B" in [each["name"] for each in view["header"]] else "swiss"
    assert ask(gdb, f"[{known} for m in [api.open_map('{name}')]][0]") == [
        view["type"],
        view["address"],
        len(view["entries"]),
        kind,
    ]
    items = ask(gdb, f"list(api.open_map('{name}').items())")
    assert sorted(items, key=str) == sorted(
        ([json.loads(key), json.loads(elem)] for key, elem in view["entries"]), key=str
    )
    assert ask(gdb, f"list(api.open_map('{name}'))") == [key for key, _ in items]


def test_an_element_by_its_key(face: Stopped, gdb: Gdb) -> None:
    for key, elem in truth(face, "main.grown")["entries"][:5]:
        assert ask(gdb, f"api.open_map('main.grown')[{key}]") == json.loads(elem)
        assert ask(gdb, f"{key} in api.open_map('main.grown')") is True
    assert ask(gdb, "'nobody' in api.open_map('main.grown')") is False
    assert ask(gdb, "api.open_map('main.grown').get('nobody', 7)") == 7
    assert "KeyError" in gdb.run("python api.open_map('main.grown')['nobody']")


def test_a_value_of_gdbs_and_the_address_of_a_header(face: Stopped, gdb: Gdb) -> None:
    view = truth(face, "main.small")
    assert ask(gdb, "api.open_map(gdb.parse_and_eval(\"'main.small'\")).address") == view["address"]
    by_address = f"api.open_map('{view['address']:#x}', type='{view['type']}')"
    assert ask(gdb, f"list({by_address}.items())") == ask(gdb, "list(api.open_map('main.small').items())")


def test_findings(face: Stopped, gdb: Gdb) -> None:
    assert ask(gdb, "api.open_map('main.grown').findings()") == []
    what = "count" if "go1.23" in gdb.run("output 'runtime.buildVersion'") else "used"
    place = field(face, "main.grown", what)
    with changed(gdb, place, 8, 5):
        found = ask(gdb, "[each._asdict() for each in api.open_map('main.grown').findings(quick=True)]")
        printed = gdb.json("gomap-check -quick -json main.grown")["findings"]
    assert [each["rule"] for each in found] == ["count-mismatch"]
    assert found[0]["address"] == place
    (other,) = printed
    assert {**found[0], "address": hex(place)} == {name: other[name] for name in found[0]}


def test_package_maps_are_those_that_check_all_knows(gdb: Gdb) -> None:
    names = ask(gdb, "[name for name, map in api.package_maps() if map]")
    assert names == [each["variable"] for each in gdb.json("gomap-check -all -quick -json")["maps"]]


def test_what_goes_wrong_is_one_line(gdb: Gdb) -> None:
    ask(gdb, "1")
    said = gdb.run(
        "python\ntry:\n  api.open_map('main.nobody')\nexcept gdb.GdbError as error:\n  print('caught', error)\nend"
    )
    assert "caught no variable main.nobody" in said
    assert "a list is no key" in gdb.run("python api.open_map('main.small')[[1]]")


def test_what_cannot_be_read_is_noted(face: Stopped, gdb: Gdb) -> None:
    what = "buckets" if "go1.23" in gdb.run("output 'runtime.buildVersion'") else "dirPtr"
    with changed(gdb, field(face, "main.grown", what), 8, 0x10):
        items, notes = ask(gdb, "[(list(m.items()), m.notes) for m in [api.open_map('main.grown')]][0]")
    assert any("0x10" in note for note in notes), (items, notes)
