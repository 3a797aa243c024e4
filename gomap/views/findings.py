"""What a check found, as lines of text and as an object for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gomap.check.causes import Cause, Evidence
from gomap.check.checking import Report
from gomap.check.finding import Finding, StrayWord
from gomap.check.flips import Flip
from gomap.check.key_bytes import SharedBytes
from gomap.check.key_proofs import Equal
from gomap.check.overruns import Overrun
from gomap.goruntime.answers import Foreign
from gomap.goruntime.wording import answer_text
from gomap.language.quoting import quote
from gomap.maps.recognised import Recognised
from gomap.maps.wording import counted, recognised_text
from gomap.views.jsonview import file_object, start
from gomap.views.paint import Paint
from gomap.views.stack_users import stack_users_lines, stack_users_object
from gomap.views.text import title

__all__ = ["check_all_lines", "check_all_object", "check_lines", "check_object"]

#: Findings that are shown below the cause that explains them, where there is a limit.
_FOLLOWERS = 3


def check_lines(report: Report, limit: int | None, paint: Paint) -> Iterator[str]:
    """The verdict, then causes and findings, a line each: severity, rule, address, what was found and what follows.

    Below each cause are the findings that it explains, a few of them; then come the others. LIMIT: how many of these
    others there are at most; None: all, those below causes too.
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
    loose = [finding for finding in report.findings if finding.cause is None]
    shown = loose[:limit]
    followers: list[list[Finding]] = [[] for _ in report.causes]
    for finding in report.findings:
        if finding.cause is not None:
            followers[finding.cause].append(finding)
    names = [*(cause.kind for cause in report.causes), *(finding.rule.name for finding in shown)]
    width = max((len(name) for name in names), default=0)
    for cause, from_it in zip(report.causes, followers, strict=True):
        yield (
            f"  {paint.note('cause')}    {paint.state(cause.kind)}{' ' * (width - len(cause.kind))}"
            f"  {paint.address(f'{cause.address:#x}')}  {cause.text}; {counted(cause.findings, 'finding')} from that"
        )
        if cause.users is not None:
            yield from (f"    {line}" for line in stack_users_lines(cause.users, cause.address, paint))
        few = from_it if limit is None else from_it[: min(limit, _FOLLOWERS)]
        inner = max((len(finding.rule.name) for finding in few), default=0)
        for finding in few:
            yield "    " + _finding_line(finding, inner, paint)
        if len(few) < len(from_it):
            yield f"      {counted(len(from_it) - len(few), 'more finding')} from that; -limit unlimited shows them"
    for finding in shown:
        yield _finding_line(finding, width, paint)
    if len(shown) < len(loose):
        yield f"{counted(len(loose) - len(shown), 'more finding')}; see 'help gomap-check' for -limit"


def _finding_line(finding: Finding, width: int, paint: Paint) -> str:
    severity = "transient" if finding.transient else finding.rule.severity.value
    return (
        f"  {paint.note(severity)}{' ' * (7 - len(severity))}  {paint.state(finding.rule.name)}"
        f"{' ' * (width - len(finding.rule.name))}  {paint.address(f'{finding.address:#x}')}  {finding.text}"
    )


def check_all_lines(
    reports: Iterable[tuple[str, Report | str]], left_out: str, limit: int | None, paint: Paint
) -> Iterator[str]:
    """What is wrong with each of many maps, then what the checks came to.

    Args:
        reports: each map's name or path with its report, or with the reason why the map cannot be opened.
        left_out: which maps were not looked at.
        limit: how many findings are shown of each map, and how many of the maps that cannot be opened; None: all.
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
                **({} if finding.word is None else {"word": _word_object(finding.word)}),
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


def _word_object(word: StrayWord) -> dict[str, Any]:
    shown: dict[str, Any] = {"value": f"{word.value:#x}"}
    match word.looks:
        case Recognised() as found:
            return shown | {"is": "address", "of": recognised_text(found), "type": found.type and found.type.name}
        case bytes() as text:
            return shown | {"is": "text", "text": quote(text)}
        case number:
            return shown | {"is": "float", "number": number}


def _cause_object(cause: Cause) -> dict[str, Any]:
    return {
        "kind": cause.kind,
        "address": f"{cause.address:#x}",
        "text": cause.text,
        "findings": cause.findings,
        **_evidence_object(cause.evidence),
        **({} if cause.users is None else {"users": stack_users_object(cause.users)}),
    }


def _equal_object(equal: Equal | None) -> dict[str, Any]:
    if equal is None:
        return {}
    return {"equal": {"keys": equal.keys, "hashes": equal.hashes, "now": quote(equal.contents)}}


def _evidence_object(evidence: Evidence) -> dict[str, Any]:
    match evidence:
        case Flip():
            return {
                "bit": {
                    "number": evidence.bit,
                    "now": evidence.now,
                    "before": evidence.before,
                    "part": evidence.part,
                    "tried": evidence.tried,
                }
            }
        case Overrun():
            return {
                "run": {
                    "end": f"{evidence.end:#x}",
                    "border": f"{evidence.border:#x}",
                    "is": "text" if evidence.text else "one byte",
                    "begins": quote(evidence.contents),
                    "in": answer_text(evidence.first),
                }
            }
        case SharedBytes():
            file = evidence.where.file if isinstance(evidence.where, Foreign) else None
            return {
                "shared": {
                    "in": answer_text(evidence.where),
                    **({} if file is None else {"file": file_object(file)}),
                    "objects": evidence.objects,
                    "keys": evidence.keys,
                    "misplaced": evidence.misplaced,
                    "inPlace": evidence.in_place,
                    "proved": evidence.proved,
                    **_equal_object(evidence.equal),
                    "before": [
                        {"key": f"{address:#x}", "was": quote(contents)} for address, contents in evidence.before
                    ],
                }
            }
        case _:
            return {}


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
