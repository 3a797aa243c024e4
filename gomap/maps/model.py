"""What all containers share: a map is a header and, lazily, what stands in its memory, in storage order.

Nothing here formats. A bad read is a Note in the stream, never an exception: what can still be shown is shown.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, NamedTuple, Union

from gomap.maps.layout import Places
from gomap.maps.notes import Note
from gomap.maps.recognised import Evidence
from gomap.program.facts import Facts
from gomap.program.gotypes import Field, GoType, Kind
from gomap.program.memory import ReadError
from gomap.program.structs import Struct
from gomap.program.target import Target

__all__ = [
    "LIVE",
    "Bucket",
    "Cell",
    "Entry",
    "GoMap",
    "HeaderField",
    "Match",
    "Note",
    "Part",
    "Selection",
    "Slot",
    "Table",
]


class Cell(NamedTuple):
    """Where a key or an element lies, and the bytes it lies in.

    Attributes:
        buffer: bytes of the target, among them the value's.
        offset: where in the buffer the value begins.
        address: where in the target it begins.
    """

    buffer: bytes
    offset: int
    address: int


#: Whether the value at an offset of a buffer is the key that is looked up. May raise what reading raises.
Match = Callable[[bytes, int], bool]
#: A cell, or why there is none: the pointer to an indirect key or element leads nowhere.
MaybeCell = Union[Cell, ReadError]


class Entry(NamedTuple):
    """A live entry: its key and its element."""

    key: MaybeCell
    elem: MaybeCell


class Slot(NamedTuple):
    """One slot of a bucket or group.

    Attributes:
        number: 0 to 7.
        mark: the tophash or the control byte.
        state: as the runtime spells it: ``full``, ``emptyRest``, ``emptyOne``, ``evacuatedX``, ``evacuatedY``,
            ``evacuatedEmpty``; ``full``, ``empty``, ``deleted``; ``illegal`` for a control byte that is none of them.
            In a sync.Map also ``entry``, ``overflow``, ``indirect``; ``expunged``, ``nil``, ``shared`` (see there).
        entry: the key and element if the slot holds a live entry, None otherwise. (An evacuated slot's entry lives
            elsewhere.)
        address: where the slot leads, in a tree of nodes; 0 elsewhere.
    """

    number: int
    mark: int
    state: str
    entry: Entry | None
    address: int = 0


class Bucket:
    """A bucket, an overflow bucket or a group: eight slots, of which entries are made as they are asked for.

    Attributes:
        role: ``bucket``, ``overflow``, ``old bucket``, ``old overflow``, ``unused overflow`` (preallocated, on no
            chain), ``group`` or ``indirect node`` (of a sync.Map).
        index: the bucket's number in its array (an overflow bucket has the number of its chain's first bucket), or
            the group's number in its table.
        address: of its first byte.
        marks: the tophash or control bytes, slot 0 first.
        overflow: the overflow pointer; 0 where there is none, and in a group.
        evacuated: an old bucket whose entries have moved.
        place: of a sync.Map: ``read`` or ``dirty``, or the digits of the hash that lead to a node; empty elsewhere.
    """

    __slots__ = ("_entry", "_live", "_states", "address", "evacuated", "index", "marks", "overflow", "place", "role")

    def __init__(
        self,
        role: str,
        index: int,
        address: int,
        marks: bytes,
        live: Sequence[int],
        states: Sequence[str],
        entry: Callable[[int], Entry],
        overflow: int = 0,
        evacuated: bool = False,
        place: str = "",
    ) -> None:
        """LIVE: the slots that hold live entries; STATES: by mark; ENTRY: gives a slot's."""
        self.role = role
        self.index = index
        self.address = address
        self.marks = marks
        self.overflow = overflow
        self.evacuated = evacuated
        self.place = place
        self._live = live
        self._states = states
        self._entry = entry

    @property
    def slots(self) -> Sequence[Slot]:
        """All eight, empty ones included."""
        live = self._live
        return [
            Slot(number, mark, self._states[mark], self._entry(number) if number in live else None)
            for number, mark in enumerate(self.marks)
        ]

    @property
    def linked(self) -> bool:
        """Whether it is an overflow bucket on a chain, to which the bucket before it in a walk leads."""
        return self.role in ("overflow", "old overflow")

    def state_of(self, mark: int) -> str:
        """The state that a slot has whose mark is that."""
        return self._states[mark]

    @property
    def states(self) -> Sequence[str]:
        """The state of each slot; made faster than the slots are."""
        return [self._states[mark] for mark in self.marks]

    def entries(self) -> Iterator[Entry]:
        """The live ones."""
        return map(self._entry, self._live)


class Table(Facts):
    """A Swiss map's table, at its place in the walk: its groups follow.

    Attributes:
        first, last: the directory entries that lead to it.
        address: of its header.
        used, capacity, growth_left, local_depth, index: its header's fields.
        groups: the address of its first group.
        length_mask: number of groups - 1.
        place: ``read`` or ``dirty`` in a sync.Map; empty elsewhere.
    """

    first: int
    last: int
    address: int
    used: int
    capacity: int
    growth_left: int
    local_depth: int
    index: int
    groups: int
    length_mask: int
    place: str = ""


#: What a walk yields.
Part = Union[Table, Bucket, Note]


class HeaderField(Facts):
    """One field of a map's header.

    Attributes:
        name: as Go declares it.
        offset: bytes from the header's start.
        type: its type.
        value: its value as an unsigned or signed integer, as its type says.
        hexadecimal: whether the value is shown so: an address, a hash seed, flags.
        dangling: whether it is a pointer, and what it leads to not even mapped.
    """

    name: str
    offset: int
    type: GoType
    value: int
    hexadecimal: bool
    dangling: bool


class Selection(Facts):
    """Which parts of a map a walk visits.

    Attributes:
        table: only this table (its first directory entry); None: all.
        bucket: only this bucket, or this group of each visited table; None: all.
        old: old buckets too that are evacuated, all of them.
        unused: the preallocated overflow buckets too that are on no chain.
    """

    table: int | None = None
    bucket: int | None = None
    old: bool = False
    unused: bool = False


#: What a walk visits unless told otherwise: all that is alive.
LIVE = Selection()


class GoMap(abc.ABC):
    """A map in the target.

    Attributes:
        kind: ``classic`` or ``swiss``; of a sync.Map ``hashtrie`` or ``readdirty``.
        target: the program that it is in.
        type: its Go type.
        address: of its header; 0 for a nil map.
        header: the header's integers and pointers by name; all 0 for a nil map.
        places: where in a bucket or group its slots lie.
        key, elem: types of its keys and elements.
        recognised_by: what told its type, where nobody said it; None otherwise.
    """

    kind: ClassVar[str]
    recognised_by: Evidence | None = None
    #: The header's field that says whether a write is under way; empty where no field alone does.
    writing_field: ClassVar[str] = ""
    #: The one that counts the entries; empty where none does.
    count_field: ClassVar[str] = ""
    #: Header fields that are shown in hexadecimal: addresses, a hash seed, flags.
    _hexadecimal: ClassVar[frozenset[str]]

    def __init__(self, target: Target, map_type: GoType, address: int, header: Struct, places: Places) -> None:
        """Raises ReadError where the header cannot be read."""
        self.target = target
        self.type = map_type
        self.address = address
        self.header = header.read(address) if address else dict.fromkeys((field.name for field in header.numbers), 0)
        self.places = places
        self.key, self.elem = places.key, places.elem
        self._reader = header

    @property
    @abc.abstractmethod
    def count(self) -> int:
        """How many entries the header claims."""

    @property
    @abc.abstractmethod
    def being_written(self) -> bool:
        """Whether the header says that a write is under way."""

    @property
    @abc.abstractmethod
    def seed(self) -> int:
        """What the header says is mixed into the hashes of the map's keys."""

    @property
    def header_size(self) -> int:
        """Bytes of the header."""
        return self._reader.size

    def field_address(self, name: str) -> int:
        """Where a field of the header stands."""
        return self.address + self._reader.type.field(name).offset

    def field_size(self, name: str) -> int:
        """How many bytes a field of the header has."""
        return self._reader.type.field(name).type.size

    def fields(self) -> Sequence[HeaderField]:
        """The header, field by field, in memory order; nothing for a nil map."""
        if not self.address:
            return ()
        return [
            HeaderField(
                field.name,
                field.offset,
                field.type,
                self.header[field.name],
                field.name in self._hexadecimal,
                self._dangles(field),
            )
            for field in self._reader.numbers
        ]

    def _dangles(self, field: Field) -> bool:
        address = self.header[field.name]
        pointer = field.type.kind in (Kind.POINTER, Kind.UNSAFE_POINTER)
        return pointer and address != 0 and not self.target.memory.readable(address, 1)

    @abc.abstractmethod
    def notes(self) -> Iterator[Note]:
        """What makes the header implausible, and keeps a walk from doing all that it says."""

    @abc.abstractmethod
    def totals(self, selection: Selection) -> Sequence[tuple[str, int]]:
        """How many buckets or groups a walk visits at most, by role; overflow buckets are not counted."""

    @abc.abstractmethod
    def walk(self, selection: Selection = LIVE) -> Iterator[Part]:
        """Tables, buckets and notes in storage order, read as they are asked for."""

    def entries(self) -> Iterator[Entry | Note]:
        """Each live entry exactly once, wherever growth has it, in storage order."""
        for part in self.walk():
            if isinstance(part, Bucket):
                yield from part.entries()
            elif isinstance(part, Note):
                yield part
