"""What a verdict had to leave open: what could not be looked at, and what would tell more."""

from __future__ import annotations

from enum import Enum, auto
from typing import Union

from gomap.expressions.go_values import ExpressionError
from gomap.program.facts import Facts
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError

__all__ = [
    "FirstMapsOnly",
    "Gap",
    "GoroutinesUnread",
    "LocksNotSought",
    "MapNotChecked",
    "MoreLocks",
    "PathNotSought",
    "StacksNotFollowed",
    "StacksUnread",
    "Uncomparable",
    "WouldTell",
]


class Uncomparable(Facts):
    """The METHOD of a sync.Map was given a value to compare with that cannot be compared, as the message says."""

    method: str


class PathNotSought(Facts):
    """Nobody looked for a path to the map; ERROR: why; None: it was interrupted."""

    error: LayoutError | ReadError | None


class MapNotChecked(Facts):
    """A map could not be checked."""

    error: LayoutError | ReadError


class LocksNotSought(Facts):
    """Nobody looked for locks beside the map."""

    error: LayoutError | ReadError | ExpressionError


class MoreLocks(Facts):
    """So many more locks are among the variables of a PACKAGE."""

    number: int
    package: str


class FirstMapsOnly(Facts):
    """Of the maps that goroutines are inside of only so many were looked at."""

    number: int


class GoroutinesUnread(Facts):
    """Some goroutines cannot be read: how many, or why none of the runtime's list can."""

    unread: int | ReadError


class StacksUnread(Facts):
    """So many stacks cannot be read to their end; that of a GOROUTINE, by number, because of ERROR."""

    number: int
    goroutine: int
    error: ReadError


class StacksNotFollowed(Facts):
    """Of so many goroutines that were running nothing tells where they stood; GOROUTINE: the number of one."""

    number: int
    goroutine: int


Gap = Union[
    Uncomparable,
    PathNotSought,
    MapNotChecked,
    LocksNotSought,
    MoreLocks,
    FirstMapsOnly,
    GoroutinesUnread,
    StacksUnread,
    StacksNotFollowed,
]


class WouldTell(Enum):
    """What would tell more."""

    #: Whether a sync.Map was copied, which copies its mutexes as they are.
    COPIED = auto()
    #: The caller's variables, in a build without optimisation.
    CALLERS_VARIABLES = auto()
    #: The core of another death.
    NEXT_CORE = auto()
    #: A build with the race detector or, where C is called, with the address sanitizer.
    SANITIZER = auto()
    #: A build with the race detector.
    RACE_DETECTOR = auto()
    #: A core that is all there.
    WHOLE_CORE = auto()
