"""Maps of real Go programs, for tests without a debugger: their memory, their types and what the program knows of them.

The program is tests/fixtures/maps. In its mode "image" it prints what it sees in its maps, by range loops and by its
own unsafe view of the runtime, and the memory that all of that lies in. Nothing here is found out by gomap.
"""

from __future__ import annotations

import base64
import functools
import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from gomap.program.gotypes import Field, GoType, Kind
from tests.fixtures import fetching
from tests.fixtures.builds import Experiment, build
from tests.unit.image import Image, array_of, basic, pointer_to, slice_of, string_type, struct_of

__all__ = ["CLASSIC", "SWISS", "TOOLCHAINS", "RealMap", "Toolchain", "real_map", "real_maps"]


class Toolchain(NamedTuple):
    """What the program is built with."""

    go: str
    experiment: Experiment | None = None
    goarch: str = "amd64"

    def __str__(self) -> str:
        return "-".join(part for part in self if part)


CLASSIC = (
    Toolchain("1.19"),
    Toolchain("1.23.9"),
    Toolchain("1.23.9", goarch="386"),
    Toolchain("1.24.11", "noswissmap"),
)
SWISS = (
    Toolchain("1.24.11"),
    Toolchain("1.27.3"),
    Toolchain("1.27.3", goarch="386"),
    Toolchain("1.27.3", "mapsplitgroup"),
)
TOOLCHAINS = (*CLASSIC, *SWISS)

#: What the linker calls a map's parts in DWARF: header, bucket or group, and what stands between them.
_NAMES = {"classic": ("hash", "bucket"), "swiss": ("map", "group")}


class RealMap(NamedTuple):
    """One map of a program.

    Attributes:
        kind: ``classic`` or ``swiss``.
        truth: what the program says of it: mapView in tests/fixtures/maps/view.go.
        places: where its bucket or group has its parts: placesView in tests/fixtures/maps/image.go.
        memory: the program's memory, by address.
        variables: name, address and type of the variables that hashes depend on.
        type: the map's type as DWARF has it.
        described: the same type as the runtime's own descriptors have it.
        table: Swiss: what DWARF has as internal/runtime/maps.table.
        pointer_size: 4 or 8.
    """

    kind: str
    truth: dict[str, Any]
    places: dict[str, int]
    memory: dict[int, bytes]
    variables: list[tuple[str, int, GoType]]
    type: GoType
    described: GoType
    table: GoType | None
    pointer_size: int

    def __repr__(self) -> str:
        return f"<{self.name}: {self.kind}, {8 * self.pointer_size} bits>"

    @property
    def name(self) -> str:
        return str(self.truth["name"])

    @property
    def address(self) -> int:
        return int(self.truth["address"])

    def target(self) -> Image:
        """A target of its own: a test may write to it."""
        types = [self.table] if self.table else []
        return Image(self.memory, pointer_size=self.pointer_size, types=types, variables=self.variables)

    def bytes_at(self, address: int, size: int) -> bytes:
        """SIZE bytes of the program's memory."""
        start = max((start for start in self.memory if start <= address), default=0)
        return self.memory[start][address - start : address - start + size] if size else b""

    def header(self, field: str) -> int:
        """A header field's value, according to the program."""
        return next(int(one["value"]) for one in self.truth["header"] if one["name"] == field)

    def offset(self, field: str) -> int:
        """Where in the header a field stands, according to the program."""
        return next(int(one["offset"]) for one in self.truth["header"] if one["name"] == field)


@functools.cache
def real_maps(toolchain: Toolchain) -> dict[str, RealMap]:
    """The maps of that program, by the name of the variable."""
    binary = build("maps", toolchain.go, experiment=toolchain.experiment, goarch=toolchain.goarch)
    printed = fetching.once(binary.parent / "image.json", lambda fresh: _print_image(binary, fresh))
    document, image = (json.loads(line) for line in printed.read_text().splitlines())
    memory = {segment["address"]: base64.b64decode(segment["content"]) for segment in image["memory"]}
    variables = [
        (name, view["address"], GoType(Kind.ARRAY, view["size"], name)) for name, view in image["variables"].items()
    ]
    truths = [truth for truth in document["maps"] if "function" not in truth]
    kind, split = document["layout"].partition(", ")[::2]
    maps = {}
    for truth, layout in zip(truths, image["layouts"], strict=True):
        types = _Types(truth["type"], layout, image["pointer_size"], kind, bool(split))
        maps[truth["name"]] = RealMap(
            kind,
            truth,
            layout["bucket"],
            memory,
            variables,
            types.as_in_dwarf(),
            types.as_described(),
            types.table() if kind == "swiss" else None,
            image["pointer_size"],
        )
    return maps


def real_map(toolchain: Toolchain, name: str) -> RealMap:
    """The map in the program's variable main.NAME."""
    return real_maps(toolchain)["main." + name]


def _print_image(binary: Path, fresh: Path) -> None:
    with open(fresh, "wb") as printed:
        subprocess.run([binary, "image"], stdout=printed, stdin=subprocess.DEVNULL, timeout=60, check=True)


class _Types:
    """A map's type, put together as a debugger would: by the names of DWARF, or those of the runtime's descriptors."""

    def __init__(self, name: str, layout: dict[str, Any], pointer_size: int, kind: str, split: bool) -> None:
        self._name = name
        self._layout = layout
        self._size = pointer_size
        self._kind = kind
        self._split = split
        self._key, self._elem = self._type(layout["key"]), self._type(layout["elem"])
        self._inside = f"<{self._key.name},{self._elem.name}>"

    def as_in_dwarf(self) -> GoType:
        header_name, bucket_name = _NAMES[self._kind]
        bucket = self._pointer(self._bucket(bucket_name + self._inside, "tophash", "values", str.lower))
        if self._kind == "classic":
            pointers = {"buckets": bucket, "oldbuckets": bucket, "extra": self._extra(bucket)}
        else:
            pointers = {"dirPtr": self._pointer(self._pointer(self.table(bucket, self._inside)))}
        header = self._struct(header_name + self._inside, self._layout["header"], pointers)
        return GoType(Kind.MAP, self._size, self._name, header=header)

    def as_described(self) -> GoType:
        bucket = self._bucket("", "topbits", "elems", str.capitalize)
        extra = self._extra(self._pointer(basic(Kind.UINT8), "unsafe.Pointer"))
        name = "runtime.hmap" if self._kind == "classic" else "internal/runtime/maps.Map"
        header = self._struct(name, self._layout["header"], {"extra": extra})
        return GoType(Kind.MAP, self._size, self._name, key=self._key, elem=self._elem, header=header, bucket=bucket)

    def table(self, group: GoType | None = None, inside: str = "") -> GoType:
        """A Swiss map's table; the program has no structure of its own around the groups' address and mask."""
        name = "table" + inside if group else "internal/runtime/maps.table"
        group = group or GoType(Kind.UNSAFE_POINTER, self._size, "unsafe.Pointer")
        table = self._struct(name, self._layout["other"], {})
        data, mask = table.field("data"), table.field("lengthMask")
        groups = struct_of(
            "groupReference" + inside, ("data", group, 0), ("lengthMask", mask.type, mask.offset - data.offset)
        )
        others = [field for field in table.fields if field not in (data, mask)]
        fields = (*others, Field("groups", groups, data.offset))
        return GoType(Kind.STRUCT, table.size, table.name, fields=fields)

    def _bucket(self, name: str, tophash: str, elems: str, case: Any) -> GoType:
        places, byte = self._layout["bucket"], basic(Kind.UINT8)
        key, elem = self._stored(self._key), self._stored(self._elem)
        keys = ("keys", array_of(8, key), places["keys"])
        if self._kind == "classic":
            values = (elems, array_of(8, elem), places["elems"])
            overflow = ("overflow", self._pointer(byte, "unsafe.Pointer"), places["overflow"])
            return struct_of(name, (tophash, array_of(8, byte), 0), keys, values, overflow, size=places["size"])
        ctrl = (case("ctrl"), basic(Kind.UINT64, "internal/runtime/maps.ctrlGroup"), 0)
        if self._split:
            keys = (case("keys"), array_of(8, key), places["keys"])
            return struct_of(name, ctrl, keys, (case("elems"), array_of(8, elem), places["elems"]), size=places["size"])
        slot = struct_of(
            "slot",
            (case("key"), key, 0),
            (case("elem"), elem, places["elems"] - places["keys"]),
            size=places["key_stride"],
        )
        return struct_of(name, ctrl, (case("slots"), array_of(8, slot), places["keys"]), size=places["size"])

    def _extra(self, bucket: GoType) -> GoType:
        """What a classic map's header has as extra: a pointer to mapextra, whose lists are slices behind pointers."""
        listed = self._pointer(slice_of(bucket, pointer_size=self._size))
        lists = {"overflow": listed, "oldoverflow": listed}
        return self._pointer(self._struct("runtime.mapextra", self._layout["other"], lists))

    def _stored(self, type: GoType) -> GoType:
        """As a slot stores it: types over 128 bytes behind a pointer."""
        return self._pointer(type) if type.size > 128 else type

    def _struct(self, name: str, view: dict[str, Any], pointers: dict[str, GoType]) -> GoType:
        fields = (
            Field(field["name"], pointers.get(field["name"]) or self._type(field["type"]), field["offset"])
            for field in view["fields"]
        )
        return GoType(Kind.STRUCT, view["size"], name, fields=tuple(fields))

    def _type(self, view: dict[str, Any]) -> GoType:
        kind = Kind(view["kind"])
        if kind is Kind.STRING:
            return string_type(view["name"], pointer_size=self._size)
        fields = (
            Field(field["name"], self._type(field["type"]), field["offset"], field["embedded"])
            for field in view.get("fields", ())
        )
        elem = self._type(view["elem"]) if "elem" in view else None
        return GoType(kind, view["size"], view["name"], fields=tuple(fields), elem=elem, length=view["length"])

    def _pointer(self, elem: GoType, name: str = "") -> GoType:
        return pointer_to(elem, name, pointer_size=self._size)
