"""In words: what tells which map an operation is on, and why its key is not known."""

from __future__ import annotations

from collections.abc import Sequence

from gomap.maps.operation_facts import (
    AddressPassed,
    ArgumentLost,
    HeaderOfUnknownType,
    HeadersOnStack,
    IteratorOfCaller,
    KeyUnknown,
    MapEvidence,
    NilMap,
    NotDescribed,
    OneOfMaps,
    OnlyHeaderInReach,
    OnlyHeaderOnStack,
    OnlyMapOfProcess,
    OnlyMapOfType,
    OnlySyncMapOfCaller,
    OnlySyncMapOnStack,
    Passed,
    SyncMapsOnStack,
    TooLarge,
    TypeUnknown,
    Unopened,
)

__all__ = ["key_unknown_text", "told_by_text"]


def told_by_text(by: MapEvidence) -> str:
    """What tells the map, or why nothing does: ``argument m of runtime.mapassign_faststr``."""
    match by:
        case NilMap():
            return "it is nil, which is what the function panics for"
        case Passed(argument=int(address)):
            return f"the iterator at {address:#x} of {by.function}"
        case Passed():
            return f"argument {by.argument} of {by.function}"
        case HeaderOfUnknownType():
            return f"{told_by_text(by.passed)} is a header at {by.address:#x}, and nothing tells the map's type"
        case Unopened():
            return f"{told_by_text(by.passed)} says that it is the {by.type} at {by.address:#x}: {by.error}"
        case IteratorOfCaller():
            return f"the iterator at {by.address:#x}, in the frame of {by.function}"
        case OnlyMapOfType():
            return f"{by.function} passes this type, and gets to no other map of it: {by.path}"
        case OnlyHeaderInReach():
            return f"{by.function} passes this type, and no other header of such a map is within a pointer of its frame"
        case OneOfMaps():
            more = ", ..." if by.number > len(by.paths) else ""
            return f"{by.function} passes {by.type}, and the heap has {by.number}: {', '.join(by.paths)}{more}"
        case OnlyMapOfProcess():
            return f"{by.function} passes this type, and the heap has no other map of it"
        case OnlyHeaderOnStack():
            return f"{_no_arguments(by.function)}; no other header is on its stack"
        case HeadersOnStack(addresses=[]):
            return f"{_no_arguments(by.function)}, and no word on its stack leads to a header"
        case HeadersOnStack():
            return f"{_no_arguments(by.function)}, and {_in_hex(by.addresses)} on its stack are headers"
        case AddressPassed():
            return f"{by.function} passes its address"
        case OnlySyncMapOfCaller():
            return f"{by.function} gets to no other sync.Map: {by.path}"
        case OnlySyncMapOnStack():
            return "its receiver is not known here; nothing else on its stack leads to a sync.Map"
        case SyncMapsOnStack(addresses=[]):
            return "its receiver is not known here, and no word on its stack leads to a sync.Map"
        case SyncMapsOnStack():
            return f"its receiver is not known here, and {_in_hex(by.addresses)} on its stack are sync.Maps"


def _in_hex(addresses: Sequence[int]) -> str:
    return ", ".join(f"{address:#x}" for address in addresses)


def _no_arguments(function: str) -> str:
    return f"the arguments of {function} are not known here"


def key_unknown_text(why: KeyUnknown) -> str:
    """``its type is not known``."""
    match why:
        case NotDescribed():
            return f"the debug information does not have it at {why.function}"
        case ArgumentLost():
            return f"the argument {why.argument} of {why.function} {why.why}"
        case TypeUnknown():
            return "its type is not known"
        case TooLarge():
            return f"it has {why.size} bytes"
        case _:
            return str(why)
