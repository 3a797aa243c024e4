"""What a walk has to tell beside buckets: parts of a map that cannot be shown, and headers that cannot be right.

A note of each kind has the facts, and the address that it is about; gomap.maps.wording puts them in words.
"""

from __future__ import annotations

from enum import Enum, auto

from gomap.program.facts import Facts

__all__ = [
    "AbsurdB",
    "BadNode",
    "BrokenChain",
    "ChainTrouble",
    "CountTooLarge",
    "DirectoryGivenUp",
    "DirectoryUnreadable",
    "GroupsMismatch",
    "HalfUnreadable",
    "InHalf",
    "NilBuckets",
    "NoSuchBucket",
    "NoSuchGroup",
    "NoSuchNode",
    "NoSuchTable",
    "NoTable",
    "NoTables",
    "NodeTrouble",
    "Note",
    "OneGroupOnly",
    "RootNil",
    "SmallOverfull",
    "TableAgain",
    "TablesOverfull",
    "Unreadable",
    "UnusedUnreadable",
    "WrongDirLen",
]


class Note(Facts):
    """Something that could not be shown, or that is not as it must be; ``address``: where."""

    address: int


class Unreadable(Note):
    """Buckets or groups, LENGTH of them from number FIRST on; all but TRIED were given up. WHAT: their role."""

    what: str
    first: int
    length: int
    tried: int


# Of classic maps.


class AbsurdB(Note):
    """2^B buckets of SIZE bytes fit in no address space."""

    b: int
    size: int


class NilBuckets(Note):
    """buckets is nil, but there are to be COUNT entries or, if that is 0, 2^B buckets."""

    count: int
    b: int


class CountTooLarge(Note):
    """count is more than so many buckets can hold."""

    count: int
    buckets: int


class NoSuchBucket(Note):
    """A walk was to show bucket NUMBER of a map that has BUCKETS."""

    number: int
    buckets: int


class ChainTrouble(Enum):
    """Why a chain is not followed further."""

    CIRCLE = auto()
    OTHER_CHAIN = auto()
    TOO_LONG = auto()
    UNREADABLE = auto()


class BrokenChain(Note):
    """An overflow pointer to ADDRESS that is not followed.

    Attributes:
        role, index, bucket: of the bucket that has it: what it is, its chain's number, where it is.
        trouble: why.
        detail: where it cannot be read; how many buckets the chain has if it is too long.
    """

    role: str
    index: int
    bucket: int
    trouble: ChainTrouble
    detail: int = 0


class UnusedUnreadable(Note):
    """What extra.nextOverflow leads to."""


# Of Swiss maps.


class SmallOverfull(Note):
    """used is more than the SLOTS of a map's only group."""

    used: int
    slots: int


class WrongDirLen(Note):
    """dirLen is not 2^globalDepth; BELIEVED entries of the directory are shown."""

    length: int
    depth: int
    believed: int


class TablesOverfull(Note):
    """used is more than the tables' CAPACITY."""

    used: int
    capacity: int


class NoSuchTable(Note):
    """A walk was to show the table of a directory ENTRY that leads to none; the directory has LENGTH."""

    entry: int
    length: int


class NoSuchGroup(Note):
    """A walk was to show group NUMBER of tables of which the largest has MOST."""

    number: int
    tables: int
    most: int


class OneGroupOnly(Note):
    """A walk was to show another than the only group of a map."""


class _Entries(Note):
    """Directory entries FIRST to LAST."""

    first: int
    last: int


class DirectoryUnreadable(_Entries):
    """They cannot be read."""


class TableAgain(_Entries):
    """They lead to a TABLE to which directory entry OTHER did."""

    table: int
    other: int


class NoTable(_Entries):
    """They lead to a TABLE that cannot be read, for FAILED cannot."""

    table: int
    failed: int


class DirectoryGivenUp(_Entries):
    """They are not tried, since BAD before them in a row lead nowhere."""

    bad: int


class GroupsMismatch(Note):
    """lengthMask and capacity of the table at ADDRESS do not agree; GROUPS of its groups are shown."""

    length_mask: int
    capacity: int
    groups: int


# Of sync.Map.


class HalfUnreadable(Note):
    """What HALF, read or dirty, leads to: FAILED cannot be read."""

    half: str
    failed: int


class InHalf(Note):
    """A note about the map in HALF: read or dirty."""

    half: str
    note: Note


class RootNil(Note):
    """The map has no root, and says that it has been used."""


class NoTables(Note):
    """A walk was to show a table of a map that has none."""


class NoSuchNode(Note):
    """A walk was to show indirect node NUMBER of a map that has NODES."""

    number: int
    nodes: int


class NodeTrouble(Enum):
    """Why a node is not shown, or not followed."""

    AGAIN = auto()
    CHAIN_AGAIN = auto()
    IS_ENTRY = auto()
    OTHER_PARENT = auto()
    TOO_DEEP = auto()
    UNREADABLE = auto()


class BadNode(Note):
    """The node at the end of PATH (empty for the root) that is at NODE.

    Attributes:
        link: which of a chain it is; 0 for its head, and for what is no chain.
        trouble: what is wrong with it.
        detail: its parent, if that is another one.
    """

    path: str
    link: int
    node: int
    trouble: NodeTrouble
    detail: int = 0
