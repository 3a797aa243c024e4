"""Maps for scripts, and functions of maps: entries, elements and findings, as the program knows its maps."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from gomap.commands.functions import FUNCTIONS
from gomap.expressions.given_keys import given_key
from gomap.expressions.go_values import ExpressionError, GoValue, in_memory
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.program.gotypes import Kind
from gomap.views.python_maps import Map
from tests.unit.image import Image, basic
from tests.unit.realmaps import CLASSIC, SWISS, RealMap, Toolchain, real_map
from tests.unit.scopes import ImageScope

every_toolchain = pytest.mark.parametrize("toolchain", (*CLASSIC[1:3], *SWISS[1:3]), ids=str)
_FUNCTIONS: dict[str, Callable[..., Any]] = {each.name: each.answer for each in FUNCTIONS}


def opened(real: RealMap, target: Image | None = None) -> tuple[ImageScope, GoMap]:
    scope = ImageScope(target or real.target())
    return scope, open_map(scope.program, real.type, real.address)


def entries(real: RealMap) -> list[tuple[Any, Any]]:
    """The map's entries as the program printed them, in Go's own words, which are JSON's where keys are simple."""
    return sorted((json.loads(key), json.loads(elem)) for key, elem in real.truth["entries"])


@every_toolchain
@pytest.mark.parametrize("name", ["grown", "growing"])
def test_entries_elements_and_what_is_not_there(toolchain: Toolchain, name: str) -> None:
    real = real_map(toolchain, name)
    map = Map(*opened(real))
    assert (map.type, map.address, map.kind, map.count) == (
        real.truth["type"],
        real.address,
        real.kind,
        len(real.truth["entries"]),
    )
    assert sorted(map.items()) == entries(real)
    assert map.notes == []
    for key, elem in entries(real)[:20]:
        assert map[key] == elem
        assert key in map
    nobody = "nobody" if real.described.key.kind is Kind.STRING else -123456789
    assert nobody not in map
    assert map.get(nobody, 7) == 7
    with pytest.raises(KeyError):
        map[nobody]


@every_toolchain
def test_functions_say_the_same(toolchain: Toolchain) -> None:
    real = real_map(toolchain, "grown")
    scope, map = opened(real)
    assert _FUNCTIONS["$gomap_len"](scope.program, map) == len(real.truth["entries"])
    for slot in [slot for bucket in real.truth["buckets"] for slot in bucket["live"]][::100]:
        key = given_key(scope, map.key, json.loads(slot["key"]))
        assert _FUNCTIONS["$gomap_has"](scope.program, map, key) == 1
        assert _FUNCTIONS["$gomap_get"](scope.program, map, key).address == slot["elem_address"]
    nobody = given_key(scope, map.key, "nobody")
    assert _FUNCTIONS["$gomap_has"](scope.program, map, nobody) == 0
    with pytest.raises(ExpressionError, match=r"^\$gomap_get: no such key in the map\[string\]int, which has 1"):
        _FUNCTIONS["$gomap_get"](scope.program, map, nobody)


def test_each_function_has_its_help_and_how_it_is_called() -> None:
    assert [each.call for each in FUNCTIONS] == [
        "$gomap_len(MAP)",
        "$gomap_get(MAP, KEY)",
        "$gomap_has(MAP, KEY)",
        "$gomap_findings(MAP)",
    ]
    for each in FUNCTIONS:
        assert each.text.startswith(f"{each.name} ({', '.join(each.parameters)}): ")
        assert "\n    " not in each.text


@every_toolchain
def test_a_wrong_count_is_found(toolchain: Toolchain) -> None:
    real, target = real_map(toolchain, "grown"), real_map(toolchain, "grown").target()
    count = next(one for one in real.truth["header"] if one["name"] in ("count", "used"))
    target.write(real.address + count["offset"], (5).to_bytes(real.pointer_size, "little"))
    scope, map = opened(real, target)
    (found,) = Map(scope, map).findings(quick=True)
    assert (found.rule, found.severity, found.address) == (
        "count-mismatch",
        "error",
        real.address + count["offset"],
    )


def test_keys_that_need_to_be_spelled_are_and_values_of_the_program_are_themselves() -> None:
    real = real_map(Toolchain("1.27.3"), "structs")
    scope, map = opened(real)
    slots = {slot["elem"]: slot for bucket in real.truth["buckets"] for slot in bucket["live"]}
    assert slots
    for elem, slot in slots.items():
        first = Map(scope, map)[slot["key"]]["First"]
        assert f'First:"{first}"' in elem
        value = in_memory(scope.program, map.key, "key", slot["key_address"])
        assert given_key(scope, map.key, value) is value


def test_strings_keep_bytes_that_are_not_utf8() -> None:
    scope = ImageScope(Image({}))
    assert given_key(scope, basic(Kind.STRING), b"a\xffb".decode("utf-8", "surrogateescape")).value == b"a\xffb"  # type: ignore[union-attr]
    for key, value in ((True, True), (7, 7), (1.5, 1.5), (None, None)):
        found = given_key(scope, basic(Kind.INT), key)
        assert not isinstance(found, GoValue)
        assert found.value is value  # type: ignore[union-attr]
    with pytest.raises(ExpressionError, match=r"^a list is no key: give a number, a string, a bool or None$"):
        given_key(scope, basic(Kind.INT), [1])
