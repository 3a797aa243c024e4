"""Whose stacks have pointers into the object that changed keys have their bytes in: who may be writing to it still.

Such a pointer is evidence, and no proof: whoever has it may only read, or it may be left over from a call that has
ended. A variable of the frame's function says more than a word for which the debug information has no name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple, Union

from gomap.check.key_bytes import SharedBytes
from gomap.goruntime.answers import Foreign, ModuleData, SpanSlot
from gomap.goruntime.goroutines import goroutines_of
from gomap.goruntime.tracebacks import CallFrame, Traceback, call_variables, tracebacks
from gomap.maps.holders import Holding, MapMemory, MemoryPart, holdings
from gomap.program.frames import FrameVariable
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.printable import printable
from gomap.program.program import Program

__all__ = ["StackPointer", "StackUsers", "stack_users"]

#: Goroutines whose stacks are looked at.
_MOST = 10_000


class StackPointer(NamedTuple):
    """A pointer on a goroutine's stack, or in a register of its.

    Attributes:
        holding: where it is.
        call: the call that it belongs to; None where no frame that is known has it.
        variable: the variable of that call that it is in; None if the debug information names none.
    """

    holding: Holding
    call: CallFrame | None
    variable: FrameVariable | None


class StackUsers(NamedTuple):
    """Goroutines that have such pointers.

    Attributes:
        pointers: each goroutine's, the innermost call's first: one for each variable of a call, or else for the call.
        looked_at: how many goroutines were.
        unseen: how many have a stack of which nothing tells where it is.
        more: whether there are more of them.
        unread: how many cannot be read; or why the rest, or all, could not be looked at.
    """

    pointers: Sequence[tuple[Traceback, Sequence[StackPointer]]]
    looked_at: int
    unseen: int
    more: bool
    unread: Union[int, ReadError, LayoutError]


def stack_users(program: Program, shared: SharedBytes, progress: Callable[[str], None] | None) -> StackUsers | None:
    """Who has pointers to what SHARED keys have their bytes in; None where nothing tells how far that reaches.

    Where the keys themselves stand on a stack, their own pointers do not count.
    """
    memory = _memory_of(program, shared)
    if memory is None:
        return None
    found: list[tuple[Traceback, Sequence[StackPointer]]] = []
    looked_at = unseen = 0
    try:
        unread: Union[int, ReadError, LayoutError] = goroutines_of(program).unread()
        traces = tracebacks(program)
        for number, trace in enumerate(islice(traces, _MOST)):
            if progress is not None and not number % 256:
                progress(f"looking for who uses the keys' bytes, {number} goroutines looked at")
            if trace.position is None or not trace.goroutine.bounded:
                unseen += 1
                continue
            looked_at += 1
            pointers = _pointers(program, trace, memory, shared.headers)
            if pointers:
                found.append((trace, pointers))
        more = looked_at + unseen == _MOST and next(traces, None) is not None
    except (LayoutError, ReadError) as error:
        return StackUsers(found, looked_at, unseen, False, error)
    return StackUsers(found, looked_at, unseen, more, unread)


def _memory_of(program: Program, shared: SharedBytes) -> MapMemory | None:
    """All of the object, or of the mapped file, that SHARED keys have their bytes in; None if its end is not known."""
    where = shared.where
    if isinstance(where, SpanSlot):
        return MapMemory([MemoryPart(where.data, where.data + where.size)])
    if isinstance(where, ModuleData) and where.symbol is not None:
        return MapMemory([MemoryPart(where.symbol.address, where.symbol.address + where.symbol.size)])
    if isinstance(where, Foreign) and where.file is not None:
        files = (file for file in program.mapped_files() if printable(file.path) == where.file.path)
        return MapMemory([MemoryPart(file.start, file.end) for file in files])
    return None


def _pointers(program: Program, trace: Traceback, memory: MapMemory, headers: frozenset[int]) -> list[StackPointer]:
    found: dict[tuple[int, str], StackPointer] = {}
    for holding in holdings(program, trace, memory):
        if holding.address not in headers:
            call, variable = _variable_of(program, trace, holding)
            number, name = -1 if call is None else call.number, "" if variable is None else variable.name
            found.setdefault((number, name), StackPointer(holding, call, variable))
    named = {number for number, name in found if name}
    return [each for (number, name), each in found.items() if name or number not in named]


def _variable_of(program: Program, trace: Traceback, holding: Holding) -> tuple[CallFrame | None, FrameVariable | None]:
    """The call, which may be inlined, that has a pointer in a variable, and this; else the frame's own, and None.

    A function keeps arguments that it was passed in registers in the frame of who called it.
    """
    frame = holding.call.frame if holding.call is not None else None
    inner = max((each.number for each in trace.calls if frame and each.frame.sp < frame.sp), default=None)
    called = trace.calls[inner].frame if inner is not None else None
    for call in trace.calls:
        for variable in call_variables(program, trace, call) if call.frame in (frame, called) else ():
            if variable.name[:1] not in ".~" and _has(variable, holding, program):
                return call, variable
    return holding.call, None


def _has(variable: FrameVariable, holding: Holding, program: Program) -> bool:
    """Whether the pointer is part of the variable's value."""
    left = variable.type.size
    for piece in variable.pieces:
        size = left if piece.size is None else piece.size
        left -= size
        if piece.address is not None:
            if piece.address <= holding.address < piece.address + size:
                return True
        elif not holding.address and int.from_bytes(piece.content[:size], program.byte_order) == holding.value:
            return True
    return False
