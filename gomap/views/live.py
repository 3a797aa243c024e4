"""What those have seen who watch a program run, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from gomap.live.culprit import Culprit
from gomap.live.guard import Guard, Guarded, Moment
from gomap.maps.wording import counted
from gomap.views.findings import check_lines
from gomap.views.goroutines import DOES, place_text
from gomap.views.paint import Paint
from gomap.views.text import title

__all__ = ["guard_lines", "guarded_lines"]

#: Calls that are shown beyond the program's own innermost one.
_OUTWARD = 3


def guard_lines(guard: Guard, limit: int | None, paint: Paint) -> Iterator[str]:
    """What a guard begins with, LIMIT findings at most."""
    lasting = [finding for finding in guard.first.findings if not finding.transient]
    yield f"{guard.name}: {title(guard.first.map, paint)}"
    if lasting:
        yield "it is broken already; what is found now is not told of again:"
        yield from check_lines(guard.first, limit, paint)


def guarded_lines(seen: Guarded, limit: int | None, paint: Paint) -> Iterator[str]:
    """What a guard has stopped for, LIMIT findings at most."""
    who, place = _who(seen.culprit), _place(seen.culprit)
    since = f"{counted(seen.operations, 'operation')} before it broke nothing"
    if seen.moment is Moment.AFTER:
        yield f"{seen.name}: broken by this operation: {who} {DOES[seen.culprit.kind]} it, {place}; {since}"
    elif seen.moment is Moment.BEFORE:
        what = f"{who} begins it ({DOES[seen.culprit.kind]} it), {place}"
        yield f"{seen.name}: broken before this operation, by no operation: {what}; {since}"
    elif seen.moment is Moment.FOREIGN:
        yield f"{seen.name}: the map's header is written to outside of all map functions: {who}, {place}; {since}"
        yield "that overwrites the map, or the map is out of use and its memory serves something else; the guard ends"
    else:
        yield f"{seen.name}: the map's memory is no longer in use; the guard ends"
    yield from _calls(seen.culprit, paint)
    if seen.report is not None:
        yield from check_lines(seen.report, limit, paint)


def _who(culprit: Culprit) -> str:
    return f"goroutine {culprit.trace.goroutine.id}" if culprit.trace is not None else f"LWP {culprit.lwp}"


def _place(culprit: Culprit) -> str:
    own = culprit.own
    return (
        f"in {own.call.name} at {place_text(own.call)}"
        if own is not None
        else f"at a place that cannot be told: {culprit.unknown}"
    )


def _calls(culprit: Culprit, paint: Paint) -> Iterator[str]:
    """The calls from the innermost to some beyond the program's own."""
    if culprit.trace is None or culprit.own is None:
        return
    calls = culprit.trace.calls[: culprit.own.number + 1 + _OUTWARD]
    width = max(len(each.call.name) for each in calls)
    for each in calls:
        yield f"    {each.number:<3} {each.call.name:{width}}  {place_text(each.call)}"
