"""GoType: what leads from one type to another is resolved once, when it is asked for; errors name the type."""

from __future__ import annotations

import pytest

from gomap.program.gotypes import Field, GoType, Kind, LayoutError
from tests.unit.image import basic, struct_of


def test_kinds_are_spelled_as_reflect_spells_them() -> None:
    assert Kind("unsafe.Pointer") is Kind.UNSAFE_POINTER
    assert (Kind.POINTER.value, Kind.COMPLEX128.value, Kind.FUNC.value) == ("ptr", "complex128", "func")
    assert len(Kind) == 26


def test_a_type_can_refer_to_itself() -> None:
    """type Node struct { Next *Node }"""
    node = GoType(Kind.STRUCT, 8, "main.Node", fields=lambda: [Field("Next", pointer, 0)])
    pointer = GoType(Kind.POINTER, 8, "*main.Node", elem=lambda: node)
    assert node.field("Next").type.elem is node


def test_what_is_lazy_is_asked_once() -> None:
    asked = []

    def part(name: str) -> GoType:
        asked.append(name)
        return basic(Kind.INT)

    type = GoType(
        Kind.MAP,
        8,
        "map[int]int",
        key=lambda: part("key"),
        elem=lambda: part("elem"),
        header=lambda: part("header"),
        bucket=lambda: part("bucket"),
    )
    assert asked == []
    for _ in range(2):
        assert {each.name for each in (type.key, type.elem, type.header, type.bucket)} == {"int"}
    assert asked == ["key", "elem", "header", "bucket"]


@pytest.mark.parametrize("part", ["key", "elem", "header", "bucket"])
def test_a_part_that_is_missing_is_named(part: str) -> None:
    with pytest.raises(LayoutError, match=r"main\.Color \(int\) has no "):
        getattr(basic(Kind.INT, "main.Color"), part)


def test_fields_by_name() -> None:
    type = struct_of("main.T", ("A", basic(Kind.INT), 0), ("B", basic(Kind.BOOL), 8))
    assert type.field("B").offset == 8
    assert type.find("C") is None
    with pytest.raises(LayoutError, match=r"main\.T has no field C; its fields are: A, B"):
        type.field("C")
    with pytest.raises(LayoutError, match="its fields are: none"):
        basic(Kind.INT).field("C")


def test_a_failure_to_resolve_is_no_answer() -> None:
    """The next one to ask is told again, rather than given half a type."""
    attempts = []

    def elem() -> GoType:
        attempts.append(1)
        raise LayoutError("no such type")

    type = GoType(Kind.SLICE, 24, "[]main.T", elem=elem)
    for _ in range(2):
        with pytest.raises(LayoutError, match="no such type"):
            _ = type.elem
    assert len(attempts) == 2


def test_how_types_show() -> None:
    assert str(basic(Kind.UINT8, "main.Byte")) == "main.Byte"
    assert repr(basic(Kind.UINT8, "main.Byte")) == "<GoType main.Byte (uint8, 1 bytes)>"
