"""What differs between two maps, or in one since a snapshot, as ``gomap-diff`` shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gomap.maps.differences import Changed, Differences
from gomap.maps.snapshots import Snapshot
from gomap.maps.wording import counted
from gomap.views.paint import Paint

__all__ = ["differences_object", "since_lines", "two_lines"]


def since_lines(
    first: Snapshot, second: Snapshot, found: Differences, limit: int | None, paint: Paint
) -> Iterator[str]:
    """What changed in a map. LIMIT: how many lines there are of each kind of change; None: all."""
    yield _title(second, paint)
    yield from _notes(first, second, paint)
    if not found.same_map:
        yield f"another map: the header was at {first.address:#x}, and is at {second.address:#x}"
    for each in found.header:
        yield f"  {each.name}: {each.before} -> {each.after}"
    yield from _entry_lines(found, limit, paint, ("added", "removed", "changed"))
    yield from _structure_lines(found, limit, paint)


def two_lines(first: Snapshot, second: Snapshot, found: Differences, limit: int | None, paint: Paint) -> Iterator[str]:
    """Whether two variables have one map, whether they share parts, and what differs."""
    a, b = first.expression, second.expression
    yield f"{a}: {_title(first, paint)}"
    yield f"{b}: {_title(second, paint)}"
    yield from _notes(first, second, paint)
    if not first.address and not second.address:
        yield "both are nil"
        return
    if found.same_map:
        what = "what is stored by one is in the other"
        yield f"one map: both variables lead to the header at {second.address:#x}, so {what}"
        return
    if found.shared:
        parts = f"two headers that share {counted(len(found.shared), 'part')}, such as {found.shared[0]}"
        yield paint.note(f"{parts}: what is stored by one appears in the other, and is not counted there")
    else:
        yield "two maps that share nothing"
    if first.type != second.type:
        yield f"of different types: {first.type}, {second.type}"
    if found.equal_entries:
        yield f"they have the same {counted(len(first.entries), 'entry', 'entries')}"
        return
    yield from _entry_lines(found, limit, paint, (f"in {b} only", f"in {a} only", "with different elements"))


def differences_object(first: Snapshot, second: Snapshot, found: Differences) -> dict[str, Any]:
    """What ``gomap-diff -json`` prints."""

    def listed(changes: Sequence[Changed]) -> list[dict[str, str]]:
        return [change._asdict() for change in changes]

    def entries(changes: Sequence[Changed]) -> list[dict[str, str]]:
        return [{"key": key, "elem": elem, "place": place} for key, elem, place in changes]

    return {
        "command": "diff",
        "first": _head(first),
        "second": _head(second),
        "sameMap": found.same_map,
        "shared": found.shared,
        "header": listed(found.header),
        "added": entries(found.added),
        "removed": entries(found.removed),
        "changed": listed(found.changed),
        "places": listed(found.places),
        "evacuated": found.evacuated,
        "states": [
            {"before": before, "after": after, "slots": number} for (before, after), number in found.states.items()
        ],
        "moved": listed(found.moved),
        "made": listed(found.made),
        "gone": listed(found.gone),
        "cut": first.cut or second.cut,
    }


def _head(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "expression": snapshot.expression,
        "type": snapshot.type,
        "kind": snapshot.kind,
        "address": f"{snapshot.address:#x}",
        "summary": snapshot.summary,
        "notes": snapshot.notes,
    }


def _title(snapshot: Snapshot, paint: Paint) -> str:
    where = f" at {paint.address(f'{snapshot.address:#x}')}" if snapshot.address else ""
    return f"{paint.type(snapshot.type)}{where} ({snapshot.kind}): {snapshot.summary}"


def _notes(first: Snapshot, second: Snapshot, paint: Paint) -> Iterator[str]:
    for snapshot in (first, second):
        for note in snapshot.notes[:3]:
            yield paint.note(f"note: {snapshot.expression}: {note}")
        if snapshot.cut:
            kept = counted(len(snapshot.entries), "entry", "entries")
            yield paint.note(f"note: {snapshot.expression}: only {kept} were compared")


def _entry_lines(found: Differences, limit: int | None, paint: Paint, words: Sequence[str]) -> Iterator[str]:
    added, removed, changed = words
    counts = (len(found.added), len(found.removed), len(found.changed))
    if not any(counts):
        yield "entries: the same"
        return
    told = [f"{number} {word}" for number, word in zip(counts, (added, removed, changed), strict=True)]
    yield f"entries: {', '.join(told)}"
    yield from _cut(found.added, limit, lambda one: f"  + {paint.literal(one.name)}: {one.before}  {one.after}")
    yield from _cut(found.removed, limit, lambda one: f"  - {paint.literal(one.name)}: {one.before}  {one.after}")
    yield from _cut(found.changed, limit, lambda one: f"  ~ {paint.literal(one.name)}: {one.before} -> {one.after}")


def _structure_lines(found: Differences, limit: int | None, paint: Paint) -> Iterator[str]:
    if found.places:
        yield f"in other places: {counted(len(found.places), 'entry', 'entries')}"
        yield from _cut(found.places, limit, lambda one: f"  {paint.literal(one.name)}: {one.before} -> {one.after}")
    if found.evacuated:
        named = found.evacuated[: len(found.evacuated) if limit is None else limit]
        more = len(found.evacuated) - len(named)
        told = "; ".join([*named, *([f"{more} more"] if more else [])])
        yield f"evacuated: {counted(len(found.evacuated), 'old bucket')}: {told}"
    if found.states:
        states = [f"{before} -> {after} {number}" for (before, after), number in sorted(found.states.items())]
        yield f"states of slots changed: {', '.join(states)}"
    for word, parts in (("moved", found.moved), ("new", found.made), ("gone", found.gone)):
        if parts:
            yield f"{word}: {counted(len(parts), 'part')}"
            yield from _cut(parts, limit, lambda one: f"  {one.name}: {' -> '.join(filter(None, one[1:]))}")


def _cut(changes: Sequence[Changed], limit: int | None, line: Callable[[Changed], str]) -> Iterator[str]:
    for change in changes[: len(changes) if limit is None else limit]:
        yield line(change)
    if limit is not None and len(changes) > limit:
        yield f"  {len(changes) - limit} more; see 'help gomap-diff' for -limit"
