"""What watchers of a running program have seen, as objects for JSON: one for each event, in a line of its own."""

from __future__ import annotations

from typing import Any

from gomap.live.changes import Changed
from gomap.live.culprit import Culprit
from gomap.live.growth_trace import Grown
from gomap.live.guard import Guarded
from gomap.views.findings import check_object
from gomap.views.goroutines import frame_object
from gomap.views.live import unknown_text

__all__ = ["changed_object", "grown_object", "guarded_object"]


def guarded_object(seen: Guarded) -> dict[str, Any]:
    """What ``gomap-guard -json`` prints as it stops the program."""
    return {
        **_event("guard", seen.name, seen.moment.value, seen.culprit),
        "operations": seen.operations,
        "beside": list(seen.beside),
        "check": None if seen.report is None else check_object(seen.report),
    }


def changed_object(seen: Changed) -> dict[str, Any]:
    """What ``gomap-watch -json`` prints as it stops the program."""
    return {
        **_event("watch", seen.name, seen.what.value, seen.culprit),
        "subject": seen.subject,
        "old": seen.old,
        "new": seen.new,
        "moves": seen.moves,
        "unseen": seen.unseen,
        "partly": seen.partly,
    }


def grown_object(seen: Grown) -> dict[str, Any]:
    """What ``gomap-trace -json`` prints for each step of a map's growth."""
    return {
        **_event("trace", seen.name, seen.step.value, seen.culprit),
        "entries": seen.entries,
        "slots": seen.slots,
        "old": seen.old,
        "new": seen.new,
        "table": seen.table,
        "directoryDoubles": seen.doubles,
    }


def _event(command: str, name: str, event: str, culprit: Culprit) -> dict[str, Any]:
    trace, own = culprit.trace, culprit.own
    return {
        "command": command,
        "name": name,
        "event": event,
        "lwp": culprit.lwp,
        "goroutine": None if trace is None else trace.goroutine.id,
        "operation": culprit.kind,
        "caller": None if own is None else own.number,
        "frames": [] if trace is None else [frame_object(each) for each in trace.calls],
        "unknown": unknown_text(culprit),
    }
