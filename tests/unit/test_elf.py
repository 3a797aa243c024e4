"""Programs as files: little ones made here, in every form that there is, and damaged in every way; and a large one."""

from __future__ import annotations

import itertools
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gomap.elf.elffile import FileError
from gomap.elf.target import FileTarget, open_core, open_program
from gomap.program.gotypes import Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.target import Symbol
from tests.fixtures import toolchains
from tests.unit.deadline import soon
from tests.unit.elfwriter import ElfWriter, LittleProgram

EVERY_FORM = [ElfWriter(*form) for form in itertools.product((4, 8), ("little", "big"), (4, 5), ("", "zlib", "zdebug"))]


@pytest.mark.parametrize("form", EVERY_FORM, ids=str)
def test_types_variables_symbols_and_memory(form: ElfWriter, tmp_path: Path) -> None:
    target = opened(tmp_path, LittleProgram(form).content())
    size = form.pointer_size
    assert (target.pointer_size, target.byte_order) == (size, form.order)
    struct = target.type_named("main.T")
    assert struct is not None and (struct.kind, struct.size) == (Kind.STRUCT, 2 * size)
    assert [(field.name, field.type.name, field.offset, field.embedded) for field in struct.fields] == [
        ("A", "int", 0, False),
        ("T", "*main.T", size, True),
    ]
    assert struct.field("T").type.elem is struct
    assert target.variable("main.u") == (0x1010, struct)
    assert list(target.variables()) == [("main.t", 0x1000, struct), ("main.u", 0x1010, struct)]
    assert target.variable_names == ["main.t"]
    assert target.symbol_at(0x100F) == Symbol("main.t", 0x1000, 16)
    assert target.symbol_at(0x1010) is None
    assert target.symbol_at(0x1027) == Symbol("main.main", 0x1020, 8)
    assert target.memory.read(0x1001, 63) == bytes(range(1, 64))
    with pytest.raises(ReadError):
        target.memory.read(0x1001, 64)


def test_a_program_lies_where_its_variables_do(tmp_path: Path) -> None:
    target = opened(tmp_path, LittleProgram(ElfWriter()).content())
    struct = target.type_named("main.T")
    moved = {"main.t": (0x7000, struct), "main.u": (0x7010, struct)}
    assert target.variables_where({"main.t": 0x7000, "main.u": 0x7010}) == moved
    assert target.variables_where({"main.u": 0x7010, "main.other": 1}) == moved
    assert target.variables_where({"main.t": 0x7000, "main.u": 0x7018}) is None  # another build's
    assert target.variables_where({"main.other": 0x7000}) is None
    target.place("main.other", 0x7000)
    assert target.bias == 0
    for address in (0x5000, 0x7000):
        target.place("main.t", address)
        assert target.variable("main.u") == (address + 0x10, struct)


def test_names_that_are_not_there(tmp_path: Path) -> None:
    target = opened(tmp_path, LittleProgram(ElfWriter()).content())
    # Between them: parts of names, a field's, and what is in a unit of another kind.
    for name in ("main", "T", "ain.T", "A", "param0", "main.Other", "no"):
        assert target.type_named(name) is None
    assert [target.variable(name) for name in ("main.T", "t", "main.v")] == [None] * 3
    pointer = target.type_named("**main.T")
    assert pointer is not None and pointer.elem is target.type_named("*main.T")


def test_a_circle_of_typedefs(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="no end of the type"):
        opened(tmp_path, LittleProgram(ElfWriter()).content()).type_named("main.Circle")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "cannot open"),
        (b"\x7fELF", "is it truncated"),
        (b"#!/bin/sh\nexit\n" * 9, "is not an ELF file"),
        (b"\x7fELF\x09" + bytes(99), "damaged"),
        (ElfWriter().file({}), "is not a Go program"),
        (ElfWriter().file({".gopclntab": b""}), "has no debug information .*-ldflags=-w"),
        (ElfWriter().file({}, type=4), "is a core dump, not a program: the program comes first, then its core"),
    ],
)
def test_what_is_no_go_program_with_debug_information(content: bytes, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=complaint) as said:
        opened(tmp_path, content)
    assert str(tmp_path) in str(said.value)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"cannot open .*: No such file"):
        open_program(tmp_path / "nothing")
    with pytest.raises(FileError, match=r"cannot open .*: Is a directory"):
        open_program(tmp_path)


def test_a_core_that_is_none_or_of_another_machine(tmp_path: Path) -> None:
    program, core = tmp_path / "program", tmp_path / "core"
    program.write_bytes(LittleProgram(ElfWriter()).content())
    with pytest.raises(FileError, match="program is not a core dump"):
        open_core(program, program)
    core.write_bytes(ElfWriter(4).file({}, type=4))
    with pytest.raises(FileError, match=r"core is a core of 386, but .*program is made for amd64"):
        open_core(program, core)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(EVERY_FORM), st.data())
def test_a_damaged_program_gives_one_error_or_none(form: ElfWriter, data: st.DataObject) -> None:
    content = bytearray(LittleProgram(form).content())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    look_at(bytes(content))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(EVERY_FORM), st.data())
def test_a_program_that_ends_early_gives_one_error_or_none(form: ElfWriter, data: st.DataObject) -> None:
    content = LittleProgram(form).content()
    look_at(content[: data.draw(st.integers(0, len(content)))])


def test_a_program_of_23_mb_opens_at_once() -> None:
    start = time.process_time()
    target = open_program(toolchains.delve())
    assert target.type_named("map[string]int") is not None
    assert target.variable("runtime.mheap_") is not None
    # Of processor time, so that a busy machine makes no test fail: a third of this on an idle one.
    assert time.process_time() - start < 0.3


def opened(directory: Path, content: bytes) -> FileTarget:
    """The program that CONTENT is."""
    path = directory / "program"
    path.write_bytes(content)
    return open_program(path)


def look_at(content: bytes) -> None:
    """Ask a program everything: it answers or says what is wrong with it, and soon."""
    with tempfile.TemporaryDirectory() as directory, soon():
        try:
            target = opened(Path(directory), content)
        except FileError as error:
            assert directory in str(error)
            return
        for name in ("int", "main.T", "*main.T", "main.Circle", "runtime.g"):
            with suppress(LayoutError):
                type = target.type_named(name)
                for _ in range(4):  # it leads in a circle
                    if type is not None and type.fields:
                        type = type.fields[-1].type.elem
        with suppress(LayoutError):
            assert all(address >= 0 for _, address, _ in target.variables())
        with suppress(FileError):
            assert len(target.variable_names) <= 2
            target.symbol_at(0x1001)
        with suppress(ReadError):
            target.memory.read(0x1000, 64)
