"""Where things lie in a map's header, buckets and groups: found by field names, never by Go version.

A map type comes with its header's struct from DWARF (``hash<K,V>``, ``map<K,V>``) or, where it was read from the
runtime's own descriptors, with the untyped one (``runtime.hmap``, ``internal/runtime/maps.Map``) and its bucket or
group as the descriptor has it.

Sources: runtime/map.go to Go 1.23, runtime/map_noswiss.go in 1.24 and 1.25; internal/runtime/maps from 1.24 on;
cmd/link/internal/ld/dwarf.go for the names in DWARF.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from gomap.goruntime.scanning import has_pointers
from gomap.program.facts import Facts
from gomap.program.gotypes import Field, GoType, Kind, LayoutError, kept_with_type
from gomap.program.structs import Struct
from gomap.program.target import Target

__all__ = ["ClassicLayout", "Places", "SwissLayout", "classic_layout", "key_and_elem", "swiss_layout"]

#: Fields that every version has: of hmap; of table, and of the reference to its groups.
HMAP_FIELDS = ("count", "flags", "B", "noverflow", "hash0", "buckets", "oldbuckets", "nevacuate")
TABLE_FIELDS, GROUPS_FIELDS = ("used", "capacity", "growthLeft", "localDepth", "index"), ("data", "lengthMask")
#: Bytes of a bucket or group beyond which it is none: eight slots of two times 128 bytes make 2 KiB.
_LARGEST = 1 << 16


class Places(Facts):
    """Where eight slots lie in a bucket or group.

    Attributes:
        size: bytes of the whole bucket or group.
        slots: how many slots it has.
        marks: offset of the tophash bytes or of the control word.
        keys, key_stride: offset of the first key, and bytes from one to the next.
        elems, elem_stride: likewise for the elements.
        key, elem: their types.
        indirect_key, indirect_elem: the slot holds a pointer to it (over 128 bytes).
    """

    size: int
    slots: int
    marks: int
    keys: int
    key_stride: int
    elems: int
    elem_stride: int
    key: GoType
    elem: GoType
    indirect_key: bool
    indirect_elem: bool

    @cached_property
    def pointers(self) -> bool:
        """Whether slots hold pointers that the collector follows: it looks into such buckets and groups only."""
        return self.indirect_key or self.indirect_elem or has_pointers(self.key) or has_pointers(self.elem)


class ClassicLayout(Facts):
    """An ``hmap``, its ``mapextra`` where the type leads there, and its ``bmap``: slots and overflow pointer."""

    header: Struct
    extra: Struct | None
    places: Places
    overflow: int


class SwissLayout(Facts):
    """A ``Map``, its ``table`` with the ``groups`` reference in it, and the group's slots."""

    header: Struct
    table: Struct
    groups: Struct
    groups_offset: int
    places: Places


@kept_with_type
def classic_layout(map_type: GoType, target: Target) -> ClassicLayout:
    """The layout of a map of buckets. Raises LayoutError."""
    header = Struct(map_type.header, target, HMAP_FIELDS)
    bucket = _bucket(map_type)
    # DWARF has tophash and values where the runtime's own descriptor has topbits and elems.
    tophash, elems = _either(bucket, "tophash", "topbits"), _either(bucket, "values", "elems")
    keys = bucket.field("keys")
    places = _places(
        map_type,
        bucket,
        tophash,
        _length(bucket, tophash),
        _Row(keys.offset, keys.type.elem.size, keys.type.elem),
        _Row(elems.offset, elems.type.elem.size, elems.type.elem),
    )
    overflow = bucket.field("overflow")
    _require_room(bucket, overflow.name, overflow.offset + overflow.type.size)
    extra = header.type.find("extra")
    mapextra = Struct(extra.type.elem, target, ("nextOverflow",)) if extra and extra.type.kind is Kind.POINTER else None
    return ClassicLayout(header, mapextra, places, overflow.offset)


@kept_with_type
def swiss_layout(map_type: GoType, target: Target, untyped_table: GoType | None) -> SwissLayout:
    """The layout of a map of tables. Raises LayoutError.

    UNTYPED_TABLE: ``internal/runtime/maps.table``, for a map type from a descriptor, whose header does not lead to a
    table<K,V>.
    """
    header = Struct(map_type.header, target, ("used", "seed", "dirPtr", "dirLen", "globalDepth"))
    table = _table(map_type, untyped_table)
    groups = table.field("groups")
    group = _bucket(map_type, table)
    slots = group.find("slots") or group.find("Slots")
    if slots is not None:
        slot, length = slots.type.elem, _length(group, slots)
        key, elem = _either(slot, "key", "Key"), _either(slot, "elem", "Elem")
        keys = _Row(slots.offset + key.offset, slot.size, key.type)
        elems = _Row(slots.offset + elem.offset, slot.size, elem.type)
    else:  # GOEXPERIMENT=mapsplitgroup
        key, elem = _either(group, "keys", "Keys"), _either(group, "elems", "Elems")
        length = _length(group, key)
        keys = _Row(key.offset, key.type.elem.size, key.type.elem)
        elems = _Row(elem.offset, elem.type.elem.size, elem.type.elem)
    places = _places(map_type, group, _either(group, "ctrl", "Ctrl"), length, keys, elems)
    return SwissLayout(
        header,
        Struct(table, target, TABLE_FIELDS),
        Struct(groups.type, target, GROUPS_FIELDS),
        groups.offset,
        places,
    )


def key_and_elem(map_type: GoType) -> tuple[GoType, GoType]:
    """The types of a map's keys and elements.

    A descriptor says them. DWARF does so only through the bucket, which holds a pointer where they are indirect; the
    header's name (``hash<K,V>``, ``map<K,V>``) tells that pointer from a key that is one. Raises LayoutError.
    """
    if map_type.has_bucket:
        return map_type.key, map_type.elem
    bucket = _bucket(map_type)
    slots = bucket.find("slots")
    if slots is not None:
        stored = slots.type.elem.field("key").type, slots.type.elem.field("elem").type
    else:
        stored = bucket.field("keys").type.elem, _either(bucket, "values", "elems").type.elem
    named = _names_in(map_type.header.name)
    key, elem = (
        slot.elem if slot.kind is Kind.POINTER and slot.name == "*" + name else slot
        for slot, name in zip(stored, named, strict=True)
    )
    return key, elem


class _Row(NamedTuple):
    """Where the first key or element lies, how far it is to the next, and the type of what is stored there."""

    first: int
    stride: int
    stored: GoType


def _places(map_type: GoType, bucket: GoType, marks: Field, slots: int, keys: _Row, elems: _Row) -> Places:
    key, elem = key_and_elem(map_type)
    _require_room(bucket, marks.name, marks.offset + slots)
    for name, row, value in (("keys", keys, key), ("elements", elems, elem)):
        _require_room(bucket, name, row.first + (slots - 1) * row.stride + row.stored.size)
        if row.stored.size != value.size and not _indirect(row.stored, value):
            raise LayoutError(
                f"{map_type.name} stores {row.stored.size} bytes of a {value.name}, which has {value.size}"
            )
    return Places(
        size=bucket.size,
        slots=slots,
        marks=marks.offset,
        keys=keys.first,
        key_stride=keys.stride,
        elems=elems.first,
        elem_stride=elems.stride,
        key=key,
        elem=elem,
        indirect_key=_indirect(keys.stored, key),
        indirect_elem=_indirect(elems.stored, elem),
    )


def _require_room(bucket: GoType, what: str, end: int) -> None:
    """Raises LayoutError unless all that is in the bucket lies in it: a damaged descriptor may say anything."""
    if not end <= bucket.size <= _LARGEST:
        name = bucket.name or "the bucket"
        raise LayoutError(f"{what} of {name} end at byte {end}; it has {bucket.size} bytes, and may have {_LARGEST}")


def _indirect(slot: GoType, value: GoType) -> bool:
    return slot.kind is Kind.POINTER and slot.name != value.name


def _names_in(header: str) -> tuple[str, str]:
    """K and V of ``hash<K,V>`` or ``map<K,V>``, where K and V may hold commas, brackets and quoted tags."""
    inside = header[header.find("<") + 1 : header.rfind(">")]
    depth, quoted, at = 0, False, 0
    while at < len(inside):
        char = inside[at]
        if quoted:
            at += char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth == 0:
            return inside[:at], inside[at + 1 :]
        at += 1
    raise LayoutError(f"{header} does not name a key and an element type as hash<K,V> and map<K,V> do")


def _table(map_type: GoType, untyped: GoType | None) -> GoType:
    directory = map_type.header.field("dirPtr").type
    if directory.kind is Kind.POINTER and directory.elem.kind is Kind.POINTER:
        return directory.elem.elem
    if untyped is None:
        raise LayoutError("the debug information has no internal/runtime/maps.table, which this map consists of")
    return untyped


def _bucket(map_type: GoType, table: GoType | None = None) -> GoType:
    """The bucket or group: from the descriptor if the type came from there, from DWARF otherwise."""
    if map_type.has_bucket:
        return map_type.bucket
    buckets = map_type.header.find("buckets")
    if buckets is None:
        table = table or map_type.header.field("dirPtr").type.elem.elem
        buckets = table.field("groups").type.field("data")
    return buckets.type.elem


def _either(struct: GoType, name: str, other: str) -> Field:
    return struct.find(name) or struct.field(other)


def _length(struct: GoType, field: Field) -> int:
    length = field.type.length
    # Every Go version has eight; that it is a power of two is what the scans' arithmetic needs.
    if field.type.kind is not Kind.ARRAY or not 0 < length <= 64 or length & (length - 1):
        raise LayoutError(f"{struct.name}.{field.name} is {field.type.name}, not an array of slots")
    return length
