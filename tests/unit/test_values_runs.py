"""Runs of equal items in literals, as GDB shortens them, and text beside bytes that hold it."""

from __future__ import annotations

import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomap.goruntime.rtype import RuntimeTypes
from gomap.language import Limits, Literals
from gomap.program.gotypes import GoType, Kind
from tests.unit.image import Image, array_of, basic, slice_of, struct_of

_BYTE = basic(Kind.UINT8)
_AS_GDB = Limits(repeats=10, bytes_as_text=True)


def _text(image: Image, type: GoType, value: bytes, limits: Limits) -> str:
    return Literals(image, RuntimeTypes(image), limits).text(type)(value, 0)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (bytes(64), "[64]uint8{0x0 <repeats 64 times>}"),
        (bytes(10), f"[10]uint8{{{', '.join(['0x0'] * 10)}}}"),
        (bytes(11), "[11]uint8{0x0 <repeats 11 times>}"),
        (b"\1" + bytes(13) + b"\2\2", "[16]uint8{0x1, 0x0 <repeats 13 times>, 0x2, 0x2}"),
        (b"\xff" * 17 + bytes(15), "[32]uint8{0xff <repeats 17 times>, 0x0 <repeats 15 times>}"),
    ],
)
def test_a_run_of_equal_items_is_shown_once(value: bytes, shown: str) -> None:
    assert _text(Image({}), array_of(len(value), _BYTE), value, _AS_GDB) == shown
    words = struct.pack(f"<{len(value)}H", *value)
    wide = _text(Image({}), array_of(len(value), basic(Kind.UINT16)), words, _AS_GDB)
    assert wide == re.sub("0x[0-9a-f]+", lambda item: str(int(item[0], 16)), shown).replace("uint8", "uint16")


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 40)), max_size=8), st.integers(1, 30), st.integers(0, 60))
def test_runs_and_their_limit_are_those_of_gdb(parts: list[tuple[int, int]], repeats: int, elements: int) -> None:
    """Against GDB's way of counting, item by item: a run takes the room of as many items as make one."""
    items = [number for number, times in parts for _ in range(times)]
    wanted, at, room = [], 0, 0
    while at < len(items) and room < elements:
        end = at
        while end < len(items) and items[end] == items[at]:
            end += 1
        run = end - at if end - at > repeats else 1
        wanted.append(f"{items[at]} <repeats {run} times>" if run > 1 else f"{items[at]}")
        at, room = at + run, room + (repeats if run > 1 else 1)
    if at < len(items):
        wanted.append(f"... {len(items) - at} more")
    value = struct.pack(f"<{len(items)}h", *items)
    limits = Limits(elements, repeats=repeats)
    type = array_of(len(items), basic(Kind.INT16))
    assert _text(Image({}), type, value, limits) == f"[{len(items)}]int16{{{', '.join(wanted)}}}"
    image = Image({0x1000: value}) if value else Image({})
    header = struct.pack("<QQQ", 0x1000, len(items), len(items))
    assert _text(image, slice_of(basic(Kind.INT16)), header, limits) == f"[]int16{{{', '.join(wanted)}}}"


def test_a_long_run_of_a_slice_is_shown_as_far_as_is_worth_a_look() -> None:
    image = Image({0x1000: bytes(1 << 20)})
    ints = struct.pack("<QQQ", 0x1000, 1 << 17, 1 << 17)
    assert _text(image, slice_of(basic(Kind.INT)), ints, _AS_GDB) == "[]int{0 <repeats 512 times>, ... 130560 more}"
    # Only the first page is there.
    image = Image({0x1000: b"x" * 300})
    bytes_ = struct.pack("<QQQ", 0x1000, 1000, 1000)
    assert (
        _text(image, slice_of(_BYTE), bytes_, _AS_GDB)
        == f'[]byte{{0x78 <repeats 200 times>, ... 800 more}} "{"x" * 200}"...'
    )


def test_items_of_no_size_are_a_run_too() -> None:
    nothing = array_of(1 << 40, struct_of("struct {}"))
    shown = _text(Image({}), nothing, b"", Limits(None, repeats=10))
    assert shown == f"[{1 << 40}]struct {{}}{{struct {{}}{{}} <repeats 200 times>, ... {(1 << 40) - 200} more}}"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"hi", '{0x68, 0x69} "hi"'),
        (b"h\t\0\0", '{0x68, 0x9, 0x0, 0x0} "h\\t"'),
        ("é".encode(), '{0xc3, 0xa9} "é"'),
        (b"\xc3", "{0xc3}"),
        (b"a\x1b", "{0x61, 0x1b}"),
        (b"a\0b", "{0x61, 0x0, 0x62}"),
        (b"\0a", "{0x0, 0x61}"),
        (b"\0", "{0x0}"),
        (b"", "{}"),
        (b"abcdefg", '{0x61, 0x62, 0x63, 0x64, 0x65, ... 2 more} "abcde"...'),
        ("abcdé".encode(), '{0x61, 0x62, 0x63, 0x64, 0xc3, ... 1 more} "abcd"...'),
    ],
)
def test_bytes_that_hold_text_have_it_beside_them(value: bytes, shown: str) -> None:
    limits = Limits(5, bytes_as_text=True)
    assert _text(Image({}), array_of(len(value), _BYTE), value, limits) == f"[{len(value)}]uint8{shown}"
    image = Image({0x1000: value}) if value else Image({})
    header = struct.pack("<QQQ", 0x1000, len(value), len(value))
    assert _text(image, slice_of(_BYTE), header, limits) == f"[]byte{shown}"


# Memory that is not there, and lengths that cannot be.
