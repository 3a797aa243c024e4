"""What Delve says of variables, as values: in memory, by their bytes where it has them in registers, or not at all."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from gomap.delve.rpc import CallError
from gomap.delve.scope import DelveScope
from gomap.expressions.go_values import ExpressionError
from gomap.program.gotypes import GoType, Kind
from gomap.program.program import Program
from tests.unit.image import Image, array_of, basic, pointer_to, slice_of, string_type, struct_of

#: As service/api in Delve has them: flags of a variable, and an address that stands for a piece of a register.
SHADOWED, FAKE_ADDRESS, FAKE = 1 << 1, 1 << 5, 0xBEEF << 48
INTERFACE = 20

_INT, _FLOAT32, _BOOL = basic(Kind.INT), basic(Kind.FLOAT32), basic(Kind.BOOL)
_POINT = struct_of("main.Point", ("X", basic(Kind.INT16), 0), ("Y", _FLOAT32, 4))
_TYPES: list[GoType] = [
    *(_INT, _FLOAT32, _BOOL, _POINT, string_type(), slice_of(_INT), pointer_to(_INT), array_of(2, basic(Kind.UINT8))),
    basic(Kind.INT8),
    GoType(Kind.MAP, 8, "map[int]int"),
    basic(Kind.COMPLEX128),
]


def variable(name: str, type: str, **more: Any) -> dict[str, Any]:
    """What Delve answers of one: fields of api.Variable."""
    nothing = {"addr": 0, "flags": 0, "value": "", "children": [], "base": 0, "len": 0, "cap": 0, "kind": 2}
    return {"name": name, "type": type, "realType": type, "unreadable": "", **nothing, **more}


class Server:
    """Answers calls from what a test says, or refuses them; notes what was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def call(self, method: str, **argument: Any) -> Any:
        self.asked.append((method, argument))
        if method not in self.answers:
            raise CallError(f"no {method}")
        return self.answers[method]


def scope_of(server: Server, goroutine: int = -1, frame: int = 0) -> DelveScope:
    image = Image({0x1000: bytes(range(64))}, types=_TYPES)
    return DelveScope(server, Program(image), goroutine, frame)  # type: ignore[arg-type]


def with_locals(*variables: dict[str, Any], arguments: list[dict[str, Any]] | None = None) -> DelveScope:
    # Delve has null where there are none.
    return scope_of(Server(ListFunctionArgs={"Args": arguments}, ListLocalVars={"Variables": list(variables) or None}))


def test_arguments_and_locals_but_for_those_that_others_hide() -> None:
    here = with_locals(
        variable("n", "int", addr=0x1008, flags=SHADOWED),
        variable("n", "int", addr=0x1010),
        variable("i", "int", addr=0x1018),
        arguments=[variable("arg", "int", addr=0x1020)],
    )
    assert here.locals() == ["arg", "n", "i"]
    found = here.local("n")
    assert found is not None and found.address == 0x1010
    assert here.local("nope") is None


def test_the_innermost_of_two_that_delve_does_not_call_hidden() -> None:
    found = with_locals(variable("n", "int", addr=0x1008), variable("n", "int", addr=0x1010)).local("n")
    assert found is not None and found.address == 0x1010


def test_delve_is_asked_once_and_for_the_frame_in_question() -> None:
    server = Server(ListFunctionArgs={"Args": None}, ListLocalVars={"Variables": None})
    here = scope_of(server, 7, 2)
    assert here.locals() == [] and here.local("n") is None
    assert [method for method, _ in server.asked] == ["ListFunctionArgs", "ListLocalVars"]
    assert all(argument["Scope"] == {"GoroutineID": 7, "Frame": 2} for _, argument in server.asked)


def test_code_without_debug_information_has_no_locals() -> None:
    assert scope_of(Server()).locals() == []


@pytest.mark.parametrize(
    ("function", "packages"),
    [
        ({"name": "example.org/kit.(*Server).Serve"}, ["example.org/kit", "main"]),
        ({"name": "main.main"}, ["main"]),
        (None, ["main"]),
    ],
)
def test_whose_variables_may_be_named_without_their_package(
    function: dict[str, str] | None, packages: list[str]
) -> None:
    server = Server(Stacktrace={"Locations": [{"function": {"name": "inner.f"}}, {"function": function}]})
    assert scope_of(server, 1, 1).packages() == packages
    assert scope_of(server, 1, 9).packages() == ["main"], "a frame that there is not"
    assert scope_of(Server()).packages() == ["main"]


def in_register(type: str, **more: Any) -> bytes:
    found = with_locals(variable("v", type, flags=FAKE_ADDRESS, addr=FAKE, **more)).local("v")
    assert found is not None and found.address is None
    return found.read()


@pytest.mark.parametrize(
    ("type", "said", "content"),
    [
        ("bool", {"value": "true"}, b"\1"),
        ("bool", {"value": "false"}, b"\0"),
        ("int", {"value": "-2"}, struct.pack("<q", -2)),
        ("int8", {"value": "97 'a'"}, b"a"),
        ("float32", {"value": "1.5"}, struct.pack("<f", 1.5)),
        ("float32", {"value": "+Inf"}, struct.pack("<f", float("inf"))),
        ("complex128", {"children": [{"value": "1.5"}, {"value": "-2"}]}, struct.pack("<dd", 1.5, -2)),
        ("*int", {"children": [{"addr": 0x1010}]}, struct.pack("<Q", 0x1010)),
        ("*int", {"children": []}, bytes(8)),
        ("map[int]int", {"base": 0x1018}, struct.pack("<Q", 0x1018)),
        ("string", {"base": 0x1000, "len": 3}, struct.pack("<QQ", 0x1000, 3)),
        ("[]int", {"base": 0x1000, "len": 3, "cap": 5}, struct.pack("<QQQ", 0x1000, 3, 5)),
    ],
)
def test_a_value_in_a_register(type: str, said: dict[str, Any], content: bytes) -> None:
    assert in_register(type, **said) == content


def test_a_struct_and_an_array_in_registers() -> None:
    fields = [variable("X", "int16", addr=FAKE, value="-1"), variable("Y", "float32", addr=FAKE, value="1.5")]
    assert in_register("main.Point", children=fields) == b"\xff\xff\0\0" + struct.pack("<f", 1.5)
    items = [variable("", "uint8", addr=FAKE, value=value) for value in ("7", "9")]
    assert in_register("[2]uint8", children=items) == b"\7\x09"


def test_a_struct_of_which_one_field_is_in_memory() -> None:
    fields = [variable("X", "int16", addr=0x1004), variable("Y", "float32", addr=FAKE, value="0")]
    assert in_register("main.Point", children=fields) == bytes([4, 5, 0, 0, 0, 0, 0, 0])


def test_what_an_interface_in_registers_holds() -> None:
    inner = variable("data", "int", addr=0x1008)
    found = with_locals(
        variable("v", "main.Any", kind=INTERFACE, flags=FAKE_ADDRESS, addr=FAKE, children=[inner])
    ).local("v")
    assert found is not None and (found.type.name, found.address) == ("int", 0x1008)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"unreadable": "could not find loclist entry at 0x40"}, "v is optimized out here; try another frame"),
        ({"unreadable": "empty OP stack"}, "v is optimized out here"),
        ({"unreadable": "bus error"}, "v: bus error"),
        ({"type": "main.Nobody", "realType": "main.Nobody"}, "v is of type main.Nobody, which the debug information"),
        ({"type": "complex128", "realType": "complex128"}, "v is in registers, and Delve does not tell the bytes of a"),
        (
            {"type": "complex128", "realType": "complex128", "children": [{"value": "nil"}] * 2},
            "v is in registers, and",
        ),
        ({"type": "int", "realType": "int"}, "v is in registers, and Delve does not tell the bytes of a int there"),
        ({"type": "float32", "realType": "float32", "value": "nil"}, "v is in registers, and Delve does not tell"),
        ({"type": "main.Point", "realType": "main.Point"}, "v is in registers, and Delve does not tell the bytes of a"),
    ],
)
def test_one_line_where_there_is_no_value(more: dict[str, str], says: str) -> None:
    with pytest.raises(ExpressionError) as told:
        with_locals({**variable("v", "int"), **more}).local("v")
    assert str(told.value).startswith(says) and "\n" not in str(told.value)


def test_the_type_behind_a_name_will_do() -> None:
    found = with_locals(variable("v", "main.Alias", addr=0x1008) | {"realType": "int"}).local("v")
    assert found is not None and found.type.name == "int"


def test_delves_own_evaluation() -> None:
    server = Server(Eval={"Variable": variable("", "int", addr=0x1010)})
    found = scope_of(server, 3, 1).evaluate("a + b")
    assert (found.text, found.address) == ("a + b", 0x1010)
    ((_, argument),) = server.asked
    assert argument["Expr"] == "a + b" and argument["Cfg"]["FollowPointers"] is False
    with pytest.raises(ExpressionError, match=r"^a \+ b: no Eval$"):
        scope_of(Server()).evaluate("a + b")
