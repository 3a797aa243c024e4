"""A verdict as an object for JSON."""

from __future__ import annotations

from typing import Any

from gomap.goruntime.tracebacks import CallFrame, Traceback
from gomap.maps.operation_wording import told_by_text
from gomap.postmortem.death import Death
from gomap.postmortem.locks import Lock
from gomap.postmortem.sides import Side
from gomap.postmortem.verdict import Verdict
from gomap.program.signals import Signal
from gomap.views.findings import check_object
from gomap.views.gaps import code_unread_text, gap_text, would_tell_text
from gomap.views.goroutines import place_text
from gomap.views.jsonview import file_object

__all__ = ["verdict_object"]


def verdict_object(verdict: Verdict) -> dict[str, Any]:
    """What ``gomap-why -json`` prints."""
    object: dict[str, Any] = {
        "command": "why",
        "verdict": verdict.kind,
        "certain": verdict.certain,
        "death": None if verdict.death is None else _death(verdict.death),
        "signal": None if verdict.signal is None else _signal(verdict.signal),
        "also": [_death(each) for each in verdict.also],
        "goroutines": len(verdict.traces),
        "notes": [gap_text(gap) for gap in verdict.notes],
        "wouldTell": [would_tell_text(what) for what in verdict.tells],
        "inside": verdict.inside,
        "checked": len(verdict.checked),
    }
    operation, map = verdict.operation, verdict.map
    if operation is not None and verdict.trace is not None:
        object["operation"] = {
            "goroutine": verdict.trace.goroutine.id,
            "kind": operation.kind,
            "function": operation.function,
            "by": told_by_text(operation.by),
            "certain": operation.certain,
        }
    if map is not None:
        object["map"] = {
            "type": map.type.name,
            "address": f"{map.address:#x}",
            "kind": map.kind,
            "count": map.count,
            "path": verdict.path,
            "pathIn": verdict.path_in,
            "rooted": verdict.rooted,
        }
    if verdict.nil is not None:
        nil = verdict.nil
        in_function = nil.call.call.name if nil.call is not None else ""
        object["nil"] = {"type": nil.type.name if nil.type is not None else "", "path": nil.path, "pathIn": in_function}
    if verdict.others is not None:
        object["sides"] = [_side(each) for each in verdict.others.sides]
        object["readers"] = [trace.goroutine.id for trace, _ in verdict.others.readers]
        object["notInvolved"] = [_call(trace, call) for trace, call in verdict.others.elsewhere]
        object["owner"] = verdict.owner
        object["locks"] = [_lock(each) for each in verdict.locks]
        object["writers"] = [
            {"function": each.call.name, "file": each.call.file, "line": each.call.line, "locks": each.locks}
            for each in verdict.writers
        ]
        if verdict.others.unread_code:
            object["codeUnread"] = code_unread_text(verdict.others.unread_code)
    if verdict.report is not None:
        checked = check_object(verdict.report)
        object |= {name: checked[name] for name in ("findings", "causes") if name in checked}
    if verdict.key is not None:
        key = verdict.key
        object["key"] = {"what": key.what, "path": key.path, "start": f"{key.start:#x}", "end": f"{key.end:#x}"}
        if key.stored:
            object["key"]["storedAt"] = f"{key.stored:#x}"
        if key.file is not None:
            object["key"]["file"] = file_object(key.file)
    return object


def _death(death: Death) -> dict[str, Any]:
    object: dict[str, Any] = {
        "how": death.how,
        "message": death.message,
        "goroutine": death.trace.goroutine.id,
        "function": death.call.call.name if death.call is not None else "",
    }
    if death.fault is not None:
        fault = death.fault
        object["signal"] = {
            "number": fault.number,
            "code": fault.code,
            "address": f"{fault.address:#x}",
            "pc": f"{fault.pc:#x}",
        }
    return object


def _signal(signal: Signal) -> dict[str, Any]:
    """The signal that the core is of: with the address of a fault, or with who sent it."""
    object: dict[str, Any] = {"number": signal.number, "code": signal.code, "thread": signal.thread}
    if signal.fault:
        object["address"] = f"{signal.address:#x}"
    if signal.sent:
        object["sender"] = signal.sender
    return object


def _call(trace: Traceback, call: CallFrame) -> dict[str, Any]:
    return {
        "goroutine": trace.goroutine.id,
        "status": trace.status,
        "frame": call.number,
        "function": call.call.name,
        "place": place_text(call.call),
    }


def _side(side: Side) -> dict[str, Any]:
    object: dict[str, Any] = {**_call(side.trace, side.call), "degree": side.degree, "waits": side.waits}
    if side.operation is not None:
        object["kind"] = side.operation.kind
    if side.reach is not None:
        object["reach"] = {
            "by": side.reach.by,
            "path": side.reach.path,
            "address": f"{side.reach.address:#x}" if side.reach.address else None,
        }
    if side.site is not None:
        object["calls"] = {
            "function": side.site.site.function.name,
            "in": side.site.function,
            "offset": side.site.site.at - side.site.entry,
            "written": side.site.written,
            "typed": side.site.typed,
        }
    return object


def _lock(lock: Lock) -> dict[str, Any]:
    return {
        "path": lock.path,
        "package": lock.package,
        "type": lock.type,
        "address": f"{lock.address:#x}",
        "taken": lock.taken,
        "readers": lock.readers,
        "waiting": lock.wait,
        "waiters": [trace.goroutine.id for trace in lock.waiters],
        "holders": [_call(each.trace, each.call) for each in lock.holders],
        "without": [trace.goroutine.id for trace in lock.without],
    }
