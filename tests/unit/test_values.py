"""Values as literals, against what Go printed; numbers, strings and hostile memory in quantity."""

from __future__ import annotations

import base64
import json
import struct
import time
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gomap.goruntime.rtype import RuntimeTypes
from gomap.language import LeftOut, Limits, Literals
from gomap.language.names import shown_name
from gomap.language.numbers import float32_text, float64_text, float_bytes, integer_bytes
from gomap.language.quoting import quote
from gomap.maps.opening import map_reader
from gomap.program.gotypes import Field, GoType, Kind
from gomap.program.memory import ReadError
from gomap.program.target import Symbol
from tests.unit.dumped import Dump
from tests.unit.image import Image, array_of, basic, pointer_to, slice_of, string_type, struct_of

_UNLIMITED = Limits(None, None)


def _literals(image: Image, limits: Limits = Limits()) -> Literals:  # noqa: B008
    return Literals(image, RuntimeTypes(image), limits, map_reader(image))


def _text(image: Image, type: GoType, value: bytes, limits: Limits = Limits()) -> str:  # noqa: B008
    return _literals(image, limits).text(type)(value, 0)


# What Go printed.


def test_every_value_is_what_go_printed(dump: Dump) -> None:
    types, literals = RuntimeTypes(dump.image), _literals(dump.image)
    shown, wanted = [], []
    for value in dump.said["values"]:
        type = types.at(value["type"])
        buffer = b"before" + dump.image.memory.read(value["address"], type.size) + b"after"
        shown.append(literals.text(type)(buffer, 6))
        wanted.append(value["want"])
    assert shown == wanted
    assert len(wanted) > 140


def test_every_value_has_a_plain_form_that_json_carries(dump: Dump) -> None:
    types, literals = RuntimeTypes(dump.image), _literals(dump.image)
    plain = {}
    for value in dump.said["values"]:
        type = types.at(value["type"])
        one = literals.plain(type)(dump.image.memory.read(value["address"], type.size), 0)
        assert json.loads(json.dumps(one, allow_nan=False)) == one, value["want"]
        assert "unreadable" not in json.dumps(one), value["want"]
        plain.setdefault(value["want"], one)
    assert plain["true"] is True
    assert plain["-128"] == -128
    assert plain["NaN"] == "NaN"
    assert plain["(1-2i)"] == [1, -2]
    assert plain["main.handler"] == "main.handler"
    assert plain["[]int(nil)"] is None
    assert plain['map[string]int{"a":1}'] == [["a", 1]]
    assert plain['main.Inner{A:1, _:0, B:"x"}'] == {"A": 1, "B": "x"}
    assert plain["main.Color(3)"] == {"type": "main.Color", "value": 3}
    assert plain["big.Accuracy(1)"] == {"type": "math/big.Accuracy", "value": 1}
    assert plain["nil"] is None
    assert plain["[]int{" + "0, " * 200 + "... 800 more}"] == {"cut": [0] * 200, "more": 800}
    assert plain['"' + "é" * 100 + '"... (300 bytes)'] == {"cut": "é" * 100, "bytes": 300}


def test_floats_are_spelled_as_go_spells_them(dump: Dump) -> None:
    tables = dump.said["tables"]
    assert len(tables["float32"]) > 5000 and len(tables["float64"]) > 8000
    for spelled, table in ((_float32, tables["float32"]), (_float64, tables["float64"])):
        differing = [(spelled(each["bits"]), each["text"]) for each in table if spelled(each["bits"]) != each["text"]]
        assert differing == []


def _float32(bits: int) -> str:
    return float32_text(struct.unpack("<f", struct.pack("<I", bits))[0])


def _float64(bits: int) -> str:
    return float64_text(struct.unpack("<d", struct.pack("<Q", bits))[0])


@pytest.fixture(scope="session")
def known_to_both(dump: Dump) -> set[str]:
    """Runes that neither this Python nor that Go is too old to know."""
    runes = {rune for rune in _runes(dump.said["tables"]["assigned"]) if unicodedata.category(rune) != "Cn"}
    assert len(runes) > 250_000
    return runes


def test_strings_are_quoted_as_go_quotes_them(dump: Dump, known_to_both: set[str]) -> None:
    tables = dump.said["tables"]
    table = [(base64.b64decode(each["bytes"] or ""), each["text"]) for each in tables["strings"] + tables["escaped"]]
    comparable = [(body, text) for body, text in table if known_to_both.issuperset(body.decode(errors="ignore"))]
    differing = [(quote(body), text) for body, text in comparable if quote(body) != text]
    assert differing == []
    assert len(comparable) > 4000


def test_the_same_runes_are_printable_as_in_go(dump: Dump, known_to_both: set[str]) -> None:
    printable = set(_runes(dump.said["tables"]["printable"]))
    differing = [
        rune
        for rune in known_to_both - {'"', "\\"}
        if (quote(rune.encode(errors="surrogatepass")) == f'"{rune}"') != (rune in printable)
    ]
    assert differing == []


def _runes(spans: list[list[int]]) -> Iterator[str]:
    return (chr(rune) for first, last in spans for rune in range(first, last + 1))


# Names.


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("net/http.Header", "http.Header"),
        ("map[net/http.Header]*a/b.T", "map[http.Header]*b.T"),
        ("main.Set[net/http.Header]", "main.Set[net/http.Header]"),
        ("[]a/b.Set[map[c/d.T]e/f.U]", "[]b.Set[map[c/d.T]e/f.U]"),
        ("func(...a/b/v2.T) (gopkg.in/yaml.v3.Node, <-chan x/y.Z)", "func(...b.T) (yaml.Node, <-chan y.Z)"),
        ('struct { A a/b.T "json:\\"x/y.Z\\"" }', 'struct { A b.T "json:\\"x/y.Z\\"" }'),
        (
            "struct { runtime.lock runtime.mutex; io.Reader; a/b.c []int }",
            "struct { lock runtime.mutex; io.Reader; c []int }",
        ),
    ],
)
def test_names_have_packages_for_paths(name: str, shown: str) -> None:
    assert shown_name(name) == shown


# Limits.


def test_a_cut_string_ends_with_a_whole_rune_and_says_its_length() -> None:
    image = Image({0x1000: "aé世🙂".encode()})
    value = struct.pack("<QQ", 0x1000, 10)
    shown = [_text(image, string_type(), value, Limits(elements)) for elements in range(11)]
    assert shown == [
        '""... (10 bytes)',
        '"a"... (10 bytes)',
        '"a"... (10 bytes)',
        '"aé"... (10 bytes)',
        '"aé"... (10 bytes)',
        '"aé"... (10 bytes)',
        '"aé世"... (10 bytes)',
        '"aé世"... (10 bytes)',
        '"aé世"... (10 bytes)',
        '"aé世"... (10 bytes)',
        '"aé世🙂"',
    ]


def test_no_more_is_read_than_is_shown() -> None:
    """A megabyte of which one page is there: what is shown lies in that page."""
    image = Image({0x1000: b"x" * 4096})
    assert _text(image, string_type(), struct.pack("<QQ", 0x1000, 1 << 20), Limits(3)) == '"xxx"... (1048576 bytes)'
    items = struct.pack("<QQQ", 0x1000, 1 << 20, 1 << 20)
    assert _text(image, slice_of(basic(Kind.INT8)), items, Limits(2)) == "[]int8{120, 120, ... 1048574 more}"


def test_depth_ends_nesting() -> None:
    inner = struct_of("main.Inner", ("N", basic(Kind.INT8), 0))
    outer = struct_of("main.Outer", ("In", inner, 0), ("Two", array_of(2, inner), 1))
    image = Image({})
    value = b"\1\2\3"
    assert _text(image, outer, value, Limits(depth=0)) == "main.Outer{...}"
    assert _text(image, outer, value, Limits(depth=1)) == "main.Outer{In:main.Inner{...}, Two:[2]main.Inner{...}}"
    assert (
        _text(image, outer, value, Limits(depth=2))
        == "main.Outer{In:main.Inner{N:1}, Two:[2]main.Inner{main.Inner{...}, main.Inner{...}}}"
    )


def test_a_slice_that_holds_itself_ends_even_without_limits() -> None:
    loop = GoType(Kind.SLICE, 24, "main.Loop", elem=lambda: loop)
    itself = struct.pack("<QQQ", 0x1000, 1, 1)
    text = _text(Image({0x1000: itself}), loop, itself, _UNLIMITED)
    assert text == "main.Loop{" * 100 + "main.Loop{...}" + "}" * 100


@pytest.mark.parametrize("limits", [Limits(), Limits(None, 20)])
def test_slices_of_references_to_each_other_end(limits: Limits) -> None:
    """Twenty levels of two hundred references each: 200 ** 20 values, if nobody counts."""
    level = GoType(Kind.SLICE, 24, "main.Level", elem=lambda: level)
    levels = {0x10000 * (n + 1): struct.pack("<QQQ", 0x10000 * (n + 2), 200, 200) * 200 for n in range(20)}
    began = time.process_time()
    text = _text(Image(levels), level, struct.pack("<QQQ", 0x10000, 200, 200), limits)
    assert "main.Level{...}" in text
    assert time.process_time() - began < 10


def test_what_cannot_be_read_is_said_in_its_place() -> None:
    type = struct_of("main.T", ("A", basic(Kind.INT), 0), ("B", string_type(), 8), ("C", basic(Kind.BOOL), 24))
    value = struct.pack("<qQQ?", 1, 0xDEAD000, 5, True)
    assert _text(Image({}), type, value) == "main.T{A:1, B:<unreadable 0xdead000>, C:true}"
    assert _literals(Image({})).plain(type)(value, 0) == {"A": 1, "B": {"error": "unreadable 0xdead000"}, "C": True}


def test_the_part_of_a_slice_that_can_be_read_is_shown() -> None:
    image = Image({0x1000: struct.pack("<qq", 7, 8) + b"\1\2\3"})
    value = struct.pack("<QQQ", 0x1000, 300, 300)
    assert _text(image, slice_of(basic(Kind.INT)), value) == "[]int{7, 8, <unreadable 0x1000>, ... 100 more}"


@pytest.mark.parametrize(
    ("address", "length", "shown"),
    [
        (0x1234, (1 << 63) - 1, "<string: length 9223372036854775807 at 0x1234>"),
        (0x1234, -1, "<string: length -1 at 0x1234>"),
        (0, 5, "<unreadable 0x0>"),
        (0, 0, '""'),
        (0x1234, 0, '""'),
        ((1 << 64) - 1, 2, "<unreadable 0xffffffffffffffff>"),
    ],
)
@pytest.mark.parametrize("limits", [Limits(), _UNLIMITED])
def test_absurd_strings(address: int, length: int, shown: str, limits: Limits) -> None:
    assert _text(Image({}), string_type(), struct.pack("<Qq", address, length), limits) == shown


@pytest.mark.parametrize(
    ("length", "capacity", "shown"),
    [
        (-1, 5, "<slice: length -1, capacity 5 at 0x1000>"),
        (5, 4, "<slice: length 5, capacity 4 at 0x1000>"),
        (1 << 50, 1 << 50, "<slice: length 1125899906842624, capacity 1125899906842624 at 0x1000>"),
        (0, 0, "[]int{}"),
    ],
)
def test_absurd_slices(length: int, capacity: int, shown: str) -> None:
    value = struct.pack("<Qqq", 0x1000, length, capacity)
    assert _text(Image({}), slice_of(basic(Kind.INT)), value, _UNLIMITED) == shown


def test_arrays_of_nothing_end_however_long() -> None:
    nothing = struct_of("struct {}")
    assert _text(Image({}), array_of(3, nothing), b"") == "[3]struct {}{struct {}{}, struct {}{}, struct {}{}}"
    assert _text(Image({}), array_of(1 << 40, nothing), b"", _UNLIMITED).endswith(f", ... {(1 << 40) - 200} more}}")


def test_an_interface_of_no_type() -> None:
    eface = GoType(
        Kind.INTERFACE,
        16,
        "interface {}",
        fields=[Field("_type", basic(Kind.UINTPTR), 0), Field("data", basic(Kind.UINTPTR), 8)],
    )
    iface = GoType(Kind.INTERFACE, 16, "error", fields=[Field("tab", basic(Kind.UINTPTR), 0), *eface.fields[1:]])
    value = struct.pack("<QQ", 0x1234, 0x5678)
    assert _text(Image({}), eface, value) == "<interface: no type at 0x1234>"
    assert _text(Image({}), iface, value) == "<interface: no type at 0x1234>"
    assert _text(Image({}), iface, bytes(16)) == "nil"


def test_a_bool_that_is_none() -> None:
    assert [_text(Image({}), basic(Kind.BOOL), bytes([byte])) for byte in (0, 1, 2)] == ["false", "true", "<bool: 2>"]


def test_a_func_without_a_symbol_is_its_address() -> None:
    func = GoType(Kind.FUNC, 8, "func(int)")
    image = Image({0x1000: struct.pack("<QQ", 0x400000, 0x400008)}, symbols=[Symbol("main.work", 0x400000, 64)])
    shown = [_text(image, func, struct.pack("<Q", address)) for address in (0, 0x1000, 0x1008, 0x9999)]
    assert shown == ["(func(int))(nil)", "main.work", "(func(int))(0x1008)", "(func(int))(0x9999)"]


# Maps in values.


class _TwoEntries:
    """A map of which one key is there, and one element is not; and a note."""

    key = basic(Kind.INT8)
    elem = basic(Kind.INT8)
    count = 5

    def entries(self) -> Iterator[Any]:
        yield (b"\1", 0, 0x1000), (b"\2", 0, 0x1001)
        yield (b"\3", 0, 0x1002), ReadError(0x9000, 1)
        yield LeftOut("bucket 7 cannot be read")
        raise AssertionError("one more than limits allow was asked for")


def test_maps_are_read_by_whoever_can() -> None:
    type = GoType(Kind.MAP, 8, "map[int8]int8")
    image = Image({})
    literals = Literals(image, RuntimeTypes(image), Limits(3), lambda type, address: _TwoEntries())
    value = struct.pack("<Q", 0x1000)
    assert (
        literals.text(type)(value, 0)
        == "map[int8]int8{1:2, 3:<unreadable 0x9000>, <bucket 7 cannot be read>, ... 2 more}"
    )
    assert literals.plain(type)(value, 0) == {
        "cut": [[1, 2], [3, {"error": "unreadable 0x9000"}], {"error": "bucket 7 cannot be read"}],
        "more": 2,
    }
    assert Literals(image, RuntimeTypes(image)).text(type)(value, 0) == "(map[int8]int8)(0x1000)"
    assert Literals(image, RuntimeTypes(image)).text(type)(bytes(8), 0) == "map[int8]int8(nil)"


# Anything at all.


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(noise=st.binary(min_size=2048, max_size=2048), seed=st.integers(0, 1 << 32))
def test_noise_of_any_type_has_a_text(dump: Dump, noise: bytes, seed: int) -> None:
    """Any bytes as a value of any of the program's types: a text without control characters, and JSON."""
    types, literals = RuntimeTypes(dump.image), _literals(dump.image, Limits(5, 5))
    # Pointers into the program's own memory lead further than noise does.
    segments = dump.said["segments"]
    words = bytearray(noise)
    for number in range(0, 2048, 3 * dump.image.pointer_size):
        segment = segments[(seed + number) % len(segments)]
        address = segment["address"] + (seed * number) % (segment["length"] - 64) // 8 * 8
        words[number : number + dump.image.pointer_size] = dump.image.word(address)
    for address in map(int, dump.said["types"]):
        type = types.at(address)
        for buffer in (noise, bytes(words)):
            if type.size <= 1024:
                assert literals.text(type)(buffer, 8).isprintable()
                json.dumps(literals.plain(type)(buffer, 8), allow_nan=False)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float64_reads_back(number: float) -> None:
    assert float(float64_text(number)) == number


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float32_reads_back(number: float) -> None:
    assert struct.pack("<f", float(float32_text(number))) == struct.pack("<f", number)


@given(st.binary())
def test_a_quoted_string_has_no_control_character(body: bytes) -> None:
    assert quote(body).isprintable()


# Speed.


def test_pointers_are_shown_by_type_and_address() -> None:
    type = pointer_to(struct_of("a/b.T"))
    assert _text(Image({}), type, struct.pack("<Q", 0xC000012345)) == "(*b.T)(0xc000012345)"
    assert _text(Image({}), type, bytes(8)) == "(*b.T)(nil)"


def test_numbers_are_put_into_bytes_as_memory_has_them() -> None:
    assert integer_bytes(-2, 2, "little") == b"\xfe\xff"
    assert integer_bytes(0x1_0000_0002, 4, "big") == b"\0\0\0\2"  # what is too wide is cut off
    assert float_bytes(Kind.FLOAT32, [1.5], "big") == b"\x3f\xc0\0\0"
    assert float_bytes(Kind.COMPLEX128, [1.5, -2.0], "little") == struct.pack("<dd", 1.5, -2.0)
