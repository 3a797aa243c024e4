"""Maps as objects that ``json`` can write: the same facts as the text, for programs.

The shape is described by gomap.schema.json beside this file. Addresses are strings in hexadecimal, since many a JSON
reader keeps numbers as 64-bit floats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gomap.language import Literals, unreadable
from gomap.maps.model import Bucket, GoMap, MaybeCell, Note, Selection, Slot, Table
from gomap.maps.wording import derived, evidence_text, meaning, note_text, summary
from gomap.program.gotypes import GoType
from gomap.program.mapped_files import FilePlace
from gomap.program.memory import ReadError

__all__ = ["CellObject", "cell_objects", "file_object", "header_object", "note_object", "start", "walk_object"]

#: One key or element: how it is read, as text and as a plain value.
CellObject = Callable[[MaybeCell], dict[str, Any]]


def file_object(place: FilePlace) -> dict[str, Any]:
    """A byte of a mapped file."""
    return {"path": place.path, "offset": place.offset}


def header_object(map: GoMap) -> dict[str, Any]:
    """What ``gomap-header -json`` prints."""
    return {
        **start("header", map),
        "fields": [
            {
                "name": field.name,
                "offset": field.offset,
                "type": field.type.name,
                "value": _hex(field.value) if field.hexadecimal else field.value,
                "meaning": meaning(map, field),
            }
            for field in map.fields()
        ],
        "derived": dict(derived(map)),
        "notes": [note_object(note) for note in map.notes()],
    }


def walk_object(map: GoMap, literals: Literals, selection: Selection, limit: int | None) -> dict[str, Any]:
    """What ``gomap-walk -json`` prints: every slot of LIMIT buckets or groups, overflow buckets not counted."""
    key, elem = cell_objects(literals, map.key), cell_objects(literals, map.elem)
    tables: list[dict[str, Any]] = []
    buckets: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    heads = 0
    complete = True
    for part in map.walk(selection):
        if isinstance(part, Note):
            notes.append(note_object(part))
            continue
        head = isinstance(part, Table) or not part.linked
        if head and limit is not None and heads >= limit:
            complete = False
            break
        if isinstance(part, Table):
            tables.append(_table(part))
        else:
            heads += head
            buckets.append(_bucket(part, tables, key, elem))
    return {
        **start("walk", map),
        "tables": tables,
        "buckets": buckets,
        "complete": complete,
        "notes": notes,
    }


def start(command: str, map: GoMap) -> dict[str, Any]:
    """What every command's object begins with."""
    told: dict[str, Any] = {"typeBy": evidence_text(map.recognised_by)} if map.recognised_by else {}
    return {
        "command": command,
        "type": map.type.name,
        **told,
        "address": _hex(map.address),
        "kind": map.kind,
        "count": map.count,
        "summary": summary(map),
    }


def _bucket(bucket: Bucket, tables: list[dict[str, Any]], key: CellObject, elem: CellObject) -> dict[str, Any]:
    shown: dict[str, Any] = {"role": bucket.role, "index": bucket.index, "address": _hex(bucket.address)}
    if bucket.place or bucket.role == "indirect node":
        shown["place"] = bucket.place
    if bucket.role == "indirect node":
        pass  # it has slots alone
    elif bucket.role == "group":
        of_half = tables and tables[-1].get("place", "") == bucket.place
        shown["table"] = tables[-1]["first"] if of_half else None
    else:
        shown["overflow"] = _hex(bucket.overflow)
        shown["evacuated"] = bucket.evacuated
    shown["slots"] = [_slot(slot, key, elem) for slot in bucket.slots]
    return shown


def _slot(slot: Slot, key: CellObject, elem: CellObject) -> dict[str, Any]:
    shown: dict[str, Any] = {"slot": slot.number, "mark": slot.mark, "state": slot.state}
    if slot.address:
        shown["address"] = _hex(slot.address)
    if slot.entry is not None:
        shown["key"] = key(slot.entry.key)
        shown["elem"] = elem(slot.entry.elem)
    return shown


def cell_objects(literals: Literals, type: GoType) -> CellObject:
    """A function that makes the object for a key or an element of that type: its text and its plain value."""
    text, plain = literals.text(type), literals.plain(type)

    def show(cell: MaybeCell) -> dict[str, Any]:
        if isinstance(cell, ReadError):
            return {"text": f"<{unreadable(cell)}>", "value": None, "unreadable": _hex(cell.address)}
        return {"text": text(cell.buffer, cell.offset), "value": plain(cell.buffer, cell.offset)}

    return show


def _table(table: Table) -> dict[str, Any]:
    return {
        "first": table.first,
        "last": table.last,
        "address": _hex(table.address),
        "used": table.used,
        "capacity": table.capacity,
        "growthLeft": table.growth_left,
        "localDepth": table.local_depth,
        "index": table.index,
        "groups": _hex(table.groups),
        "lengthMask": table.length_mask,
        **({"place": table.place} if table.place else {}),
    }


def note_object(note: Note) -> dict[str, Any]:
    """What could not be shown, or is not as it must be, and where."""
    return {"address": _hex(note.address), "text": note_text(note)}


def _hex(address: int) -> str:
    return f"{address:#x}"
