"""Iterators, stacks and maps that are damaged: what cannot be an iterator is none, and nothing fails or hangs."""

from __future__ import annotations

import copy
import functools
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gomap.elf.target import FileTarget, open_core
from gomap.program.memory import Memory
from gomap.program.program import Program
from gomap.shell.door import ShellDoor
from gomap.shell.session import Session
from tests.fixtures.builds import CoreDump, build, gdb_core_of
from tests.fixtures.toolchains import gdb18
from tests.sessions.doors import Files
from tests.sessions.targets import READY
from tests.sessions.test_iterators import answered
from tests.unit.deadline import soon

_BOTH = pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
_WORD = 8
_NASTY = (0, 1, 8, 0xFF, 1 << 20, 1 << 40, 1 << 47, (1 << 47) - 8, 1 << 63, (1 << 64) - 8, (1 << 64) - 1)


@functools.cache
def opened(program: Path, core: Path) -> FileTarget:
    return open_core(program, core)


class Damaged(Files):
    """A core with other bytes at some addresses."""

    def __init__(self, program: Path, core: Path, written: dict[int, bytes]) -> None:
        target = copy.copy(opened(program, core))
        sound = target.memory

        def read(address: int, length: int) -> bytes:
            content = bytearray(sound.read(address, length))
            for at, wrong in written.items():
                start, end = max(at, address), min(at + len(wrong), address + length)
                if start < end:
                    content[start - address : end - address] = wrong[start - at : end - at]
            return bytes(content)

        target.memory = Memory(read, target.pointer_size)
        door = ShellDoor(Program(target))
        self._session = Session(lambda: nullcontext(door))


@functools.cache
def binary_and_core(go: str) -> tuple[Path, CoreDump]:
    binary = build("iterators", go)
    return binary, gdb_core_of(binary, READY, gdb=gdb18(), to_the_end=True)


@functools.cache
def sound(go: str) -> list[dict[str, Any]]:
    """All iterators of the undamaged core."""
    binary, core = binary_and_core(go)
    found: list[dict[str, Any]] = answered(Files(binary, core.path).run("gomap-iter -json -all"))["iterators"]
    assert len(found) > 20
    return found


@functools.cache
def places(go: str) -> list[int]:
    """Addresses of words of iterators, headers, and what the fields of both lead to."""
    words = []
    for one in sound(go):
        leads = [int(str(field["value"]), 0) for field in one["fields"] if str(field["value"]).startswith("0x7")]
        leads += [int(str(field["value"]), 0) for field in one["fields"] if str(field["value"]).startswith("0xc0")]
        for start in (int(one["address"], 16), int(one["map"], 16), *leads):
            words += range(start & ~7, (start & ~7) + 96, _WORD)
    return words


def field(one: dict[str, Any], name: str) -> tuple[int, int]:
    """Address and value of an iterator's field."""
    found = next(field for field in one["fields"] if field["name"] == name)
    return int(one["address"], 16) + found["offset"], int(str(found["value"]), 0)


def of_function(go: str, function: str) -> dict[str, Any]:
    return next(one for one in sound(go) if one["function"] == function)


def left_of(go: str, written: dict[int, bytes]) -> set[str]:
    binary, core = binary_and_core(go)
    return {
        one["address"]
        for one in answered(Damaged(binary, core.path, written).run("gomap-iter -json -all"))["iterators"]
    }


#: Fields, and what none of them can be: each that leads somewhere, and each that counts.
_FIELDS = (
    *(("1.23.9", name, 0xDEAD0000) for name in ("h", "buckets", "key", "t", "bptr", "startBucket", "bucket")),
    *(("1.27.3", name, 0xDEAD0000) for name in ("m", "tab", "key", "typ")),
    *(("1.23.9", name, 0xC8) for name in ("offset", "wrapped", "B", "i")),
    ("1.23.9", "checkBucket", 1 << 40),
    *(("1.27.3", name, 0xC8) for name in ("clearSeq", "globalDepth", "dirIdx")),
    ("1.27.3", "entryIdx", 1 << 20),
)
#: One in so many is tried without --matrix.
_EVERY = 3


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "value" in metafunc.fixturenames:
        every = 1 if metafunc.config.getoption("--matrix") else _EVERY
        metafunc.parametrize(("go", "name", "value"), _FIELDS[::every])


def test_a_field_that_cannot_be_makes_it_none(go: str, name: str, value: int) -> None:
    one = of_function(go, "main.large")
    size = 1 if value == 0xC8 and name not in ("clearSeq", "dirIdx") else _WORD
    at, _ = field(one, name)
    before, after = {each["address"] for each in sound(go)}, left_of(go, {at: value.to_bytes(size, "little")})
    assert before - after == {one["address"]}
    assert after < before


@_BOTH
def test_a_map_of_another_type_makes_it_none(go: str) -> None:
    one, other = of_function(go, "main.large"), of_function(go, "main.tables")
    for name in ("h", "m") if go == "1.23.9" else ("m", "h"):
        try:
            at, _ = field(one, name)
        except StopIteration:
            continue
        assert one["address"] not in left_of(go, {at: int(other["map"], 16).to_bytes(_WORD, "little")})


@_BOTH
def test_a_damaged_map_keeps_its_iterator(go: str) -> None:
    """The count is wrong, so that gomap-check finds something: that an iterator is under way is told all the same."""
    one = of_function(go, "main.large")
    binary, core = binary_and_core(go)
    damaged = Damaged(binary, core.path, {int(one["map"], 16): (999).to_bytes(_WORD, "little")})
    found = answered(damaged.run("gomap-iter -json"))["iterators"]
    assert [each["state"] for each in found if each["address"] == one["address"]] == ["under way"]


def test_a_chain_in_a_circle_ends_the_order() -> None:
    one = of_function("1.23.9", "main.large")
    _, bptr = field(one, "bptr")
    bucket = 8 + 8 * 8 + 8 * 8
    binary, core = binary_and_core("1.23.9")
    damaged = Damaged(binary, core.path, {bptr + bucket: bptr.to_bytes(_WORD, "little")})
    with soon():
        found = answered(damaged.run("gomap-iter -json"))["iterators"]
    (shown,) = [each for each in found if each["address"] == one["address"]]
    assert shown["toCome"] is None
    assert f"the overflow chain has no end at {bptr:#x}" in [note["text"] for note in shown["notes"]]


def test_a_table_that_is_none_ends_the_order() -> None:
    one = of_function("1.27.3", "main.tables")
    binary, core = binary_and_core("1.27.3")
    header = json.loads(Files(binary, core.path).run(f"gomap-header -json -type 'map[string]string' {one['map']}"))
    directory = next(int(each["value"], 16) for each in header["fields"] if each["name"] == "dirPtr")
    _, at = field(one, "tab")
    written = {directory + n * _WORD: (0xDEAD0000).to_bytes(_WORD, "little") for n in range(8)}
    found = answered(Damaged(binary, core.path, written).run("gomap-iter -json"))["iterators"]
    (shown,) = [each for each in found if each["address"] == one["address"]]
    assert at and shown["toCome"] is None and shown["notes"]


def writings(go: str) -> st.SearchStrategy[dict[int, bytes]]:
    known = places(go)
    number = st.one_of(st.sampled_from(_NASTY), st.sampled_from(known), st.integers(0, 2**64 - 1), st.integers(0, 300))
    word = number.map(lambda value: value.to_bytes(_WORD, "little"))
    byte = st.binary(min_size=1, max_size=3)
    return st.dictionaries(st.sampled_from(known), st.one_of(word, word, byte), min_size=1, max_size=30)


@_BOTH
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_no_damage_makes_it_fail(go: str, data: st.DataObject) -> None:
    written = data.draw(writings(go))
    binary, core = binary_and_core(go)
    damaged = Damaged(binary, core.path, written)
    with soon(20):
        text = damaged.run("gomap-iter -all -limit 20")
        answered(damaged.run("gomap-iter -json -all -limit 20"))
    assert "gomap failed" not in text and "Traceback" not in text
    assert all(line.isprintable() for line in text.splitlines())
