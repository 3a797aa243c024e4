"""Go's ==, as the language specification has it: which values in memory are the same key."""

from __future__ import annotations

import struct
import time
from itertools import combinations
from typing import cast

import pytest

from gomap.goruntime.rtype import RuntimeTypes
from gomap.language.equality import Comparables
from gomap.program.gotypes import Field, GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from tests.unit.image import Image, array_of, basic, slice_of, string_type, struct_of

HEAP = 0xC000000000
INT, FLOAT, BYTE, STRING = basic(Kind.INT), basic(Kind.FLOAT64), basic(Kind.UINT8), string_type()
WORD = basic(Kind.UNSAFE_POINTER)
ANY = GoType(Kind.INTERFACE, 16, "interface {}", fields=(Field("_type", WORD, 0), Field("data", WORD, 8)))
ERROR = GoType(Kind.INTERFACE, 16, "error", fields=(Field("tab", WORD, 0), Field("data", WORD, 8)))
#: Descriptors from here on are of types that stand in an interface by value; itabs are 0x100 before their types.
DIRECT, ITAB = 0x8000, 0x100


class Types:
    def __init__(self, types: dict[int, GoType]) -> None:
        self._types = types

    def at(self, address: int) -> GoType:
        if address not in self._types:
            raise LayoutError(f"no type at {address:#x}")
        return self._types[address]

    def is_direct(self, address: int) -> bool:
        return address >= DIRECT

    def in_itab(self, address: int) -> int:
        return address + ITAB


def comparables(memory: bytes = b"", types: dict[int, GoType] | None = None) -> Comparables:
    return Comparables(Image({HEAP: memory or bytes(64)}), cast(RuntimeTypes, Types(types or {})))


def alike(type: GoType, one: bytes, other: bytes, memory: bytes = b"", types: dict[int, GoType] | None = None) -> bool:
    comparable = comparables(memory, types).of(type)
    first, second = comparable(one, 0), comparable(b"before" + other, 6)
    assert (first == second) <= (hash(first) == hash(second))
    return first == second


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [(0.0, -0.0, True), (1.5, 1.5, True), (1.5, 2.5, False), (float("nan"), float("nan"), False)],
)
def test_floats(one: float, other: float, equal: bool) -> None:
    assert alike(FLOAT, struct.pack("<d", one), struct.pack("<d", other)) is equal
    pair = struct_of("main.P", ("n", INT, 0), ("f", FLOAT, 8))
    assert alike(pair, struct.pack("<qd", 7, one), struct.pack("<qd", 7, other)) is equal
    assert alike(array_of(2, FLOAT), struct.pack("<dd", 1, one), struct.pack("<dd", 1, other)) is equal
    both = basic(Kind.COMPLEX128)
    assert alike(both, struct.pack("<dd", one, 1), struct.pack("<dd", other, 1)) is equal


def test_nan_is_not_even_itself() -> None:
    comparable, nan = comparables().of(FLOAT), struct.pack("<d", float("nan"))
    assert comparable(nan, 0) != comparable(nan, 0)


def test_strings_are_what_they_hold() -> None:
    here, there, longer = (struct.pack("<QQ", HEAP + at, length) for at, length in ((0, 3), (3, 3), (0, 4)))
    assert alike(STRING, here, there, b"abcabc")
    assert not alike(STRING, here, longer, b"abcabc")
    assert alike(STRING, struct.pack("<QQ", 0, 0), struct.pack("<QQ", HEAP, 0), b"abcabc")


def test_blank_fields_and_padding_do_not_count() -> None:
    type = struct_of("main.T", ("b", BYTE, 0), ("_", INT, 8), ("n", INT, 16))
    value = struct.pack("<B7xqq", 1, 2, 3)
    assert alike(type, value, struct.pack("<B7sqq", 1, b"padding", 99, 3))
    assert not alike(type, value, struct.pack("<B7xqq", 1, 2, 4))


def test_interfaces_by_the_type_and_the_value() -> None:
    """Types of one name, each function's own, are two types."""
    types = {0x1000: INT, 0x2000: basic(Kind.INT), 0x3000: STRING, DIRECT: WORD}
    memory = struct.pack("<qqQQ", 5, 5, HEAP + 32, 3) + b"abc"
    values = [
        *(struct.pack("<QQ", 0x1000, HEAP), struct.pack("<QQ", 0x2000, HEAP), struct.pack("<QQ", 0x3000, HEAP + 16)),
        *(struct.pack("<QQ", DIRECT, HEAP), struct.pack("<QQ", DIRECT, HEAP + 8), bytes(16)),
    ]
    for one, other in combinations(values, 2):
        assert not alike(ANY, one, other, memory, types)
    assert alike(ANY, values[0], struct.pack("<QQ", 0x1000, HEAP + 8), memory, types)
    assert alike(ANY, bytes(16), struct.pack("<QQ", 0, 99), memory, types)
    itab = struct.pack("<QQ", 0x1000 - ITAB, HEAP)
    held = comparables(memory, types)
    assert held.of(ERROR)(itab, 0) == held.of(ANY)(values[0], 0)


def test_what_cannot_be_read_or_compared_is_no_key() -> None:
    types = {0x1000: INT, 0x2000: slice_of(INT), DIRECT: STRING}
    for words, error in (
        ((0x1000, 0x10), ReadError),
        ((0x5000, HEAP), LayoutError),
        ((0x2000, HEAP), LayoutError),
        ((DIRECT, HEAP), LayoutError),
    ):
        with pytest.raises(error):
            comparables(types=types).of(ANY)(struct.pack("<QQ", *words), 0)
    for length in (3, 1 << 62):
        with pytest.raises(ReadError):
            comparables().of(STRING)(struct.pack("<QQ", 0x10, length), 0)
    with pytest.raises(LayoutError, match=r"\[\]int is no type whose values can be compared"):
        comparables().of(slice_of(INT))


def test_interfaces_that_hold_themselves_or_too_much() -> None:
    itself = struct.pack("<QQ", 0x1000, HEAP)
    size = 100 * ANY.size
    arrays = b"".join(struct.pack("<QQ", 0x1000, HEAP + number * size) * 100 for number in range(1, 10)) + bytes(size)
    started = time.process_time()
    for key, memory, type in (
        (itself, itself, ANY),
        (arrays, arrays, array_of(100, ANY)),
        (itself, b"", array_of(1 << 46, BYTE)),
    ):
        with pytest.raises(LayoutError, match="is too much to be compared"):
            comparables(memory, {0x1000: type}).of(type if memory == arrays else ANY)(key, 0)
    assert comparables(types={0x1000: array_of(1 << 46, struct_of("struct {}"))}).of(ANY)(itself, 0)
    assert time.process_time() - started < 5
