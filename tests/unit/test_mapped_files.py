"""Files that are mapped into memory: which byte of which an address is, whatever they are called."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest

from gomap.elf.process import Process
from gomap.program.mapped_files import FilePlace, MappedFile, file_at

_FILES = [MappedFile(0x1000, 0x3000, 0x5000, "/one"), MappedFile(0x3000, 0x4000, 0, "/two"), MappedFile(8, 9, 0, "")]


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (0xFFF, None),
        (0x1000, FilePlace("/one", 0x5000, 0x1000, 0x3000)),
        (0x2FFF, FilePlace("/one", 0x6FFF, 0x1000, 0x3000)),
        (0x3000, FilePlace("/two", 0, 0x3000, 0x4000)),
        (0x4000, None),
    ],
)
def test_which_byte_an_address_is(address: int, place: FilePlace | None) -> None:
    assert file_at(sorted(_FILES), address) == place
    assert file_at([], address) is None


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a b \x1b[2J", r"a b \x1b[2J"),
        ("ends\x0c\x1c\r of lines \u2028", r"ends\f\x1c\r of lines \u2028"),
        ("trailing \n", r"trailing \012"),  # as the kernel has it
        ("not UTF-8 \udcff", r"not UTF-8 \xff"),
    ],
)
def test_names_that_processes_map(tmp_path: Path, name: str, shown: str) -> None:
    path = tmp_path / name
    path.write_bytes(bytes(2 * mmap.PAGESIZE))
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), mmap.PAGESIZE, offset=mmap.PAGESIZE):
        process = Process(os.getpid())
        files = process.mapped_files
        process.close()
    (mapped,) = (each for each in files if each.path.startswith(f"{tmp_path}/"))
    place = file_at(files, mapped.start + 1)
    assert place == FilePlace(f"{tmp_path}/{shown}", mmap.PAGESIZE + 1, mapped.start, mapped.end)
