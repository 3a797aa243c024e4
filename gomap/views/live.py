"""What watchers of a running program have seen, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from gomap.live.changes import Change, Changed
from gomap.live.culprit import Culprit
from gomap.live.entry_watch import EntryWatch, Part
from gomap.live.field_watch import FieldWatch
from gomap.live.guard import Guarded, Guarding, Moment
from gomap.maps.wording import counted
from gomap.views.findings import check_lines
from gomap.views.goroutines import DOES, place_text
from gomap.views.paint import Paint
from gomap.views.text import title

__all__ = [
    "by_calls_line",
    "changed_lines",
    "culprit_text",
    "entry_watch_lines",
    "field_watch_lines",
    "guard_lines",
    "guarded_lines",
    "on_stack_line",
    "unknown_text",
]

#: Calls that are shown beyond the program's own innermost one.
_OUTWARD = 3


def guard_lines(guard: Guarding, limit: int | None, paint: Paint) -> Iterator[str]:
    """What is said as a guard begins: what is wrong with the map already, LIMIT findings at most."""
    lasting = [finding for finding in guard.first.findings if not finding.transient]
    yield f"{guard.name}: {title(guard.first.map, paint)}"
    if lasting:
        yield "it is broken already; what is found now is not told of again:"
        yield from check_lines(guard.first, limit, paint)


def by_calls_line(functions: int, why: Exception) -> str:
    """What to say of a guard that stands on that many FUNCTIONS; WHY: what keeps it from using a watchpoint."""
    return (
        f"note: {why}. Breakpoints stand on the {functions} functions that change maps instead: each write to any map "
        "stops the program for a moment"
    )


def guarded_lines(seen: Guarded, limit: int | None, paint: Paint) -> Iterator[str]:
    """What a guard has stopped the program for, LIMIT findings at most."""
    who, place = _who(seen.culprit), _place(seen.culprit)
    since = f"{counted(seen.operations, 'operation')} before it broke nothing"
    if seen.moment is Moment.AFTER:
        yield f"{seen.name}: broken by this operation: {who} {DOES[seen.culprit.kind]} it, {place}; {since}"
    elif seen.moment is Moment.JOINED:
        when = "before the guard began, or by the operation that was under way then"
        yield f"{seen.name}: broken {when}: seen as {who} {DOES[seen.culprit.kind]} it, {place}"
    elif seen.moment is Moment.BEFORE:
        what = f"{who} begins it ({DOES[seen.culprit.kind]} it), {place}"
        yield f"{seen.name}: broken before this operation, by no operation: {what}; {since}"
    elif seen.moment is Moment.FOREIGN:
        yield f"{seen.name}: the map's header is written to outside of all map functions: {who}, {place}; {since}"
        yield "that overwrites the map, or the map is out of use and its memory serves something else; the guard ends"
    else:
        yield f"{seen.name}: the map's memory is no longer in use; the guard ends"
    yield from _calls(seen.culprit, paint)
    if seen.beside:
        who = ", ".join(f"goroutine {id}" for id in seen.beside)
        yield f"note: a race: inside a write to this map as well: {who}; which one broke it cannot be told"
    if seen.report is not None:
        yield from check_lines(seen.report, limit, paint)


def field_watch_lines(watch: FieldWatch, paint: Paint) -> Iterator[str]:
    """What is said as the watch of a header's field begins."""
    yield f"{watch.name}: {title(watch.map, paint)}"
    yield f"watched: {watch.field}, which is {watch.value}"


def entry_watch_lines(watch: EntryWatch, paint: Paint) -> Iterator[str]:
    """What is said as the watch of an entry begins."""
    yield f"{watch.name}: {title(watch.map, paint)}"
    here, key = watch.here, paint.literal(watch.sought.text)
    if here is None:
        yield f"{key} is not in it; watched: whether it comes to be"
        return
    yield f"{key}: {paint.literal(here.literal)}  {here.place}"
    if watch.part is not Part.ENTRY:
        yield f"watched: {watch.part.value}"
        return
    size, watched = watch.map.elem.size, watch.watched
    left = "" if watched >= size else f"; not watched: its last {size - watched} bytes of {size}"
    yield f"watched: the element at {here.elem:#x}, and whether the key is there{left}"


def on_stack_line(goroutine: int) -> str:
    """What to say of a map that lies on that goroutine's stack."""
    return (
        f"note: this map lies on the stack of goroutine {goroutine}, which moves as it grows, and is gone as the "
        "function returns; what is seen after that is not of this map"
    )


def changed_lines(seen: Changed, paint: Paint) -> Iterator[str]:
    """What a watch has stopped the program for."""
    old, new = paint.literal(seen.old), paint.literal(seen.new)
    texts = {
        Change.FIELD: f"{seen.subject}: {old} -> {new}",
        Change.VALUE: f"{old} -> {new}  {seen.subject}",
        Change.STATE: f"{old} -> {new}  {seen.subject}",
        Change.OVERFLOW: f"overflow pointer {old} -> {new}  {seen.subject}",
        Change.STORED: f"the key is there now, with {new} until its element is stored  {seen.subject}",
        Change.DELETED: f"the key is gone; it was {old}  {seen.subject}",
        Change.FREED: "the map's memory is no longer in use; the watch ends",
    }
    moved = f"; growth has moved it {counted(seen.moves, 'time')}" if seen.moves else ""
    yield f"{seen.name}: {texts[seen.what]}{moved}"
    does = f"{DOES[seen.culprit.kind]} the map, " if seen.culprit.kind else ""
    yield f"  {_who(seen.culprit)}, {does}{_place(seen.culprit)}"
    yield from _calls(seen.culprit, paint)
    if seen.unseen:
        yield "note: only bytes that are not watched have changed, at any time since the map was last looked at"
    if seen.partly:
        yield "note: an element of several words is stored in parts; this may be one with parts of the old"


def culprit_text(culprit: Culprit) -> str:
    """Which goroutine it was, and where in the program: ``goroutine 18, in main.put at main.go:26``."""
    return f"{_who(culprit)}, {_place(culprit)}"


def _who(culprit: Culprit) -> str:
    return f"goroutine {culprit.trace.goroutine.id}" if culprit.trace is not None else f"LWP {culprit.lwp}"


def _place(culprit: Culprit) -> str:
    own = culprit.own
    return (
        f"in {own.call.name} at {place_text(own.call)}"
        if own is not None
        else f"at a place that cannot be told: {unknown_text(culprit)}"
    )


def unknown_text(culprit: Culprit) -> str:
    """Why the goroutine cannot be told; empty if it can."""
    if culprit.trace is not None:
        return ""
    return str(culprit.unknown) if culprit.unknown is not None else "no goroutine is on that thread"


def _calls(culprit: Culprit, paint: Paint) -> Iterator[str]:
    """The culprit's calls, from the innermost to a few beyond the program's own function."""
    if culprit.trace is None or culprit.own is None:
        return
    calls = culprit.trace.calls[: culprit.own.number + 1 + _OUTWARD]
    width = max(len(each.call.name) for each in calls)
    for each in calls:
        yield f"    {each.number:<3} {each.call.name:{width}}  {place_text(each.call)}"
