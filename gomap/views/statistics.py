"""The figures of a map, as ``gomap-stats`` shows them: a line each, and histograms as bars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from gomap.maps.classic import ClassicMap
from gomap.maps.model import GoMap
from gomap.maps.notes import Note
from gomap.maps.wording import counted, note_text
from gomap.statistics.model import AllocatorUnknown, EndlessChain, Lengths, NoHasher, Statistics, UnreadableChain
from gomap.views.jsonview import start
from gomap.views.paint import Paint
from gomap.views.text import title

__all__ = ["statistics_lines", "statistics_object"]

#: Characters of the longest bar, and lines of a histogram before what is left of it is one line.
_WIDEST, _MOST_ROWS = 40, 24
_BAR = "#"


def statistics_lines(map: GoMap, figures: Statistics, paint: Paint) -> Iterator[str]:
    """All figures, with those beside them that a sound map of that size is expected to have."""
    yield title(map, paint)
    for trouble in figures.trouble:
        yield paint.note(f"note: {_trouble_text(trouble)}")
    if not map.address:
        return
    unit = _unit(map)
    rows = [("load", _load(map, figures, unit)), ("deleted", _deleted(map, figures))]
    if map.address and figures.hits.counts:
        rows.append(("hits", _lengths(figures.hits, figures.expected_hits, unit)))
    if figures.misses.counts:
        rows.append(("misses", _lengths(figures.misses, figures.expected_misses, unit)))
    if figures.lost:
        rows.append(("lost", f"{counted(figures.lost, 'key')} that no lookup finds"))
    rows += [(part.what, _bytes(part.bytes, part.number)) for part in figures.taken]
    rows.append(("in all", _in_all(figures)))
    if figures.rebuilt is not None:
        rows.append(("built anew", _rebuilt(figures)))
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        yield f"  {name:{width}}  {text}"
    if figures.unhashed:
        have = f"{counted(figures.unhashed, 'key')} {'have' if figures.unhashed > 1 else 'has'} no hash here"
        yield paint.note(f"note: {have}: what it is made of cannot be read; no figure of hits has them")
    for unmeasured in figures.without:
        yield paint.note(f"note: {_unmeasured_text(unmeasured)}")
    if isinstance(map, ClassicMap):
        yield from _histogram(
            "entries in a bucket and its overflow buckets; how many buckets have so many",
            figures.fill,
            figures.expected_fill,
            paint,
        )
        yield from _histogram(
            "overflow buckets behind a bucket; how many buckets have so many", figures.chains, None, paint
        )
    else:
        yield from _histogram("entries in a group; how many groups have so many", figures.fill, None, paint)
    for name, lengths in (("hits", figures.hits), ("misses", figures.misses)):
        if lengths.longest > 1:
            total = f"{lengths.counts.total():,}"
            heading = f"{name}: {unit}s that a lookup comes to; how many of {total} lookups come to so many"
            yield from _histogram(heading, lengths.counts, None, paint)


def statistics_object(map: GoMap, figures: Statistics) -> dict[str, Any]:
    """What ``gomap-stats -json`` prints."""
    return {
        **start("stats", map),
        "entries": figures.entries,
        "slots": figures.slots,
        "deleted": figures.deleted,
        "lost": figures.lost,
        "unhashed": figures.unhashed,
        "fill": _counts(figures.fill),
        "expectedFill": None if figures.expected_fill is None else _counts(figures.expected_fill),
        "chains": _counts(figures.chains),
        "hits": _lengths_object(figures.hits, figures.expected_hits),
        "misses": _lengths_object(figures.misses, figures.expected_misses),
        "bytes": [part._asdict() for part in figures.taken],
        "structure": figures.structure,
        "allocated": figures.allocated,
        "rebuilt": figures.rebuilt,
        "trouble": [_trouble_text(each) for each in figures.trouble],
        "without": [_unmeasured_text(each) for each in figures.without],
    }


def _trouble_text(trouble: Note | EndlessChain | UnreadableChain) -> str:
    """What could not be looked at."""
    match trouble:
        case EndlessChain():
            return f"the chain of the bucket at {trouble.head:#x} does not end"
        case UnreadableChain():
            return f"the chain of the bucket at {trouble.head:#x}: {trouble.error}"
        case _:
            return note_text(trouble)


def _unmeasured_text(what: AllocatorUnknown | NoHasher) -> str:
    """What is not measured, and why."""
    if isinstance(what, NoHasher):
        return f"hits are not measured, for keys are not hashed: {what.error}"
    return f"what the allocator takes is not told: {what.error}"


def _unit(map: GoMap) -> str:
    return "bucket" if isinstance(map, ClassicMap) else "group"


def _load(map: GoMap, figures: Statistics, unit: str) -> str:
    share = f", {figures.entries / figures.slots:.0%}" if figures.slots else ""
    number = next((part.number for part in figures.taken if part.what == f"{unit}s"), 0)
    average = f"; {figures.entries / number:.2f} entries per {unit}" if number else ""
    return f"{figures.entries} of {counted(figures.slots, 'slot')}{share}{average}"


def _deleted(map: GoMap, figures: Statistics) -> str:
    what = "emptyOne" if isinstance(map, ClassicMap) else "deleted (tombstones)"
    return f"{counted(figures.deleted, 'slot')} {what}"


def _lengths(lengths: Lengths, expected: float | None, unit: str) -> str:
    beside = "" if expected is None else f" (expected: {expected:.3f})"
    return f"{lengths.mean:.3f} {unit}s on average{beside}, 99% within {lengths.p99}, longest {lengths.longest}"


def _lengths_object(lengths: Lengths, expected: float | None) -> dict[str, Any]:
    return {
        "counts": _counts(lengths.counts),
        "mean": lengths.mean,
        "p99": lengths.p99,
        "longest": lengths.longest,
        "expected": expected,
    }


def _counts(counts: Mapping[int, int] | Mapping[int, float]) -> dict[str, float]:
    return {str(number): counts[number] for number in sorted(counts)}


def _bytes(size: int, number: int) -> str:
    of = f", {number} of {size // number}" if number > 1 else ""
    return f"{size:,} bytes{of}"


def _in_all(figures: Statistics) -> str:
    allocated = "" if figures.allocated is None else f"; {figures.allocated:,} as allocated"
    return f"{figures.structure:,} bytes{allocated}"


def _rebuilt(figures: Statistics) -> str:
    saved = (figures.allocated or 0) - (figures.rebuilt or 0)
    than = f", {saved:,} less" if saved > 0 else f", {-saved:,} more" if saved < 0 else ", as much"
    return f"{figures.rebuilt:,} bytes as allocated{than}"


def _histogram(heading: str, counts: Counter[int], expected: Mapping[int, float] | None, paint: Paint) -> Iterator[str]:
    """A bar for each count, the longest as wide as there is room; EXPECTED: the numbers to show beside the bars."""
    if not counts:
        return
    yield heading + ("; beside that how many random hashes would give" if expected is not None else "")
    numbers = range(min(counts), max(counts) + 1)
    shown, rest = numbers[:_MOST_ROWS], numbers[_MOST_ROWS:]
    rows = [(str(number), counts[number], expected and expected.get(number, 0.0)) for number in shown]
    if rest:
        more = expected and sum(expected.get(number, 0.0) for number in rest)
        rows.append((f"{rest[0]}+", sum(counts[number] for number in rest), more))
    most = max(count for _, count, _ in rows)
    names, widths = (max(len(str(row[column])) for row in rows) for column in (0, 1))
    for name, count, other in rows:
        bar = _BAR * -(-count * _WIDEST // most) if most else ""
        beside = "" if expected is None else f"  {other or 0.0:10.1f}"
        yield f"  {name:>{names}}  {count:>{widths}}{beside}  {paint.state(bar)}".rstrip()
