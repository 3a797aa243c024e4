"""What an address holds, where nobody said of what type it is: told by what the runtime itself has written there.

Three things tell, none of them beyond doubt, so every answer says which it was:

- a type descriptor, by its fields, each of which must be what a descriptor has (gomap.goruntime.descriptors);
- an object, by the type word that the allocator keeps for the collector's sake: in a malloc header, or in the span of
  a large object (Go 1.22 on; only objects of over 512 bytes, 128 on 32 bits, that hold pointers);
- a map's header, by its invariants: what its fields must be to each other, and to what they lead to. Its type is that
  of its groups or buckets, if their type word is there.
"""

from __future__ import annotations

from collections.abc import Iterator

from gomap.goruntime.answers import Answer, HeapObject, ModuleData, StackAddress
from gomap.goruntime.heap import Heap, heap_of
from gomap.goruntime.instances import has_shape, is_shaped, only_instance
from gomap.goruntime.rtype import SLOTS, map_header, runtime_types
from gomap.maps.classic import ClassicMap, unknown_flags
from gomap.maps.layout import GROUPS_FIELDS, HMAP_FIELDS, TABLE_FIELDS
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.maps.recognised import Evidence, Occupant, Recognised
from gomap.maps.slots import slots_in
from gomap.maps.swiss import FULL, ILLEGAL, STATE_OF, SwissMap
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.structs import Struct, named_type

__all__ = ["can_hold", "header_at", "recognise", "type_of_instance"]

_TABLE = "internal/runtime/maps.table"
#: A key or element over so many bytes is kept elsewhere, and its slot holds a pointer (MapMaxKeyBytes).
_LARGEST_IN_SLOT = 128
#: Directory entries beyond which not all tables are looked at.
_MOST_TABLES = 1 << 12


def recognise(program: Program, answer: Answer) -> Recognised | None:
    """What stands at the address that ANSWER is about; None if nothing tells."""
    try:
        if isinstance(answer, ModuleData):
            return _descriptor(program, answer)
        if isinstance(answer, HeapObject):
            return _typed_object(program, answer) or header_at(program, answer.address)
        return header_at(program, answer.address) if isinstance(answer, StackAddress) else None
    except (LayoutError, ReadError):
        return None


def header_at(program: Program, address: int) -> Recognised | None:
    """The map whose header is at ADDRESS, if what is there keeps all invariants of one and is no empty map.

    (Of a map without buckets or groups nothing tells.) Raises LayoutError and ReadError.
    """
    struct = map_header(program)
    if struct is None or not can_hold(heap_of(program), address, struct.size):
        return None
    header = (
        _SwissHeader(program, struct, address) if struct.find("dirPtr") else _ClassicHeader(program, struct, address)
    )
    if not header.holds():
        return None
    type = None
    try:
        type = next(filter(None, (_map_type(program, array) for array in header.arrays())), None)
        told = type is not None and _agrees(program, type, address)
    except (LayoutError, ReadError):  # a type word that leads nowhere: the collector may have made up a type of its own
        told = False
    if type is None or not told:
        return Recognised(Occupant.HEADER, Evidence.INVARIANTS, None)
    return Recognised(Occupant.HEADER, header.evidence, type)


def type_of_instance(program: Program, type: GoType, address: int) -> GoType:
    """The type of the map at ADDRESS that generic code has as TYPE; that itself where nothing tells."""
    if type.kind is not Kind.MAP or not is_shaped(type):
        return type
    try:
        found = header_at(program, address) if address else None
        if found is not None and found.type is not None and has_shape(found.type, type):
            return found.type
    except (LayoutError, ReadError):
        pass  # nothing tells
    return only_instance(program, type) or type


def _descriptor(program: Program, answer: ModuleData) -> Recognised | None:
    types = runtime_types(program)
    if answer.section != "rodata" or not types.in_module(answer.address):
        return None
    type = types.at(answer.address)
    return Recognised(Occupant.DESCRIPTOR, Evidence.FIELDS, type)


def _typed_object(program: Program, answer: HeapObject) -> Recognised | None:
    word = heap_of(program).type_word(answer)
    if not word:
        return None
    type = runtime_types(program).named_at(word)
    if not 0 < type.size <= answer.size:
        return None
    map_type = _map_type(program, answer)
    if map_type is not None:
        what = Occupant.GROUPS if map_type.header.find("dirPtr") else Occupant.BUCKETS
        return Recognised(what, Evidence.TYPE_WORD, type, map_type)
    return Recognised(Occupant.OBJECT, Evidence.TYPE_WORD, type, room=answer.size // type.size)


def can_hold(heap: Heap, address: int, size: int) -> bool:
    """Whether ADDRESS is where an object of SIZE bytes begins, by the books; on a stack anything may begin anywhere."""
    answer = heap.at(address)
    if isinstance(answer, HeapObject):
        allocator = heap.allocator
        fits = answer.span.elemsize == allocator.taken(size, True) if allocator else size <= answer.size < 2 * size
        return fits and not answer.offset and not answer.span.noscan
    return isinstance(answer, StackAddress) and address % heap.pointer_size == 0


class _Header:
    """A header that an address may hold, its fields by name.

    Attributes:
        evidence: what has told its map's type, if the type word of its arrays has.
    """

    evidence: Evidence

    def __init__(self, program: Program, struct: GoType, address: int, required: tuple[str, ...]) -> None:
        self.program = program
        self.heap = heap_of(program)
        self.fields = Struct(struct, program, required).read(address)

    def object(self, address: int, size: int = 1) -> HeapObject | None:
        """The object in use that begins at ADDRESS, if there is one with room for SIZE bytes."""
        answer = self.heap.at(address)
        return answer if isinstance(answer, HeapObject) and not answer.offset and answer.size >= size else None

    def leads(self, address: int, size: int) -> bool:
        """Whether there is an object of SIZE bytes at ADDRESS; on a stack it need not be one by itself."""
        return self.object(address, size) is not None or isinstance(self.heap.at(address), StackAddress)


class _SwissHeader(_Header):
    """internal/runtime/maps.Map; the invariants are those of its comments and of table_debug.go."""

    evidence = Evidence.GROUPS_TYPE_WORD

    def __init__(self, program: Program, struct: GoType, address: int) -> None:
        super().__init__(program, struct, address, ("used", "seed", "dirPtr", "dirLen", "globalDepth", "globalShift"))
        table = named_type(program, (_TABLE,))
        groups = table.field("groups")
        self._table = Struct(table, program, TABLE_FIELDS)
        self._groups, self._groups_offset = Struct(groups.type, program, GROUPS_FIELDS), groups.offset

    def holds(self) -> bool:
        fields, bits = self.fields, 8 * self.program.pointer_size
        if not (fields["seed"] and fields["dirPtr"] and fields.get("writing", 0) <= 1):
            return False
        if fields.get("tombstonePossible", 0) > 1:
            return False
        if fields["dirLen"] == 0:
            return fields["globalDepth"] == 0 and fields["globalShift"] in (0, bits) and self._small()
        depth = fields["globalDepth"]
        if depth >= bits or fields["dirLen"] != 1 << depth or fields["globalShift"] != bits - depth:
            return False
        return self._directory(depth)

    def arrays(self) -> Iterator[HeapObject]:
        """Objects that consist of groups."""
        if self.fields["dirLen"] == 0:
            addresses = [self.fields["dirPtr"]]
        else:
            addresses = [groups["data"] for _, groups in self._tables()]
        yield from filter(None, map(self.object, addresses))

    def _small(self) -> bool:
        """One group: as many of its slots are full as the map has entries."""
        if not self.leads(self.fields["dirPtr"], SLOTS):
            return False
        ctrl = self.program.memory.read(self.fields["dirPtr"], SLOTS).translate(STATE_OF)
        return ILLEGAL not in ctrl and len(slots_in(FULL, ctrl)) == self.fields["used"]

    def _directory(self, depth: int) -> bool:
        if not self.object(self.fields["dirPtr"], self.program.pointer_size << depth):
            return False
        used = 0
        for table, groups in self._tables():
            capacity = table["capacity"]
            if (
                not SLOTS <= capacity == (groups["lengthMask"] + 1) * SLOTS
                or capacity & (capacity - 1)
                or table["localDepth"] > depth
                or not table["used"] <= capacity
                or not self.object(groups["data"])
            ):
                return False
            used += table["used"]
        return used == self.fields["used"] or self.fields["dirLen"] > _MOST_TABLES

    def _tables(self) -> Iterator[tuple[dict[str, int], dict[str, int]]]:
        """Each table once, with its reference to its groups, as far as they can be read."""
        size, order = self.program.pointer_size, self.program.byte_order
        data = self.program.memory.read(self.fields["dirPtr"], min(self.fields["dirLen"], _MOST_TABLES) * size)
        for address in dict.fromkeys(int.from_bytes(data[at : at + size], order) for at in range(0, len(data), size)):
            table = self._table.read(address)
            yield table, self._groups.read(address + self._groups_offset)


class _ClassicHeader(_Header):
    """runtime.hmap; the invariants are those of runtime/map.go."""

    evidence = Evidence.BUCKETS_TYPE_WORD

    def __init__(self, program: Program, struct: GoType, address: int) -> None:
        super().__init__(program, struct, address, HMAP_FIELDS)

    def holds(self) -> bool:
        fields, word = self.fields, self.program.pointer_size
        b = fields["B"]
        if not (fields["hash0"] and fields["buckets"]) or b >= 8 * word - 4 or unknown_flags(fields["flags"]):
            return False
        buckets = 1 << b
        # A bucket is eight tophash bytes and a pointer at least. tooManyOverflowBuckets: past 2^min(B, 15) a map grows.
        return (
            0 <= fields["count"] <= SLOTS * (buckets + fields["noverflow"] * buckets)
            and fields["noverflow"] <= 2 << min(b, 15)
            and fields["nevacuate"] <= buckets
            and self.leads(fields["buckets"], (SLOTS + word) << b)
            and (not fields["oldbuckets"] or self.leads(fields["oldbuckets"], SLOTS + word))
            and (not fields.get("extra") or self.leads(fields["extra"], 3 * word))
            and self._first_bucket()
        )

    def arrays(self) -> Iterator[HeapObject]:
        """Objects that consist of buckets."""
        yield from filter(None, map(self.object, (self.fields["buckets"], self.fields["oldbuckets"])))

    def _first_bucket(self) -> bool:
        """The first bucket's tophash bytes: none is evacuated, and none is full behind emptyRest."""
        tophash = self.program.memory.read(self.fields["buckets"], SLOTS)
        filled, _, rest = tophash.partition(b"\0")
        return not any(rest) and not any(2 <= mark <= 4 for mark in filled)


def _map_type(program: Program, array: HeapObject) -> GoType | None:
    """The type of the maps whose groups or buckets ARRAY consists of, by its type word; None if that does not tell."""
    word = heap_of(program).type_word(array)
    if not word:
        return None
    bucket = runtime_types(program).at(word)
    stored = _stored(bucket)
    if stored is None:
        return None
    names = [f"map[{key}]{elem}" for key in _kept(stored[0]) for elem in _kept(stored[1])]
    known = [type for type in map(program.type_named, names) if type is not None and type.kind is Kind.MAP]
    if len(known) == 1:
        return known[0]
    header = map_header(program)
    if known or len(names) > 1 or header is None:
        return None
    key, elem = stored
    return GoType(Kind.MAP, program.pointer_size, names[0], key=key, elem=elem, header=header, bucket=bucket)


def _stored(bucket: GoType) -> tuple[GoType, GoType] | None:
    """What the slots of a group or bucket hold, keys and elements; None if it is none."""
    if bucket.kind is not Kind.STRUCT:
        return None
    names = [field.name for field in bucket.fields]
    if names == ["ctrl", "slots"]:
        slots = bucket.field("slots").type
        slot = slots.elem if slots.kind is Kind.ARRAY and slots.length == SLOTS else None
        if slot is None or [field.name for field in slot.fields] != ["key", "elem"]:
            return None
        return slot.field("key").type, slot.field("elem").type
    if names[:3] not in (["ctrl", "keys", "elems"], ["topbits", "keys", "elems"]):
        return None
    keys, elems = bucket.field("keys").type, bucket.field("elems").type
    if any(row.kind is not Kind.ARRAY or row.length != SLOTS for row in (keys, elems)):
        return None
    return keys.elem, elems.elem


def _kept(stored: GoType) -> list[str]:
    """Names of the types that a slot which holds STORED may be for."""
    indirect = stored.kind is Kind.POINTER and stored.elem.size > _LARGEST_IN_SLOT
    return [stored.name, stored.elem.name] if indirect else [stored.name]


def _agrees(program: Program, type: GoType, address: int) -> bool:
    """Whether the map of that type there has nothing implausible about it."""
    found: GoMap = open_map(program, type, address)
    return isinstance(found, (ClassicMap, SwissMap)) and not any(True for _ in found.notes())
