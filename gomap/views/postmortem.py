"""A post-mortem as lines of text, as an object for JSON, and as what a page shows.

The answer comes first, and fits on a screen: what killed the program, the verdict, what is wrong with which map, which
maps have the memory. What goroutines do to maps, and the header of the map concerned, follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gomap.check.checking import Report
from gomap.goruntime.wording import answer_text
from gomap.maps.wording import counted
from gomap.postmortem.examination import CheckedMap, Examination
from gomap.postmortem.nil_elements import NilElements
from gomap.views.census import Filter, census_lines, census_object, type_text
from gomap.views.death import death_text
from gomap.views.findings import check_lines, check_object
from gomap.views.goroutines import DOES, GoroutineShown, goroutines_lines, goroutines_object
from gomap.views.html import Table
from gomap.views.jsonview import header_object
from gomap.views.paint import Paint
from gomap.views.referrers import kept_bytes_lines, kept_bytes_object
from gomap.views.sides import Arguments
from gomap.views.text import header_lines
from gomap.views.verdict import verdict_lines
from gomap.views.verdict_object import verdict_object

__all__ = ["page_of", "postmortem_lines", "postmortem_object"]

#: In the text: maps with findings, findings of each, the largest maps.
_DAMAGED, _FINDINGS, _LARGEST = 5, 4, 5
#: Nil maps that are named.
_NIL = 5
#: In JSON and in the page: maps, and maps that cannot be looked at.
_MOST_MAPS, _MOST_PROBLEMS = 1000, 100
#: In the page: maps that are drawn, goroutines.
_DRAWN, _MOST_GOROUTINES = 8, 1000


def postmortem_lines(
    examination: Examination, shown: Sequence[GoroutineShown], arguments: Arguments, paint: Paint
) -> Iterator[str]:
    """The report. SHOWN: the goroutines, those inside map operations first. ARGUMENTS: as for verdict_lines."""
    verdict = examination.verdict
    damaged = [each.path for each in examination.others_damaged]
    first, *rest = verdict_lines(verdict, arguments, paint, damaged)
    yield first
    if examination.fault_at is not None and verdict.fault_address is not None:
        yield f"  {verdict.fault_address:#x}: {answer_text(examination.fault_at)}"
    yield from rest
    yield from _nil_elements(examination.nil_elements, paint)
    yield from (paint.note(f"note: {note}") for note in _notes(examination))
    if examination.interrupted:
        yield paint.note("note: interrupted: what follows is not all that there is")
    yield from _checked_lines(examination, paint)
    if examination.census is not None:
        yield ""
        yield from census_lines(examination.census, Filter("bytes", None, 0, _LARGEST, False), paint)
    yield ""
    inside = sum(bool(each.operations) for each in shown)
    yield from goroutines_lines(shown, None, inside, False, paint)
    if verdict.map is not None and verdict.map.address:
        yield ""
        yield from header_lines(verdict.map, paint)


def _checked_lines(examination: Examination, paint: Paint) -> Iterator[str]:
    """What the checks of all maps found; of a map with findings the first few of them."""
    reports = [each.report for each in examination.checked if each.report is not None]
    damaged = [each for each in examination.checked if each.damaged]
    others = examination.others_damaged
    unread = [each for each in examination.checked if each.report is None]
    entries = sum(report.entries for report in reports)
    found = f"{counted(len(damaged), 'map has', 'maps have')} findings" if damaged else "no findings"
    yield (
        f"{counted(len(reports), 'map')} checked, {counted(entries, 'entry', 'entries')}: {found}"
        + (f"; {counted(len(unread), 'map')} cannot be checked" if unread else "")
    )
    for each in unread[:1]:
        yield paint.note(f"note: the first that cannot be, {each.path}: {each.problem}")
    for each in others[:_DAMAGED]:
        assert each.report is not None
        yield f"{each.path}:"
        yield from check_lines(each.report, _FINDINGS, paint)
    if len(others) > _DAMAGED:
        yield f"{counted(len(others) - _DAMAGED, 'more map')} with findings"
    yield from (line for kept in examination.kept_bytes for line in kept_bytes_lines(kept, paint))


def _nil_elements(nil: NilElements | None, paint: Paint) -> Iterator[str]:
    """Which nil maps it may have been that was assigned to."""
    if nil is None:
        return
    if nil.paths:
        left = nil.number - len(nil.paths[:_NIL])
        more = f" and {left} more" if left else ""
        yield f"nil maps of this type in the elements of maps: {', '.join(nil.paths[:_NIL])}{more}"
    if not nil.complete:
        yield paint.note("note: not all elements were looked at for nil maps of this type")


def _notes(examination: Examination) -> list[str]:
    why = examination.packages_only
    return [f"maps other than package variables are not looked at: {why}"] if why is not None else []


def postmortem_object(examination: Examination, shown: Sequence[GoroutineShown]) -> dict[str, Any]:
    """What ``gomap-postmortem -json`` writes: in one object those of gomap-why, gomap-check, gomap-list and others."""
    verdict, census = examination.verdict, examination.census
    object: dict[str, Any] = {
        "command": "postmortem",
        "why": verdict_object(verdict),
        "found": examination.found,
        "checked": sum(each.report is not None for each in examination.checked),
        "damaged": [
            {"path": each.path, "check": check_object(each.report)}
            for each in examination.checked
            if each.damaged and each.report is not None
        ],
        "unread": [
            {"path": each.path, "address": f"{each.address:#x}", "problem": str(each.problem)}
            for each in examination.checked
            if each.report is None
        ][:_MOST_PROBLEMS],
        "inside": goroutines_object([each for each in shown if each.operations], None),
        "keptBytes": [kept_bytes_object(each) for each in examination.kept_bytes],
        "notes": _notes(examination),
        "complete": not examination.interrupted,
    }
    if census is not None:
        object["list"] = census_object(census, Filter("bytes", None, 0, _MOST_MAPS, True))
    if examination.nil_elements is not None:
        nil = examination.nil_elements
        object["nilElements"] = {"paths": nil.paths, "number": nil.number, "complete": nil.complete}
    if examination.fault_at is not None:
        object["faultAt"] = answer_text(examination.fault_at)
    if verdict.map is not None and verdict.map.address:
        object["header"] = header_object(verdict.map)
    return object


def page_of(
    examination: Examination, shown: Sequence[GoroutineShown]
) -> tuple[str, list[tuple[str, Report]], list[Table]]:
    """The page's title, the maps that it draws, its tables.

    Drawn are the map of the verdict and those with findings; where there is none, the largest.
    """
    title = f"Post-mortem: {death_text(examination.verdict.death)}"
    return title, _drawn(examination), [_goroutines(shown), _maps(examination)]


def _drawn(examination: Examination) -> list[tuple[str, Report]]:
    verdict = examination.verdict
    drawn = [(verdict.path, verdict.report)] if verdict.report is not None else []
    drawn += [(each.path, each.report) for each in examination.others_damaged if each.report is not None]
    if not drawn:
        drawn = [(each.path, each.report) for each in _by_size(examination)[:1] if each.report is not None]
    return drawn[:_DRAWN]


def _by_size(examination: Examination) -> list[CheckedMap]:
    return sorted(examination.checked, key=lambda each: -each.measured.structure if each.measured else 0)


def _goroutines(shown: Sequence[GoroutineShown]) -> Table:
    rows = []
    for each in shown[:_MOST_GOROUTINES]:
        trace = each.trace
        does = ", ".join(
            DOES[one.operation.kind]
            + (f" {one.operation.path or f'{one.operation.map.address:#x}'}" if one.operation.map else " a map")
            for one in each.operations
        )
        stack = " < ".join(call.call.name for call in trace.calls[:6])
        rows.append([str(trace.goroutine.id), trace.status, does, stack])
    left = len(shown) - len(rows)
    note = f"{left} more are not in this page; gomap-goroutines shows them" if left else ""
    return Table("Goroutines", ("goroutine", "status", "does to maps", "stack, the innermost first"), rows, note)


def _maps(examination: Examination) -> Table:
    heads = ("path", "type", "header", "findings", "entries", "bytes", "load", "deleted", "a rebuilt map saves")
    rows = []
    for each in _by_size(examination)[:_MOST_MAPS]:
        findings = str(each.problem) if each.report is None else str(len(each.report.findings))
        row = [each.path, type_text(each.type), f"{each.address:#x}", findings]
        if each.measured is not None:
            measured = each.measured
            row += [f"{measured.entries:,}", f"{measured.structure:,}", f"{measured.load:.0%}"]
            row += [f"{measured.tombstones:,}", f"{measured.waste:,}"]
        rows.append(row + [""] * (len(heads) - len(row)))
    left = len(examination.checked) - len(rows)
    note = f"{left} smaller ones are not in this page; gomap-list shows them" if left else ""
    return Table("All maps, the largest first", heads, rows, note)
