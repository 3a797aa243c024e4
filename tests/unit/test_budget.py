"""Values whose lengths are wild: one command shows so much of them and no more, and says what it leaves out."""

from __future__ import annotations

import json
import struct

import pytest

from gomap.goruntime.rtype import RuntimeTypes
from gomap.language import Limits, Literals
from gomap.language.budget import Budget
from gomap.program.gotypes import GoType, Kind
from tests.unit.deadline import soon
from tests.unit.image import Image, basic, slice_of, string_type

_UNLIMITED = Limits(elements=None, depth=None)
#: Four megabytes of slices that lead to themselves, as the memory of a heap may look after damage.
_HEAP, _SIZE = 0x10_0000, 4 << 20


def heap_of_slices(length: int) -> Image:
    """Every three words are a slice of LENGTH items from the heap's beginning on."""
    return Image({_HEAP: struct.pack("<QQQ", _HEAP, length, length) * (_SIZE // 24)})


def literals(image: Image) -> Literals:
    return Literals(image, RuntimeTypes(image), _UNLIMITED)


def test_what_is_free_begins_anew_and_the_stock_does_not() -> None:
    budget = Budget(free=10, stock=5)
    assert budget.take(12)
    assert budget.left == 3
    assert not budget.take(4)
    assert budget.left == 3
    budget.begin()
    assert budget.left == 13


@pytest.mark.parametrize("length", [1 << 10, 1 << 14, 1 << 17])
def test_slices_of_slices_that_lead_to_themselves(length: int) -> None:
    level = GoType(Kind.SLICE, 24, "main.Level", elem=lambda: level)
    shown = literals(heap_of_slices(length))
    text, plain = shown.text(level), shown.plain(level)
    header = struct.pack("<QQQ", _HEAP, length, length)
    with soon(30):
        texts = [text(header, 0) for _ in range(50)]
        objects = [plain(header, 0) for _ in range(50)]
    assert sum(map(len, texts)) < 32 << 20
    assert sum(len(json.dumps(each)) for each in objects) < 32 << 20
    assert "more}" in texts[-1] or "{...}" in texts[-1]


def test_strings_that_are_all_of_the_heap() -> None:
    string = string_type()
    text = literals(Image({_HEAP: b"x" * _SIZE})).text(string)
    texts = [text(struct.pack("<QQ", _HEAP, _SIZE), 0) for _ in range(50)]
    assert texts[0] == f'"{"x" * _SIZE}"'
    assert texts[-1].endswith(f'x"... ({_SIZE} bytes)')
    assert sum(map(len, texts)) < 16 << 20
    assert text(struct.pack("<QQ", _HEAP, 5), 0) == '"xxxxx"'


def test_values_as_programs_have_them_are_never_cut() -> None:
    """However many: a hundred thousand slices of fifty numbers are five million parts."""
    numbers = slice_of(basic(Kind.UINT8))
    text = literals(Image({_HEAP: bytes(range(50))})).text(numbers)
    header = struct.pack("<QQQ", _HEAP, 50, 50)
    whole = f"[]byte{{{', '.join(map(hex, range(50)))}}}"
    assert all(text(header, 0) == whole for _ in range(30_000))


def test_a_slice_that_is_cut_says_how_many_items_are_left_out() -> None:
    text = literals(Image({_HEAP: bytes(_SIZE)})).text(slice_of(basic(Kind.UINT8)))
    shown = text(struct.pack("<QQQ", _HEAP, _SIZE, _SIZE), 0)
    count, _, more = shown.removeprefix("[]byte{").partition(", ... ")
    assert more == f"{_SIZE - len(count.split(', '))} more}}"
