"""A fixture's maps, opened by files alone in a core or a process, compared with all that the program had printed."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from gomap.elf import coredump as elf
from gomap.elf.loading import fits
from gomap.elf.target import FileTarget, open_core
from gomap.language import Limits
from gomap.maps.opening import literals_of, open_map
from gomap.program.gotypes import Kind
from gomap.program.program import Program
from gomap.program.target import pointer_at
from tests.fixtures.builds import CoreDump
from tests.unit.agreement import assert_as_the_program_says
from tests.unit.realmaps import RealMap

__all__ = ["assert_core", "assert_maps_as_printed", "memory_of_process", "segments_of"]


def assert_core(program: Path, core: CoreDump) -> FileTarget:
    """Open the CORE, which must be that of PROGRAM, and compare all maps in it."""
    target = open_core(program, core.path)
    # By what the core itself has: what it lacks comes from the program's file.
    assert fits(target.program, elf.CoreDump(core.path).memory.read, target.bias)
    assert target.other_build is None
    assert_maps_as_printed(target, core.printed, segments_of(core.path))
    return target


def assert_maps_as_printed(target: FileTarget, printed: Path, memory: dict[int, bytes]) -> None:
    """Headers, buckets, slots, and each entry as the literal that Go prints; and which variables lead to the maps.

    MEMORY is the core's or the process's by address, as readers of the tests' own have it.
    """
    document = json.loads(next(line for line in printed.read_text().splitlines() if line.startswith("{")))
    maps = [truth for truth in document["maps"] if "function" not in truth]
    assert len(maps) > 60
    program, layout = Program(target), document["layout"].partition(",")[0]
    literals = literals_of(program, Limits(None, None))
    for truth in maps:
        type = program.type_named(truth["type"])
        assert type is not None and type.kind is Kind.MAP, truth["name"]
        map = open_map(program, type, truth["address"])
        assert_as_the_program_says(map, RealMap(layout, truth, {}, memory, [], type, type, None, program.pointer_size))
        key, elem = literals.text(map.key), literals.text(map.elem)
        entries = sorted([key(*entry.key[:2]), elem(*entry.elem[:2])] for entry in map.entries())
        assert entries == sorted(truth["entries"]), truth["name"]
    _assert_reached(program, maps)


def _assert_reached(program: Program, maps: list[dict[str, Any]]) -> None:
    reached = {
        name: (pointer_at(program, address), type.name)
        for name, address, type in program.variables()
        if type.kind is Kind.MAP
    }
    there = {truth["name"]: (truth["address"], truth["type"]) for truth in maps if truth["name"] in reached}
    assert len(there) > 40
    assert {name: reached[name] for name in there} == there


def segments_of(core: Path) -> dict[int, bytes]:
    """What the core has of the memory, by address."""
    content = core.read_bytes()
    wide = content[4] == 2
    start, count = struct.unpack_from("<Q16xH", content, 32) if wide else struct.unpack_from("<I12xH", content, 28)
    segments = {}
    for at in range(start, start + count * (56 if wide else 32), 56 if wide else 32):
        fields = struct.unpack_from("<II6Q" if wide else "<8I", content, at)
        offset, address, size = (fields[2], fields[3], fields[5]) if wide else (fields[1], fields[2], fields[4])
        if fields[0] == 1 and size:
            segments[address] = content[offset : offset + size]
    return segments


def memory_of_process(pid: int) -> dict[int, bytes]:
    """What the process has in its memory that it may write to, by address."""
    memory = {}
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as opened:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            start, end = (int(each, 16) for each in span.split("-"))
            if rights.startswith("rw"):
                opened.seek(start)
                memory[start] = opened.read(end - start)
    return memory
