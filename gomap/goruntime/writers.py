"""Whether anybody was writing to a map when the program stopped, by the functions on all stacks."""

from __future__ import annotations

import re

from gomap.goruntime.hidden_stacks import functions_on_stacks
from gomap.program.program import Program, until_it_moves

__all__ = ["IN_SYNC_MAP", "WRITES_MAPS", "somebody_in_sync_map", "somebody_writes"]

#: Functions that change maps: runtime.mapassign_faststr, runtime.mapdelete, runtime.evacuate_fast64; and all of Swiss
#: maps' own package, for a write's innermost frames may be in any of it.
WRITES_MAPS = re.compile(r"runtime\.(map(assign|delete|clear)|evacuate|growWork|hashGrow)|internal/runtime/maps\.")

#: The methods of sync.Map, of both kinds: sync.(*Map).Swap, internal/sync.(*HashTrieMap[go.shape...]).Swap. Those that
#: lock are too large to be inlined.
IN_SYNC_MAP = re.compile(r"\bsync\W+Map\b|\bHashTrieMap\b")


@until_it_moves
def somebody_writes(program: Program) -> bool:
    """Whether a thread, or a goroutine without one, is inside a map write."""
    return any(map(WRITES_MAPS.match, functions_on_stacks(program)))


@until_it_moves
def somebody_in_sync_map(program: Program) -> bool:
    """Whether a thread, or a goroutine without one, is inside a sync.Map."""
    return any(map(IN_SYNC_MAP.search, functions_on_stacks(program)))
