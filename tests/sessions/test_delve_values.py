"""Delve shows keys and elements of every kind as GDB does, as literals and as plain JSON; those too that cannot be.

The fixture program values says where it has values of which types. Its core is opened by both debuggers, once maps
have been written into it whose elements, interfaces, hold one of these values each.

Left out of the comparison, and why:

- values of types that the debug information does not have: those that package reflect made, and in programs of Go
  before 1.25 some that only interfaces hold. GDB's side reads the runtime's own descriptors; Delve's says that it
  knows no such type;
- what the debug information puts behind the names of types that are local to a function, to tell them apart
  (``main.local·1``): the runtime does not.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.fixtures.builds import build
from tests.fixtures.toolchains import gdb18
from tests.sessions.corefile import CoreFile
from tests.sessions.debugger import Gdb
from tests.sessions.delve import Delve

_TYPE = "map[string]interface {}"
_DIRECT = {"ptr", "map", "chan", "func", "unsafe.Pointer"}
_NOWHERE = 0x10


class Value(NamedTuple):
    """The two words of an interface, and what it holds."""

    words: bytes
    what: str


class Spare:
    """Memory in a core that nobody needs any more.

    Args:
        core: the core.
        content: what is in that memory, and nowhere else.
    """

    def __init__(self, core: CoreFile, content: bytes) -> None:
        self._core = core
        self._free = core.address_of(core.path.read_bytes().index(content))
        self._end = self._free + len(content)

    def put(self, data: bytes) -> int:
        """Write DATA somewhere; where."""
        address = -(-self._free // 64) * 64
        self._free = address + len(data)
        assert self._free <= self._end
        self._core.write(address, data)
        return address


@pytest.mark.parametrize(
    ("go", "unknown"),
    [
        pytest.param(go, most, marks=pytest.mark.xdist_group(f"dlv-{go}"))
        for go, most in (("1.23.9", 80), ("1.27.3", 25))
    ],
)
def test_values_of_every_kind_and_impossible_ones(go: str, unknown: int, tmp_path: Path) -> None:
    binary = build("values", go)
    core, printed = _stopped_at_its_end(binary, tmp_path)
    said = json.loads(printed)
    # What has been printed is still where it was put together.
    spare = Spare(core, printed[1000:100_000])
    values = [*_of_the_program(core, said), *_impossible(spare, core.an_end(), said["types"])]
    maps = [_map_of(spare, values[at : at + 8], classic=go < "1.24") for at in range(0, len(values), 8)]
    same = []
    with Gdb(gdb18(), binary, core.path) as gdb, Delve("core", binary, core.path) as delve:
        for at, address in enumerate(maps):
            command = f"gomap-walk -json -type '{_TYPE}' {address:#x}"
            theirs, ours = gdb.run(command), re.sub(r"\\u00b7\d+", "", delve.run(command))
            for value, expected, slot in zip(values[8 * at :], _slots(theirs), _slots(ours), strict=False):
                if "Delve knows no type" not in slot["elem"]["text"]:
                    assert slot == expected, value.what
                    same.append(value.what)
            for option in ("", "-full "):
                command = f"gomap-walk {option}-type '{_TYPE}' {address:#x}"
                theirs, ours = gdb.run(command), re.sub(r"·\d+", "", delve.run(command))
                for line, expected in zip(ours.splitlines(), theirs.splitlines(), strict=True):
                    assert line == expected or "Delve knows no type" in line, command
    assert len(values) > 300 and len(same) >= len(values) - unknown
    assert any(what.startswith("[]interface {}{[]interface {}{[]interface {}{") for what in same)


def _slots(document: str) -> Any:
    return json.loads(document)["buckets"][0]["slots"]


def _stopped_at_its_end(binary: Path, place: Path) -> tuple[CoreFile, bytes]:
    """The program's core, and what it printed."""
    with Gdb(gdb18(), binary, load=False) as gdb:
        gdb.run("break runtime.exit")
        gdb.run(f"run {place / 'memory'} > {place / 'printed'} < /dev/null")
        assert "Saved corefile" in gdb.run(f"generate-core-file {place / 'core'}")
        gdb.run("kill")
    return CoreFile(place / "core"), (place / "printed").read_bytes()


def _of_the_program(core: CoreFile, said: dict[str, Any]) -> Iterator[Value]:
    types = said["types"]
    for value in said["values"]:
        type = types[str(value["type"])]
        if type["text"] == "interface {}":
            yield Value(core.read(value["address"], 16), value["want"])
        elif _is_direct(types, type):
            yield Value(struct.pack("<Q", value["type"]) + core.read(value["address"], 8), value["want"])
        else:
            yield Value(struct.pack("<QQ", value["type"], value["address"]), value["want"])


def _is_direct(types: dict[str, Any], type: dict[str, Any]) -> bool:
    """Whether interfaces hold values of that type themselves, not their address."""
    if type["kind"] == "struct" and len(type["fields"] or []) == 1:
        return _is_direct(types, types[str(type["fields"][0]["type"])])
    if type["kind"] == "array" and type["length"] == 1:
        return _is_direct(types, types[str(type["elem"])])
    return type["kind"] in _DIRECT


def _impossible(spare: Spare, end: int, types: dict[str, Any]) -> Iterator[Value]:
    """Values with lengths that cannot be and pointers that lead nowhere, or over the END of memory; and of no type."""
    end -= 16
    slices = ((_NOWHERE, 3, 3), (1, -1, 0), (5, 3, 2), (end, 1 << 50, 1 << 50), (end, 5, 5), (end, 1000, 1000))
    strings = ((_NOWHERE, 3), (1, -1), (0, 0), (end, 1 << 50), (end, 17), (end, 1000))
    for address, type in types.items():
        word, text = struct.pack("<Q", int(address)), type["text"]
        odd: list[bytes] = []
        if text == "[]int":
            odd = [struct.pack("<Qqq", *header) for header in slices]
        elif text == "string":
            odd = [struct.pack("<Qq", *header) for header in strings]
        elif type["kind"] == "bool":
            odd = [b"\x07"]
        elif type["kind"] in ("map", "func"):
            yield Value(word + struct.pack("<Q", _NOWHERE), f"{text} that leads nowhere")
        for data in odd:
            yield Value(word + struct.pack("<Q", spare.put(data)), f"{text} of {data.hex()}")
        yield Value(word + struct.pack("<Q", _NOWHERE), f"{text} nowhere")
    for descriptor in (_NOWHERE, end, spare.put(bytes(64))):
        yield Value(struct.pack("<QQ", descriptor, 0), f"a type at {descriptor:#x}")


def _map_of(spare: Spare, values: list[Value], classic: bool) -> int:
    """Where there is a map now, of one bucket or group, that has these for its elements, each under an empty key."""
    count, elems = len(values), [value.words for value in values]
    free = 8 - count
    if classic:
        bucket = spare.put(
            bytes([10] * count + [0] * free) + bytes(8 * 16) + b"".join(elems).ljust(8 * 16, b"\0") + bytes(8)
        )
        return spare.put(struct.pack("<QBBHIQQQQ", count, 0, 0, 0, 0, bucket, 0, 0, 0))
    slots = b"".join(bytes(16) + elem for elem in elems).ljust(8 * 32, b"\0")
    group = spare.put(bytes([10] * count + [0x80] * free) + slots)
    return spare.put(struct.pack("<QQQQQQ", count, 0, group, 0, 0, 0))
