"""The variables of functions on goroutines' stacks: names, and types to follow, for what hangs at them.

The debug information says which variables a function has at the instruction that it stands at. In code compiled without
optimisation it also names those that have no value yet, whose place holds whatever was there before: who follows one
has to see first whether what it leads to can be of its type.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gomap.goruntime.goroutines import Goroutine
from gomap.goruntime.tracebacks import call_variables, tracebacks
from gomap.program.frames import FrameVariable
from gomap.program.program import Program

__all__ = ["StackVariable", "stack_variables"]

#: What the functions of the runtime begin with.
_OF_RUNTIME = ("runtime.", "internal/runtime/")
#: Goroutines of which variables are named: a process with a hundred thousand has few kinds of them.
_MOST = 1000


class StackVariable(NamedTuple):
    """A variable that stands on a stack.

    Attributes:
        label: ``goroutine 12 main.worker: cache``.
        goroutine: whose stack.
        variable: where it is, and its type.
        address: the same.
    """

    label: str
    goroutine: Goroutine
    variable: FrameVariable
    address: int


def stack_variables(program: Program) -> Iterator[StackVariable]:
    """Those of the functions that are not the runtime's own, each place once, the innermost function's first.

    Raises LayoutError and ReadError where there is no list of goroutines.
    """
    for count, trace in enumerate(tracebacks(program)):
        if count == _MOST:
            return
        seen: set[tuple[int, str]] = set()
        for call in trace.calls:
            for variable in () if call.call.name.startswith(_OF_RUNTIME) else call_variables(program, trace, call):
                address = variable.address
                if address is not None and variable.name[:1] not in ".~" and (address, variable.name) not in seen:
                    seen.add((address, variable.name))
                    label = f"goroutine {trace.goroutine.id} {call.call.name}: {variable.name}"
                    yield StackVariable(label, trace.goroutine, variable, address)
