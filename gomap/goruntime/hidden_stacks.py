"""The functions on all stacks: those that threads are on, and those that no thread leads to.

A goroutine that was taken off its thread, to help the collector in the middle of a map write say, is on none; and one
that called the runtime's systemstack, or whose stack has to grow, is hidden behind the thread's g0. All left in g.sched
where they stand (runtime/runtime2.go), which is cleared as they go on. One that asks for the time lends its thread to
the kernel's code, again on g0's stack, and says in m.vdsoSP and m.vdsoPC where from. And what a signal's handler
interrupted is in the frame that the kernel made under it and that runtime.sigreturn has it take back: GDB knows that
function by its name, but only as Go 1.21 and later call it, and not from within; Delve guesses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from gomap.goruntime.frames import Frames
from gomap.goruntime.goroutines import Goroutines
from gomap.goruntime.goroutines import threads as all_threads
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.target import Target, Thread, pointer_at

__all__ = ["functions_on_stacks"]

#: Stack pointer, instruction and link register.
_Stand = tuple[int, int, int]
#: Goroutines past which none are looked at.
_MOST = 1 << 14
#: Offsets of the stack pointer and the instruction in Linux's struct ucontext, by the size of a pointer.
_INTERRUPTED = {8: (160, 168), 4: (48, 76)}


def functions_on_stacks(target: Target, threads: Sequence[Thread] = ()) -> Iterator[str]:
    """The functions' full names, innermost first, stack by stack; none where the runtime cannot be read.

    Args:
        threads: where each thread stands.
    """
    running = [(thread.sp, thread.pc, thread.lr) for thread in threads]
    try:
        frames = Frames(target)
        stands = [*running, *_handling(target, frames, running), *_in_clock(target), *_off_thread(target, running)]
    except (LayoutError, ReadError):
        return
    for stand in stands:
        try:
            for _, pc in frames.on(*stand):
                yield _name(target, pc)
        except ReadError:
            continue


def _handling(target: Target, frames: Frames, threads: Sequence[_Stand]) -> Iterator[tuple[int, int]]:
    """Stack pointer and instruction of each thread that is in a signal's handler, when the signal came."""
    for thread in threads:
        try:
            for sp, pc in frames.on(*thread):
                if _name(target, pc).startswith("runtime.sigreturn"):  # sigreturn__sigaction from Go 1.21 on
                    yield _interrupted(target, sp)
        except ReadError:
            continue


def _interrupted(target: Target, sp: int) -> tuple[int, int]:
    """Stack pointer and instruction to which runtime.sigreturn, whose own stack pointer SP is, leads back."""
    word = target.pointer_size
    # The handler's third argument is the context; amd64 passes arguments in registers.
    context = sp if word == 8 else pointer_at(target, sp + 2 * word)
    sp, pc = (pointer_at(target, context + offset) for offset in _INTERRUPTED[word])
    # runtime.doSigPreempt pushes the instruction, and puts asyncPreempt in its place then.
    return (sp + word if pointer_at(target, sp) == pc else sp), pc


def _off_thread(target: Target, threads: Sequence[_Stand]) -> Iterator[_Stand]:
    """Stack pointer, instruction and link register of each goroutine, where it left them in g.sched."""
    # A thread takes the stack pointer from there before it jumps where the goroutine goes on.
    switching = [sp for sp, pc, _ in threads if _name(target, pc) in ("gogo", "runtime.gogo")]
    for one in islice(Goroutines(target).all(), _MOST):
        sp = one.sp or next((sp for sp in switching if one.lo <= sp < one.hi), 0)
        # One that ended may have given its stack back. While a stack moves, the old one is still in use.
        if one.lo <= sp < one.hi or (sp and one.moving):
            yield sp, one.pc, one.lr


def _in_clock(target: Target) -> Iterator[tuple[int, int]]:
    """Stack pointer and instruction from where a thread called the kernel's code."""
    for sp, pc in all_threads(target, ["vdsoSP", "vdsoPC"]):
        if sp:
            yield sp, pc


def _name(target: Target, pc: int) -> str:
    """The function's name, or nothing."""
    symbol = target.symbol_at(pc)
    return symbol.name if symbol is not None else ""
