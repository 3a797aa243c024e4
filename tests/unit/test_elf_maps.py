"""Maps in a core, opened with nothing but the core and the program: all is as the program had printed it."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gomap.elf.target import open_core
from gomap.language import Limits
from gomap.maps.opening import literals_of, open_map
from gomap.program.gotypes import GoType, Kind
from gomap.program.program import Program
from gomap.program.target import pointer_at
from tests.fixtures.builds import CoreDump, build, kernel_core_of
from tests.unit.agreement import assert_as_the_program_says
from tests.unit.realmaps import TOOLCHAINS, RealMap, Toolchain


class Crashed(NamedTuple):
    """A program in its core, and what it had printed.

    Attributes:
        layout: of its maps: ``classic`` or ``swiss``.
        maps: what it says of them: mapView in tests/fixtures/maps/view.go.
        memory: the core's segments by address, as readers of this test's own have them.
    """

    program: Program
    layout: str
    maps: list[dict[str, Any]]
    memory: dict[int, bytes]

    def real(self, truth: dict[str, Any], type: GoType) -> RealMap:
        """A map as the program says it is."""
        return RealMap(self.layout, truth, {}, self.memory, [], type, type, None, self.program.pointer_size)


@pytest.fixture(scope="module", params=TOOLCHAINS, ids=str)
def crashed(request: pytest.FixtureRequest) -> Crashed:
    toolchain: Toolchain = request.param
    binary = build("maps", toolchain.go, experiment=toolchain.experiment, goarch=toolchain.goarch)
    return opened(binary, kernel_core_of(binary, "abort"))


def opened(binary: Path, core: CoreDump) -> Crashed:
    target = open_core(binary, core.path)
    assert target.fits
    document = json.loads(next(line for line in core.printed.read_text().splitlines() if line.startswith("{")))
    maps = [truth for truth in document["maps"] if "function" not in truth]
    assert len(maps) > 60
    return Crashed(Program(target), document["layout"].partition(",")[0], maps, segments_of(core.path))


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


def test_each_map_is_as_the_program_says(crashed: Crashed) -> None:
    program = crashed.program
    for truth in crashed.maps:
        type = program.type_named(truth["type"])
        assert type is not None and type.kind is Kind.MAP, truth["name"]
        map = open_map(program, type, truth["address"])
        assert_as_the_program_says(map, crashed.real(truth, type))


def test_each_entry_is_the_literal_that_go_prints(crashed: Crashed) -> None:
    program = crashed.program
    literals = literals_of(program, Limits(None, None))
    for truth in crashed.maps:
        type = program.type_named(truth["type"])
        assert type is not None
        map = open_map(program, type, truth["address"])
        key, elem = literals.text(map.key), literals.text(map.elem)
        entries = sorted([key(*entry.key[:2]), elem(*entry.elem[:2])] for entry in map.entries())
        assert entries == sorted(truth["entries"]), truth["name"]


def test_variables_lead_to_the_maps(crashed: Crashed) -> None:
    program = crashed.program
    reached = {}
    for name, address, type in program.variables():
        if type.kind is Kind.MAP:
            reached[name] = (pointer_at(program, address), type.name)
    there = {truth["name"]: (truth["address"], truth["type"]) for truth in crashed.maps if truth["name"] in reached}
    assert len(there) > 40
    assert {name: reached[name] for name in there} == there
