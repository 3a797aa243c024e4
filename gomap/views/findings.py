"""What a check found, as lines of text and as an object for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gomap.check.causes import Cause
from gomap.check.checking import Report
from gomap.maps.wording import counted
from gomap.views.jsonview import start
from gomap.views.paint import Paint
from gomap.views.text import title

__all__ = ["check_all_lines", "check_all_object", "check_lines", "check_object"]


def check_lines(report: Report, limit: int | None, paint: Paint) -> Iterator[str]:
    """The verdict, then a finding a line, LIMIT of them at most: severity, rule, address, what and what follows.

    Causes come first; findings that these explain are shown only where there is no limit.
    """
    map = report.map
    if not map.address:
        yield title(map, paint)
        return
    unit = {"swiss": "group", "hashtrie": "node"}.get(map.kind, "bucket")
    seen = f"{counted(report.buckets, unit)}, {counted(report.hashes, 'hash', 'hashes')}"
    number = f"over {len(report.findings)} findings" if report.cut else counted(len(report.findings), "finding")
    yield (
        f"{paint.type(map.type.name)} at {paint.address(f'{map.address:#x}')} ({map.kind}): "
        f"{number if report.findings else 'no findings'} in {counted(report.entries, 'entry', 'entries')} ({seen})"
    )
    if report.interrupted:
        yield paint.note("note: interrupted: there may be more findings")
    for what in report.without:
        yield paint.note(f"note: {what}")
    if report.written:
        what = "note: the map was being written when the program stopped"
        yield paint.note(f"{what}; that may explain what follows" if report.findings else what)
    told = [finding for finding in report.findings if limit is None or finding.cause is None]
    shown = told[:limit]
    names = [*(cause.kind for cause in report.causes), *(finding.rule.name for finding in shown)]
    width = max((len(name) for name in names), default=0)
    for cause in report.causes:
        yield (
            f"  {paint.note('cause')}    {paint.state(cause.kind)}{' ' * (width - len(cause.kind))}"
            f"  {paint.address(f'{cause.address:#x}')}  {cause.text}; {counted(cause.findings, 'finding')} from that"
        )
    for finding in shown:
        severity = "transient" if finding.transient else finding.rule.severity.value
        yield (
            f"  {paint.note(severity)}{' ' * (7 - len(severity))}  {paint.state(finding.rule.name)}"
            f"{' ' * (width - len(finding.rule.name))}  {paint.address(f'{finding.address:#x}')}  {finding.text}"
        )
    if len(shown) < len(told):
        yield f"{counted(len(told) - len(shown), 'more finding')}; see 'help gomap-check' for -limit"
    if len(told) < len(report.findings):
        explained = counted(len(report.findings) - len(told), "finding", "findings")
        yield f"{explained} explained by {counted(len(report.causes), 'cause')}; -limit unlimited shows them too"


def check_all_lines(
    reports: Iterable[tuple[str, Report | str]], left_out: str, limit: int | None, paint: Paint
) -> Iterator[str]:
    """What is wrong with each of many maps, then what the checks came to.

    REPORTS: by the variable's name or the path; why there is none for a map that cannot be opened. LEFT_OUT: which maps
    were not looked at. LIMIT: how many findings are shown of each map, and how many of the maps that cannot be opened.
    """
    checked, wrong, entries, unreadable = 0, 0, 0, 0
    for name, report in reports:
        if isinstance(report, str):
            unreadable += 1
            if limit is None or unreadable <= limit:
                yield f"{name}: {report}"
            continue
        checked += 1
        entries += report.entries
        if report.findings or report.interrupted:
            wrong += bool(report.findings)
            yield f"{name}:"
            yield from check_lines(report, limit, paint)
    yield (
        f"{counted(checked, 'map')} checked, {counted(entries, 'entry', 'entries')}: "
        f"{f'{wrong} with findings' if wrong else 'no findings'}"
        + (f"; {counted(unreadable, 'map')} cannot be read" if unreadable else "")
        + f"; not looked at: {left_out}"
    )


def check_object(report: Report) -> dict[str, Any]:
    """What ``gomap-check -json`` prints."""
    return {
        **start("check", report.map),
        "findings": [
            {
                "rule": finding.rule.name,
                "severity": finding.rule.severity.value,
                "address": f"{finding.address:#x}",
                "text": finding.text,
                "demand": finding.rule.demand,
                "transient": finding.transient,
                **({} if finding.cause is None else {"cause": finding.cause}),
            }
            for finding in report.findings
        ],
        **({"causes": [_cause_object(cause) for cause in report.causes]} if report.causes else {}),
        "entries": report.entries,
        "buckets": report.buckets,
        "hashes": report.hashes,
        "cut": report.cut,
        "beingWritten": report.written,
        "without": list(report.without),
        "complete": not report.interrupted,
    }


def _cause_object(cause: Cause) -> dict[str, Any]:
    return {
        "kind": cause.kind,
        "address": f"{cause.address:#x}",
        "text": cause.text,
        "findings": cause.findings,
    }


def check_all_object(reports: Iterable[tuple[str, Report | str]], left_out: str) -> dict[str, Any]:
    """What ``gomap-check -all -json`` prints; REPORTS and LEFT_OUT as for check_all_lines."""
    maps: list[dict[str, Any]] = []
    unreadable: list[dict[str, str]] = []
    for name, report in reports:
        if isinstance(report, str):
            unreadable.append({"variable": name, "text": report})
        else:
            maps.append({"variable": name, **check_object(report)})
    return {"command": "check-all", "maps": maps, "unreadable": unreadable, "notLookedAt": left_out}
