"""Goroutines as lines of text and as an object for JSON: what each is doing, on which map, and who holds a map."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gomap.goruntime.functions import Call
from gomap.goruntime.own_calls import library_folder, own_call
from gomap.goruntime.tracebacks import CallFrame, Traceback
from gomap.goruntime.wording import broken_text, unread_text
from gomap.maps.holders import Holding
from gomap.maps.model import GoMap
from gomap.maps.operation_facts import NilMap
from gomap.maps.operation_wording import key_unknown_text, told_by_text
from gomap.maps.operations import Operation
from gomap.maps.wording import counted
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.views.jsonview import start
from gomap.views.paint import Paint
from gomap.views.text import title

__all__ = [
    "DOES",
    "GoroutineShown",
    "OperationShown",
    "frame_object",
    "goroutines_lines",
    "goroutines_object",
    "place_text",
]

#: What an operation's kind is in a sentence.
DOES = {
    "access": "looks up a key in",
    "assign": "assigns to",
    "delete": "deletes from",
    "clear": "clears",
    "iterate": "iterates over",
    "clone": "clones",
    "make": "makes",
    "grow": "grows",
}
_LONGEST_NAME = 60


@dataclass(frozen=True)
class OperationShown:
    """An operation, with its key ready to be shown.

    Attributes:
        operation: the operation.
        key: its key as a literal; empty if it takes none, or if the key cannot be told.
    """

    operation: Operation
    key: str


@dataclass(frozen=True)
class GoroutineShown:
    """One goroutine, with all that is shown of it.

    Attributes:
        trace: its stack.
        operations: what it is in the middle of doing to maps.
        holdings: where on its stack, or in registers, there are pointers into the map that was asked about.
        unknown: why not all of its operations can be told; None if they can.
    """

    trace: Traceback
    operations: Sequence[OperationShown] = ()
    holdings: Sequence[Holding] = ()
    unknown: LayoutError | ReadError | None = None


def goroutines_lines(
    shown: Sequence[GoroutineShown],
    map: GoMap | None,
    limit: int | None,
    stacks: bool,
    paint: Paint,
    unread: int | ReadError = 0,
) -> Iterator[str]:
    """How many goroutines there are, then a line for each; under it what it does to maps, and its stack.

    Args:
        shown: the goroutines.
        map: the map that all of them hold pointers into; None: all goroutines were asked for.
        limit: how many goroutines have a line at most; None: all.
        stacks: whether the whole stack of each is shown; otherwise only that of operations on maps, up to the function
            that called for the operation.
        unread: how many more goroutines there are, or why that cannot be told.
    """
    if map is not None:
        yield title(map, paint)
        holders = sum(bool(each.holdings) for each in shown)
        yield f"{counted(holders, 'goroutine')} with pointers into this map on the stack, or in registers"
    else:
        inside = sum(bool(each.operations) for each in shown)
        states = Counter(each.trace.state for each in shown)
        told = ", ".join(f"{number} {state}" for state, number in states.most_common())
        at_work = f"{inside or 'none'} inside {'map operations' if inside > 1 else 'a map operation'}"
        yield f"{counted(len(shown), 'goroutine')}{': ' + told if told else ''}; {at_work}"
    if unread_text(unread):
        yield paint.note(f"note: {unread_text(unread)}")
    root = library_folder(each.trace for each in shown)
    width = max((len(each.trace.status) for each in shown[:limit]), default=0)
    for each in shown[:limit]:
        yield _head(each.trace, width, root, paint)
        if each.unknown:
            yield paint.note(f"  note: {_unknown_text(each.unknown)}")
        for operation in each.operations:
            yield from _operation(each.trace, operation, paint)
            if not stacks:
                inner, caller = operation.operation.inner, operation.operation.caller
                yield from _stack(each.trace, inner, min(caller + 1, len(each.trace.calls)), paint)
        yield from _holdings(each.holdings, paint)
        if stacks:
            yield from _stack(each.trace, 0, len(each.trace.calls), paint)
    if limit and len(shown) > limit:  # after those that are shown, if any
        yield f"{counted(len(shown) - limit, 'more goroutine')}; see 'help gomap-goroutines' for -limit"


def _head(trace: Traceback, width: int, root: str, paint: Paint) -> str:
    runtime_thread, thread = trace.runtime_thread, trace.thread
    on = f"m{runtime_thread.id}, LWP {thread.id if thread else runtime_thread.lwp}" if runtime_thread else ""
    call = own_call(trace, root)
    at = f"{call.call.name}  {place_text(call.call)}" if call else "no stack that can be followed"
    number = f"goroutine {trace.goroutine.id}"
    return f"{number:13}  {paint.state(trace.status)}{' ' * (width - len(trace.status))}  {on + '  ' if on else ''}{at}"


def _operation(trace: Traceback, shown: OperationShown, paint: Paint) -> Iterator[str]:
    operation = shown.operation
    does = DOES[operation.kind] + (", and grows," if operation.grows and operation.kind != "grow" else "")
    if isinstance(operation.by, NilMap):
        yield f"  {does} a map that is nil, for which the function panics"
    elif operation.map is None:
        yield f"  {does} a map: which, cannot be told: {told_by_text(operation.by)}"
        if operation.caller < len(trace.calls):
            caller = trace.calls[operation.caller].call
            yield f"    what would tell: the variables of {caller.name}  {place_text(caller)}"
    else:
        name = f": {operation.path}" if operation.path else ""
        likely = "" if operation.certain else "probably "
        yield f"  {likely}{does} {title(operation.map, paint)}{name}"
        yield f"    {'by ' if operation.certain else ''}{told_by_text(operation.by)}"
    if shown.key:
        yield f"    key {paint.literal(shown.key)}"
    elif operation.key is not None and operation.key.unknown is not None:
        yield paint.note(f"    key not known: {key_unknown_text(operation.key.unknown)}")


def _holdings(holdings: Sequence[Holding], paint: Paint) -> Iterator[str]:
    """One line for each function and part of the map."""
    told: dict[tuple[int, str, str], list[Holding]] = {}
    for holding in holdings:
        frame = holding.call
        key = (-1 if frame is None else frame.number, "?" if frame is None else frame.call.name, holding.part.value)
        told.setdefault(key, []).append(holding)
    for (number, name, what), each in told.items():
        values = list(dict.fromkeys(f"{holding.value:#x}" for holding in each))
        more = f" and {len(values) - 1} more" if len(values) > 1 else ""
        where = "in a register" if not each[0].address else f"at {each[0].address:#x}"
        yield f"  frame {number:<3} {name}: {what} {paint.address(values[0])}{more} ({where})"


def _stack(trace: Traceback, first: int, end: int, paint: Paint) -> Iterator[str]:
    calls = trace.calls[first:end]
    width = min(max((len(each.call.name) for each in calls), default=0), _LONGEST_NAME)
    for each in calls:
        if each.number == trace.outer and trace.left_out:
            more = "more than " if trace.more else ""
            yield paint.note(f"    ... {more}{counted(trace.left_out, 'frame')} left out")
        inlined = "  (inlined)" if each.call.inlined else ""
        yield f"    {each.number:<3} {each.call.name:{width}}  {place_text(each.call)}{inlined}"
    if end == len(trace.calls):
        if trace.broken:
            yield paint.note(f"    the stack cannot be followed further: {broken_text(trace.broken)}")
        if trace.created is not None:
            parent = trace.details.parent if trace.details else 0
            by = f" in goroutine {parent}" if parent else ""
            yield f"    created by {trace.created.name}{by}  {place_text(trace.created)}"


def _unknown_text(error: LayoutError | ReadError) -> str:
    return f"what it does to maps cannot be told: {error}"


def place_text(call: Call) -> str:
    """``main.go:26``."""
    return f"{posixpath.basename(call.file)}:{call.line}"


def goroutines_object(
    shown: Sequence[GoroutineShown], map: GoMap | None, unread: int | ReadError = 0
) -> dict[str, Any]:
    """What ``gomap-goroutines -json`` prints; arguments as for goroutines_lines."""
    first = start("goroutines", map) if map is not None else {"command": "goroutines"}
    if unread_text(unread):
        first = {**first, "unread": unread_text(unread)}
    return {**first, "goroutines": [_object(each) for each in shown]}


def _object(shown: GoroutineShown) -> dict[str, Any]:
    trace = shown.trace
    runtime_thread, thread = trace.runtime_thread, trace.thread
    object: dict[str, Any] = {
        "id": trace.goroutine.id,
        "address": f"{trace.goroutine.address:#x}",
        "status": trace.status,
        "frames": [frame_object(each) for each in trace.calls],
        "leftOut": trace.left_out,
        "complete": not trace.broken and not trace.left_out,
        "operations": [_operation_object(each) for each in shown.operations],
    }
    if runtime_thread is not None:
        object["thread"] = {"m": runtime_thread.id, "lwp": thread.id if thread else runtime_thread.lwp}
    if trace.left_out:
        object["outer"] = trace.outer
    if trace.broken:
        object["broken"] = broken_text(trace.broken)
    if shown.unknown:
        object["unknown"] = _unknown_text(shown.unknown)
    if trace.created is not None:
        object["createdBy"] = {"function": trace.created.name, "file": trace.created.file, "line": trace.created.line}
    if shown.holdings:
        object["holds"] = [
            {
                "frame": None if each.call is None else each.call.number,
                "address": f"{each.address:#x}" if each.address else None,
                "value": f"{each.value:#x}",
                "part": each.part.value,
            }
            for each in shown.holdings
        ]
    return object


def frame_object(each: CallFrame) -> dict[str, Any]:
    """A call on a stack for JSON."""
    return {
        "function": each.call.name,
        "file": each.call.file,
        "line": each.call.line,
        "inlined": each.call.inlined,
        "sp": f"{each.frame.sp:#x}",
        "pc": f"{each.frame.pc:#x}",
    }


def _operation_object(shown: OperationShown) -> dict[str, Any]:
    operation = shown.operation
    object: dict[str, Any] = {
        "kind": operation.kind,
        "grows": operation.grows,
        "function": operation.function,
        "inner": operation.inner,
        "outer": operation.outer,
        "certain": operation.certain,
        "by": told_by_text(operation.by),
    }
    if operation.map is not None:
        object["map"] = {
            "type": operation.map.type.name,
            "address": f"{operation.map.address:#x}",
            "kind": operation.map.kind,
            "count": operation.map.count,
        }
        if operation.path:
            object["map"]["path"] = operation.path
    if shown.key:
        object["key"] = shown.key
    elif operation.key is not None and operation.key.unknown is not None:
        object["keyUnknown"] = key_unknown_text(operation.key.unknown)
    return object
