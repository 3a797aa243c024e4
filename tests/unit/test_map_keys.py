"""Keys as a person writes them: each key of a real program's maps, spelled as Go spells it, leads to its entry."""

from __future__ import annotations

from functools import partial

import pytest

from gomap.expressions.evaluating import evaluate
from gomap.expressions.go_values import ExpressionError
from gomap.expressions.map_keys import element
from gomap.expressions.written import literal, read
from gomap.maps.opening import open_map
from tests.unit.realmaps import TOOLCHAINS, RealMap, Toolchain, real_map, real_maps
from tests.unit.scopes import ImageScope

#: More than that of one map are as good as some of them.
_ENOUGH = 12


def _found(real: RealMap, key: str) -> int | None:
    """The address of the element under KEY."""
    scope = ImageScope(real.target())
    map = open_map(scope.program, real.type, real.address)
    found = element(scope.program, map, f"m[{key}]", read(key, partial(evaluate, scope)))
    return None if found is None else found.address


@pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=str)
def test_every_key_as_go_spells_it_finds_its_element(toolchain: Toolchain) -> None:
    kinds = set()
    for real in real_maps(toolchain).values():
        live = [slot for bucket in real.truth["buckets"] for slot in bucket["live"]]
        # What an interface holds is not to be had here: no descriptors are in the image.
        if real.name in ("main.anys", "main.errs", "main.stringers"):
            continue
        for slot in live[:: max(1, len(live) // _ENOUGH)]:
            key = slot["key"]
            if "NaN" in key:
                assert _found(real, key) is None
            else:
                assert _found(real, key) == slot["elem_address"], (real.name, key)
                kinds.add(real.described.key.kind)
    assert len(kinds) > 20


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("arrays", ["{1, 2, 3}", "[3]byte{1, 2, 3}", "[...]uint8{2: 3, 0: 1, 2}", "[3]uint8{0x1, 2, '\\x03',}"]),
        ("matrices", ["{{1, 2}, {3, 4}}", "[2][2]int16{{1, 2}, {3, 4}}", "{1: {3, 4}, 0: {1, 2}}"]),
        (
            "structs",
            [
                'main.Derived{Base: main.Base{ID: 7}, Color: 3, Label: "label", inner: {1, -1}}',
                "Derived{{7, 99}, 3, `label`, {}, {X: 1, Y: -1}}",
                'main.Derived{Base{ID: 7}, main.Color(3), string("label"), [3]byte{9}, {1, -1}}',
            ],
        ),
        ("generics", ['main.Pair[int,string]{1, "one"}', 'main.Pair[int, string]{Second: "one", First: 1}']),
        ("complexes", ["-1.5+1i", "(-1.5+1i)"]),
        ("voidKeys", ["{}", "struct{}{}"]),
    ],
)
def test_there_is_more_than_one_way_to_write_a_key(name: str, keys: list[str]) -> None:
    for real in (real_map(Toolchain("1.23.9"), name), real_map(Toolchain("1.27.3"), name)):
        assert all(_found(real, key) is not None for key in keys), [(key, _found(real, key)) for key in keys]


@pytest.mark.parametrize(
    ("name", "key", "says"),
    [
        ("arrays", "{1, 2, 3, 4}", "{1, 2, 3, 4} has an element 3, [3]uint8 has 3"),
        ("arrays", "[4]uint8{1}", "[4]uint8{1} is of another type"),
        ("arrays", '{"x"}', "not a key of this map: its keys are of type [3]uint8"),
        ("arrays", "1", "not a key of this map: its keys are of type [3]uint8"),
        ("arrays", "{x: 1}", "x is no index of a [3]uint8"),
        ("generics", "{1}", "{1} has 1 values, main.Pair[int,string] has 2 fields"),
        ("generics", '{1, Second: "one"}', "main.Pair[int,string] has no field without a name; it has First, Second"),
        ("generics", '{Third: "one"}', "main.Pair[int,string] has no field Third; it has First, Second"),
        ("generics", 'other.Pair{1, "one"}', "is of another type"),
        ("generics", "{1, 2}", "not a key of this map"),
        ("generics", "{1,, 2}", "'' is no element"),
        ("generics", "{1: 2: 3}", "'1: 2: 3' is no element"),
        ("named", "{}", "not a key of this map: its keys are of type main.Name"),
        ("named", 'Other("mild")', 'Other("mild") is of type Other'),
        ("ints8", "{" * 3000 + "}" * 3000, "nested too deeply"),
    ],
)
def test_what_cannot_be_a_key_is_told_in_one_line(name: str, key: str, says: str) -> None:
    for toolchain in (Toolchain("1.23.9"), Toolchain("1.27.3")):
        with pytest.raises(ExpressionError) as error:
            _found(real_map(toolchain, name), key)
        assert says in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a\\n\\x41\\u00e4\\101"', b"a\nA\xc3\xa4A"),
        ("`raw\\n`", b"raw\\n"),
        ("'ä'", 0xE4),
        ("'\\''", 0x27),
        ("0x_ff", 255),
        ("1_000", 1000),
        ("-1e3", -1000.0),
        ("+Inf", float("inf")),
        ("(1+2i)", 1 + 2j),
        ("2i", 2j),
        ("(+Inf-Infi)", complex(float("inf"), float("-inf"))),
        ("true", True),
        ("nil", None),
    ],
)
def test_constants(text: str, value: object) -> None:
    assert literal(text) == value


@pytest.mark.parametrize("text", ["", "Inf", "x", "'ab'", '"', "1x", "(1+2i", "1+2i)", "i", "{}"])
def test_what_is_no_constant(text: str) -> None:
    with pytest.raises(ValueError, match=None):
        literal(text)
