"""A map as it was at one time: its header, what stood in each slot, and its entries as text.

What keys and elements lead to may be gone when the map is looked at again, so their literals are kept, not their bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from gomap.language import Literals
from gomap.maps.model import Cell, GoMap, MaybeCell, Note, Selection, Table
from gomap.maps.placed import placed
from gomap.maps.wording import note_text
from gomap.program.program import Program, while_files_stay

__all__ = ["Snapshot", "snapshot_of", "snapshots"]

#: Entries that are kept; after how many it is told how far it is.
_MOST_ENTRIES, _TOLD = 1 << 20, 1 << 14


@dataclass
class Snapshot:
    """What is kept. All of it is numbers and text, so that it can be written to a file.

    Attributes:
        expression: what was typed.
        type, kind, address, summary: the map's.
        header: fields by name.
        hexadecimal: which of these are shown so.
        parts: buckets, groups, nodes and tables by name, each with its address and its marks in hexadecimal.
        entries: by the key's literal: the element's, and the place. A key that stands twice has a number behind it.
        cut: whether entries were left out, since there are too many.
        notes: what could not be read.
    """

    expression: str
    type: str
    kind: str
    address: int
    summary: str
    header: dict[str, int] = field(default_factory=dict)
    hexadecimal: list[str] = field(default_factory=list)
    parts: dict[str, tuple[int, str]] = field(default_factory=dict)
    entries: dict[str, tuple[str, str]] = field(default_factory=dict)
    cut: bool = False
    notes: list[str] = field(default_factory=list)

    def to_object(self) -> dict[str, Any]:
        """What can be written as JSON."""
        return asdict(self)

    @classmethod
    def from_object(cls, object: dict[str, Any]) -> Snapshot:
        """What to_object gave. Raises TypeError, ValueError if it is something else."""
        made = cls(**object)
        made.parts = {name: (int(address), str(marks)) for name, (address, marks) in made.parts.items()}
        made.entries = {key: (str(elem), str(place)) for key, (elem, place) in made.entries.items()}
        made.header = {name: int(value) for name, value in made.header.items()}
        return made


@while_files_stay
def snapshots(program: Program) -> dict[str, Snapshot]:
    """The snapshots of the program's maps by name: they outlive that it runs."""
    return {}


def snapshot_of(
    map: GoMap, expression: str, summary: str, literals: Literals, progress: Callable[[str], None]
) -> Snapshot:
    """MAP as it is now."""
    fields = map.fields()
    made = Snapshot(expression, map.type.name, map.kind, map.address, summary)
    made.header = {each.name: each.value for each in fields}
    made.hexadecimal = [each.name for each in fields if each.hexadecimal]
    _keep_parts(map, made)
    key, elem = literals.text(map.key), literals.text(map.elem)
    for one in placed(map):
        if isinstance(one, Note):
            continue  # which the walk over the parts has told
        if len(made.entries) == _MOST_ENTRIES:
            made.cut = True
            break
        text = name = _text(one.entry.key, key)
        number = 1
        while name in made.entries:  # NaNs, and keys that stand twice
            number += 1
            name = f"{text} ({number})"
        made.entries[name] = _text(one.entry.elem, elem), one.name
        if len(made.entries) % _TOLD == 0:
            progress(f"{len(made.entries)} entries kept")
    return made


def _keep_parts(map: GoMap, made: Snapshot) -> None:
    table, link = "", 0
    for part in map.walk(Selection(old=True)):
        if isinstance(part, Note):
            made.notes.append(note_text(part))
        elif isinstance(part, Table):
            half = f"{part.place} " if part.place else ""
            table = f"{half}table {part.first}"
            made.parts[table] = part.address, ""
        else:
            link = link + 1 if part.linked else 0
            if part.role == "group":
                name = f"{table} group {part.index}".strip()
            elif part.role == "indirect node":
                name = f"node {part.place or 'of the root'}"
            else:
                half = f"{part.place} " if part.place else ""
                head = part.role.replace("overflow", "bucket")
                name = f"{half}{head} {part.index}" + (f", overflow {link}" if link else "")
            made.parts[name] = part.address, part.marks.hex()


def _text(cell: MaybeCell, text: Callable[[bytes, int], str]) -> str:
    return text(cell.buffer, cell.offset) if isinstance(cell, Cell) else f"<unreadable {cell.address:#x}>"
