"""Whether anybody was writing to a map when the program stopped, by the functions on all stacks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gomap.goruntime.hidden_stacks import functions_on_stacks
from gomap.program.program import Program, until_it_moves

__all__ = ["WRITES_MAPS", "somebody_deletes_in_trie", "somebody_in_sync_map", "somebody_writes"]

#: Functions that change maps: runtime.mapassign_faststr, runtime.mapdelete, runtime.evacuate_fast64; and all of Swiss
#: maps' own package, for a write's innermost frames may be in any of it.
WRITES_MAPS = re.compile(r"runtime\.(map(assign|delete|clear)|evacuate|growWork|hashGrow)|internal/runtime/maps\.")

#: The methods of sync.Map, of both kinds: sync.(*Map).Swap, internal/sync.(*HashTrieMap[go.shape...]).Swap. Those that
#: lock are too large to be inlined.
_IN_SYNC_MAP = re.compile(r"\bsync\W+Map\b|\bHashTrieMap\b")
#: Those that hold one mutex while they wait for another, and leave a dead node in place until they have it.
_DELETES = re.compile(r"\bHashTrieMap\b.*\.(?:LoadAndDelete|CompareAndDelete)\b")
#: Where a goroutine that waits for a mutex stands, innermost first; it has not got it while it is in the first.
_WAITING = (
    re.compile(r"(?:internal/)?sync\.runtime_SemacquireMutex$"),
    re.compile(r"(?:internal/)?sync\.\(\*Mutex\)\.lockSlow$"),
)


@until_it_moves
def somebody_writes(program: Program) -> bool:
    """Whether a thread, or a goroutine without one, is inside a map write."""
    return any(WRITES_MAPS.match(name) for stack in functions_on_stacks(program) for name in stack)


@until_it_moves
def somebody_in_sync_map(program: Program) -> bool:
    """Whether a thread, or a goroutine without one, is inside a sync.Map, and may be changing it.

    Who waits for a mutex changes nothing, and has none, but for a deletion.
    """
    return any(map(_may_change, functions_on_stacks(program)))


@until_it_moves
def somebody_deletes_in_trie(program: Program) -> bool:
    """Whether a thread, or a goroutine without one, is inside a deletion from a sync.Map of Go 1.24 or later."""
    return any(_DELETES.search(name) for stack in functions_on_stacks(program) for name in stack)


def _may_change(stack: Sequence[str]) -> bool:
    entered = next((number for number, name in enumerate(stack) if _IN_SYNC_MAP.search(name)), None)
    if entered is None:
        return False
    inner = stack[max(entered - len(_WAITING), 0) : entered]
    waits = len(inner) == len(_WAITING) and all(map(re.Pattern.match, _WAITING, inner))
    return not waits or bool(_DELETES.search(stack[entered]))
