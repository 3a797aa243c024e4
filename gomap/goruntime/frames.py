"""Which functions are on a stack, by the table that the runtime itself unwinds its stacks with.

From the depth of a function's frame at an instruction (gomap.goruntime.functions) follows where the address to return
to is, so a stack can be followed from wherever it was left: from a function's first instructions too, where the frame
pointer is still the caller's and leads past it (runtime/traceback.go: unwinder).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gomap.goruntime.functions import Function, functions_of
from gomap.program.program import Program, until_it_moves
from gomap.program.target import pointer_at

__all__ = ["Frame", "Frames", "frames_of", "words_of"]

#: Frames of a stack past which none are looked at, unless asked for.
_MOST_FRAMES = 64
#: Words of frames that are looked at.
_MOST_WORDS = 1 << 13
#: Functions that a signal's handler makes it look as if the interrupted function had called them (isInjectedCall).
_INJECTED = ("runtime.sigpanic", "runtime.asyncPreempt", "runtime.debugCallV2")
#: It keeps the link register on the stack before, as much of it as has to be aligned (sigctxt.preparePanic, pushCall).
_KEPT_LR = 16
#: Under a handler, which nothing calls, is what the kernel put there.
_HANDLER = "runtime.sigtramp"
#: It moves the stack pointer, and yet sees to it that both stacks can be followed through it.
_CALLED_BY_C = "runtime.cgocallback"


class Frame(NamedTuple):
    """A function's frame on a stack.

    Attributes:
        sp: the stack pointer in it.
        pc: the instruction that it is at; in a function that has called another one, the address to return to.
        base: what the stack pointer will be once it has returned (DWARF's CFA); None if no table tells.
        arguments: where those of its arguments are that are not in registers, and room for the others; likewise.
        function: whose it is.
        exact: PC is an instruction that was about to run, not an address to return to.
    """

    sp: int
    pc: int
    base: int | None
    arguments: int | None
    function: Function
    exact: bool

    @property
    def inside(self) -> int:
        """An address in the instruction that it is in the middle of."""
        return self.pc if self.exact or self.pc == self.function.entry else self.pc - 1


class Frames:
    """How stacks are followed. Raises LayoutError if the runtime's types are not as expected, and ReadError."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._word = program.pointer_size
        self.functions = functions_of(program)

    def on(self, sp: int, pc: int, lr: int = 0, *, exact: bool = True, most: int = _MOST_FRAMES) -> Iterator[Frame]:
        """The frames on a stack, from the innermost on, MOST of them. Raises ReadError.

        Args:
            sp, pc: those of the innermost one.
            lr: the link register, on machines that have one.
            exact: whether PC is an instruction that was about to run.
        """
        for number in range(most):
            function = self.functions.at(pc)
            if function is None:
                return
            depth = self.functions.depth(pc)
            pushed = self._word if function.quantum == 1 else 0  # amd64 and 386: a call pushes the address to return to
            base = None if depth is None else sp + depth + pushed
            # Elsewhere a caller keeps its link register lowest on its stack (sys.MinFrameSize).
            arguments = None if base is None else base + self._word - pushed
            yield Frame(sp, pc, base, arguments, function, exact)
            if base is None or depth is None:
                return
            if function.outermost and not function.name.startswith(_HANDLER):
                return
            if number and function.moves_stack and not function.name.startswith((_HANDLER, _CALLED_BY_C)):
                return
            if pushed:
                pc = pointer_at(self._program, base - self._word)
            else:
                pc, lr = lr if lr and not depth else pointer_at(self._program, sp), 0
            sp, exact = base, function.name in _INJECTED
            if exact and not pushed:
                lr, sp = pointer_at(self._program, sp), sp + _KEPT_LR


def words_of(program: Program, inner: Frame, outer: Frame) -> dict[int, int]:
    """The words on a stack by their addresses: of the frames from INNER to OUTER, and what the arguments of OUTER's
    function take on its caller's; as far as they can be read."""
    word, order = program.pointer_size, program.byte_order
    end = (outer.arguments or outer.sp) + outer.function.args
    length = min(max(end - inner.sp, 0) // word, _MOST_WORDS) * word
    content = program.memory.read(inner.sp, program.memory.readable(inner.sp, length) // word * word)
    return {inner.sp + at: int.from_bytes(content[at : at + word], order) for at in range(0, len(content), word)}


@until_it_moves
def frames_of(program: Program) -> Frames:
    """How the program's stacks are followed. Raises LayoutError, ReadError."""
    return Frames(program)
