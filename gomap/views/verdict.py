"""A verdict as lines of text: what the program died of, which map, who was at it, what the locks say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gomap.check.checking import Report
from gomap.goruntime.own_calls import library_folder, own_call
from gomap.goruntime.tracebacks import Traceback
from gomap.goruntime.wording import in_file_text
from gomap.maps.operation_wording import told_by_text
from gomap.maps.operations import Operation
from gomap.maps.wording import counted
from gomap.postmortem.keys import KeyTrouble
from gomap.postmortem.verdict import AssignedNil, Verdict, endless
from gomap.views.death import death_text, signal_text
from gomap.views.findings import check_lines
from gomap.views.gaps import gap_text, would_tell_text
from gomap.views.goroutines import DOES, place_text
from gomap.views.locks import lock_lines, no_lock_text, waiting_lines
from gomap.views.paint import Paint
from gomap.views.sides import Arguments, goroutines_text, not_involved_lines, sides_lines, writers_lines
from gomap.views.text import title

__all__ = ["verdict_lines"]

_FINDINGS = 5
#: Goroutines that are named for having raised an error besides.
_MOST_DEATHS = 3


def verdict_lines(
    verdict: Verdict, arguments: Arguments, paint: Paint, damaged: Sequence[str] | None = None
) -> Iterator[str]:
    """What is concluded, and the evidence for it; the first lines hold the answer.

    DAMAGED: the paths of the maps that have findings; None: the others were not checked.
    """
    yield death_text(verdict.death)
    # That the runtime ends the program by a signal says no more than that it has died.
    known = verdict.death is not None and (verdict.sent_by_itself or not verdict.death.raised)
    if verdict.signal is not None and not known:
        yield f"  the core's signal: {signal_text(verdict.signal, verdict.sent_by_itself)}"
    if verdict.kind is None:
        yield from _without_map(verdict, damaged, paint)
        return
    if verdict.map is not None:
        of_function = f"{verdict.path} of {verdict.path_in}" if verdict.path_in else verdict.path
        name = ", ".join(filter(None, (verdict.rooted, of_function)))
        yield f"{title(verdict.map, paint)}{': ' + name if name else ''}"
        operation = verdict.operation
        if operation is not None:
            yield paint.note(f"  {'by' if operation.certain else 'probably this one:'} {told_by_text(operation.by)}")
    elif verdict.operation is not None and verdict.kind != "nil map":
        yield f"a map: which, cannot be told: {told_by_text(verdict.operation.by)}"
    likely = "" if verdict.certain or verdict.kind == "cannot tell" else "probable: "
    yield f"verdict: {likely}{paint.state(verdict.kind)}: {_conclusion(verdict)}"
    if verdict.nil is not None and verdict.nil.path and verdict.trace is not None and verdict.operation is not None:
        yield from _nil_path(verdict.nil, verdict.trace, verdict.operation, paint)
    yield from sides_lines(verdict, arguments, paint)
    yield from _others_died(verdict)
    for lock in verdict.locks:
        yield from lock_lines(lock)
    if verdict.others is not None and verdict.map is not None and not verdict.locks:
        yield no_lock_text(verdict)
    yield from writers_lines(verdict)
    yield from not_involved_lines(verdict)
    if verdict.report is not None and verdict.map is not None and verdict.map.address:
        first, *rest = check_lines(verdict.report, _FINDINGS, paint)
        yield f"gomap-check: {first.partition('): ')[2] or first}"
        yield from rest
    yield from (paint.note(f"note: {gap_text(gap)}") for gap in verdict.notes)
    yield from (f"what would tell more: {would_tell_text(what)}" for what in verdict.tells)


def _without_map(verdict: Verdict, damaged: Sequence[str] | None, paint: Paint) -> Iterator[str]:
    if damaged:
        have = f"{damaged[0]} has" if len(damaged) == 1 else f"{len(damaged)} maps have"
        yield f"verdict: no map operation has failed, but {have} findings (see below)"
    else:
        yield "verdict: no map is implicated"
    death = verdict.death
    if death is not None and death.call is not None:
        call = (own_call(death.trace, library_folder([death.trace])) or death.call).call
        so = "outside of map operations" if verdict.operation is None else "though not by a map's or a key's fault"
        where = f"in {call.name} ({place_text(call)}), {so}"
        yield f"  it was raised by goroutine {death.trace.goroutine.id}, {where}"
    yield from (f"  {line}" for line in _others_died(verdict))
    number, inside = len(verdict.checked), ", none inside a map operation"
    if verdict.inside:
        sound = f"; {counted(number, 'map')} checked for that: no findings" if number else ""
        inside = f", {counted(verdict.inside, 'map operation')} under way{sound}"
    yield f"  {counted(len(verdict.traces), 'goroutine')} looked at{inside}"
    if death is None:
        yield from (f"  {line}" for line in waiting_lines(verdict.traces))
    if damaged is None:
        yield "  maps that nobody is inside of were not checked: gomap-postmortem does that"
    yield from (paint.note(f"note: {gap_text(gap)}") for gap in verdict.notes)


def _others_died(verdict: Verdict) -> Iterator[str]:
    """Who raised an error besides: the program's last words may be theirs."""
    for death in verdict.also[:_MOST_DEATHS]:
        yield f"goroutine {death.trace.goroutine.id} has raised an error too: {death_text(death)}"
    left = len(verdict.also) - _MOST_DEATHS
    if left > 0:
        yield f"so {'has' if left == 1 else 'have'} {counted(left, 'more goroutine')}"


def _conclusion(verdict: Verdict) -> str:
    """The verdict in one sentence."""
    id = verdict.trace.goroutine.id if verdict.trace is not None else 0
    does = DOES[verdict.operation.kind] if verdict.operation is not None else "is at"
    if verdict.kind == "race":
        sides = verdict.others.sides if verdict.others is not None else []
        firm = [side for side in sides if side.degree != "possible"]
        if verdict.others is None:
            return f"goroutine {id} {does} a map that somebody wrote to meanwhile"
        if not firm:
            return f"goroutine {id} {does} it, and somebody wrote to it meanwhile who is not seen at it any more"
        foremost = [side.trace for side in firm if side.degree == firm[0].degree]
        others = goroutines_text(foremost)
        if firm[0].degree == "certain":
            return f"goroutine {id} {does} it while {others} {'write' if len(foremost) > 1 else 'writes'} to it"
        return f"goroutine {id} {does} it, and {others} probably wrote to it meanwhile"
    if verdict.kind == "bad key":
        return _bad_key(verdict.key, id, does)
    if verdict.kind == "nil map":
        nil = verdict.nil
        kind = nil.type.name if nil is not None and nil.type is not None else "map"
        which = ""
        if nil is not None and nil.path:
            which = f", probably {nil.path}{f' of {nil.call.call.name}' if nil.call is not None else ''}"
        return f"goroutine {id} assigns to a {kind} that is nil{which}: it was never made"
    if verdict.kind == "mutated keys":
        return f"{_mutated(verdict.report)}; goroutine {id} {does} it"
    if verdict.kind == "corruption":
        loops = verdict.report is not None and endless(verdict.report)
        what = "a search in it does not end" if loops else "the map is not as a map can be"
        return f"{what} (see below); goroutine {id} {does} it"
    if verdict.trace is None:
        looked_at = counted(len(verdict.traces), "goroutine")
        return f"of {looked_at} looked at none is caught in a damaged map; not all could be (see below)"
    if verdict.death is None:  # somebody waits in it
        return f"a mutex of it is locked, and nobody is seen who would unlock it; goroutine {id} {does} it, and waits"
    return f"goroutine {id} {does} it, and nothing that can be seen here says why it failed"


def _nil_path(nil: AssignedNil, trace: Traceback, operation: Operation, paint: Paint) -> Iterator[str]:
    """What tells the path to a nil map, and how to ask what that is a part of."""
    function = (nil.call or trace.calls[operation.caller]).call.name
    yield paint.note(f"  {function} gets to no other nil map of this type")
    owner = nil.path.rpartition(".")[0]
    if nil.call is not None and owner:
        yield paint.note(
            f"  whose that is: gomap-refs -goroutine {trace.goroutine.id} -frame {nil.call.number} {owner}"
        )


def _mutated(report: Report | None) -> str:
    """What is known of keys that have changed since they were put in: they do not hash to their places any more."""
    shared = report.shared_bytes if report is not None else None
    if shared is None:
        return "keys do not hash to where they stand, and their bytes lie outside of the map"
    if shared.proved:
        return "bytes of its keys changed after these were stored (see below)"
    keys = counted(shared.misplaced, "key does", "keys do")
    return f"{keys} not hash to where they stand, and {shared.keys} of them have their bytes in one place (see below)"


def _bad_key(trouble: KeyTrouble | None, id: int, does: str) -> str:
    if trouble is None:
        return ""
    at = f"{trouble.start:#x} to {trouble.end:#x}"
    what = {
        "key": f"the key itself, at {at}, cannot be read",
        "string": f"the bytes of {trouble.path}, a string at {at}, cannot be read",
        "interface": f"what {trouble.path}, an interface, holds at {trouble.start:#x} cannot be read",
        "type": f"the type of what {trouble.path}, an interface, holds cannot be read at {trouble.start:#x}",
        "unhashable": "the key is an interface, and holds what has no hash",
    }[trouble.what]
    if trouble.file is not None:
        what += f": {in_file_text(trouble.file)}, which may have been cut short"
    elif trouble.stored:
        what += ": that memory was given back, or the key overwritten"
    if trouble.stored:
        return f"goroutine {id} {does} it; it has a key, stored at {trouble.stored:#x}, and {what}"
    return f"goroutine {id} {does} it, and {what}; not the map is to blame"
