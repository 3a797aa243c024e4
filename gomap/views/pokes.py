"""A change that was made on purpose, as text and as JSON."""

from __future__ import annotations

from typing import Any

from gomap.goruntime.answers import Answer
from gomap.goruntime.wording import answer_text
from gomap.maps.model import Bucket, Table
from gomap.maps.wording import counted, flag_names
from gomap.poking.changes import Change
from gomap.poking.places import Meaning, Place
from gomap.views.paint import Paint

__all__ = ["change_line", "change_object"]


def change_line(change: Change, paint: Paint, back: bool = False) -> str:
    """``tophash of slot 3 of bucket 17 at 0xc00014c000 (1 byte at 0xc00014c003): 0x2c (full) -> 0x1 (emptyOne)``.

    BACK: it is taken back.
    """
    place = change.place
    values = [(change.before, change.old), (change.after, change.new)]
    first, second = (_value(place, *each) for each in (reversed(values) if back else values))
    where = f"{counted(place.type.size, 'byte')} at {paint.address(f'{place.address:#x}')}"
    return f"{_where(place)} ({where}): {first} -> {second}"


def change_object(change: Change, back: bool = False) -> dict[str, Any]:
    """What ``gomap-poke -json`` prints of a CHANGE. BACK: it is taken back."""
    place = change.place
    values = [_content_object(place, change.before, change.old), _content_object(place, change.after, change.new)]
    first, second = reversed(values) if back else values
    return {
        "command": "poke",
        "type": place.map.type.name,
        "map": f"{place.map.address:#x}",
        "what": _where(place),
        "name": place.name,
        "address": f"{place.address:#x}",
        "size": place.type.size,
        "before": first,
        "after": second,
        "undone": back,
    }


def _content_object(place: Place, content: bytes, leads_to: Answer | None) -> dict[str, Any]:
    return {"value": place.decoded(content), "text": _meaning(place, content, leads_to)}


def _where(place: Place) -> str:
    match place.within:
        case Bucket():
            part = f"{place.within.role} {place.within.index} at {place.within.address:#x}"
            slot = f"slot {place.number} of " if place.number is not None else ""
            return f"{place.name} of {slot}{part}"
        case Table():
            return f"{place.name} of table {place.within.first} at {place.within.address:#x}"
    return place.name if place.number is None else f"{place.name} {place.number}"


def _value(place: Place, content: bytes, leads_to: Answer | None) -> str:
    value, meaning = place.decoded(content), _meaning(place, content, leads_to)
    number = str(value) if place.meaning is Meaning.NUMBER and place.type.kind.signed else f"{value:#x}"
    return f"{number} ({meaning})" if meaning else number


def _meaning(place: Place, content: bytes, leads_to: Answer | None) -> str:
    value = place.decoded(content)
    match place.meaning:
        case Meaning.MARK if isinstance(place.within, Bucket):
            return place.within.state_of(value)
        case Meaning.FLAGS:
            return flag_names(value)
        case Meaning.BOOL:
            return {0: "false", 1: "true"}.get(value, "")
        case Meaning.POINTER if leads_to is not None:
            return answer_text(leads_to)
    return ""
