"""What tells which map an operation is on, and why its key is not known; gomap.maps.operation_wording says it in words.

``function`` is the name of the function that the program called for the operation, unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Union

from gomap.program.facts import Facts

__all__ = [
    "AddressPassed",
    "ArgumentLost",
    "HeaderOfUnknownType",
    "HeadersOnStack",
    "IteratorOfCaller",
    "KeyUnknown",
    "MapEvidence",
    "NilMap",
    "NotDescribed",
    "OneOfMaps",
    "OnlyHeaderInReach",
    "OnlyHeaderOnStack",
    "OnlyMapOfProcess",
    "OnlyMapOfType",
    "OnlySyncMapOfCaller",
    "OnlySyncMapOnStack",
    "Passed",
    "SyncMapsOnStack",
    "TooLarge",
    "TypeUnknown",
    "Unopened",
]

# What tells the map, or that nothing does.


class NilMap(Facts):
    """The function panics, which it does for a nil map."""


class Passed(Facts):
    """An argument of FUNCTION: the one that is called ARGUMENT, or leads to an iterator at that address."""

    argument: str | int
    function: str


class HeaderOfUnknownType(Facts):
    """The argument that is PASSED leads to a header at ADDRESS, and nothing tells the map's type."""

    passed: Passed
    address: int


class AddressPassed(Facts):
    """The code of FUNCTION, the caller, passes the address of a sync.Map."""

    function: str


class OnlySyncMapOfCaller(Facts):
    """FUNCTION, the caller, gets to one sync.Map alone, by PATH."""

    function: str
    path: str


class OnlySyncMapOnStack(Facts):
    """The receiver is not known; of all words on the frames one leads to what looks like a sync.Map."""


class SyncMapsOnStack(Facts):
    """The receiver is not known; no word on the frames leads to a sync.Map, or several do to those at ADDRESSES."""

    addresses: Sequence[int]


class Unopened(Facts):
    """By what was PASSED a map of the type called TYPE is at ADDRESS; opening it ended with ERROR."""

    passed: Passed | AddressPassed | OnlySyncMapOfCaller | OnlySyncMapOnStack
    type: str
    address: int
    error: Exception


class IteratorOfCaller(Facts):
    """The iterator at ADDRESS, which is in the frame of FUNCTION, the caller of the operation."""

    address: int
    function: str


class OnlyMapOfType(Facts):
    """FUNCTION, the caller, passes the map's type, and gets to one map of that type alone, by PATH."""

    function: str
    path: str


class OnlyHeaderInReach(Facts):
    """FUNCTION, the caller, passes the map's type; its frame leads to one header alone that may be of such a map."""

    function: str


class OnlyMapOfProcess(Facts):
    """FUNCTION, the caller, passes the map's type, and the heap has one map of that type alone."""

    function: str


class OneOfMaps(Facts):
    """FUNCTION, the caller, passes TYPE, of which the heap has so many maps; some of them are reached by PATHS."""

    function: str
    type: str
    number: int
    paths: Sequence[str]


class OnlyHeaderOnStack(Facts):
    """No argument is known; of all words on the frames one leads to a header."""

    function: str


class HeadersOnStack(Facts):
    """No argument is known; none of the words on the frames leads to a header, or several to those at ADDRESSES."""

    function: str
    addresses: Sequence[int]


MapEvidence = Union[
    NilMap,
    Passed,
    HeaderOfUnknownType,
    Unopened,
    IteratorOfCaller,
    OnlyMapOfType,
    OnlyHeaderInReach,
    OnlyMapOfProcess,
    OneOfMaps,
    OnlyHeaderOnStack,
    HeadersOnStack,
    AddressPassed,
    OnlySyncMapOfCaller,
    OnlySyncMapOnStack,
    SyncMapsOnStack,
]

# Why a key is not known; an error says itself why it is not.


class NotDescribed(Facts):
    """The debug information does not have it where FUNCTION stands."""

    function: str


class ArgumentLost(Facts):
    """The argument of FUNCTION that has it and is called ARGUMENT is lost; WHY: what became of it."""

    argument: str
    function: str
    why: str


class TypeUnknown(Facts):
    """It can be found, but nothing tells its type."""


class TooLarge(Facts):
    """It has so many bytes."""

    size: int


KeyUnknown = Union[NotDescribed, ArgumentLost, TypeUnknown, TooLarge, Exception]
