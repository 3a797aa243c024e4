"""The functions on all stacks: those that threads are on, and those that no thread leads to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gomap.goruntime.positions import Positions
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.target import Target, Thread

__all__ = ["functions_on_stacks"]


def functions_on_stacks(target: Target, threads: Sequence[Thread] = ()) -> Iterator[str]:
    """The functions' full names, innermost first, stack by stack; none where the runtime cannot be read.

    Args:
        threads: where each thread stands.
    """
    try:
        known = Positions(target, threads)
        stands = [*known.threads, *known.interrupted(), *known.in_clock(), *known.off_thread()]
    except (LayoutError, ReadError):
        return
    for stand in stands:
        try:
            for frame in known.frames.on(stand.sp, stand.pc, stand.lr, exact=stand.exact):
                yield frame.function.name
        except ReadError:
            continue
