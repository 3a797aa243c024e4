"""For which machine a file is, by headers written here and by what the Go toolchains build."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from gomap.program.machine import Machine, alike, machine_called, machine_of
from tests.fixtures.builds import build


@pytest.mark.parametrize("goarch", ["amd64", "386", "arm64"])
def test_what_go_builds(goarch: str) -> None:
    program = build("values", "1.27.3" if goarch == "386" else "1.23.9", goarch=goarch)
    assert machine_of(str(program)) == (goarch, 4 if goarch == "386" else 8, "little")


@pytest.mark.parametrize(
    ("size", "order", "number", "machine"),
    [
        (2, 1, 21, "ppc64le"),
        (2, 2, 21, "ppc64"),
        (2, 2, 8, "mips64"),
        (1, 1, 8, "mipsle"),
        (2, 1, 9999, "machine 9999"),
        (3, 1, 62, None),
        (2, 0, 62, None),
    ],
)
def test_headers(tmp_path: Path, size: int, order: int, number: int, machine: str | None) -> None:
    header = b"\x7fELF" + bytes([size, order, 1]) + bytes(9) + struct.pack(">HH" if order == 2 else "<HH", 2, number)
    (tmp_path / "program").write_bytes(header)
    found = machine_of(str(tmp_path / "program"))
    assert found == (machine and (machine, 4 * size, "little" if order == 1 else "big"))


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF\2\1", b"MZ" + bytes(62)])
def test_what_is_no_elf_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "program").write_bytes(content)
    assert machine_of(str(tmp_path / "program")) is None
    assert machine_of(str(tmp_path)) is None
    assert machine_of(str(tmp_path / "none")) is None


@pytest.mark.parametrize(
    ("architecture", "name", "same"),
    [
        ("amd64", "i386:x86-64", True),
        ("386", "i386", True),
        ("386", "i386:x86-64", False),
        ("arm64", "aarch64", True),
        ("arm64", "i386:x86-64", False),
        ("riscv64", "riscv:rv64", True),  # another name for it, perhaps
        ("riscv64", "i386", False),
    ],
)
def test_what_gdb_takes_a_program_for(architecture: str, name: str, same: bool) -> None:
    assert alike(Machine(architecture, 8, "little"), machine_called(name, "little")) is same


def test_a_machine_by_gdbs_name_for_it() -> None:
    assert machine_called("i386:x86-64:intel", "little") == ("amd64", 8, "little")
    assert machine_called("i386", "little") == ("386", 4, "little")
    assert machine_called("s390:64-bit", "big") == ("s390:64-bit", 8, "big")
