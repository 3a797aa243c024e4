"""Where goroutines really stand: on a thread, interrupted by a signal, behind another stack, or on no thread at all.

A goroutine that was taken off its thread, to help the collector in the middle of a map write say, is on none; and one
that called the runtime's systemstack, or whose stack has to grow, is hidden behind the thread's g0. All left in g.sched
where they stand (runtime/runtime2.go), which is cleared as they go on. One that asks for the time lends its thread to
the kernel's code, again on g0's stack, and says in m.vdsoSP and m.vdsoPC where from. And what a signal's handler
interrupted is in the frame that the kernel made under it, and that a function called sigreturn has it take back: the
runtime's, in a program that uses cgo the C library's, on arm64 the kernel's own. GDB knows the runtime's by its name,
but only as Go 1.21 and later call it, and not from within; Delve guesses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

from gomap.goruntime.frames import Frame, frames_of
from gomap.goruntime.goroutines import Goroutine, goroutines_of, threads
from gomap.program.memory import ReadError
from gomap.program.program import Program, until_it_moves
from gomap.program.target import Thread, pointer_at

__all__ = ["Position", "Positions", "RuntimeThread", "positions_of"]

#: Goroutines past which none are looked at.
_MOST = 1 << 14
#: Handlers of signals in one another.
_MOST_NESTED = 4
#: Offsets of the stack pointer and the instruction in Linux's struct ucontext, by GOARCH.
_INTERRUPTED = {"amd64": (160, 168), "386": (48, 76), "arm64": (432, 440)}
#: Where its registers begin, and which, as DWARF numbers them, its words from there on are; None: segments.
#: (asm/sigcontext.h)
_CONTEXT: dict[str, tuple[int, Sequence[int | None]]] = {
    "amd64": (40, (8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7)),
    "386": (20, (None, None, None, None, 7, 6, 5, 4, 3, 2, 1, 0)),
    "arm64": (184, range(31)),
}
#: arm64's link register; and the size of struct siginfo, which precedes struct ucontext in the kernel's frame.
_LR, _SIGINFO = 30, 128
_NO_REGISTERS: Mapping[int, int] = MappingProxyType({})


class Position(NamedTuple):
    """Where a stack begins to be followed.

    Attributes:
        sp, pc, lr: stack pointer, instruction and link register.
        exact: PC is an instruction that was about to run; otherwise an address to return to.
        registers: the others, where PC is exact and they are known.
    """

    sp: int
    pc: int
    lr: int = 0
    exact: bool = True
    registers: Mapping[int, int] = _NO_REGISTERS


class RuntimeThread(NamedTuple):
    """A thread of the runtime's (runtime.m).

    Attributes:
        id: its number in the runtime.
        lwp: the operating system's number for it.
        curg: the g of the goroutine that it runs.
        vdso_sp, vdso_pc: from where it called the kernel's code.
    """

    id: int
    lwp: int
    curg: int
    vdso_sp: int
    vdso_pc: int


class Positions:
    """Where everybody stands in a program.

    Args:
        program: the program.

    Raises LayoutError if the runtime's types are not as expected, and ReadError.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self.frames = frames_of(program)
        self.goroutines = goroutines_of(program)
        self._standing = program.threads()
        self.threads = [Position(each.sp, each.pc, each.lr, True, each.registers) for each in self._standing]

    def interrupted(self) -> Iterator[Position]:
        """What threads that are in a signal's handler were doing when the signal came."""
        for thread in self.threads:
            yield from self._before_signals(thread)

    def off_thread(self) -> Iterator[Position]:
        """Where each goroutine is that left that in g.sched."""
        # A thread takes the stack pointer from there before it jumps where the goroutine goes on.
        switching = [each.sp for each in self.threads if self._name(each.pc) in ("gogo", "runtime.gogo")]
        for one in islice(self.goroutines.all(), _MOST):
            sp = one.sp or next((sp for sp in switching if one.lo <= sp < one.hi), 0)
            # One that ended may have given its stack back. While a stack moves, the old one is still in use.
            if one.lo <= sp < one.hi or (sp and one.moving):
                yield Position(sp, one.pc, one.lr, False)

    def in_clock(self) -> Iterator[Position]:
        """From where threads called the kernel's code."""
        for sp, pc in threads(self._program, ["vdsoSP", "vdsoPC"]):
            if sp:
                yield Position(sp, pc, 0, False)

    @cached_property
    def runtime_threads(self) -> Mapping[int, RuntimeThread]:
        """The threads that run goroutines, by the address of these one's g. Raises LayoutError."""
        fields = ["id", "procid", "curg", "vdsoSP", "vdsoPC"]
        found = (RuntimeThread(*numbers) for numbers in threads(self._program, fields))
        return {runtime_thread.curg: runtime_thread for runtime_thread in found if runtime_thread.curg}

    def goroutine_on(self, lwp: int) -> int | None:
        """The address of the g that the thread of that number runs; None: it runs none. Raises LayoutError."""
        return next((address for address, thread in self.runtime_threads.items() if thread.lwp == lwp), None)

    def of(self, one: Goroutine) -> Position | None:
        """Where that goroutine stands on its own stack; None if nothing tells. Raises LayoutError."""
        there = next((each for each in self._told(one) if one.lo <= each.sp < one.hi), None)
        # While its stack is moved, its bounds may be those of another one than it stands on.
        return Position(one.sp, one.pc, one.lr, False) if there is None and one.moving and one.sp else there

    def thread_of(self, one: Goroutine) -> Thread | None:
        """The operating system's thread that it is on, if that is known."""
        runtime_thread = self.runtime_threads.get(one.address)
        named = (each for each in self._standing if runtime_thread is not None and each.id == runtime_thread.lwp)
        # Inside a container threads have other numbers than outside of it.
        on_it = (each for each in self._standing if one.lo <= each.sp < one.hi)
        return next(named, None) or next(on_it, None)

    def of_thread(self, one: Goroutine) -> Iterator[Position]:
        """Where the thread that it is on stands, on whatever stack; then where that was before signals."""
        thread = self.thread_of(one)
        if thread is not None:
            position = Position(thread.sp, thread.pc, thread.lr, True, thread.registers)
            if self.frames.functions.at(thread.pc) is not None:
                yield position
            yield from self._before_signals(position)

    def _told(self, one: Goroutine) -> Iterator[Position]:
        """What may tell where it stands, the most reliable first."""
        yield from self.of_thread(one)
        runtime_thread = self.runtime_threads.get(one.address)
        if runtime_thread is not None:
            yield Position(runtime_thread.vdso_sp, runtime_thread.vdso_pc, 0, False)
            try:
                details = self.goroutines.details(one)
                yield Position(details.syscallsp, details.syscallpc, 0, False)
            except ReadError:
                pass
        yield Position(one.sp, one.pc, one.lr, False)

    def _before_signals(self, thread: Position) -> Iterator[Position]:
        """Where the thread was when the signal came whose handler it is in, if it is in one.

        A handler may be interrupted itself: by the SIGABRT that the runtime raises in it to leave a core, say.
        """
        position = self._before_signal(thread)
        for _ in range(_MOST_NESTED):
            if position is None:
                return
            yield position
            position = self._before_signal(position)

    def _before_signal(self, thread: Position) -> Position | None:
        """Where the thread was when the signal came in whose handler it is; None if it is in none."""
        try:
            for frame in self.frames.on(thread.sp, thread.pc, thread.lr):
                context = self._context(frame)
                if context is not None:
                    return self._interrupted(context)
        except ReadError:
            pass
        return None

    def _context(self, frame: Frame) -> int | None:
        """Where struct ucontext is that the kernel has made for a signal's handler; None if FRAME is not next to it."""
        name, word = frame.function.name, self._program.pointer_size
        above = None
        if name == "runtime.sigtramp":  # whatever it returns to
            above = frame.base
        elif name.startswith("runtime.sigreturn"):  # sigreturn__sigaction from Go 1.21 on
            above = frame.sp
        if above is None or self._program.architecture not in _CONTEXT:
            return None
        if self._program.architecture == "arm64":
            return above + _SIGINFO
        # The handler's third argument is the context; amd64 passes arguments in registers.
        return above if word == 8 else pointer_at(self._program, above + 2 * word)

    def _interrupted(self, context: int) -> Position:
        """What the struct ucontext at CONTEXT says."""
        program, word = self._program, self._program.pointer_size
        sp, pc = (pointer_at(program, context + offset) for offset in _INTERRUPTED[program.architecture])
        start, numbers = _CONTEXT[program.architecture]
        registers = {
            number: pointer_at(program, context + start + at * word)
            for at, number in enumerate(numbers)
            if number is not None
        }
        if program.architecture == "arm64":
            return Position(sp, pc, registers[_LR], True, registers)
        # runtime.doSigPreempt pushes the instruction, and puts asyncPreempt in its place then.
        if pointer_at(program, sp) == pc:
            sp += word
        return Position(sp, pc, 0, True, registers)

    def _name(self, pc: int) -> str:
        function = self.frames.functions.at(pc)
        return function.name if function is not None else ""


@until_it_moves
def positions_of(program: Program) -> Positions:
    """Where everybody in the program stands. Raises LayoutError, ReadError."""
    return Positions(program)
