"""What can be wrong with a map's header, whichever kind of map it is."""

from __future__ import annotations

from collections.abc import Iterator

from gomap.check.finding import Finding, Severity, rule
from gomap.maps.model import GoMap
from gomap.maps.wording import counted, note_text

__all__ = ["IMPLAUSIBLE", "WRITING", "count_mismatch", "implausible", "writing_flag"]

IMPLAUSIBLE = rule("header-implausible", "the header describes a map that can exist")
COUNT = rule("count-mismatch", "the header counts the live entries")
WRITING = rule("writing-flag", "a map is being written only while somebody writes it", Severity.WARNING)


def implausible(map: GoMap) -> Iterator[Finding]:
    """What keeps even a walk from doing as the header says."""
    for note in map.notes():
        yield IMPLAUSIBLE.broken(note.address, note_text(note))


def count_mismatch(map: GoMap, field: str, live: int) -> Iterator[Finding]:
    """FIELD: the header's count of entries; LIVE: how many there are."""
    if map.count != live:
        yield COUNT.broken(
            map.field_address(field),
            f"{field} is {map.count}, but {counted(live, 'entry is', 'entries are')} alive; len() lies",
        )


def writing_flag(map: GoMap, written: bool) -> Iterator[Finding]:
    """WRITTEN: whether a thread or goroutine is inside a map write."""
    if map.being_written and not written:
        yield WRITING.broken(
            map.field_address(map.writing_field),
            f"{map.writing_field} says that a write is under way, but no thread or goroutine is seen inside one; "
            "if none is, the next access throws",
        )
