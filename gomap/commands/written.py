"""What commands write to files: pages for a browser, objects for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gomap.commands.command import Door
from gomap.commands.options import UsageError

if TYPE_CHECKING:
    from gomap.check.checking import Report
    from gomap.views.html import Table

__all__ = ["write_bytes", "write_json", "write_page"]


def write_page(
    door: Door,
    file: str,
    title: str,
    lines: Sequence[str],
    reports: Sequence[tuple[str, Report]],
    tables: Sequence[Table] = (),
) -> None:
    """Write the page of html_page to FILE. Raises UsageError if that cannot be written."""
    from gomap.views.html import html_page

    _write(file, html_page(door.program(), title, lines, reports, tables))


def write_json(file: str, object: dict[str, Any]) -> None:
    """Write OBJECT to FILE. Raises UsageError if that cannot be written."""
    _write(file, json.dumps(object) + "\n")


def _write(file: str, text: str) -> None:
    write_bytes(file, text.encode())


def write_bytes(file: str, content: bytes) -> None:
    """Write CONTENT to FILE. Raises UsageError if that cannot be written."""
    try:
        Path(file).expanduser().write_bytes(content)
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}") from None
