"""What a type of map consists of, byte by byte: fields, padding, alignment; the cache lines and bytes of an entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd
from typing import NamedTuple

from gomap.maps.classic import ClassicMap
from gomap.maps.hash_trie import HashTrie
from gomap.maps.layout import Places
from gomap.maps.model import GoMap
from gomap.maps.read_dirty import ReadDirty
from gomap.maps.rebuilding import bucket_load
from gomap.maps.swiss import SwissMap
from gomap.program.gotypes import GoType, Kind
from gomap.program.program import Program
from gomap.program.target import Target

__all__ = ["CACHE_LINE", "Footprint", "Lines", "Row", "StructFootprint", "footprint"]

#: Bytes of a cache line on amd64, and on most machines with arm64.
CACHE_LINE = 64
#: maxAvgGroupLoad / 8 in internal/runtime/maps/group.go.
_FULLEST_TABLE = 7 / 8


class Row(NamedTuple):
    """One field, or one array of slots' parts.

    Attributes:
        name: as Go declares it; of a slot's parts ``key`` and ``elem``.
        offset: from the start of the part.
        size: its bytes.
        align: what its addresses are multiples of.
        type: its type's name.
        padding: bytes behind it that belong to nothing.
    """

    name: str
    offset: int
    size: int
    align: int
    type: str
    padding: int


class StructFootprint(NamedTuple):
    """A struct that maps of the type consist of: ``header``, ``bucket``, ``group``, ``slot``, ``table``..."""

    name: str
    type: str
    size: int
    align: int
    rows: Sequence[Row]

    @property
    def padding(self) -> int:
        """Bytes that belong to nothing."""
        return sum(row.padding for row in self.rows)


class Lines(NamedTuple):
    """How many cache lines of a bucket or group a lookup touches that finds its key there at once."""

    least: int
    mean: float
    most: int


@dataclass(frozen=True)
class Footprint:
    """What a type of map comes to.

    Attributes:
        parts: the structs.
        way: what a lookup reads before it comes to a bucket or group: each in a cache line of its own.
        lines: in the bucket or group; None where there is none.
        slot: bytes of a bucket or group for each of its slots, marks and padding included; 0 where there is none.
        fullest: which part of the slots is in use where the map grows next; right behind that it is half of it.
        indirect: which of key and elem are kept elsewhere, with a pointer in the slot.
    """

    type: str
    kind: str
    parts: Sequence[StructFootprint]
    way: Sequence[str]
    lines: Lines | None
    slot: float
    fullest: float
    indirect: Sequence[str]


def footprint(program: Program, map: GoMap) -> Footprint:
    """What maps of the type of MAP, which may be nil, come to."""
    target = map.target
    match map:
        case ClassicMap(layout=layout):
            bucket = _bucket(layout.places, target, ("tophash", "keys", "elems"), layout.overflow)
            parts = [_struct("header", layout.header.type, target), bucket]
            if layout.extra is not None:
                parts.append(_struct("mapextra", layout.extra.type, target))
            most, of = bucket_load(program)
            return _made(map, parts, ("header",), most / of / layout.places.slots)
        case SwissMap(layout=layout):
            parts = [
                _struct("header", layout.header.type, target),
                _struct("table", layout.table.type, target),
                _bucket(layout.places, target, ("ctrl", "key", "elem"), None),
            ]
            return _made(map, parts, ("header", "directory entry", "table"), _FULLEST_TABLE)
        case HashTrie(layout=tree):
            parts = [_struct("header", map.type, target), _struct("indirect node", tree.indirect.type, target)]
            return Footprint(map.type.name, map.kind, parts, ("header", "an indirect node a digit"), None, 0, 0, ())
        case ReadDirty():
            parts = [_struct("header", map.type, target), _struct("read", map.layout.read.type, target)]
            return Footprint(map.type.name, map.kind, parts, ("header", "read", "its map", "an entry"), None, 0, 0, ())
    raise TypeError(f"no layout is known of a {map.kind} map")


def _made(map: GoMap, parts: Sequence[StructFootprint], way: Sequence[str], fullest: float) -> Footprint:
    places = map.places
    own = [("key", places.key), ("elem", places.elem)]
    parts = [
        *parts,
        *(_struct(name, type, map.target) for name, type in own if type.kind is Kind.STRUCT and type.fields),
    ]
    indirect = [name for name, is_so in (("key", places.indirect_key), ("elem", places.indirect_elem)) if is_so]
    slot = places.size / places.slots
    return Footprint(map.type.name, map.kind, parts, way, _lines(places), slot, fullest, indirect)


def _struct(name: str, type: GoType, target: Target) -> StructFootprint:
    ends = [*(field.offset for field in type.fields[1:]), type.size]
    rows = [
        Row(
            field.name,
            field.offset,
            field.type.size,
            _align(field.type, target),
            field.type.name,
            end - field.offset - field.type.size,
        )
        for field, end in zip(type.fields, ends, strict=True)
    ]
    return StructFootprint(name, type.name, type.size, _align(type, target), rows)


def _bucket(places: Places, target: Target, names: tuple[str, str, str], overflow: int | None) -> StructFootprint:
    """A bucket or group: its marks, then keys and elements, one beside the other or all in a row."""
    word = target.pointer_size
    marks, key_name, elem_name = names
    key = word if places.indirect_key else places.key.size
    elem = word if places.indirect_elem else places.elem.size
    beside = places.keys < places.elems < places.keys + places.slots * places.key_stride or (
        places.keys == places.elems and key == 0 < places.key_stride
    )
    rows = [_Span(marks, places.marks, places.slots, 1 if overflow is not None else word, f"[{places.slots}]uint8")]
    for name, first, stride, size, type, indirect in (
        (key_name, places.keys, places.key_stride, key, places.key, places.indirect_key),
        (elem_name, places.elems, places.elem_stride, elem, places.elem, places.indirect_elem),
    ):
        shown, align = ("*" if indirect else "") + type.name, word if indirect else _align(type, target)
        if not beside:
            rows.append(_Span(name, first, size * places.slots, align, f"[{places.slots}]{shown}"))
        else:
            rows += [_Span(f"{name} {slot}", first + slot * stride, size, align, shown) for slot in range(places.slots)]
    if overflow is not None:
        rows.append(_Span("overflow", overflow, word, word, "pointer"))
    rows.sort(key=lambda row: (row.offset, row.size))
    ends = [*(row.offset for row in rows[1:]), places.size]
    padded = [Row(*row, end - row.offset - row.size) for row, end in zip(rows, ends, strict=True)]
    role = "bucket" if overflow is not None else "group"
    return StructFootprint(role, f"{places.slots} slots", places.size, max(row.align for row in rows), padded)


class _Span(NamedTuple):
    name: str
    offset: int
    size: int
    align: int
    type: str


def _lines(places: Places) -> Lines:
    """Of all slots, in all places that a bucket of an array has in a cache line, where the array begins one."""
    counts = [
        len(set(_touched(places, slot, base)))
        for base in range(0, CACHE_LINE, gcd(places.size, CACHE_LINE))
        for slot in range(places.slots)
    ]
    return Lines(min(counts), sum(counts) / len(counts), max(counts))


def _touched(places: Places, slot: int, base: int) -> Iterator[int]:
    """The cache lines of marks, key and element of a slot, where the bucket begins at BASE of a line."""
    spans = [(places.marks, places.slots)]
    for first, stride in ((places.keys, places.key_stride), (places.elems, places.elem_stride)):
        spans.append((first + slot * stride, stride))
    for start, size in spans:
        if size:
            yield from range((base + start) // CACHE_LINE, (base + start + size - 1) // CACHE_LINE + 1)


def _align(type: GoType, target: Target) -> int:
    """What the addresses of values of TYPE are multiples of: cmd/compile's own rule."""
    if type.kind is Kind.STRUCT:
        return max((_align(field.type, target) for field in type.fields), default=1)
    if type.kind is Kind.ARRAY:
        return _align(type.elem, target)
    if type.kind in (Kind.COMPLEX64, Kind.COMPLEX128):
        return min(type.size // 2, target.pointer_size)
    return max(1, min(type.size, target.pointer_size))
