"""Expressions without a debugger: names, fields, elements, keys and conversions over memory that a test has made."""

from __future__ import annotations

import pytest

from gomap.expressions.completing import expressions, name_begun
from gomap.expressions.evaluating import evaluate
from gomap.expressions.go_values import ExpressionError, assembled
from gomap.expressions.map_finding import find_map
from gomap.program.gotypes import Field, GoType, Kind
from tests.unit.image import array_of, basic, pointer_to, slice_of, struct_of
from tests.unit.mademaps import HEADER, MadeMap
from tests.unit.scopes import ImageScope

_INT = basic(Kind.INT)
#: Where the variables lie.
_VARIABLES = 0x100000


def _scope(made: MadeMap, map_type: GoType) -> ImageScope:
    """``main.server``, a struct with a slice of two maps, a map, an embedded struct and a pointer to itself."""
    inner = struct_of("main.Base", ("ID", _INT, 0), ("Tags", array_of(2, basic(Kind.UINT32)), 8))
    server = struct_of(
        "main.Server",
        ("conns", map_type, 0),
        ("more", slice_of(map_type), 8),
        ("self", pointer_to(inner), 32),
    )
    word = made.integer
    content = b"".join(
        word(value, 8) for value in (HEADER, _VARIABLES + 0x100, 2, 2, _VARIABLES + 0x200, _VARIABLES, 0)
    )
    made.segments[_VARIABLES] = content.ljust(0x100, b"\0") + word(0, 8) + word(HEADER, 8)
    made.segments[_VARIABLES + 0x200] = word(7, 8) + word(1, 4) + word(3, 4)
    variables = {
        "main.server": (_VARIABLES, server),
        "main.pointer": (_VARIABLES + 40, pointer_to(server)),
        "example.org/kit.v2.Conns": (_VARIABLES, map_type),
    }
    return ImageScope(
        made.image(),
        variables=variables,
        locals={"conns": (_VARIABLES, map_type), "number": (_VARIABLES + 0x20C, basic(Kind.UINT32))},
        types=[map_type, server, pointer_to(server), pointer_to(map_type)],
    )


def _classic(entries: dict[int, int]) -> ImageScope:
    made = MadeMap()
    made.put_hmap(count=len(entries), buckets=0x20000)
    made.put_bucket(0x20000, {slot: (5, key, elem) for slot, (key, elem) in enumerate(entries.items())})
    return _scope(made, made.classic)


def _swiss(entries: dict[int, int]) -> ImageScope:
    made = MadeMap()
    made.put_map(used=len(entries), dirPtr=0x20000)
    made.put_group(0x20000, {slot: (5, key, elem) for slot, (key, elem) in enumerate(entries.items())})
    return _scope(made, made.swiss)


@pytest.fixture(params=[_classic, _swiss], ids=["classic", "swiss"])
def scope(request: pytest.FixtureRequest) -> ImageScope:
    made: ImageScope = request.param({1: 10, 3: 30, 0x200: 40})
    return made


@pytest.mark.parametrize(
    "expression",
    [
        "main.server.conns",
        "server.conns",
        "conns",
        " conns ",
        "(main.server).conns",
        "main.pointer.conns",
        "(*main.pointer).conns",
        "main.server.more[1]",
        "main.server.more[0x1]",
        "example.org/kit.v2.Conns",
        "(*main.Server)(0x100000).conns",
        "(*main.Server)(main.pointer).conns",
        "(*main.Server)((*main.Server)(0x100000)).more[1]",
        "(*(*main.Server)(0x100000)).conns",
        "((main.Server *)0x100000).conns",
        "((main.Server *)0x100000)->conns",
        "*(map[uint32]uint32 *)0x100000",
        "*(*map[uint32]uint32)(0x100000)",
        "(map[uint32]uint32)(0x10000)",
        "&conns",
        "*&conns",
    ],
)
def test_an_expression_leads_to_its_map(scope: ImageScope, expression: str) -> None:
    assert find_map(scope, expression).address == HEADER
    assert scope.evaluated == []


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("conns[3]", 30),
        ("conns[number]", 30),
        ("conns[main.server.self.Tags[1]]", 30),
        ("main.server.more[1][0x200]", 40),
        ("main.server.self.ID", 7),
        ("0x1_0", 16),
        ("(*main.Server)(0x100000).more[1][3]", 30),
        ("(map[uint32]uint32)(0x10000)[3]", 30),
        ("(*main.Nobody)(0x100000).more", None),
        ("(*main.Server)(0x100000).nothing", None),
        ("(*main.Server)(main.pointer", None),
        ("-- 7", None),
        ("conns[4]", None),
        ("conns.x", None),
        ("main.server.more[2]", None),
        ("main.server.more[", None),
        ("nobody", None),
    ],
)
def test_a_value_or_one_line_that_says_why_not(scope: ImageScope, expression: str, value: int | None) -> None:
    if value is None:
        with pytest.raises(ExpressionError, match=r"^[^\n]+$"):
            evaluate(scope, expression)
    else:
        assert evaluate(scope, expression).integer() == value


def test_the_debugger_is_asked_what_is_none_of_gos(scope: ImageScope) -> None:
    for expression in ("$m", "1 + 2", "f(1)", "sizeof(int)"):
        with pytest.raises(ExpressionError):
            evaluate(scope, expression)
    assert scope.evaluated == ["$m", "1 + 2", "f(1)", "sizeof(int)"]


def test_names_that_may_follow(scope: ImageScope) -> None:
    assert name_begun("*(main.ser") == "main.ser"
    assert expressions(scope, "main.ser") == ["main.server"]
    assert expressions(scope, "main.server.") == ["main.server.conns", "main.server.more", "main.server.self"]
    assert expressions(scope, "con") == ["conns"]
    assert expressions(scope, "exa") == ["example.org/kit.v2."]
    assert expressions(scope, "example.org/kit.v2.C") == ["example.org/kit.v2.Conns"]
    assert expressions(scope, "*(main.server.s") == ["*(main.server.self"]


def test_keys_that_may_follow(scope: ImageScope) -> None:
    assert expressions(scope, "conns[") == ["conns[1]", "conns[3]", "conns[512]"]
    assert expressions(scope, "conns[5") == ["conns[512]"]
    assert expressions(scope, "main.pointer.conns[3") == ["main.pointer.conns[3]"]
    assert expressions(scope, "&conns[5") == ["&conns[512]"]
    assert expressions(scope, "conns[num") == ["conns[number"]
    assert expressions(scope, "main.server.more[1][5") == ["main.server.more[1][512]"]
    assert expressions(scope, "conns[9") == []
    for no_map in ("nobody[", "main.server[", "conns[[", "[", "$x["):  # a variable may be the index
        assert no_map + "number" in expressions(scope, no_map)


def test_a_value_is_put_together_from_its_parts() -> None:
    pair = struct_of("main.Pair", ("A", basic(Kind.UINT8), 0), ("B", array_of(2, basic(Kind.UINT16)), 2), size=8)

    def part(value: str, field: Field) -> str:
        return f"{value}.{field.name}"

    def number(type: GoType, value: str) -> bytes:
        return {".A": b"a", ".B.0": b"00", ".B.1": b"11"}[value]

    assert assembled(pair, "", part, number) == b"a\x000011\0\0"
    assert assembled(struct_of("struct {}"), "", part, number) == b""
