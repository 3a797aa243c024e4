"""sync.Maps in ruined memory: what can be shown is shown, no error escapes, and it is over soon.

A real core, of which words in the maps' own memory are overwritten: by addresses that other words there have, by wild
ones, by small numbers. The fixture says where the entries are.
"""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gomap.check.checking import check
from gomap.elf.target import open_core
from gomap.language import Limits
from gomap.maps.hash_trie import HashTrie
from gomap.maps.model import LIVE
from gomap.maps.opening import literals_of, open_map
from gomap.maps.read_dirty import ReadDirty
from gomap.program.gotypes import LayoutError
from gomap.program.memory import Memory, ReadError
from gomap.program.program import Program
from gomap.views.entries import entries_lines, entries_object
from gomap.views.findings import check_lines
from gomap.views.jsonview import walk_object
from gomap.views.paint import Paint
from gomap.views.text import header_lines, walk_lines
from tests.fixtures.builds import build, kernel_core_of
from tests.unit.deadline import soon

#: Words that are good for nothing, in a map.
_WILD = (0, 1, 5, 0xDEAD0000, (1 << 64) - 8, 1 << 63)


class Ruin:
    """A core whose memory can be overwritten, in this process alone."""

    def __init__(self, go: str) -> None:
        binary = build("syncmaps", go)
        core = kernel_core_of(binary, "states", "1", "abort")
        self._target = open_core(binary, core.path)
        self._whole = self._target.memory
        self._patches: dict[int, bytes] = {}
        self._target.memory = Memory(self._read, self._target.pointer_size)
        self.variables = {
            name: (address, type)
            for name, address, type in self._target.variables()
            if type.name == "sync.Map" and name in ("main.colliding", "main.deleted", "main.expunged", "main.nans")
        }
        self.words = sorted(set(self._words()))

    def _words(self) -> list[int]:
        """The addresses of words in the maps' headers, nodes, entries and, up to Go 1.23, their two maps."""
        places: list[int] = []
        for address, type in self.variables.values():
            places += range(address, address + type.size, 8)
            map = open_map(self._target, type, address)
            if isinstance(map, HashTrie):
                for node in map.nodes():
                    assert not hasattr(node, "trouble")
                    places += range(node.address, node.address + map.layout.indirect.size, 8)
                    for child in map.children(node):  # type: ignore[arg-type]
                        places += range(child.address, child.address + map.places.size, 8)
            elif isinstance(map, ReadDirty):
                places += range(map.header["read"], map.header["read"] + 16, 8)
                for _, half in map.maps:
                    places += range(half.address, half.address + half.header_size, 8)
                    places += range(half.header["buckets"], half.header["buckets"] + 8 * half.places.size, 8)
        return places

    def _read(self, address: int, length: int) -> bytes:
        data = bytearray(self._whole.read(address, length))
        for at, patch in self._patches.items():
            if address <= at and at + len(patch) <= address + length:
                data[at - address : at - address + len(patch)] = patch
        return bytes(data)

    def program(self, patches: dict[int, bytes]) -> Program:
        """The program with those words in place of what is there."""
        self._patches = patches
        self._target.memory.clear()
        return Program(self._target)

    def word(self, at: int) -> int:
        return int.from_bytes(self._whole.read(at, 8), "little")


@pytest.fixture(scope="module", params=["1.23.9", "1.27.3"])
def ruin(request: pytest.FixtureRequest) -> Ruin:
    return Ruin(request.param)


def test_unharmed_it_is_sound(ruin: Ruin) -> None:
    assert len(ruin.variables) == 4 and len(ruin.words) > 500
    assert not any(look(ruin, name, {}) for name in ruin.variables)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_ruined_words(ruin: Ruin, data: st.DataObject) -> None:
    words = st.sampled_from(ruin.words)
    other = st.one_of(st.sampled_from(_WILD), words, words.map(ruin.word), st.integers(0, (1 << 64) - 1))
    harm = data.draw(st.dictionaries(words, other, min_size=1, max_size=12))
    for name in ruin.variables:
        look(ruin, name, {at: struct.pack("<Q", word) for at, word in harm.items()})


def look(ruin: Ruin, name: str, patches: dict[int, bytes]) -> int:
    """All that gomap shows of the map; how many findings it has."""
    program = ruin.program(patches)
    address, type = ruin.variables[name]
    with soon(20):
        try:
            map = open_map(program, type, address)
        except (LayoutError, ReadError):
            return 1
        literals = literals_of(program, Limits(elements=20, depth=4))
        lines = [*header_lines(map, Paint()), *walk_lines(map, literals, LIVE, 200, True, Paint())]
        lines += entries_lines(map, literals, LIVE, 200, Paint())
        assert not any("\x1b" in line or "\n" in line for line in lines)
        json.dumps(walk_object(map, literals, LIVE, 200))
        json.dumps(entries_object(map, literals, LIVE, 200))
        report = check(program, map)
        lines = list(check_lines(report, None, Paint()))
        assert not any("\x1b" in line or "\n" in line for line in lines)
    return len(report.findings)
