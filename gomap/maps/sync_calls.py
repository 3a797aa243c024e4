"""Methods of sync.Map on a stack: what each does, and to which sync.Map.

Sources: sync/map.go up to Go 1.23; from Go 1.24 on internal/sync/hashtriemap.go, whose HashTrieMap serves others too:
it is a sync.Map's where one of that one's methods, which are inlined in their callers, has called it. The map is each
method's receiver, its first argument. Where the debug information has lost that, the caller's code may say which
address it passes; otherwise what has the shape of a sync.Map is looked for among the words on the frames, and then it
is only likely.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gomap.goruntime.tracebacks import CallFrame
from gomap.maps.callers import site_of
from gomap.maps.hash_trie import HashTrie
from gomap.maps.model import GoMap
from gomap.maps.naming import maps_from
from gomap.maps.opening import open_map
from gomap.maps.operation_facts import (
    AddressPassed,
    MapEvidence,
    OnlySyncMapOfCaller,
    OnlySyncMapOnStack,
    Passed,
    SyncMapsOnStack,
    Unopened,
)
from gomap.maps.read_dirty import ReadDirty
from gomap.maps.recognition import header_at
from gomap.maps.syncmap import is_sync_map, trie_of
from gomap.program.frames import FrameVariable
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["SyncMapFound", "method_kind", "of_sync_map", "part_of_sync_map", "sync_map_of"]

_METHOD = re.compile(r"sync\.\(\*Map\)\.(?P<method>\w+)")
#: Methods of a HashTrieMap, of whatever types that is: the runtime's tables leave those out.
_OF_TRIES = re.compile(r"internal/sync\.\(\*HashTrieMap\[")
#: Functions that only they call.
_PART = re.compile(
    r"internal/sync\.(?:\(\*(?:entry|indirect|node)\[|new(?:Indirect|Entry)Node\[)|"
    r"sync\.(?:\(\*(?:entry|readOnly)\)\.|newEntry\b)"
)
#: The type of the receiver, in the debug information.
_TRIE = re.compile(r"internal/sync\.HashTrieMap\[(?:go\.shape\.)?interface \{\},(?:go\.shape\.)?interface \{\}\]")
#: What a method does; those that are missing serve several others.
_KINDS = {
    "Load": "access",
    **dict.fromkeys(("Store", "LoadOrStore", "Swap", "CompareAndSwap"), "assign"),
    **dict.fromkeys(("Delete", "LoadAndDelete", "CompareAndDelete"), "delete"),
    "Range": "iterate",
    "Clear": "clear",
}
#: The runtime's functions that hash and compare keys and values of type any: what a trie's header leads to.
_OF_ANYS = "runtime.nilinter"
#: Misses that a sync.Map never has, as far as a number found by chance is concerned.
_MOST_MISSES = 1 << 32


class SyncMapFound(NamedTuple):
    """The sync.Map that a method was called on.

    Attributes:
        map: the map; None if it cannot be told.
        by: what tells, or why nothing does.
        certain: whether that is beyond doubt.
    """

    map: GoMap | None
    by: MapEvidence
    certain: bool


def method_kind(function: str) -> str | None:
    """What the function of that name does to a sync.Map; None if it is no method that the program calls."""
    found = _METHOD.match(function)
    return None if found is None else _KINDS.get(found["method"])


def of_sync_map(function: str) -> bool:
    """Whether the function of that name is a method of sync.Map."""
    return bool(_METHOD.match(function))


def part_of_sync_map(function: str) -> bool:
    """Whether the function of that name is a method of sync.Map, or one that these call for their work."""
    return bool(_METHOD.match(function) or _OF_TRIES.match(function) or _PART.match(function))


def sync_map_of(
    program: Program,
    arguments: Iterable[tuple[FrameVariable, str]],
    caller: CallFrame | None,
    of_caller: Sequence[FrameVariable],
    words: Iterable[int],
) -> SyncMapFound:
    """The sync.Map that a goroutine is inside a method of.

    Args:
        arguments: of the functions on its stack that are part of that, the first one's first, each with its name.
        caller: the call that it was called in.
        of_caller: that one's variables.
        words: what stands on the frames.

    Raises LayoutError.
    """
    type = program.type_named("sync.Map")
    if type is None:
        return SyncMapFound(None, SyncMapsOnStack([]), False)
    for variable, function in arguments:
        address = _receiver(program, type, variable)
        if address:
            return _opened(program, type, address, Passed(variable.name, function), True)
    site = None if caller is None else site_of(program, caller)
    if caller is not None and site is not None and site.first and _has_receiver(site.function.name):
        return _opened(program, type, site.first, AddressPassed(caller.call.name), True)
    reached = {header: path for header, path, one in maps_from(program, of_caller) if is_sync_map(one)}
    if caller is not None and len(reached) == 1:
        ((address, path),) = reached.items()
        return _opened(program, type, address, OnlySyncMapOfCaller(caller.call.name, path), False)
    found = [word for word in dict.fromkeys(words) if _has_the_shape(program, type, word)]
    if len(found) == 1:
        return _opened(program, type, found[0], OnlySyncMapOnStack(), False)
    return SyncMapFound(None, SyncMapsOnStack(found), False)


def _opened(
    program: Program,
    type: GoType,
    address: int,
    by: Passed | AddressPassed | OnlySyncMapOfCaller | OnlySyncMapOnStack,
    certain: bool,
) -> SyncMapFound:
    try:
        return SyncMapFound(open_map(program, type, address), by, certain)
    except (LayoutError, ReadError) as error:
        return SyncMapFound(None, Unopened(by, type.name, address, error), certain)


def _has_receiver(function: str) -> bool:
    """Whether the first argument of the function of that name is a sync.Map, or its trie, with which it begins."""
    return bool(_METHOD.match(function) or _OF_TRIES.match(function))


def _receiver(program: Program, type: GoType, variable: FrameVariable) -> int:
    """The sync.Map that an argument points to, or whose trie it points to; 0 if it does neither."""
    if not variable.pieces or variable.type.kind is not Kind.POINTER:
        return 0
    elem, trie = variable.type.elem, trie_of(type)
    inside = 0 if is_sync_map(elem) else trie.offset if trie is not None and _TRIE.fullmatch(elem.name) else -1
    if inside < 0:
        return 0
    try:
        address = int.from_bytes(variable.read(program.memory), program.byte_order)
    except ReadError:
        return 0
    return address - inside if address > inside else 0


def _has_the_shape(program: Program, type: GoType, address: int) -> bool:
    """Whether what is at ADDRESS looks like a sync.Map that has been used."""
    if not address or address % program.pointer_size:
        return False
    try:
        map = open_map(program, type, address)
        if isinstance(map, HashTrie):
            return _like_trie(map)
        return isinstance(map, ReadDirty) and _like_halves(program, map)
    except (LayoutError, ReadError):
        return False


def _like_trie(map: HashTrie) -> bool:
    """Two of three tell, so that one may be damaged: both functions, and a node that has no parent as the root."""
    if map.header["inited"] != 1:
        return False
    told = 0
    for name in ("keyHash", "valEqual"):
        try:
            told += map.function(map.header[name]).startswith(_OF_ANYS)
        except ReadError:
            continue
    try:
        root = map.read_indirect(map.header["root"], "")
        told += not root.is_entry and not root.parent
    except ReadError:
        pass
    return told > 1


def _like_halves(program: Program, map: ReadDirty) -> bool:
    """At least one half is a map's header, each other one is too or nil, and misses is a number of lookups."""
    if not 0 <= map.header["misses"] < _MOST_MISSES:
        return False
    halves = [half for half in map.halves.values() if half is not None]
    return bool(halves) and all(
        isinstance(half, GoMap)
        and (found := header_at(program, half.address)) is not None
        and (found.type is None or found.type.name == half.type.name)
        for half in halves
    )
