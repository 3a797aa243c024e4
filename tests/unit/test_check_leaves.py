"""Strings, slices, interfaces and pointers in values: which there are in a type, and what no program stores there.

What can be seen of a sound store that is half done, in an element, is transient; what no store leaves behind is not.
"""

from __future__ import annotations

import struct

import pytest

from gomap.check.leaves import LeafJudge, leaves
from gomap.goruntime.rtype import RuntimeTypes
from gomap.hashing.packed_values import PackedValues
from gomap.program.gotypes import GoType, Kind
from tests.unit.image import Image, array_of, basic, pointer_to, slice_of, string_type, struct_of

HERE = 0xC000000000
TEXT = string_type()


def test_leaves_are_found_in_structs_and_arrays_but_not_in_blank_fields() -> None:
    inner = struct_of("inner", ("a", basic(Kind.INT), 0), ("s", TEXT, 8), ("_", TEXT, 24))
    outer = struct_of(
        "outer", ("p", pointer_to(TEXT), 0), ("all", array_of(2, inner), 8), ("none", array_of(0, TEXT), 88)
    )
    found = [(leaf.type.kind, leaf.offset) for leaf in leaves(outer)]
    assert found == [(Kind.POINTER, 0), (Kind.STRING, 16), (Kind.STRING, 16 + inner.size)]


def test_of_a_long_array_the_first_leaves_are_looked_at() -> None:
    assert len(leaves(array_of(1 << 40, array_of(1 << 40, TEXT)))) == 64
    assert not leaves(array_of(1 << 40, basic(Kind.INT)))


@pytest.mark.parametrize(
    ("type", "stored", "odd"),
    [
        (TEXT, (HERE, 5), None),
        (TEXT, (0, 0), None),
        (TEXT, (0x1234, 0), None),
        (TEXT, (0, 5), True),
        (TEXT, (HERE, 1 << 20), True),
        (TEXT, (HERE, 1 << 40), False),
        (TEXT, (HERE, -1), False),
        (slice_of(TEXT), (HERE, 1, 2), None),
        (slice_of(TEXT), (0, 0, 3), None),
        (slice_of(TEXT), (HERE, 1, 1 << 40), None),
        (slice_of(TEXT), (HERE, 3, 2), True),
        (slice_of(TEXT), (0, 2, 2), True),
        (slice_of(TEXT), (HERE, -1, 2), False),
        (slice_of(TEXT), (HERE, 1 << 40, 1 << 40), False),
        (slice_of(array_of(0, TEXT)), (0, 2, 2), None),
        (pointer_to(TEXT), (0,), None),
    ],
    ids=str,
)
def test_what_is_odd_and_what_may_be_half_a_store(type: GoType, stored: tuple[int, ...], odd: bool | None) -> None:
    image = Image({HERE: bytes(4096)})
    (leaf,) = leaves(type)
    buffer = struct.pack(f"<{len(stored)}q", *stored)
    judge = LeafJudge(image, None, RuntimeTypes(image))
    _, found = judge.judged(leaf, PackedValues(buffer, 0, type.size, 1, type.size))
    assert [(one.number, one.half) for one in found] == ([] if odd is None else [(0, odd)])
