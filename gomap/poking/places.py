"""What of a map can be changed: where it is, how many bytes it has, and what its values mean."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple, Union

from gomap.expressions.go_values import ExpressionError
from gomap.maps.classic import ClassicMap
from gomap.maps.model import Bucket, GoMap, Note, Selection, Table
from gomap.maps.swiss import SwissMap
from gomap.maps.wording import counted, note_text
from gomap.program.gotypes import Field, GoType, Kind

__all__ = ["Meaning", "Part", "Place", "PokeError", "Wanted", "place_in"]


class PokeError(ExpressionError):
    """Nothing that can be changed, or not so: one line that says why."""


class Meaning(enum.Enum):
    """What the value at a place is."""

    MARK = "a tophash or a control byte"
    FLAGS = "flags of an hmap"
    POINTER = "a pointer"
    BOOL = "a bool"
    NUMBER = "a number"


class Part(NamedTuple):
    """A bucket, as options name it: ``17``, ``17+1`` for the first overflow bucket behind it, ``3:17`` in a table.

    Attributes:
        table: by an entry of the directory that leads to it; None where none was named.
        number: of the bucket, or of the group.
        behind: which of its chain: 0 is the bucket itself.
    """

    table: int | None
    number: int
    behind: int = 0

    @classmethod
    def parse(cls, text: str) -> Part:
        """Raises ValueError."""
        table, colon, bucket = text.rpartition(":")
        number, plus, behind = bucket.partition("+")
        numbers = (int(table, 0) if colon else None, int(number, 0), int(behind, 0) if plus else 0)
        if any(each is not None and each < 0 for each in numbers):
            raise ValueError(text)
        return cls(*numbers)


class Wanted(NamedTuple):
    """What is to be changed, as options name it.

    Attributes:
        field: of the header, of the table if there is one, ``overflow`` of the bucket if there is one.
        bucket: which.
        slot: which of the bucket's.
        old: the bucket is one of the old ones.
        table: by an entry of the directory that leads to it.
        directory: that entry itself.
    """

    field: str | None = None
    bucket: Part | None = None
    slot: int | None = None
    old: bool = False
    table: int | None = None
    directory: int | None = None


@dataclass(frozen=True)
class Place:
    """Where a map has a number that can be changed.

    Attributes:
        map: whose.
        address: of its first byte.
        type: how many bytes it has, and whether it is signed.
        meaning: what its value is.
        name: the field's, as Go declares it; ``tophash``, ``control byte``; ``directory entry``.
        within: the bucket, group or table that it is in; None: the header, or the directory.
        number: of the slot, or of the entry; None elsewhere.
    """

    map: GoMap
    address: int
    type: GoType
    meaning: Meaning
    name: str
    within: Union[Bucket, Table, None] = None
    number: int | None = None

    @property
    def value(self) -> int:
        """What is there now. Raises ReadError."""
        return self.decoded(self.map.target.memory.read(self.address, self.type.size))

    def decoded(self, content: bytes) -> int:
        """The number that its bytes are."""
        return int.from_bytes(content, self.map.target.byte_order, signed=self.type.kind.signed)

    def encoded(self, value: int) -> bytes:
        """A number as its bytes. Raises PokeError where it has more."""
        try:
            return value.to_bytes(self.type.size, self.map.target.byte_order, signed=self.type.kind.signed)
        except OverflowError:
            bits = 8 * self.type.size
            low, high = (-(1 << bits - 1), 1 << bits - 1) if self.type.kind.signed else (0, 1 << bits)
            raise PokeError(f"{value} is no value of {self.name}, which may be {low} to {high - 1:#x}") from None


_MARK = GoType(Kind.UINT8, 1, "uint8")


def place_in(map: GoMap, wanted: Wanted) -> Place:
    """Where MAP has what is wanted. Raises PokeError where it has no such thing."""
    if not map.address:
        raise PokeError("a nil map: there is nothing to change")
    if wanted.bucket is not None:
        if wanted.table is not None or wanted.directory is not None:
            raise PokeError("-bucket, -table and -directory are different places: give one of them")
        return _in_bucket(map, wanted.bucket, wanted)
    if wanted.slot is not None or wanted.old:
        raise PokeError("-slot and -old are about a bucket: give -bucket too")
    if wanted.directory is not None:
        if wanted.field is not None or wanted.table is not None:
            raise PokeError("-directory is an entry of the directory, which has no fields: give it alone")
        return _directory_entry(map, wanted.directory)
    if wanted.field is None:
        raise PokeError("needs -field, or -bucket with -slot, or -directory: what is to be changed")
    if wanted.table is not None:
        return _in_table(map, wanted.table, wanted.field)
    found = next((field for field in map.fields() if field.name == wanted.field), None)
    if found is None:
        there = ", ".join(field.name for field in map.fields())
        raise PokeError(f"the header has no field {wanted.field}; it has {there}")
    flags = isinstance(map, ClassicMap) and found.name == "flags"
    meaning = Meaning.FLAGS if flags else _meaning(found.type)
    return Place(map, map.address + found.offset, found.type, meaning, found.name)


def _in_bucket(map: GoMap, part: Part, wanted: Wanted) -> Place:
    if not isinstance(map, (ClassicMap, SwissMap)):
        raise PokeError(f"of a {map.type.name} only fields of its header are changed, with -field")
    if (wanted.slot is None) == (wanted.field is None):
        raise PokeError("of a bucket -slot or -field is changed: give one of them")
    bucket = _bucket(map, part, wanted.old)
    if wanted.field is not None:
        if not isinstance(map, ClassicMap):
            raise PokeError(f"a group has no field {wanted.field}; its table has, with -table")
        if wanted.field != "overflow":
            raise PokeError(f"a bucket has no field {wanted.field} to change; it has overflow, and slots")
        pointer = GoType(Kind.UNSAFE_POINTER, map.target.pointer_size, "unsafe.Pointer")
        return Place(map, bucket.address + map.layout.overflow, pointer, Meaning.POINTER, "overflow", bucket)
    slot, slots = wanted.slot or 0, map.places.slots
    if slot >= slots:
        raise PokeError(f"there is no slot {slot}: a bucket or group has {slots}")
    classic = isinstance(map, ClassicMap)
    # Slot 0 of a group has the control word's low byte.
    at = slot if classic or map.target.byte_order == "little" else slots - 1 - slot
    address = bucket.address + map.places.marks + at
    return Place(map, address, _MARK, Meaning.MARK, "tophash" if classic else "control byte", bucket, slot)


def _bucket(map: ClassicMap | SwissMap, part: Part, old: bool) -> Bucket:
    """The bucket or group that options name, as a walk comes to it."""
    if isinstance(map, ClassicMap):
        if part.table is not None:
            raise PokeError("a classic map has no tables: -bucket takes N, or N+K for an overflow bucket")
        if old and part.number >= map.oldbuckets:
            raise PokeError(f"there is no old bucket {part.number}: the map has {map.oldbuckets}")
    elif part.behind or old:
        raise PokeError("a group has no overflow buckets, and there are no old ones")
    elif part.table is None and len(map.tables) > 1:
        raise PokeError(f"the map has {len(map.tables)} tables: -bucket takes TABLE:GROUP")
    roles = ("old bucket", "old overflow") if old else ("bucket", "overflow", "group")
    notes, chain = [], []
    for each in map.walk(Selection(table=part.table, bucket=part.number, old=old)):
        if isinstance(each, Note):
            notes.append(each)
        elif isinstance(each, Bucket) and each.role in roles:
            chain.append(each)
            if len(chain) > part.behind:
                return each
    why = f": {note_text(notes[-1])}" if notes else ""
    if chain:
        raise PokeError(f"bucket {part.number} has {counted(len(chain) - 1, 'overflow bucket')}{why}")
    raise PokeError(f"there is no bucket or group {part.number} that can be read{why}")


def _in_table(map: GoMap, entry: int, name: str) -> Place:
    table = next((each for each in _tables(map).tables if each.first <= entry <= each.last), None)
    if table is None:
        raise PokeError(f"entry {entry} of the directory leads to no table that can be read")
    layout = _tables(map).layout
    fields = {field.name: field for field in layout.table.numbers}
    for inner in layout.groups.numbers:
        fields[f"groups.{inner.name}"] = Field(inner.name, inner.type, layout.groups_offset + inner.offset)
    if name not in fields:
        raise PokeError(f"a table has no field {name}; it has {', '.join(fields)}")
    field = fields[name]
    return Place(map, table.address + field.offset, field.type, _meaning(field.type), name, table)


def _directory_entry(map: GoMap, entry: int) -> Place:
    length = _tables(map).believed
    if entry >= length:
        raise PokeError(f"there is no entry {entry}: the directory has {length}")
    size = map.target.pointer_size
    pointer = GoType(Kind.UNSAFE_POINTER, size, "unsafe.Pointer")
    return Place(map, map.header["dirPtr"] + entry * size, pointer, Meaning.POINTER, "directory entry", None, entry)


def _tables(map: GoMap) -> SwissMap:
    """MAP, if it has tables."""
    if not isinstance(map, SwissMap):
        raise PokeError(f"a {map.kind} map has no tables")
    if map.small:
        raise PokeError("the map is small: dirPtr leads to its only group, and there are no tables")
    return map


def _meaning(type: GoType) -> Meaning:
    if type.kind in (Kind.POINTER, Kind.UNSAFE_POINTER):
        return Meaning.POINTER
    return Meaning.BOOL if type.kind is Kind.BOOL else Meaning.NUMBER
