"""Cores: what stands in their notes; cut short, damaged, and with more segments than a header can count."""

from __future__ import annotations

import signal
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gomap.elf.coredump import CoreDump
from gomap.elf.elffile import LOAD, WRITABLE, ElfFile, FileError
from gomap.elf.loading import fits, load_bias
from gomap.elf.target import open_core
from gomap.program.memory import ReadError
from gomap.program.target import pointer_at
from tests.fixtures.builds import build, kernel_core_of
from tests.unit.deadline import soon

#: All that is not memory lies within that many bytes of a core of the kernel's.
_HEAD = 1 << 15
_PAGE = 4096
_AT_ENTRY = 9


@pytest.mark.parametrize("goarch", ["amd64", "386"])
def test_what_its_notes_say(goarch: str) -> None:
    program = build("maps", "1.27.3", goarch=goarch)
    file, path = ElfFile(program), kernel_core_of(program, "abort").path
    core = CoreDump(path)
    # The kernel maps each segment of a file in whole pages.
    loaded = [(each.address, each.offset) for each in file.segments if each.type == LOAD]
    mapped = [(each.start, each.offset) for each in core.mapped_files if each.path == str(program)]
    assert mapped == [(address & -_PAGE, offset & -_PAGE) for address, offset in loaded]
    assert core.auxiliary[_AT_ENTRY] == file.entry
    assert core.signal is not None and core.signal.number == signal.SIGABRT
    listed = subprocess.run(["readelf", "-n", path], capture_output=True, text=True, check=True).stdout
    assert len(core.threads) == listed.count("NT_PRSTATUS") > 1


def test_a_core_that_was_cut_short(tmp_path: Path) -> None:
    program = build("maps", "1.27.3")
    whole = kernel_core_of(program, "abort").path
    cut = tmp_path / "core"
    target = open_core(program, whole)
    found = target.variable("main.growing")
    assert found is not None
    variable, header = found[0], pointer_at(target, found[0])
    last = max(CoreDump(whole).file.segments, key=lambda segment: segment.offset)
    cut.write_bytes(whole.read_bytes()[: last.offset - (10 << 20)])
    shorter = open_core(program, cut)
    assert shorter.threads() == target.threads()
    assert pointer_at(shorter, variable) == header
    with pytest.raises(ReadError):
        shorter.memory.read(last.address, 8)
    # What the program's own file has is there all the same.
    constants = [each for each in target.program.segments if each.type == LOAD and not each.flags & WRITABLE]
    assert shorter.memory.read(constants[-1].address, 16)


def test_a_core_with_more_segments_than_its_header_can_count(tmp_path: Path) -> None:
    count = 70_000
    start = 64 + 64 + 56 * count
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 128, 64, 0, 64, 56, 0xFFFF, 64, 1, 0)
    section = struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 1, 0, count, 0, 0)
    segments = b"".join(
        struct.pack("<IIQQQQQQ", 1, 6, start + number % 256, number << 12, 0, 1, 1, 1) for number in range(count)
    )
    path = tmp_path / "core"
    path.write_bytes(header + section + segments + bytes(range(256)))
    core = CoreDump(path)
    assert len(core.file.segments) == count
    assert core.memory.read(66_000 << 12, 1) == bytes([66_000 % 256])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["amd64", "386"]), st.data())
def test_a_damaged_core_gives_one_error_or_none(goarch: str, data: st.DataObject) -> None:
    program = build("maps", "1.27.3", goarch=goarch)
    with open(kernel_core_of(program, "abort").path, "rb") as opened:
        content = bytearray(opened.read(_HEAD))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, 512) | st.integers(0, _HEAD - 1))
        content[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    with tempfile.TemporaryDirectory() as directory, soon():
        path = Path(directory) / "core"
        path.write_bytes(content[: data.draw(st.just(_HEAD) | st.integers(0, _HEAD))])
        try:
            look_at(ElfFile(program), CoreDump(path))
        except FileError as error:
            assert directory in str(error)


def look_at(program: ElfFile, core: CoreDump) -> None:
    """Ask a core all that there is to ask."""
    memory = core.memory
    bias = load_bias(program, memory.read, core.auxiliary, core.mapped_files)
    assert fits(program, memory.read, bias) in (True, False, None)
    assert all(thread.sp >= 0 and thread.pc >= 0 for thread in core.threads)
    assert core.signal is None or core.signal.address >= 0
    for segment in program.segments:
        try:
            assert len(memory.read(segment.address, 100)) == 100
        except ReadError:
            continue
