"""The functions on the stacks of goroutines that do not run: those that wait, or whose thread is on its own stack.

A debugger shows threads. A goroutine that was taken off its thread, to help the collector in the middle of a map write
say, is on none; and one that called the runtime's systemstack is hidden behind the thread's g0. Both left in g.sched
where they stand (runtime/runtime2.go), which is cleared once they run. From there the frame pointers lead on: at each
stand the caller's frame pointer and the address to return to. amd64 and arm64 have them, 386 does not.
"""

from __future__ import annotations

from collections.abc import Iterator

from gomap.goruntime.record import Record, variable
from gomap.target.gotypes import LayoutError
from gomap.target.memory import ReadError
from gomap.target.target import Target

__all__ = ["functions_of_parked"]

#: Goroutines, and frames of each from the innermost on, past which none are looked at.
_MOST, _FRAMES = 1 << 14, 64


def functions_of_parked(target: Target) -> Iterator[str]:
    """The functions' full names, innermost first, goroutine by goroutine; none where the runtime cannot be read."""
    try:
        address, allgs = variable(target, "runtime.allgs")
        array, length = Record(allgs, ["array", "len"], target.byte_order).read(target.memory, address)
        g = Record(allgs.elem.elem, ["stack.lo", "stack.hi", "sched.sp", "sched.pc", "sched.bp"], target.byte_order)
        pointers = target.memory.read(array, min(length, _MOST) * target.pointer_size)
    except (LayoutError, ReadError):
        return
    for at in range(0, len(pointers), target.pointer_size):
        one = int.from_bytes(pointers[at : at + target.pointer_size], target.byte_order)
        try:
            lo, hi, sp, pc, bp = g.read(target.memory, one)
            if lo <= sp < hi:
                yield from _functions(target, sp, hi, pc, bp)
        except ReadError:
            continue


def _functions(target: Target, sp: int, hi: int, pc: int, bp: int) -> Iterator[str]:
    """The functions on one stack. Raises ReadError."""
    word, order = target.pointer_size, target.byte_order
    for _ in range(_FRAMES):
        symbol = target.symbol_at(pc)
        if symbol is None:
            return
        yield symbol.name
        if not sp <= bp < hi:  # each frame lies above the one that it called
            return
        frame = target.memory.read(bp, 2 * word)
        sp, bp, pc = bp + word, int.from_bytes(frame[:word], order), int.from_bytes(frame[word:], order)
