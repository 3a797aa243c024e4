"""The functions on all stacks: those that threads are on, and those that no thread leads to."""

from __future__ import annotations

from collections.abc import Sequence

from gomap.goruntime.positions import positions_of
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program, until_it_moves

__all__ = ["functions_on_stacks"]


@until_it_moves
def functions_on_stacks(program: Program) -> Sequence[Sequence[str]]:
    """Of each stack the functions' full names, innermost first; no stacks where the runtime cannot be read."""
    try:
        known = positions_of(program)
        stands = [*known.threads, *known.interrupted(), *known.in_clock(), *known.off_thread()]
    except (LayoutError, ReadError):
        return ()
    stacks: list[list[str]] = []
    for stand in stands:
        names: list[str] = []
        stacks.append(names)
        try:
            for frame in known.frames.on(stand.sp, stand.pc, stand.lr, exact=stand.exact):
                names.append(frame.function.name)
        except ReadError:
            continue
    return stacks
