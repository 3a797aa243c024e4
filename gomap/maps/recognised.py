"""What an address turned out to hold, and what told: facts, which gomap.maps.wording puts in words."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from gomap.program.gotypes import GoType

__all__ = ["Evidence", "Occupant", "Recognised"]


class Occupant(Enum):
    """What stands at an address."""

    HEADER = auto()
    DESCRIPTOR = auto()
    GROUPS = auto()
    BUCKETS = auto()
    #: One variable of a type, or an array of such.
    OBJECT = auto()


class Evidence(Enum):
    """What told that it stands there."""

    #: The fields of a type descriptor are what they have to be.
    FIELDS = auto()
    #: The type word that the allocator keeps for the object.
    TYPE_WORD = auto()
    #: The fields of a map's header go with each other and with what they lead to.
    INVARIANTS = auto()
    #: That, and the type word of the map's groups or buckets.
    GROUPS_TYPE_WORD = auto()
    BUCKETS_TYPE_WORD = auto()
    #: That, and the hashes of its keys, by no other of the program's map types (gomap.maps.trials).
    HASHES = auto()


class Recognised(NamedTuple):
    """What an address holds.

    Attributes:
        what: what it is.
        by: what tells.
        type: its type, of a map's header the map's; None where only that it is a header can be told.
        map: the type of the map that groups or buckets belong to; None for all else.
        room: of an object: how many of its type there is room for.
    """

    what: Occupant
    by: Evidence
    type: GoType | None
    map: GoType | None = None
    room: int = 1
