"""Whose doing it was that a trap was struck: the goroutine on that thread, and what it was in the middle of."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice, takewhile
from typing import NamedTuple

from gomap.goruntime.own_calls import library_folder, own_call
from gomap.goruntime.positions import Positions, positions_of
from gomap.goruntime.tracebacks import CallFrame, Traceback, traceback_of, tracebacks
from gomap.live.traps import Trap
from gomap.maps.operations import kind_of, of_map_code, operations
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["Culprit", "culprit", "other_writers"]

#: What changes a map, as Operation.kind has it; goroutines that are looked at for one that does.
_WRITES, _MOST = ("assign", "delete", "clear", "grow"), 1 << 12
#: Where a processor tells of a write once it has been made, standing at the next instruction.
_BEHIND = ("amd64", "386")


class Culprit(NamedTuple):
    """Who struck a trap.

    Attributes:
        lwp: the system's number for the thread.
        trace: the goroutine; None of a thread that runs none, or if that cannot be told.
        kind: what the map function that it is in does, as Operation.kind has it; empty if it is in none.
        direct: whether that function itself struck the trap, not one that it has called.
        own: its innermost call of a function of the program's own.
        unknown: why the goroutine cannot be told; None if the thread runs none, or if it can.
    """

    lwp: int
    trace: Traceback | None
    kind: str = ""
    direct: bool = False
    own: CallFrame | None = None
    unknown: LayoutError | ReadError | None = None

    @property
    def innermost(self) -> CallFrame | None:
        """The call that struck it."""
        return self.trace.calls[0] if self.trace is not None and self.trace.calls else None


def culprit(program: Program, lwp: int, trap: Trap) -> Culprit:
    """Who is on that thread, which has struck TRAP."""
    try:
        positions = positions_of(program)
        address = positions.goroutine_on(lwp)
        if address is None:
            return Culprit(lwp, None)
        trace = traceback_of(program, positions.goroutines.at(address))
        if trap.size and program.architecture in _BEHIND:
            trace = _an_instruction_ago(positions, trace)
    except (LayoutError, ReadError) as error:
        return Culprit(lwp, None, unknown=error)
    own = own_call(trace, library_folder([trace]))
    inner = trace.calls[: own.number if own is not None else 0]
    entered = next((call.number for call in inner if of_map_code(call.call.name)), len(inner))
    inside = list(takewhile(lambda call: of_map_code(call.call.name), inner[entered:]))
    kinds = [kind for call in inside if (kind := kind_of(call.call.name))]
    direct = bool(inside) and inside[0].frame is trace.calls[0].frame  # what is inlined in it has the same frame
    return Culprit(lwp, trace, kinds[-1] if kinds else "", direct, own)


def other_writers(program: Program, by: Culprit, address: int) -> list[int]:
    """The goroutines that are inside a write to the map whose header is at ADDRESS, beside the culprit."""
    found: list[int] = []
    own = by.trace.goroutine.id if by.trace is not None else 0
    with suppress(LayoutError, ReadError):
        for trace in islice(tracebacks(program), _MOST):
            if trace.goroutine.id == own or not any(of_map_code(call.call.name) for call in trace.calls):
                continue
            with suppress(LayoutError, ReadError):
                for one in operations(program, trace):
                    if one.kind in _WRITES and one.map is not None and one.map.address == address:
                        found.append(trace.goroutine.id)
                        break
    return found


def _an_instruction_ago(positions: Positions, trace: Traceback) -> Traceback:
    """The stack as the instruction that was executed last belongs to it: it may be of another line, or inlined call.

    Raises ReadError.
    """
    frame = trace.calls[0].frame if trace.calls else None
    if frame is None or not frame.exact or frame.pc <= frame.function.entry:
        return trace
    inner = [(frame, level, call) for level, call in enumerate(positions.frames.functions.calls(frame.pc - 1))]
    outer = [(each.frame, each.level, each.call) for each in trace.calls if each.frame is not frame]
    calls = [CallFrame(number, call, of, level) for number, (of, level, call) in enumerate([*inner, *outer])]
    return trace._replace(calls=calls, outer=trace.outer + len(calls) - len(trace.calls))
