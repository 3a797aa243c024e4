"""How a map grew while it was traced: a line for each step, the curve of all of them, and a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gomap.live.growth_trace import Grown, GrowthTrace, Step
from gomap.maps.wording import counted
from gomap.views.html import Table
from gomap.views.live import culprit_text
from gomap.views.paint import Paint
from gomap.views.text import title

__all__ = ["curve_lines", "grown_line", "steps_table", "trace_line"]

#: Characters of the longest bar of the curve.
_WIDTH = 60


def trace_line(trace: GrowthTrace, paint: Paint) -> str:
    """What is said as a trace begins: of which map, and how large it is."""
    return f"{trace.name}: {title(trace.map, paint)}"


def grown_line(seen: Grown) -> str:
    """A step of the growth, the goroutine that took it, and how full the map is now."""
    if seen.step is Step.FREED:
        return f"{seen.name}: {_what(seen)}"
    return f"{seen.name}: {_what(seen)}; {counted(seen.entries, 'entry', 'entries')}; {culprit_text(seen.culprit)}"


def curve_lines(steps: Sequence[Grown]) -> Iterator[str]:
    """A bar for each step: ``#`` for slots that have an entry, ``.`` for those that have none."""
    most = max((each.slots for each in steps), default=0)
    columns = [[f"{each.entries:,}", f"{each.slots:,}"] for each in steps]
    widths = [max(map(len, column), default=0) for column in zip(["entries", "slots"], *columns, strict=True)]
    yield f"{'entries':>{widths[0]}}  {'slots':>{widths[1]}}  # slots with an entry, . without one"
    for each, (entries, slots) in zip(steps, columns, strict=True):
        full = each.entries * _WIDTH // most if most else 0
        room = max(each.slots * _WIDTH // most - full, 0) if most else 0
        yield f"{entries:>{widths[0]}}  {slots:>{widths[1]}}  {'#' * full}{'.' * room}  {_what(each)}"


def steps_table(steps: Sequence[Grown]) -> Table:
    """All steps, for a page."""
    rows = [
        [str(number), _what(each), f"{each.entries:,}", f"{each.slots:,}", culprit_text(each.culprit)]
        for number, each in enumerate(steps, 1)
    ]
    return Table("Steps", ["step", "what", "entries", "slots", "whose"], rows)


def _what(seen: Grown) -> str:
    table = f"table {seen.table}"
    match seen.step:
        case Step.GROWS:
            return f"grows from {seen.old} to {counted(seen.new, 'bucket')}"
        case Step.SAME_SIZE:
            return f"grows at the same size, {counted(seen.new, 'bucket')}, to have fewer overflow buckets"
        case Step.EVACUATED:
            return f"{seen.old} of {counted(seen.new, 'old bucket')} evacuated"
        case Step.DONE:
            return f"all {counted(seen.new, 'old bucket')} evacuated"
        case Step.OVERFLOW:
            return f"an overflow bucket; noverflow {seen.old} -> {seen.new}"
        case Step.TO_TABLE:
            return f"its group of {seen.old} slots becomes a table of {seen.new}"
        case Step.TABLE_GROWS:
            return f"{table} grows from {seen.old} to {seen.new} slots"
        case Step.TABLE_SPLITS:
            doubles = "; the directory doubles" if seen.doubles else ""
            return f"{table} splits into two of {seen.new} slots{doubles}"
        case Step.PRUNES:
            return f"{table} may clean up tombstones, which {seen.old} of its {seen.new} slots are"
    return "the map's memory is no longer in use; the trace ends"
