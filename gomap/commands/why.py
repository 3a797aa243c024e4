"""The command that says what a program died of, as far as a map is to blame."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from gomap.commands.command import FORCE, JSON, Door, Options, command, json_line

if TYPE_CHECKING:
    from gomap.goruntime.tracebacks import CallFrame, Traceback
    from gomap.postmortem.verdict import Verdict
    from gomap.program.program import Program


@command("gomap-why", options=(JSON, FORCE), argument="")
def why_it_died(door: Door, options: Options, _rest: str) -> Generator[str, None, int]:
    """Say what the program died of, as far as a map is to blame: which map, which goroutines, and why.

    The verdict is a race, corruption, a bad key, mutated keys, a nil map, or that it cannot be told,
    with what would tell; and with all that speaks for it: the runtime's message, the goroutine that
    raised it, who else was at the map (certain: inside a write to it; probable: in a function that
    gets to it and whose code writes to such maps; possible: calls one, or waits), the locks beside
    it, what gomap-check finds. A program that no map has brought down is said to be so."""
    from gomap.postmortem.concluding import why
    from gomap.views.verdict import verdict_lines
    from gomap.views.verdict_object import verdict_object

    verdict = why(door.program(), door.progress)
    if options["json"]:
        yield from json_line(door, verdict_object(verdict))
    else:
        yield from verdict_lines(verdict, arguments_of(door, verdict), door.paint())
    return int(verdict.kind is not None)


def arguments_of(door: Door, verdict: Verdict) -> dict[tuple[int, int], str]:
    """The arguments of the calls that are shown with a verdict, by the goroutine's number and the call's."""
    return {(trace.goroutine.id, call.number): _arguments(door, trace, call) for trace, call in _calls(verdict)}


def _calls(verdict: Verdict) -> Iterator[tuple[Traceback, CallFrame]]:
    """The calls of the program's own whose arguments are shown."""
    if verdict.trace is not None and verdict.operation is not None:
        yield from ((verdict.trace, call) for call in verdict.trace.in_frame_of(verdict.operation.caller))
    for side in verdict.others.sides if verdict.others is not None else ():
        yield side.trace, side.call


def _arguments(door: Door, trace: Traceback, call: CallFrame) -> str:
    """``s=0x578450 i=17``: numbers, pointers and strings, as far as they are known."""
    from gomap.goruntime.instances import variables_of
    from gomap.maps.opening import literals_of
    from gomap.program.gotypes import Kind, LayoutError
    from gomap.program.memory import ReadError

    program: Program = door.program()
    standing = trace.standing(call)
    told = []
    try:
        for each in variables_of(program, standing) if standing is not None else ():
            kind = each.type.kind
            if not each.argument or not each.pieces or each.name.startswith("~"):
                continue
            if kind in (Kind.POINTER, Kind.UNSAFE_POINTER, Kind.MAP):
                told.append(f"{each.name}={int.from_bytes(each.read(program.memory), program.byte_order):#x}")
            elif kind.integer or kind in (Kind.BOOL, Kind.STRING):
                text = literals_of(program, door.limits()).text(each.type)(each.read(program.memory), 0)
                told.append(f"{each.name}={text}")
    except (LayoutError, ReadError):
        pass
    return " ".join(told)
