"""Hashing what is in ruins: keys that lead nowhere, state that is missing, types that are no keys. No tracebacks, no
hangs: a reason for each key that has no hash, and hashes for all the others."""

from __future__ import annotations

import struct
import time
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gomap.goruntime.rtype import RuntimeTypes
from gomap.hashing import HashError, HashState, KeyHasher, hasher_for
from gomap.program.gotypes import Field, GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from tests.unit.image import Image, array_of, basic, slice_of, string_type, struct_of

HEAP = 0xC000000000
STRING = string_type()
INT = basic(Kind.INT)
FLOAT = basic(Kind.FLOAT64)
ANY = GoType(
    Kind.INTERFACE,
    16,
    "interface {}",
    fields=(Field("_type", basic(Kind.UNSAFE_POINTER), 0), Field("data", basic(Kind.UNSAFE_POINTER), 8)),
)
STATES = (
    HashState((1, 27), 8, "little", "amd64", bytes(range(128)), (1, 2, 3, 4)),
    HashState((1, 23), 8, "little", "arm64", bytes(range(128)), (1, 2, 3, 4)),
    HashState((1, 23), 8, "little", None, b"", (1, 2, 3, 4)),
)


class Types:
    """The types of what interfaces hold, by the address of their descriptors; those from DIRECT on by value."""

    DIRECT = 0x8000

    def __init__(self, types: dict[int, GoType]) -> None:
        self._types = types

    def at(self, address: int) -> GoType:
        if address not in self._types:
            raise LayoutError(f"no type at {address:#x}")
        return self._types[address]

    def is_direct(self, address: int) -> bool:
        return address >= self.DIRECT

    def in_itab(self, address: int) -> int:
        raise ReadError(address, 8)


@pytest.fixture(params=STATES, ids=lambda state: state.architecture or "fallback")
def state(request: pytest.FixtureRequest) -> HashState:
    return cast(HashState, request.param)


def hasher(state: HashState, key: GoType, memory: bytes = b"", types: dict[int, GoType] | None = None) -> KeyHasher:
    image = Image({HEAP: memory or bytes(16)})
    return hasher_for(state, image, cast(RuntimeTypes, Types(types or {})), key)


def test_one_bad_string_among_good_ones(state: HashState) -> None:
    strings = hasher(state, STRING, b"good and well")
    good, lost, endless = (struct.pack("<QQ", *header) for header in ((HEAP, 4), (0x10, 4), (HEAP, 1 << 62)))
    first, second, third, last = strings.many(good + lost + endless + good, range(0, 64, 16), 7)
    assert first == last == strings.one(good, 0, 7)
    assert second is third is None
    with pytest.raises(ReadError, match="cannot read 4 bytes at 0x10"):
        strings.one(lost, 0, 7)
    with pytest.raises(HashError, match="a string of 4611686018427387904 bytes at 0xc000000000: too much to be hashed"):
        strings.one(endless, 0, 7)


def test_interfaces_that_hold_no_type(state: HashState) -> None:
    values = hasher(state, ANY, bytes(16), {0x1000: INT, 0x2000: slice_of(INT)})
    good, no_type, no_key, no_value = (
        struct.pack("<QQ", *words) for words in ((0x1000, HEAP), (0x3000, HEAP), (0x2000, HEAP), (0x1000, 0x8))
    )
    hashes = values.many(good + no_type + no_key + no_value + good, range(0, 80, 16), 7)
    assert hashes[0] == hashes[4] == values.one(good, 0, 7)
    assert hashes[1:4] == [None] * 3
    with pytest.raises(LayoutError, match="no type at 0x3000"):
        values.one(no_type, 0, 7)
    with pytest.raises(LayoutError, match=r"\[\]int \(slice\) can't be hashed"):
        values.one(no_key, 0, 7)
    with pytest.raises(ReadError, match="cannot read 8 bytes at 0x8"):
        values.one(no_value, 0, 7)


def test_an_interface_that_is_too_small_for_what_it_holds(state: HashState) -> None:
    values = hasher(state, ANY, bytes(16), {0x8000: INT, 0x9000: STRING})
    number, string = struct.pack("<QQ", 0x8000, 5), struct.pack("<QQ", 0x9000, 5)
    assert values.one(number, 0, 7) is not None
    with pytest.raises(LayoutError, match="no type at 0x9000: 16 bytes in one word of an interface"):
        values.one(string, 0, 7)


def test_an_interface_that_holds_itself(state: HashState) -> None:
    itself = struct.pack("<QQ", 0x1000, HEAP)
    with pytest.raises(HashError, match="more than 50 interfaces that hold each other"):
        hasher(state, ANY, itself, {0x1000: ANY}).one(itself, 0, 7)


def test_arrays_of_interfaces_that_all_hold_the_next_array(state: HashState) -> None:
    """Ten of a hundred each: without an account of what it costs this would not end before the sun does."""
    size = 100 * ANY.size
    arrays = b"".join(struct.pack("<QQ", 0x1000, HEAP + number * size) * 100 for number in range(1, 10)) + bytes(size)
    values = hasher(state, ANY, arrays, {0x1000: array_of(100, ANY)})
    started = time.process_time()
    with pytest.raises(HashError, match="values of the type at 0x1000 and others in interfaces: too much to be hashed"):
        values.one(arrays, 0, 7)
    assert time.process_time() - started < 5


def test_a_value_in_an_interface_as_large_as_memory(state: HashState) -> None:
    huge = struct.pack("<QQ", 0x1000, HEAP)
    values = hasher(state, ANY, bytes(16), {0x1000: array_of(1 << 46, basic(Kind.UINT8))})
    with pytest.raises(HashError, match="a value of 70368744177664 bytes at 0xc000000000: too much to be hashed"):
        values.one(huge, 0, 7)
    assert values.many(huge, range(0, 16, 16), 7) == [None]


def test_nan_has_no_hash_whatever_follows_it(state: HashState) -> None:
    key = struct_of("main.T", ("f", FLOAT, 0), ("s", STRING, 8))
    nan, number = (struct.pack("<dQQ", value, HEAP, 3) for value in (float("nan"), 1.5))
    pairs = hasher(state, key, b"abc")
    assert pairs.one(nan, 0, 7) is None
    hashes = pairs.many(number + nan, range(0, 48, 24), 7)
    assert hashes[0] == pairs.one(number, 0, 7) is not None
    assert hashes[1] is None


def test_no_keys_at_all(state: HashState) -> None:
    for key in (INT, STRING, ANY, FLOAT, struct_of("struct {}")):
        assert list(hasher(state, key).many(b"", [], 7)) == []


def test_keys_without_bytes_hash_to_the_seed(state: HashState) -> None:
    assert list(hasher(state, struct_of("struct {}")).many(b"", range(3), 7)) == [7, 7, 7]


def test_keys_past_the_buffer_are_a_mistake(state: HashState) -> None:
    with pytest.raises(ValueError, match="the buffer has 12 bytes"):
        hasher(state, INT).many(bytes(12), [0, 8], 7)


@pytest.mark.parametrize(
    "key",
    [
        slice_of(INT),
        GoType(Kind.MAP, 8, "map[int]int"),
        GoType(Kind.FUNC, 8, "func()"),
        struct_of("main.T", ("a", INT, 0), ("b", slice_of(INT), 8)),
        array_of(2, slice_of(INT)),
    ],
    ids=str,
)
def test_types_that_no_key_has(state: HashState, key: GoType) -> None:
    with pytest.raises(LayoutError, match=r"can't be hashed: it is no type that a map's key can have"):
        hasher(state, key)


def test_an_array_of_too_many_parts(state: HashState) -> None:
    with pytest.raises(LayoutError, match=r"\[1099511627776\]string is too long to be hashed"):
        hasher(state, array_of(1 << 40, STRING))
    empty = struct_of("main.T", ("_", INT, 0))
    assert hasher(state, array_of(1 << 40, empty)).many(b"", [], 7) == []


@settings(deadline=None, max_examples=60)
@given(
    lengths=st.lists(st.integers(0, 300), min_size=1, max_size=20),
    content=st.binary(min_size=300, max_size=600),
    seed=st.integers(0, (1 << 64) - 1),
    which=st.sampled_from(STATES),
)
def test_strings_hash_alike_alone_and_together(lengths: list[int], content: bytes, seed: int, which: HashState) -> None:
    strings = hasher(which, STRING, content)
    headers = b"".join(struct.pack("<QQ", HEAP + len(content) - length, length) for length in lengths)
    offsets = range(0, len(headers), 16)
    assert list(strings.many(headers, offsets, seed)) == [strings.one(headers, offset, seed) for offset in offsets]


@settings(deadline=None, max_examples=60)
@given(
    size=st.integers(1, 300),
    gap=st.integers(0, 20),
    count=st.integers(1, 9),
    content=st.data(),
    which=st.sampled_from(STATES),
)
def test_memory_hashes_alike_alone_and_together(
    size: int, gap: int, count: int, content: st.DataObject, which: HashState
) -> None:
    arrays = hasher(which, array_of(size, basic(Kind.UINT8)))
    block = content.draw(st.binary(min_size=count * (size + gap), max_size=count * (size + gap)))
    offsets = range(0, len(block), size + gap)
    alone = [arrays.one(block[offset : offset + size], 0, 7) for offset in offsets]
    assert list(arrays.many(block, offsets, 7)) == alone
    assert list(arrays.many(block, list(offsets), 7)) == alone


class TestState:
    """What becomes of a state that is not there, or not as it must be."""

    VERSION = b"go1.27.3 X:something"

    def image(self, *, version: bytes = VERSION, schedule: int = 128, without: str = "") -> Image:
        places = {
            "runtime.buildVersion": (HEAP, 16),
            "internal/runtime/maps.hashkey": (HEAP + 16, 32),
            "internal/runtime/maps.UseAeshash": (HEAP + 48, 1),
            "internal/runtime/maps.aeskeysched": (HEAP + 64, schedule),
        }
        memory = struct.pack("<QQ4QQQ", HEAP + 256, len(version), 1, 2, 3, 4, 1, 0) + bytes(range(192)) + version
        variables = [
            (name, address, GoType(Kind.ARRAY, size, name))
            for name, (address, size) in places.items()
            if name != without
        ]
        return Image({HEAP: memory}, variables=variables)

    def test_whole(self) -> None:
        state = HashState.read(self.image())
        assert (state.version, state.architecture, state.keys) == ((1, 27), "amd64", [1, 2, 3, 4])
        assert state.schedule == bytes(range(128))

    @pytest.mark.parametrize(
        ("without", "says"),
        [
            ("runtime.buildVersion", "no runtime.buildVersion: no Go program, or one without debug information"),
            ("internal/runtime/maps.hashkey", "no runtime.hashkey: no Go program"),
            ("internal/runtime/maps.aeskeysched", "no internal/runtime/maps.aeskeysched: no Go program"),
        ],
    )
    def test_missing(self, without: str, says: str) -> None:
        with pytest.raises(LayoutError, match=says):
            HashState.read(self.image(without=without))

    def test_architectures_without_a_switch_use_the_fallback(self) -> None:
        assert HashState.read(self.image(without="internal/runtime/maps.UseAeshash")).architecture is None

    def test_another_size(self) -> None:
        with pytest.raises(LayoutError, match="aeskeysched has 96 bytes, not 128: a Go version whose hash"):
            HashState.read(self.image(schedule=96))

    def test_a_version_that_is_none(self) -> None:
        with pytest.raises(
            LayoutError, match=r"runtime\.buildVersion is 'unknown', which is no version of Go that gomap knows"
        ):
            HashState.read(self.image(version=b"unknown"))

    def test_a_development_version(self) -> None:
        assert HashState.read(self.image(version=b"devel go1.28-0123456789 Mon Jan 1")).version == (1, 28)
