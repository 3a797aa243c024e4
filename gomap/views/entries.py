"""A map's live entries alone, as ``gomap-walk -entries`` shows them: in storage order, each with the place it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple, Union

from gomap.language import Literals
from gomap.maps.model import Bucket, Entry, GoMap, Note, Selection, Table
from gomap.maps.wording import counted
from gomap.views.jsonview import cell_objects, note_object, start
from gomap.views.paint import Paint
from gomap.views.text import cell_text, note_line, title

__all__ = ["entries_lines", "entries_object"]


class _Placed(NamedTuple):
    """A live entry and where it stands.

    Attributes:
        bucket: the bucket, overflow bucket or group.
        link: which overflow bucket of its chain that is, counted from 1; 0 for all others.
        table: of a group: its table's first directory entry; None in a map without directory.
        slot: the slot's number.
        entry: key and element.
    """

    bucket: Bucket
    link: int
    table: int | None
    slot: int
    entry: Entry

    @property
    def name(self) -> str:
        """The place in words, as gomap-check names it: ``bucket 3, overflow 1 slot 7``, ``table 0 group 3 slot 7``."""
        if self.bucket.role == "indirect node":
            return f"path {self.bucket.place}{self.slot:x}" + (f", overflow {self.link}" if self.link else "")
        half = f"{self.bucket.place} " if self.bucket.place else ""
        head = f"{self.bucket.role.replace('overflow', 'bucket')} {self.bucket.index}"
        table = "" if self.table is None else f"table {self.table} "
        link = f", overflow {self.link}" if self.link else ""
        return f"{half}{table}{head}{link} slot {self.slot}"


def entries_lines(
    map: GoMap, literals: Literals, selection: Selection, limit: int | None, paint: Paint
) -> Iterator[str]:
    """A line for each live entry: its place, key and element. LIMIT: how many of them; None: all."""
    yield title(map, paint)
    key, elem = literals.text(map.key), literals.text(map.elem)
    shown = width = 0
    for part in _placed(map, selection):
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
    for part in _placed(map, selection):
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


def _placed(map: GoMap, selection: Selection) -> Iterator[Union[_Placed, Note]]:
    """Each live entry, or what keeps entries from being read."""
    table: int | None = None
    link = 0
    place = ""
    # What stands in an overflow bucket that is on no chain is no entry of the map.
    for part in map.walk(replace(selection, unused=False)):
        if isinstance(part, Note):
            yield part
        elif isinstance(part, Table):
            table, place = part.first, part.place
        else:
            if part.place != place:  # the other map of a sync.Map
                table, place = None, part.place
            link = link + 1 if part.role in ("overflow", "old overflow") else 0
            for slot in part.slots:
                if part.role == "indirect node":
                    link = link + 1 if slot.state == "overflow" else 0
                if slot.entry is not None:
                    yield _Placed(part, link, table, slot.number, slot.entry)
