"""What each goroutine is doing: its status, the thread it is on, and its stack with the calls that were inlined.

As a traceback of the runtime's own has it (runtime/traceback.go: goroutineheader, traceback1), but of every goroutine,
whatever it is in the middle of.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from gomap.goruntime.frames import Frame
from gomap.goruntime.functions import Call
from gomap.goruntime.goroutines import Details, Goroutine
from gomap.goruntime.instances import variables_of
from gomap.goruntime.positions import Position, Positions, RuntimeThread, positions_of
from gomap.program.frames import FrameVariable, Standing
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.printable import printable
from gomap.program.program import Program, until_it_moves
from gomap.program.structs import Struct
from gomap.program.target import Thread

__all__ = ["CallFrame", "NoCaller", "Traceback", "call_variables", "traceback_of", "traceback_of_id", "tracebacks"]

#: Of a long stack so many frames are kept at either end (tracebackInnerFrames, tracebackOuterFrames in the runtime).
_ENDS = 50
#: Frames past which a stack is not followed: one without end may have filled a gigabyte.
_MOST_FRAMES = 1 << 16
#: runtime/runtime2.go: statuses of goroutines that wait.
_WAITING = (4, 10)  # _Gwaiting, _Gleaked
#: A status's name is no longer, nor is why a goroutine waits.
_LONGEST = 100


class CallFrame(NamedTuple):
    """A call on a stack, with a frame of its own or inlined into that of another one.

    Attributes:
        number: 0 is the innermost.
        call: the function's name, file and line.
        frame: the frame that it is part of.
        level: how many inlined calls that frame has further in.
    """

    number: int
    call: Call
    frame: Frame
    level: int


class NoCaller(NamedTuple):
    """Nothing tells what called FUNCTION, which stands at PC."""

    function: str
    pc: int


class Traceback(NamedTuple):
    """One goroutine.

    Attributes:
        goroutine, details: what its g says; the latter None where it cannot be read.
        status: as the runtime spells it: ``running``, ``runnable``, ``syscall``; of one that waits, for what:
            ``select``.
        state: the same, but ``waiting`` of all that wait.
        runtime_thread: the runtime's thread that it is on.
        thread: the operating system's.
        position: where its stack begins to be followed; None where nothing tells.
        calls: from the innermost on.
        left_out: how many frames are missing between the two halves of calls.
        outer: where in calls the second half begins.
        more: the stack goes on after so many frames that were looked at.
        broken: why the stack could not be followed to its end; None if it was.
        created: the go statement that started it; None of the first goroutine, or if that cannot be told.
    """

    goroutine: Goroutine
    details: Details | None
    status: str
    state: str
    runtime_thread: RuntimeThread | None
    thread: Thread | None
    position: Position | None
    calls: list[CallFrame]
    left_out: int
    outer: int
    more: bool
    broken: ReadError | NoCaller | None
    created: Call | None

    def in_frame_of(self, number: int) -> list[CallFrame]:
        """The call of that NUMBER, and those that it is inlined into: the last one's function has the frame."""
        from_there = self.calls[number:]
        return [call for call in from_there if call.frame is from_there[0].frame]

    def standing(self, call: CallFrame) -> Standing | None:
        """What the variables of a call on the stack depend on; None if no table tells where its frame is."""
        frame = call.frame
        if frame.base is None:
            return None
        innermost = self.calls[0].frame is frame and frame.exact and self.position is not None
        registers = self.position.registers if innermost and self.position is not None else {}
        levels = max(each.level for each in self.calls if each.frame is frame)
        return Standing(
            frame.pc, frame.inside, frame.base, registers, call.call.name, levels - call.level, call.call.line
        )


def call_variables(program: Program, trace: Traceback, call: CallFrame) -> Sequence[FrameVariable]:
    """The variables of a call on the stack; none where nothing tells: no table, or damaged debug information."""
    standing = trace.standing(call)
    try:
        return () if standing is None else variables_of(program, standing)
    except (LayoutError, ReadError):
        return ()


def tracebacks(program: Program) -> Iterator[Traceback]:
    """Every goroutine that has not ended, in the order of runtime.allgs. Raises LayoutError, ReadError."""
    positions = positions_of(program)
    for one in positions.goroutines.all():
        if not one.ended:
            yield traceback_of(program, one)


def traceback_of_id(program: Program, id: int) -> Traceback | None:
    """The goroutine of that number; None if there is none that has not ended. Raises LayoutError, ReadError."""
    alive = (one for one in positions_of(program).goroutines.all() if not one.ended)
    one = next((one for one in alive if one.id == id), None)
    return None if one is None else traceback_of(program, one)


def traceback_of(program: Program, one: Goroutine) -> Traceback:
    """That goroutine. Raises LayoutError, ReadError."""
    positions = positions_of(program)
    details = None
    with suppress(ReadError):
        details = positions.goroutines.details(one)
    position = positions.of(one)
    inner: list[Frame] = []
    outer: deque[Frame] = deque(maxlen=_ENDS)
    total = 0
    broken: ReadError | NoCaller | None = None
    try:
        for frame in _frames(positions, one, position):
            total += 1
            (inner if len(inner) < _ENDS else outer).append(frame)
    except ReadError as error:
        broken = error.with_traceback(None)
    kept = [*inner, *outer]
    last = kept[-1] if kept else None
    if broken is None and last is not None and total < _MOST_FRAMES and not last.function.outermost:
        broken = NoCaller(last.function.name, last.pc)
    calls: list[CallFrame] = []
    half = 0
    for number, frame in enumerate(kept):
        if number == len(inner):
            half = len(calls)
        for level, call in enumerate(positions.frames.functions.calls(frame.inside)):
            calls.append(CallFrame(len(calls), call, frame, level))
    return Traceback(
        one,
        details,
        _status(program, one, details),
        _state(program, one),
        positions.runtime_threads.get(one.address),
        positions.thread_of(one),
        position,
        calls,
        total - len(kept),
        half or len(calls),
        total >= _MOST_FRAMES,
        broken,
        _created(positions, details) if one.id != 1 else None,
    )


def _frames(positions: Positions, one: Goroutine, position: Position | None) -> Iterator[Frame]:
    if position is None:
        return
    for frame in positions.frames.on(*position[:3], exact=position.exact, most=_MOST_FRAMES):
        if not one.lo <= frame.sp < one.hi and not one.moving:
            return
        yield frame


def _created(positions: Positions, details: Details | None) -> Call | None:
    if details is None or not details.gopc:
        return None
    try:
        calls = positions.frames.functions.calls(details.gopc - 1)
    except ReadError:
        return None
    return calls[-1] if calls else None


def _state(program: Program, one: Goroutine) -> str:
    return _text_in(program, "runtime.gStatusStrings", one.own_status) or f"status {one.own_status}"


def _status(program: Program, one: Goroutine, details: Details | None) -> str:
    if one.own_status in _WAITING and details is not None and details.waitreason:
        reason = _text_in(program, "runtime.waitReasonStrings", details.waitreason)
        return reason or f"waiting, for reason {details.waitreason}"
    return _state(program, one)


@until_it_moves
def _text_in(program: Program, name: str, number: int) -> str:
    """What an array of strings of the runtime's has at that place; empty where it has none."""
    found = program.variable(name)
    if found is None or not 0 <= number < found[1].length:
        return ""
    address, array = found
    try:
        text, length = (
            Struct(array.elem, program).some("str", "len").read(program.memory, address + number * array.elem.size)
        )
        return printable(program.memory.read(text, min(length, _LONGEST)).decode("utf-8", "backslashreplace"))
    except (ReadError, LayoutError):
        return ""
