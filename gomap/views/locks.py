"""The locks beside a map, in words: who has them, who waits, and who does not take them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gomap.goruntime.own_calls import library_folder, own_call
from gomap.goruntime.tracebacks import Traceback
from gomap.maps.wording import counted
from gomap.postmortem.locks import Lock
from gomap.postmortem.verdict import Verdict
from gomap.views.sides import MOST_NAMED, goroutines_text, grouped_text, offset_text

__all__ = ["lock_lines", "no_lock_text", "waiting_lines"]

#: Why a goroutine waits, as the runtime spells it from Go 1.20 on.
_FOR_MUTEX = re.compile(r"sync\.(?:RW)?Mutex\.")


def lock_lines(lock: Lock) -> Iterator[str]:
    """``main.srv.mu (sync.Mutex): taken, probably by goroutine 21 ...; goroutines 20 and 22 wait``; and who does not
    take it."""
    told = []
    if lock.taken or lock.readers:
        how = "taken" if lock.taken else f"taken by {counted(lock.readers, 'reader')}"
        who = "; ".join(
            f"goroutine {each.trace.goroutine.id}: {each.call.call.name} stands between Lock, at "
            f"{offset_text(each.call.frame.function.name, each.locks - each.entry)}, and Unlock"
            for each in lock.holders[:MOST_NAMED]
        )
        told.append(f"{how}, probably by {who}" if who else f"{how}, nothing here tells by whom")
    else:
        told.append("free")
    if lock.waiters:
        told.append(f"{goroutines_text(lock.waiters)} {'wait' if len(lock.waiters) > 1 else 'waits'} for it")
    elif lock.wait:
        told.append(f"{lock.wait} wait for it by its count, none by their stacks")
    beside = f", a variable of package {lock.package} too" if lock.package else ""
    yield f"{lock.path} ({lock.type}{beside}): {'; '.join(told)}"
    if lock.without:
        who = goroutines_text(lock.without)
        does, its = ("does", "its stack") if len(lock.without) == 1 else ("do", "their stacks")
        calls = "Lock" if lock.type == "sync.Mutex" else "Lock or RLock"
        yield f"  {who} probably {does} not take it: no function on {its} that gets to it calls {calls}"


def waiting_lines(traces: Sequence[Traceback]) -> Iterator[str]:
    """Who waits for a mutex: of a program that hangs that says more than that it does not die by a map."""
    waiting = [trace for trace in traces if _FOR_MUTEX.match(trace.status)]
    if waiting:
        root = library_folder(traces)
        calls = ((trace, call.call.name if (call := own_call(trace, root)) else "?") for trace in waiting)
        does = counted(len(waiting), "goroutine waits", "goroutines wait")
        yield f"{does} for a mutex: {grouped_text(calls)}"


def no_lock_text(verdict: Verdict) -> str:
    """That no lock is beside the map of VERDICT, or that nobody knows."""
    if verdict.owner:
        return f"no lock is beside it: {verdict.owner} has none"
    if verdict.path:
        return f"no lock is beside it: {verdict.path} is no field of a struct"
    return "whether a lock is beside it cannot be told: what it is a field of is not known"
