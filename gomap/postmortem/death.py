"""Who raised what the program died of: a fatal error, a panic that nobody recovered, a signal.

The functions that the runtime raises errors with are on the stack of the goroutine that did (runtime/panic.go: throw,
fatal, gopanic; signal_unix.go: sigpanic), with their message as an argument. Where optimised code keeps that no
longer, its caller's code has it, which passes a constant; and throw and fatal have a closure that prints it. Of a
signal its g has number, code, address and instruction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Literal, NamedTuple

from gomap.expressions.go_values import ExpressionError, dynamic, in_memory
from gomap.goruntime.code import code_of
from gomap.goruntime.frames import Frame, words_of
from gomap.goruntime.positions import positions_of
from gomap.goruntime.tracebacks import CallFrame, Traceback
from gomap.language import Limits
from gomap.maps.callers import site_of
from gomap.maps.opening import literals_of
from gomap.program.gotypes import Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.printable import printable
from gomap.program.program import Program
from gomap.program.structs import Struct, variable
from gomap.program.target import pointer_at

__all__ = ["Death", "Fault", "deaths"]

How = Literal["fatal error", "panic", "signal"]

#: How the runtime raises an error, by the names of its functions.
_FATAL = re.compile(r"(?:runtime|(?:internal/)?sync|internal/runtime/maps)\.(?:fatal|throw)$")
_RAISING = re.compile(
    r"runtime\.(?:fatal|throw|fatalthrow|fatalpanic|gopanic|panic\w*|sigpanic\w*|systemstack\w*|mcall|"
    r"addOneOpenDeferFrame.*|preprintpanics.*|printpanics.*|goPanic\w*)(?:\.func\d+)*$|(?:internal/runtime/maps|(?:internal/)?sync)\.(?:fatal|throw)$"
)
#: Messages are shown up to so many bytes.
_LONGEST = 1 << 10
#: Frames of a thread that are looked at: it ends the program in the innermost ones.
_MOST_FRAMES = 64
_LIMITS = Limits(elements=64, depth=3)
#: While it dies, a thread is in one of these; others that raise an error too wait for it.
_DYING = re.compile(r"runtime\.(?:dopanic_m|crash|dieFromSignal|raise|exit)\b")


class Fault(NamedTuple):
    """A signal that the kernel sent because of what an instruction did.

    Attributes:
        number: ``11`` is SIGSEGV.
        code: what the kernel says of it (si_code).
        address: the memory that could not be had; what the instruction wanted of it is not said.
        pc: the instruction.
    """

    number: int
    code: int
    address: int
    pc: int


class Death(NamedTuple):
    """An error that ends the program.

    Attributes:
        trace: the goroutine that raised it.
        how: ``fatal error``, ``panic``, ``signal``.
        message: the runtime's; of a panic its value; empty if that cannot be told.
        raised: the number of the call in whose middle it was raised; 0: the runtime had not been told yet, or raises
            it on a stack of its own.
        fault: the signal, if there was one.
        dies: its thread is where the program ends; others have raised an error as well, and wait for that.
    """

    trace: Traceback
    how: How
    message: str
    raised: int
    fault: Fault | None
    dies: bool

    @property
    def overflow(self) -> bool:
        """Whether the stack could not grow any more: whoever was called last has had nothing to do with that."""
        return self.how == "fatal error" and not self.raised

    @property
    def call(self) -> CallFrame | None:
        """The call that it was raised in."""
        return self.trace.calls[self.raised] if self.raised < len(self.trace.calls) else None


def deaths(program: Program, traces: Sequence[Traceback]) -> list[Death]:
    """Who raised an error that ends the program; the one whose thread ends it comes first. Raises LayoutError."""
    found = [death for trace in traces if (death := _death(program, trace)) is not None]
    if not found:
        found = list(_faulted(program, traces))
    return sorted(found, key=lambda death: not death.dies)


def _death(program: Program, trace: Traceback) -> Death | None:
    overflown = _overflown(program, trace)
    if overflown is not None:
        return Death(trace, "fatal error", overflown, 0, None, True)
    names = [call.call.name for call in trace.calls]
    fatal = next((number for number, name in enumerate(names) if _FATAL.match(name)), None)
    # Of a panic alone nobody dies: it may be recovered yet.
    panics = "runtime.fatalpanic" in names and "runtime.gopanic" in names
    if fatal is None and not panics:
        return None
    begun = names.index("runtime.gopanic") if fatal is None else fatal
    raised = begun
    while raised < len(names) and _RAISING.match(names[raised]):
        raised += 1
    fault = _fault(program, trace) if any(name.startswith("runtime.sigpanic") for name in names[:raised]) else None
    message = _panic_value(program, trace) if fatal is None else _text(program, trace, fatal)
    how: How = "panic" if fatal is None else "fatal error"
    return Death(trace, "signal" if fault else how, message, raised, fault, _dies(program, trace))


def _overflown(program: Program, trace: Traceback) -> str | None:
    """The message, if the runtime ends the program because this stack may not grow: it does so on its own stack.

    Empty if the message is lost; None if it is no such death.
    """
    frames = _of_thread(program, trace)
    for thrown, by in pairwise(frames):
        if _FATAL.match(thrown.function.name) and by.function.name == "runtime.newstack":
            code = code_of(program, by.function.entry)
            site = next((each for each in code.calls if each.back == by.pc), None) if code is not None else None
            if site is None or not site.first or site.second <= 0:
                return ""
            return _message(program, site.first, site.second)
    return None


def _message(program: Program, pointer: int, length: int) -> str:
    """A string of the runtime's; empty if it cannot be read."""
    try:
        if 0 < length <= _LONGEST:
            return printable(program.memory.read(pointer, length).decode("utf-8", "backslashreplace"))
    except ReadError:
        pass
    return ""


def _faulted(program: Program, traces: Sequence[Traceback]) -> Iterator[Death]:
    """Whose instruction has faulted, in a core that was written before the runtime dealt with that, as GDB's can be."""
    signal = program.signal
    if signal is None or not signal.fault:
        return
    for trace in traces:
        if trace.thread is not None and trace.thread.id == signal.thread:
            fault = Fault(signal.number, signal.code, signal.address, trace.thread.pc)
            yield Death(trace, "signal", "", 0, fault, True)


def _fault(program: Program, trace: Traceback) -> Fault | None:
    _, allgs = variable(program, "runtime.allgs")
    try:
        numbers = Struct(allgs.elem.elem, program).some("sig", "sigcode0", "sigcode1", "sigpc")
        return Fault(*numbers.read(program.memory, trace.goroutine.address))
    except ReadError:
        return None


def _text(program: Program, trace: Traceback, number: int) -> str:
    """The message that the call of that NUMBER was given, or one further out that only passes it on."""
    for call in trace.calls[number:]:
        if not _FATAL.match(call.call.name):
            break
        for pointer, length in _strings(program, trace, call):
            told = _message(program, pointer, length)
            if told:
                return told
    return ""


def _strings(program: Program, trace: Traceback, call: CallFrame) -> Iterator[tuple[int, int]]:
    """Where the string may be that a call was given, and how long."""
    word, order = program.pointer_size, program.byte_order
    standing = trace.standing(call)
    for each in program.frame_variables(standing) if standing is not None else ():
        if each.argument and each.type.kind is Kind.STRING and each.pieces:
            try:
                content = each.read(program.memory)
            except ReadError:
                continue
            yield int.from_bytes(content[:word], order), int.from_bytes(content[word : 2 * word], order)
    if call.number + 1 < len(trace.calls):
        site = site_of(program, trace.calls[call.number + 1])
        if site is not None and site.first and site.second > 0:
            yield site.first, site.second
    # It has put the string's pointer where its caller has left room, and both words of the string into a closure in its
    # own frame, which prints it on another stack.
    words = words_of(program, call.frame, call.frame)
    passed = words.get(call.frame.arguments or 0, 0)
    for pointer, length in pairwise(word for at, word in words.items() if at < (call.frame.base or 0)):
        if passed and pointer == passed:
            yield pointer, length


def _panic_value(program: Program, trace: Traceback) -> str:
    """The value that a goroutine panics with: g._panic.arg."""
    _, allgs = variable(program, "runtime.allgs")
    try:
        field = allgs.elem.elem.field("_panic")
        panic = pointer_at(program, trace.goroutine.address + field.offset)
        if not panic:
            return ""
        arg = field.type.elem.field("arg")
        value = dynamic(in_memory(program, arg.type, "panic", panic + arg.offset))
        if value is None:
            return "nil"
        if value.type.kind is Kind.STRING:
            text, length = Struct(value.type, program).some("str", "len").read(program.memory, value.address or 0)
            return printable(program.memory.read(text, min(length, _LONGEST)).decode("utf-8", "backslashreplace"))
        return literals_of(program, _LIMITS).text(value.type)(value.read(), 0)
    except (ReadError, LayoutError, ExpressionError):
        return ""


def _dies(program: Program, trace: Traceback) -> bool:
    """Whether its thread is in the middle of ending the program."""
    return any(_DYING.match(frame.function.name) for frame in _of_thread(program, trace))


def _of_thread(program: Program, trace: Traceback) -> list[Frame]:
    """The frames that its thread is on, the runtime's on other stacks than the goroutine's first. None of no thread."""
    positions, found = positions_of(program), list[Frame]()
    for position in positions.of_thread(trace.goroutine):
        try:
            for frame in islice(positions.frames.on(*position[:3], exact=position.exact), _MOST_FRAMES):
                found.append(frame)
        except ReadError:
            continue
    return found
