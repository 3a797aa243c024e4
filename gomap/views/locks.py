"""The locks beside a map, in words: who has them, and who waits."""

from __future__ import annotations

from gomap.maps.wording import counted
from gomap.postmortem.locks import Lock
from gomap.postmortem.verdict import Verdict
from gomap.views.sides import MOST_NAMED, goroutines_text, offset_text

__all__ = ["lock_text", "no_lock_text"]


def lock_text(lock: Lock) -> str:
    """``main.srv.mu (sync.Mutex): taken, probably by goroutine 21 ...; goroutines 20 and 22 wait``."""
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
    if lock.without:
        theirs = "its stack" if len(lock.without) == 1 else "their stacks"
        told.append(f"{goroutines_text(lock.without)}: no function on {theirs} that gets to it calls Lock")
    beside = f", a variable of package {lock.package} too" if lock.package else ""
    return f"{lock.path} ({lock.type}{beside}): {'; '.join(told)}"


def no_lock_text(verdict: Verdict) -> str:
    """Why no lock is beside the map of VERDICT."""
    if verdict.owner:
        return f"{verdict.owner} has none"
    return f"{verdict.path} is no field of a struct" if verdict.path else "how the program gets to it is not known"
