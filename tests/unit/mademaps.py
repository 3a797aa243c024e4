"""Maps made by hand, byte by byte, for what no Go program at hand can show: other byte orders, and damage of one kind.

Keys and elements are uint32. The layouts are those of runtime/map.go up to Go 1.23 and internal/runtime/maps of
Go 1.27, as the compiler lays them out for the pointer size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from gomap.program.gotypes import GoType, Kind
from tests.unit.image import Image, array_of, basic, pointer_to, struct_of

__all__ = ["HEADER", "MadeMap"]

#: Where a made map's header lies.
HEADER = 0x10000

_Slots = Mapping[int, tuple[int, int, int]]
_BYTE, _KEY = basic(Kind.UINT8), basic(Kind.UINT32)


class MadeMap:
    """A map in the making: its types, and the pieces of memory that have been put in place so far."""

    def __init__(self, pointer_size: int = 8, byte_order: Literal["little", "big"] = "little") -> None:
        self.pointer_size = pointer_size
        self.byte_order: Literal["little", "big"] = byte_order
        self.segments: dict[int, bytes] = {}
        word, short = basic(Kind.INT, pointer_size=pointer_size), basic(Kind.UINT16)
        address, long = basic(Kind.UINTPTR, pointer_size=pointer_size), basic(Kind.UINT64)
        p = pointer_size

        self.bucket = struct_of(
            "bucket<uint32,uint32>",
            ("tophash", array_of(8, _BYTE), 0),
            ("keys", array_of(8, _KEY), 8),
            ("values", array_of(8, _KEY), 40),
            ("overflow", address, 72),
            size=72 + p,
        )
        buckets = pointer_to(self.bucket, pointer_size=p)
        extra = struct_of("runtime.mapextra", *((n, address, i * p) for i, n in enumerate(_MAPEXTRA)))
        self.hmap = struct_of(
            "hash<uint32,uint32>",
            ("count", word, 0),
            ("flags", _BYTE, p),
            ("B", _BYTE, p + 1),
            ("noverflow", short, p + 2),
            ("hash0", _KEY, p + 4),
            ("buckets", buckets, p + 8),
            ("oldbuckets", buckets, 2 * p + 8),
            ("nevacuate", address, 3 * p + 8),
            ("extra", pointer_to(extra, pointer_size=p), 4 * p + 8),
        )
        self.classic = GoType(Kind.MAP, p, "map[uint32]uint32", header=self.hmap)

        slot = struct_of("slot<uint32,uint32>", ("key", _KEY, 0), ("elem", _KEY, 4))
        self.group = struct_of("group<uint32,uint32>", ("ctrl", long, 0), ("slots", array_of(8, slot), 8))
        self.reference = struct_of(
            "groupReference<uint32,uint32>",
            ("data", pointer_to(self.group, pointer_size=p), 0),
            ("lengthMask", long, p),
        )
        self.table_type = struct_of(
            "table<uint32,uint32>",
            ("used", short, 0),
            ("capacity", short, 2),
            ("growthLeft", short, 4),
            ("localDepth", _BYTE, 6),
            ("index", word, 8),
            ("groups", self.reference, 8 + p),
        )
        directory = pointer_to(pointer_to(self.table_type, pointer_size=p), pointer_size=p)
        self.map = struct_of(
            "map<uint32,uint32>",
            ("used", long, 0),
            ("seed", address, 8),
            ("dirPtr", directory, 8 + p),
            ("dirLen", word, 8 + 2 * p),
            ("globalDepth", _BYTE, 8 + 3 * p),
            ("globalShift", _BYTE, 9 + 3 * p),
            ("writing", _BYTE, 10 + 3 * p),
            ("tombstonePossible", basic(Kind.BOOL), 11 + 3 * p),
            ("clearSeq", long, 16 + 3 * p if p == 8 else 12 + 3 * p),
        )
        self.swiss = GoType(Kind.MAP, p, "map[uint32]uint32", header=self.map)

    def image(self) -> Image:
        """The memory put together; what touches reads as one."""
        return Image(self.segments, pointer_size=self.pointer_size, byte_order=self.byte_order)

    def put_hmap(self, **fields: int) -> None:
        """A classic map's header at HEADER."""
        self.segments[HEADER] = self._struct(self.hmap, fields)

    def put_bucket(self, address: int, slots: _Slots, overflow: int = 0) -> None:
        """A bucket; SLOTS: tophash, key and element by slot."""
        content = bytearray(self.bucket.size)
        for number, (tophash, key, elem) in slots.items():
            content[number] = tophash
            content[8 + 4 * number : 12 + 4 * number] = self.integer(key, 4)
            content[40 + 4 * number : 44 + 4 * number] = self.integer(elem, 4)
        content[72:] = self.integer(overflow, self.pointer_size)
        self.segments[address] = bytes(content)

    def put_map(self, **fields: int) -> None:
        """A Swiss map's header at HEADER."""
        self.segments[HEADER] = self._struct(self.map, fields)

    def put_directory(self, address: int, tables: Sequence[int]) -> None:
        """A directory of those tables' addresses."""
        self.segments[address] = b"".join(self.integer(table, self.pointer_size) for table in tables)

    def put_table(self, address: int, groups: int, length_mask: int, **fields: int) -> None:
        """A table's header; its groups are elsewhere."""
        at = self.table_type.field("groups").offset
        reference = self._struct(self.reference, {"data": groups, "lengthMask": length_mask})
        self.segments[address] = self._struct(self.table_type, fields)[:at] + reference

    def put_group(self, address: int, slots: _Slots) -> None:
        """A group; SLOTS: control byte, key and element by slot. The others are empty."""
        control = [0x80] * 8
        content = bytearray(self.group.size)
        for number, (byte, key, elem) in slots.items():
            control[number] = byte
            content[8 + 8 * number : 16 + 8 * number] = self.integer(key, 4) + self.integer(elem, 4)
        # The control word's lowest byte is slot 0's: internal/runtime/maps/group.go, ctrlGroup.get.
        content[:8] = self.integer(sum(byte << 8 * number for number, byte in enumerate(control)), 8)
        self.segments[address] = bytes(content)

    def integer(self, value: int, size: int) -> bytes:
        """VALUE as the target stores an integer of SIZE bytes."""
        return (value % (1 << 8 * size)).to_bytes(size, self.byte_order)

    def _struct(self, type: GoType, values: Mapping[str, int]) -> bytes:
        content = bytearray(type.size)
        for name, value in values.items():
            field = type.field(name)
            content[field.offset : field.offset + field.type.size] = self.integer(value, field.type.size)
        return bytes(content)


_MAPEXTRA = ("overflow", "oldoverflow", "nextOverflow")
