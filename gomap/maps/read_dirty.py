"""sync.Map up to Go 1.23: two maps, ``read`` and ``dirty``, from keys to the same entries.

Source: sync/map.go (oldmap.go in 1.24 and 1.25). ``read`` leads to a map that is never written to, so that it is looked
up without a lock; keys stored since it was made are in ``dirty`` alone, which ``amended`` tells. An entry points to a
value, and is shared by both maps: nil where it was deleted, ``expunged`` where it was deleted before dirty was made,
and so is not in dirty. As many ``misses`` of lookups in read as dirty has entries make dirty the next read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from gomap.maps.layout import Places
from gomap.maps.model import LIVE, Bucket, Cell, Entry, GoMap, MaybeCell, Part, Selection, Slot
from gomap.maps.notes import HalfUnreadable, InHalf, Note
from gomap.maps.syncmap import LOCKED, BucketOfSlots, boxed_pointer, flattened, interface_type
from gomap.program.facts import Facts
from gomap.program.gotypes import GoType, Kind, LayoutError, kept_with_type
from gomap.program.memory import ReadError
from gomap.program.structs import Struct
from gomap.program.target import Target, pointer_at

__all__ = ["DIRTY", "READ", "ReadDirty"]

#: The names of the halves.
READ, DIRTY = "read", "dirty"
#: What a slot of either map can be whose key has no value: see the module's docstring; shared: it is shown with read.
_EXPUNGED, _DELETED, _SHARED = "expunged", "nil", "shared"
OpenMap = Callable[[Target, GoType, int], GoMap]


class ReadDirtyLayout(Facts):
    """The layouts of all that a sync.Map with read and dirty maps consists of.

    Attributes:
        header: of the sync.Map, mutex included.
        read: of what the header's read leads to: a map and amended.
        half: the type of both maps.
        value: where p lies in an entry.
        entry: bytes of an entry.
        values: a value by itself as a record of one slot that has no key.
    """

    header: Struct
    read: Struct
    half: GoType
    value: int
    entry: int
    values: Places


@kept_with_type
def read_dirty_layout(type: GoType, target: Target) -> ReadDirtyLayout:
    """The layout of a sync.Map of that TYPE. Raises LayoutError."""
    half, any_type = type.field("dirty").type, interface_type(target)
    read = type.field("read").type
    # Go 1.19 has an atomic.Value there, which says of nothing what it leads to.
    inner = read.fields[-1].type.kind is Kind.INTERFACE
    read_only = target.type_named("sync.readOnly") if inner else boxed_pointer(read)
    entry = target.type_named("sync.entry")
    if read_only is None or entry is None or half.kind is not Kind.MAP:
        raise LayoutError(f"{type.name} is laid out in a way that gomap does not know")
    nothing = GoType(Kind.STRUCT, 0, "struct {}")
    size = any_type.size
    values = Places(size, 1, 0, 0, 0, 0, size, nothing, any_type, False, False)
    return ReadDirtyLayout(
        Struct(flattened(type), target, ("mu.state", "read", "dirty", "misses")),
        Struct(flattened(read_only), target, ("m", "amended")),
        half,
        entry.field("p").offset,
        entry.size,
        values,
    )


class ReadDirty(GoMap):
    """A sync.Map whose header is at its address.

    Attributes:
        amended: whether dirty has keys that read lacks, as read says.
        halves: the map in read and the one in dirty; None where there is none, a ReadError where it cannot be read.
        expunged: the pointer that marks an entry so; 0 if the program has no such variable.
    """

    kind = "readdirty"
    _hexadecimal = frozenset({"read", "dirty"})

    def __init__(self, target: Target, map_type: GoType, address: int, open_map: OpenMap) -> None:
        """Raises LayoutError, and ReadError where the header cannot be read."""
        self.layout: ReadDirtyLayout = read_dirty_layout(map_type, target)
        super().__init__(target, map_type, address, self.layout.header, self.layout.values)
        self.key = self.elem
        found = target.variable("sync.expunged")
        self.expunged = pointer_at(target, found[0]) if found else 0
        self.amended = False
        self.halves: dict[str, GoMap | ReadError | None] = {READ: None, DIRTY: None}
        try:
            read = self.layout.read.read(self.header["read"]) if self.header["read"] else {"m": 0, "amended": 0}
        except ReadError as error:
            self.halves[READ] = error
        else:
            self.amended = bool(read["amended"])
            self._open(READ, read["m"], open_map)
        self._open(DIRTY, self.header["dirty"], open_map)

    def _open(self, half: str, address: int, open_map: OpenMap) -> None:
        try:
            self.halves[half] = open_map(self.target, self.layout.half, address) if address else None
        except ReadError as error:
            self.halves[half] = error

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    @property
    def being_written(self) -> bool:
        return bool(self.header["mu.state"] & LOCKED)

    @property
    def seed(self) -> int:
        """It has none of its own: each of its maps has one."""
        return 0

    @property
    def maps(self) -> Iterator[tuple[str, GoMap]]:
        """The halves that are there and can be read, by name; one that stands in both once."""
        seen = set()
        for name, half in self.halves.items():
            if isinstance(half, GoMap) and half.address not in seen:
                seen.add(half.address)
                yield name, half

    def totals(self, selection: Selection) -> Sequence[tuple[str, int]]:
        sums: dict[str, int] = {}
        for _, half in self.maps:
            for role, number in half.totals(selection):
                sums[role] = sums.get(role, 0) + number
        return list(sums.items())

    def notes(self) -> Iterator[Note]:
        for name, half in self.halves.items():
            if isinstance(half, ReadError):
                yield HalfUnreadable(self.field_address(name), name, half.address)

    def walk(self, selection: Selection = LIVE) -> Iterator[Part]:
        if not self.address:
            return
        yield from self.notes()
        in_read: set[int] = set()
        for name, half in self.maps:
            for part in half.walk(selection):
                if isinstance(part, Note):
                    yield InHalf(part.address, name, part)
                elif isinstance(part, Bucket):
                    yield self._with_values(name, part, in_read)
                else:
                    yield part.replace(place=name)

    def _with_values(self, name: str, bucket: Bucket, in_read: set[int]) -> BucketOfSlots:
        """BUCKET with the values that its entries lead to. IN_READ: the entries that read has, which are told first."""
        slots = []
        for slot in bucket.slots:
            if slot.entry is not None:
                entry = self.entry_of(slot.entry)
                state, elem = self.value(entry) if isinstance(entry, int) else ("full", entry)
                if isinstance(entry, int) and name == DIRTY and entry in in_read:
                    state, elem = _SHARED, None
                elif isinstance(entry, int):
                    in_read.add(entry)
                slot = Slot(slot.number, slot.mark, state, None if elem is None else Entry(slot.entry.key, elem))
            slots.append(slot)
        role, index, address = bucket.role, bucket.index, bucket.address
        return BucketOfSlots(role, index, address, slots, name, bucket.overflow, bucket.evacuated)

    def entry_of(self, pair: Entry) -> int | ReadError:
        """The address of the entry that one of the maps has under a key."""
        cell = pair.elem
        if isinstance(cell, ReadError):
            return cell
        word = cell.buffer[cell.offset : cell.offset + self.target.pointer_size]
        return int.from_bytes(word, self.target.byte_order)

    def value(self, entry: int) -> tuple[str, MaybeCell | None]:
        """What the entry at that address is: ``full`` and its value, ``nil`` or ``expunged``."""
        try:
            pointer = pointer_at(self.target, entry + self.layout.value)
            if pointer in (0, self.expunged):
                return _EXPUNGED if pointer else _DELETED, None
            return "full", Cell(self.target.memory.read(pointer, self.elem.size), 0, pointer)
        except ReadError as error:
            return "full", error

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many live entries each half has that the one before it has not."""
        counts = {name: 0 for name, _ in self.maps}
        for part in self.walk():
            if isinstance(part, Bucket):
                counts[part.place] += sum(1 for _ in part.entries())
        return counts
