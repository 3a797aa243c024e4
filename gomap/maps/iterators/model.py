"""What iterators of both kinds of map share."""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import ClassVar, NamedTuple, Union

from gomap.maps.current_entries import Cause, CurrentEntries, UntoldError
from gomap.maps.model import Cell, Entry, GoMap, HeaderField, MaybeCell
from gomap.maps.notes import Note
from gomap.program.gotypes import GoType, Kind
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.structs import Struct

__all__ = ["MOST_VISITED", "End", "MapIterator", "Place", "Progress", "Untold", "Visit", "told"]

#: Buckets or groups past which an order is not followed further.
MOST_VISITED = 1 << 22


class Progress(Enum):
    """How far an iterator has come, by what is in it."""

    NOT_BEGUN = auto()
    AT_ENTRY = auto()
    AT_END = auto()


class Place(NamedTuple):
    """Where an iterator finds a key.

    Attributes:
        role: ``bucket``, ``old bucket``, ``group``; ``old group`` where that is no longer the map's; ``former bucket``
            where the chain is no longer there.
        number: of the bucket in its array, or of the group in its table.
        link: the overflow bucket of the chain, counted from 1; 0: the chain's first bucket.
        table: of a group: its table's index; -1: replaced; None: the map has, or had, no directory.
        slot: which of its slots.
    """

    role: str
    number: int
    link: int
    table: int | None
    slot: int


class Visit(NamedTuple):
    """An entry that an iterator comes to.

    Attributes:
        entry: key and element, as the iterator gives them.
        place: where the iterator finds the key.
    """

    entry: Entry
    place: Place


class End(Enum):
    """What an order cannot be told beyond."""

    #: Memory that cannot be read.
    UNREADABLE = auto()
    #: A key that cannot be hashed or looked up.
    NO_HASH = auto()
    #: A chain that runs in a circle, or is longer than any.
    CHAIN = auto()
    #: No sound table.
    NO_TABLE = auto()
    #: Where it stands is not on its way any more.
    LOST = auto()
    #: Too many buckets or groups.
    MANY = auto()


class Untold(Note):
    """From here on an order cannot be told. CAUSE: what stands in the way, of a key without hash."""

    end: End
    cause: Cause = None


class MapIterator(abc.ABC):
    """An iterator over a map, decoded.

    Attributes:
        program: that it is in.
        address: of the iterator.
        map: what it is over.
        fields: its integers and pointers by name.
    """

    #: Fields that are shown in hexadecimal.
    _hexadecimal: ClassVar[frozenset[str]]

    def __init__(self, program: Program, layout: Struct, address: int, map: GoMap) -> None:
        """Raises ReadError."""
        self.program = program
        self.address = address
        self.map = map
        self.fields = layout.read(address)
        self.current = CurrentEntries(program, map)
        self._layout = layout

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return self._layout.size

    @property
    def map_field(self) -> int:
        """Offset of the field that leads to the map."""
        type = self._layout.type
        return (type.find("m") or type.field("h")).offset

    @property
    def key(self) -> MaybeCell | None:
        """The key that it is at; None if it is at none."""
        return _cell(self.program, self.map.key, self.fields["key"])

    @property
    def elem(self) -> MaybeCell | None:
        """The element that it is at; None if it is at none."""
        return _cell(self.program, self.map.elem, self.fields["elem"])

    def shown_fields(self) -> Sequence[HeaderField]:
        """Its fields, in memory order."""
        return [
            HeaderField(
                field.name, field.offset, field.type, self.fields[field.name], self._in_hexadecimal(field.name), False
            )
            for field in self._layout.numbers
        ]

    def _in_hexadecimal(self, name: str) -> bool:
        pointer = self._layout.type.field(name).type.kind in (Kind.POINTER, Kind.UNSAFE_POINTER)
        return pointer or name in self._hexadecimal

    @property
    @abc.abstractmethod
    def plausible(self) -> bool:
        """Whether all of its fields are what those of an iterator over its map can be. Raises ReadError."""

    @property
    @abc.abstractmethod
    def leads(self) -> Sequence[tuple[int, int]]:
        """Address and size of the memory that it leads to, besides its map's header and its key."""

    @property
    @abc.abstractmethod
    def progress(self) -> Progress:
        """How far it has come."""

    @abc.abstractmethod
    def upcoming(self) -> Iterator[Union[Visit, Untold]]:
        """What it will visit if the map stays as it is, in order; ends with a note where that cannot be told."""

    @abc.abstractmethod
    def passed(self) -> Iterator[Union[Visit, Untold]]:
        """What it would have visited from where it started to where it stands, had the map always been as it is.

        Ends with a note where that cannot be told.
        """


def _cell(program: Program, type: GoType, address: int) -> MaybeCell | None:
    if not address:
        return None
    try:
        return Cell(program.memory.read(address, type.size), 0, address)
    except ReadError as error:
        return error


def told(visits: Iterator[Union[Visit, Untold]]) -> Iterator[Union[Visit, Untold]]:
    """VISITS, up to what keeps them from being told, and that as a note."""
    try:
        yield from visits
    except UntoldError as error:
        yield Untold(error.address, End.NO_HASH, error.cause)
    except ReadError as error:
        yield Untold(error.address, End.UNREADABLE)
