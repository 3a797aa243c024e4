"""Whether anybody was writing to a map when the program stopped, by the functions on the stacks."""

from __future__ import annotations

import re

import gdb

from gomap.goruntime.hidden_stacks import functions_of_parked
from gomap.program.target import Target

__all__ = ["somebody_writes"]

#: What changes maps: runtime.mapassign_faststr, runtime.mapdelete, runtime.evacuate_fast64, and all of package maps.
_WRITES = re.compile(r"\b(runtime\.(map(assign|delete|clear)|evacuate|growWork|hashGrow)|internal/runtime/maps\.)")
#: Frames to look at from the innermost on: a write allocates, which may lead far into the runtime.
_FRAMES = 64


def somebody_writes(target: Target) -> bool:
    """Whether a thread or a goroutine without one is inside a map write. The selected thread and frame stay."""
    if gdb.selected_thread() is None:
        return False
    if _WRITES.search(_of_all_threads(f"backtrace -frame-arguments none {_FRAMES}")):
        return True
    said = _of_all_threads('frame apply 1 -s -q printf "%lu %lu\\n", $sp, $pc')
    threads = [(int(sp), int(pc)) for sp, pc in re.findall(r"^(\d+) (\d+)$", said, re.MULTILINE)]
    return any(map(_WRITES.match, functions_of_parked(target, threads)))


def _of_all_threads(command: str) -> str:
    """What that command says of each thread."""
    # As a command whose output is caught, since GDB warns of cores whose registers it does not like.
    said: str = gdb.execute(f"thread apply all -s -q {command}", to_string=True)
    return said
