"""A report as one HTML page that needs nothing else: text, the maps concerned slot by slot, tables, and a search.

All that comes from the program's memory is in the page as text: what everybody sees is escaped, and the rest is JSON
that page.js puts into the page by textContent alone. The page's own policy (CSP) lets nothing run and nothing load but
the one script and the one style sheet whose hashes it names, so that a key cannot do anything either.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gomap.check.checking import Report
from gomap.language import BRIEF, Literals
from gomap.maps.opening import literals_of
from gomap.maps.wording import meaning, summary
from gomap.program.program import Program
from gomap.views.grid import Room, grid_object

__all__ = ["Table", "html_page"]


@dataclass(frozen=True)
class Table:
    """A table beside the maps.

    Attributes:
        title: its caption.
        columns: heads of its columns.
        rows: cells as text.
        note: what it leaves out; empty if nothing.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def html_page(
    program: Program, title: str, lines: Sequence[str], reports: Sequence[tuple[str, Report]], tables: Sequence[Table]
) -> str:
    """The page.

    Args:
        program: the program, for the literals of keys and elements.
        title: what the page is about, in a line.
        lines: the report as text, for people who read no further and for browsers that run no scripts.
        reports: the maps that are drawn, each with its name or path.
        tables: what else there is to be searched.
    """
    literals, room = literals_of(program, BRIEF), Room()
    data = {
        "maps": [_map(path, report, literals, room) for path, report in reports],
        "tables": [
            {"title": table.title, "columns": table.columns, "rows": table.rows, "note": table.note} for table in tables
        ],
    }
    style, script = (_part(f"page.{kind}") for kind in ("css", "js"))
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = {
        "POLICY": policy,
        "TITLE": html.escape(title),
        "STYLE": style,
        "REPORT": html.escape("\n".join(lines)),
        "DATA": _inert(data),
        "SCRIPT": script,
    }
    # In one go: what is put in is not looked at again.
    head, *rest = _part("page.html").split("{{")
    return head + "".join(parts[name] + text for name, _, text in (piece.partition("}}") for piece in rest))


def _map(path: str, report: Report, literals: Literals, room: Room) -> dict[str, Any]:
    map = report.map
    return {
        "path": path,
        "type": map.type.name,
        "address": f"{map.address:#x}",
        "kind": map.kind,
        "summary": summary(map),
        "header": [
            [field.name, f"{field.value:#x}" if field.hexadecimal else str(field.value), meaning(map, field)]
            for field in map.fields()
        ],
        "causes": [[cause.kind, f"{cause.address:#x}", cause.text] for cause in report.causes],
        "findings": [
            {
                "severity": "transient" if finding.transient else finding.rule.severity.value,
                "rule": finding.rule.name,
                "address": f"{finding.address:#x}",
                "text": finding.text,
            }
            for finding in report.findings
        ],
        "without": list(report.without),
        "grid": grid_object(map, report.findings, literals, room),
    }


def _inert(data: dict[str, Any]) -> str:
    """DATA as JSON in which nothing can end the element that it stands in, or begin another."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")


def _part(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The hash by which the page's policy allows a script or a style sheet."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
