"""A map's live entries alone, as ``gomap-walk -entries`` shows them: in storage order, each with the place it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gomap.language import Literals
from gomap.maps.model import GoMap, Note, Selection
from gomap.maps.placed import placed
from gomap.maps.wording import counted
from gomap.views.jsonview import cell_objects, note_object, start
from gomap.views.paint import Paint
from gomap.views.text import cell_text, note_line, title

__all__ = ["entries_lines", "entries_object"]


def entries_lines(
    map: GoMap, literals: Literals, selection: Selection, limit: int | None, paint: Paint
) -> Iterator[str]:
    """A line for each live entry: its place, key and element. LIMIT: how many of them; None: all."""
    yield title(map, paint)
    key, elem = literals.text(map.key), literals.text(map.elem)
    shown = width = 0
    for part in placed(map, selection):
        if isinstance(part, Note):
            yield note_line(part, paint)
            continue
        if limit is not None and shown >= limit:
            # The header's count may be wrong: there is one more at least.
            more = counted(max(map.count - shown, 1), "more entry", "more entries")
            yield f"{more}; see 'help gomap-walk' for -limit"
            return
        shown += 1
        width = max(width, len(part.name))
        cells = f"{cell_text(part.entry.key, key, paint)}: {cell_text(part.entry.elem, elem, paint)}"
        yield f"  {paint.state(part.name)}{' ' * (width - len(part.name))}  {cells}"


def entries_object(map: GoMap, literals: Literals, selection: Selection, limit: int | None) -> dict[str, Any]:
    """What ``gomap-walk -entries -json`` prints; LIMIT as for entries_lines."""
    key, elem = cell_objects(literals, map.key), cell_objects(literals, map.elem)
    entries: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    complete = True
    for part in placed(map, selection):
        if isinstance(part, Note):
            notes.append(note_object(part))
            continue
        if limit is not None and len(entries) >= limit:
            complete = False
            break
        bucket = part.bucket
        entry = {"role": bucket.role, "index": bucket.index, "address": f"{bucket.address:#x}"}
        entry |= {"table": part.table} if bucket.role == "group" else {"link": part.link}
        entry |= {"place": bucket.place} if bucket.place or bucket.role == "indirect node" else {}
        entry |= {"slot": part.slot, "key": key(part.entry.key), "elem": elem(part.entry.elem)}
        entries.append(entry)
    return {**start("entries", map), "entries": entries, "complete": complete, "notes": notes}
