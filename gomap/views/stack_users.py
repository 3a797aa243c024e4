"""Who has pointers to the bytes of changed keys on its stack, as lines of text and as an object for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gomap.check.stack_users import StackPointer, StackUsers
from gomap.goruntime.own_calls import library_folder, own_call
from gomap.goruntime.tracebacks import Traceback
from gomap.goruntime.wording import unread_text
from gomap.maps.wording import counted
from gomap.views.goroutines import place_text
from gomap.views.paint import Paint

__all__ = ["stack_users_lines", "stack_users_object"]

#: Goroutines, and calls of each, that are shown.
_GOROUTINES, _CALLS = 4, 4


def stack_users_lines(users: StackUsers, address: int, paint: Paint) -> Iterator[str]:
    """A line for each of the first goroutines that have pointers there, with the functions and variables that do.

    ADDRESS: of what they point to.
    """
    root = library_folder(trace for trace, _ in users.pointers)
    for trace, pointers in users.pointers[:_GOROUTINES]:
        named_first = sorted(pointers, key=lambda each: each.variable is None)
        calls = ", ".join(_call_text(each) for each in named_first[:_CALLS])
        left = f" and {counted(len(pointers) - _CALLS, 'more call')}" if len(pointers) > _CALLS else ""
        own = own_call(trace, root)
        at = f", at {own.call.name} {place_text(own.call)}" if own is not None else ""
        yield f"goroutine {trace.goroutine.id} ({paint.state(trace.status)}{at}) has a pointer to it in {calls}{left}"
    if len(users.pointers) > _GOROUTINES:
        more = counted(len(users.pointers) - _GOROUTINES, "more goroutine has", "more goroutines have")
        yield f"{more} a pointer to it on the stack"
    if not users.pointers and users.looked_at:
        yield (
            f"none of {counted(users.looked_at, 'goroutine')} has a pointer to it on its stack; "
            f"what else has one, 'gomap-refs {address:#x}' says"
        )
    if users.more:
        yield paint.note(f"note: the stacks of {users.looked_at} goroutines were looked at, and there are more")
    if users.unseen:
        unseen = counted(users.unseen, "goroutine has its stack", "goroutines have their stacks")
        yield paint.note(f"note: nothing tells where {unseen}")
    gap = _gap_text(users)
    if gap:
        yield paint.note(f"note: {gap}")


def _call_text(pointer: StackPointer) -> str:
    if pointer.call is None:
        return "a frame that is not known"
    variable = pointer.variable
    named = f" ({variable.name} {variable.type.name})" if variable is not None else ""
    return f"{pointer.call.call.name}{named}"


def _gap_text(users: StackUsers) -> str:
    if isinstance(users.unread, int):
        return unread_text(users.unread)
    return f"not all stacks were looked at for pointers to it: {users.unread}"


def stack_users_object(users: StackUsers) -> dict[str, Any]:
    """All of them, with their calls."""
    return {
        "goroutines": [_goroutine_object(trace, pointers) for trace, pointers in users.pointers],
        "lookedAt": users.looked_at,
        "complete": not (users.more or users.unseen or users.unread),
    }


def _goroutine_object(trace: Traceback, pointers: Sequence[StackPointer]) -> dict[str, Any]:
    return {
        "goroutine": trace.goroutine.id,
        "status": trace.status,
        "pointers": [
            {
                "address": f"{each.holding.address:#x}" if each.holding.address else None,
                "value": f"{each.holding.value:#x}",
                "frame": None if each.call is None else each.call.number,
                "function": None if each.call is None else each.call.call.name,
                "variable": None if each.variable is None else each.variable.name,
                "type": None if each.variable is None else each.variable.type.name,
            }
            for each in pointers
        ],
    }
