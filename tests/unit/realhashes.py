"""Hashes that the Go runtime computed, and the memory that somebody needs to come to the same, without a debugger.

The program is tests/fixtures/hashes: it calls the hash functions in its maps' type descriptors and prints what these
return. Nothing here is found out by gomap.

A program for arm64 can't be run by every machine that runs the tests. What it printed once, under Debian's
qemu-aarch64, is kept beside the program; ``python3 -m tests.unit.realhashes`` has it printed again.
"""

from __future__ import annotations

import functools
import gzip
import json
import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from gomap.program.gotypes import Field, GoType, Kind
from tests.fixtures.builds import Experiment, build
from tests.unit.image import Image, array_of, basic, string_type, struct_of

__all__ = ["RECORDED", "Process", "RealHashes", "RealTypes", "real_hashes"]


class Process(NamedTuple):
    """How the program is built and run."""

    go: str
    experiment: Experiment | None = None
    goarch: str = "amd64"
    aes: bool = True

    def __str__(self) -> str:
        return "-".join(
            part for part in (self.go, self.experiment, self.goarch, "aes" if self.aes else "noaes") if part
        )


class RealTypes:
    """What the program says of the types that it holds in interfaces: as gomap.goruntime.rtype.RuntimeTypes does."""

    def __init__(self, image: Image, dynamic: dict[int, tuple[GoType, bool]]) -> None:
        self._image = image
        self._dynamic = dynamic

    def at(self, address: int) -> GoType:
        return self._dynamic[address][0]

    def is_direct(self, address: int) -> bool:
        return self._dynamic[address][1]

    def in_itab(self, address: int) -> int:
        word = self._image.pointer_size
        return int.from_bytes(self._image.memory.read(address + word, word), self._image.byte_order)


class RealKey(NamedTuple):
    """A key and what the runtime made of it.

    Attributes:
        content: its bytes.
        text: as ``%#v`` prints it.
        compiled: its hashes for each of the seeds, in a map that the compiler knows.
        reflected: the same in a map that package reflect made.
        random: the runtime gives it another hash each time.
    """

    content: bytes
    text: str
    compiled: list[int]
    reflected: list[int]
    random: bool


class RealHashes(NamedTuple):
    """What one process printed.

    Attributes:
        image: its memory.
        types: the types of what it holds in interfaces.
        seeds: that the keys are hashed with.
        keys: of each type.
    """

    image: Image
    types: RealTypes
    seeds: list[int]
    keys: list[tuple[GoType, list[RealKey]]]


#: For processors that this machine need not be able to stand in for. 1.19 and 1.23 differ in how they hash, as do
#: 1.23 and 1.27.
RECORDED = (
    Process("1.19", goarch="arm64"),
    Process("1.23.9", goarch="arm64"),
    Process("1.27.3", goarch="arm64"),
)


@functools.cache
def real_hashes(process: Process) -> RealHashes:
    """What such a process prints."""
    document = json.loads(gzip.decompress(_record(process).read_bytes()) if process in RECORDED else _run(process))
    pointer_size = document["pointer_size"]
    variables = [
        (name, view["address"], GoType(Kind.ARRAY, view["size"], name)) for name, view in document["variables"].items()
    ]
    image = Image(
        _segments(document["memory"]), pointer_size=pointer_size, architecture=document["arch"], variables=variables
    )
    dynamic = {
        int(address): (_type(view["type"], pointer_size), view["direct"])
        for address, view in document["dynamic"].items()
    }
    keys = [(_type(view["type"], pointer_size), list(map(_key, view["keys"]))) for view in document["types"]]
    return RealHashes(image, RealTypes(image, dynamic), document["seeds"], keys)


def _run(process: Process, *emulator: str) -> bytes:
    binary = build("hashes", process.go, experiment=process.experiment, goarch=process.goarch)
    environment = {**os.environ, "GODEBUG": "" if process.aes else "cpu.aes=off"}
    command = [*emulator, str(binary)]
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, timeout=120, check=True).stdout


def _record(process: Process) -> Path:
    return Path(__file__).parents[1] / "fixtures" / "hashes" / "recorded" / f"{process}.json.gz"


def _key(view: dict[str, Any]) -> RealKey:
    content = bytes.fromhex(view["bytes"])
    return RealKey(content, view["text"], view["compiled"], view["reflected"], view["random"])


def _segments(views: list[dict[str, Any]]) -> dict[int, bytes]:
    """Dumped memory in pieces that do not overlap."""
    segments: list[tuple[int, bytearray]] = []
    for address, content in sorted((view["address"], bytes.fromhex(view["bytes"])) for view in views):
        if segments and address <= segments[-1][0] + len(segments[-1][1]):
            start, so_far = segments[-1]
            so_far[address - start : address - start + len(content)] = content
        else:
            segments.append((address, bytearray(content)))
    return {address: bytes(content) for address, content in segments}


def _type(view: dict[str, Any], pointer_size: int) -> GoType:
    kind, name = Kind(view["kind"]), view["name"]
    if kind is Kind.STRING:
        return string_type(name, pointer_size=pointer_size)
    if kind is Kind.ARRAY:
        return array_of(view.get("length", 0), _type(view["elem"], pointer_size), name)
    if kind is Kind.STRUCT:
        fields = (
            (field["name"], _type(field["type"], pointer_size), field["offset"]) for field in view.get("fields", ())
        )
        return struct_of(name, *fields, size=view["size"])
    if kind is Kind.INTERFACE:
        pointer = basic(Kind.UNSAFE_POINTER, pointer_size=pointer_size)
        first = "tab" if view.get("methods") else "_type"
        return GoType(kind, view["size"], name, fields=(Field(first, pointer, 0), Field("data", pointer, pointer_size)))
    return GoType(kind, view["size"], name)


if __name__ == "__main__":
    for recorded in RECORDED:
        _record(recorded).parent.mkdir(exist_ok=True)
        _record(recorded).write_bytes(gzip.compress(_run(recorded, "qemu-aarch64"), mtime=0))
