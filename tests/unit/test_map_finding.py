"""From a name or an address to a map, and what is said where there is none."""

from __future__ import annotations

import pytest

from gomap.expressions.completing import map_types
from gomap.expressions.go_values import ExpressionError
from gomap.expressions.map_finding import find_map
from gomap.expressions.names import fields, resolve
from gomap.program.gotypes import GoType, Kind
from tests.unit.image import Image, array_of, basic, pointer_to, struct_of
from tests.unit.mademaps import HEADER, MadeMap
from tests.unit.scopes import ImageScope

_INT = basic(Kind.INT)
_AT = 0x100000


@pytest.fixture
def scope() -> ImageScope:
    """``main.m``, a pointer to it through 3 and through 20 pointers, structs, and packages that are named alike."""
    made = MadeMap()
    made.put_map(used=1, dirPtr=0x20000)
    made.put_group(0x20000, {0: (5, 1, 10)})
    chain: GoType = made.swiss
    pointers = []
    for _ in range(20):
        chain = pointer_to(chain)
        pointers.append(chain)
    words = [HEADER, *[_AT + 8 * at for at in range(20)]]
    made.segments[_AT] = b"".join(made.integer(word, 8) for word in words)
    part = struct_of("main.Part", ("ID", _INT, 0), ("_", _INT, 8), ("Tags", array_of(1, _INT), 16))
    return ImageScope(
        made.image(),
        variables={
            "main.m": (_AT, made.swiss),
            "main.part": (_AT, part),
            "main.pointer": (_AT + 8, pointer_to(part)),
            "main.two": (_AT, struct_of("main.Two", ("a", made.swiss, 0), ("n", _INT, 8), ("b", made.swiss, 16))),
            "main.one": (_AT, struct_of("main.One", ("a", made.swiss, 0), ("n", _INT, 8))),
            "main.far": (_AT + 8 * 3, pointers[2]),
            "main.farther": (_AT + 8 * 20, pointers[19]),
            "example.org/http.Default": (_AT, made.swiss),
            "example.org/yaml/v3.Default": (_AT, made.swiss),
            "example.org/yaml.v2.Other": (_AT, made.swiss),
        },
        locals={"m": (_AT + 8, _INT)},
        types=[made.swiss, part, _INT],
    )


@pytest.mark.parametrize(
    ("expression", "type"),
    [
        ("main.m", None),
        ("main.far", None),
        ("example.org/http.Default", None),
        ("&main.m", "map[uint32]uint32"),
        (hex(_AT), "map[uint32]uint32"),
        (hex(HEADER), "map[uint32]uint32"),
        (hex(_AT), None),
    ],
)
def test_a_map(scope: ImageScope, expression: str, type: str | None) -> None:
    """A variable's address leads to its map too, if a package variable stands there."""
    if expression == hex(_AT):
        scope = _with_symbol(scope)
    assert find_map(scope, expression, type).address == HEADER


def _with_symbol(scope: ImageScope) -> ImageScope:
    """The same, with a symbol for main.m: by that a variable is known from its address."""
    from gomap.program.target import Symbol

    scope.program.target.symbol_at = lambda address: (  # type: ignore[method-assign]
        Symbol("main.m", _AT, 8) if _AT <= address < _AT + 8 else None
    )
    return scope


@pytest.mark.parametrize(
    ("expression", "type", "says"),
    [
        ("main.part", None, "main.part is a main.Part, not a map"),
        ("main.one", None, "main.one is a main.One, not a map; its field a is"),
        ("main.two", None, "main.two is a main.Two, not a map; its fields a and b are"),
        ("main.farther", None, "main.farther is a "),
        ("m", None, "m is an int, not a map; if it is the address of a map's header, give -type 'map[K]V'"),
        ("m", "map[nope]int", "no type map[nope]int in the program's debug information"),
        ("m", "main.Part", "-type main.Part: not a map type"),
        ("main.nope", None, "no variable main.nope"),
    ],
)
def test_no_map(scope: ImageScope, expression: str, type: str | None, says: str) -> None:
    with pytest.raises(ExpressionError) as told:
        find_map(scope, expression, type)
    assert str(told.value).startswith(says) and "\n" not in str(told.value)


def test_a_header_that_cannot_be_read(scope: ImageScope) -> None:
    with pytest.raises(ExpressionError, match="no map header at 0xdead0000: cannot read 48 bytes at 0xdead0000"):
        find_map(scope, "0xdead0000", "map[uint32]uint32")


def test_a_local_hides_a_package_variable_that_can_still_be_named(scope: ImageScope) -> None:
    assert resolve(scope, "m").type.kind is Kind.INT
    assert resolve(scope, "main.m").type.kind is Kind.MAP
    assert resolve(scope, "part").address == _AT


def test_fields_behind_a_pointer_and_none_that_has_no_name(scope: ImageScope) -> None:
    assert fields(scope, "main.pointer") == fields(scope, "part") == ["ID", "Tags"]
    assert fields(scope, "m") == []
    with pytest.raises(ExpressionError):
        fields(scope, "main.nope")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("prat", "no variable prat in the selected frame or its package; did you mean main.part?"),
        ("main.pointr", "no variable main.pointr; did you mean main.pointer?"),
        ("http.Default", "no variable http.Default; did you mean example.org/http.Default?"),
        ("yaml.Default", "no variable yaml.Default; did you mean example.org/yaml/v3.Default?"),
        ("yaml.Other", "no variable yaml.Other; did you mean example.org/yaml.v2.Other?"),
        ("example.org/http.Defualt", "no variable example.org/http.Defualt; did you mean example.org/http.Default?"),
        ("zzz", "no variable zzz in the selected frame or its package"),
        ("zzz.field", "no variable zzz.field in the selected frame or its package"),
        ("main.zzz", "no variable main.zzz"),
    ],
)
def test_a_name_that_nothing_has(scope: ImageScope, path: str, says: str) -> None:
    with pytest.raises(ExpressionError) as told:
        resolve(scope, path)
    assert str(told.value) == says


def test_a_field_that_is_not_there(scope: ImageScope) -> None:
    with pytest.raises(ExpressionError, match="Nope"):
        resolve(scope, "main.part.Nope")


def test_map_types_by_what_was_begun(scope: ImageScope, monkeypatch: pytest.MonkeyPatch) -> None:
    there = ["map[int]string", "map[interface {}]int"]
    monkeypatch.setattr("gomap.expressions.completing.map_type_names", lambda program: there)
    assert map_types(scope.program, "map[int") == ["map[int]string"], "one with blanks needs a quote"
    assert map_types(scope.program, "'map[int") == ["'map[int]string'", "'map[interface {}]int'"]
    assert map_types(scope.program, '"map[inte') == ['"map[interface {}]int"']
    assert map_types(scope.program, "chan") == []


def test_no_map_types_where_the_lists_of_types_cannot_be_read() -> None:
    assert map_types(ImageScope(Image({})).program, "map") == []
