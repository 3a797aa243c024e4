"""Who was at a map, as lines of text: goroutines with what they do to it, and how far that is certain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from gomap.goruntime.tracebacks import CallFrame, Traceback
from gomap.maps.wording import counted
from gomap.postmortem.sides import Reach, Side, Site
from gomap.postmortem.verdict import Verdict
from gomap.views.gaps import code_unread_text
from gomap.views.goroutines import DOES, place_text
from gomap.views.paint import Paint

__all__ = [
    "MOST_NAMED",
    "Arguments",
    "goroutines_text",
    "grouped_text",
    "not_involved_lines",
    "offset_text",
    "sides_lines",
    "writers_lines",
]

#: The arguments of a call, by the goroutine's number and the call's, in words: ``s=0x578450 i=17``.
Arguments = Mapping[tuple[int, int], str]

_LONGEST_NAME = 60
#: Goroutines that are named by number in one place.
MOST_NAMED = 8


def sides_lines(verdict: Verdict, arguments: Arguments, paint: Paint) -> Iterator[str]:
    """Who was at the map of VERDICT, the goroutine that died first."""
    if verdict.trace is not None and verdict.operation is not None:
        role = "is inside it"
        if verdict.death is not None and verdict.death.trace is verdict.trace:
            role = "faulted" if verdict.death.fault is not None and not verdict.death.raised else "threw"
        yield _head(verdict.trace, role, _thread(verdict.trace), DOES[verdict.operation.kind] + " it")
        callers = verdict.trace.in_frame_of(verdict.operation.caller)
        last = callers[-1].number if callers else verdict.operation.caller
        yield from _stack(verdict.trace, verdict.operation.inner, last, arguments, paint)
    others = verdict.others
    if others is None:
        return
    threw = {death.trace.goroutine.id for death in verdict.also}
    for side in others.sides:
        if side.degree == "possible":
            continue
        if side.operation is not None:
            role = "certain, threw too" if side.trace.goroutine.id in threw else "certain"
            yield _head(side.trace, role, side.trace.status, DOES[side.operation.kind] + " it")
            yield from _stack(side.trace, side.operation.inner, side.operation.caller, arguments, paint)
            continue
        yield _head(side.trace, side.degree, side.trace.status, "outside map code now")
        if side.call.number:
            yield from _stack(side.trace, 0, 0, arguments, paint)
        if side.call.number > 1:
            yield paint.note(f"    ... {counted(side.call.number - 1, 'call')}")
        yield from _stack(side.trace, side.call.number, side.call.number, arguments, paint)
        yield f"      {_evidence(side.reach, side.site)}"
    possible = [side for side in others.sides if side.degree == "possible"]
    if possible:
        yield f"possible: {grouped_text((side.trace, _possibly(side)) for side in possible)}"
    if others.readers:
        readers = ((trace, DOES[each.kind] + " it") for trace, each in others.readers)
        yield f"at it without writing: {grouped_text(readers)}"
    if others.unread_code:
        yield paint.note(f"note: {code_unread_text(others.unread_code)}, so nobody is more than possible")


def writers_lines(verdict: Verdict) -> Iterator[str]:
    """Whose code may have written to the map, if nobody is seen who did."""
    if not verdict.writers:
        return
    yield "code of this package that writes to such maps:"
    width = min(max(len(each.call.name) for each in verdict.writers), _LONGEST_NAME)
    for each in verdict.writers:
        locks = "takes a lock" if each.locks else "takes no lock itself"
        yield f"  {each.call.name:{width}}  {place_text(each.call)}  {locks}"


def not_involved_lines(verdict: Verdict) -> Iterator[str]:
    """Who was at other maps only."""
    if verdict.others is not None and verdict.others.elsewhere:
        shown = ((trace, call.call.name) for trace, call in verdict.others.elsewhere)
        yield f"not involved: {grouped_text(shown)}: other maps only"


def _head(trace: Traceback, role: str, state: str, does: str) -> str:
    return f"goroutine {trace.goroutine.id}  {role:9}  {state}, {does}"


def _thread(trace: Traceback) -> str:
    if trace.runtime_thread is None:
        return trace.status
    lwp = trace.thread.id if trace.thread is not None else trace.runtime_thread.lwp
    return f"m{trace.runtime_thread.id}, LWP {lwp}"


def _stack(trace: Traceback, first: int, last: int, arguments: Arguments, paint: Paint) -> Iterator[str]:
    calls = trace.calls[first : last + 1]
    width = min(max((len(each.call.name) for each in calls), default=0), _LONGEST_NAME)

    def line(each: CallFrame) -> str:
        passed = arguments.get((trace.goroutine.id, each.number), "")
        inlined = "  (inlined)" if each.call.inlined else ""
        shown = f"{place_text(each.call)}{inlined}{'  ' + paint.note(passed) if passed else ''}"
        return f"    {each.call.name:{width}}  {shown}"

    for text, alike in groupby(calls, key=line):
        again = sum(1 for _ in alike) - 1
        yield text
        if again:
            yield paint.note(f"    ... {counted(again, 'more call')} from there")


def _evidence(reach: Reach | None, site: Site | None) -> str:
    """Why a goroutine may be the other side."""
    told = []
    if reach is not None:
        told.append(
            {
                "variable": f"reaches this map by {reach.path}",
                "package": f"reaches this map by {reach.path}, which its code names",
                "word": f"has this map's header in its frame, at {reach.address:#x}",
                "pointer": f"has a pointer in its frame, at {reach.address:#x}, to what holds this map",
            }[reach.by]
        )
    if site is not None:
        inlined = f", inlined from {site.written}" if site.written != site.function else ""
        typed = "" if site.typed else " (of which type, is not told)"
        typed += " for a map of this type: which, is not told" if site.typed and reach is None else ""
        at = offset_text(site.function, site.site.at - site.entry)
        told.append(f"calls {site.site.function.name} at {at}{inlined}{typed}")
    return "; ".join(told)


def offset_text(function: str, offset: int) -> str:
    """``put+226``."""
    return f"{function.rpartition('.')[2]}+{offset}"


def _possibly(side: Side) -> str:
    if side.waits:
        return f"{side.call.call.name}, waits: {side.trace.status}"
    return f"{side.call.call.name}: {_evidence(side.reach, side.site)}"


def goroutines_text(traces: Sequence[Traceback]) -> str:
    """``goroutine 18``, ``goroutines 18, 19 and 20``."""
    numbers = [str(trace.goroutine.id) for trace in traces]
    if len(numbers) == 1:
        return f"goroutine {numbers[0]}"
    if len(numbers) > MOST_NAMED:
        numbers = [*numbers[: MOST_NAMED - 1], f"{len(numbers) - MOST_NAMED + 1} more"]
    return f"goroutines {', '.join(numbers[:-1])} and {numbers[-1]}"


def grouped_text(shown: Iterable[tuple[Traceback, str]]) -> str:
    """``20, 21, 22 (main.elsewhere)``."""
    by_text = sorted(shown, key=lambda each: each[1])
    groups = []
    for text, members in groupby(by_text, key=lambda each: each[1]):
        numbers = [str(trace.goroutine.id) for trace, _ in members]
        more = f" and {len(numbers) - MOST_NAMED} more" if len(numbers) > MOST_NAMED else ""
        groups.append(f"{', '.join(numbers[:MOST_NAMED])}{more} ({text})")
    return ", ".join(groups)
