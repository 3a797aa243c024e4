"""Maps as lines of text: one look for every kind of map and every debugger.

Lines come one at a time, as the map is read: whoever prints them may stop when it has seen enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gomap.language import Literals, Speller, unreadable
from gomap.maps.model import Bucket, GoMap, MaybeCell, Note, Selection, Slot, Table
from gomap.maps.wording import counted, derived, evidence_text, meaning, note_text, numbered, summary
from gomap.program.memory import ReadError
from gomap.views.paint import Paint

__all__ = ["cell_text", "header_lines", "note_line", "title", "walk_lines"]

#: Roles that stand at the head of a line of slots; what hangs on a chain counts with its head.
_HEADS = ("bucket", "old bucket", "unused overflow", "group", "indirect node")
#: ``evacuatedX`` and a blank.
_STATE_WIDTH = 11


def title(map: GoMap, paint: Paint) -> str:
    """``map[string]int at 0xc000070450 (classic): 1000 entries in 256 buckets + 3 overflow``."""
    where = f" at {paint.address(f'{map.address:#x}')}" if map.address else ""
    kind = f"{map.kind}, recognised {evidence_text(map.recognised_by)}" if map.recognised_by else map.kind
    return f"{paint.type(map.type.name)}{where} ({kind}): {summary(map)}"


def header_lines(map: GoMap, paint: Paint) -> Iterator[str]:
    """Every field of the header, then what follows from it, then what is implausible about it."""
    yield title(map, paint)
    rows = [
        (field.name, f"{field.value:#x}" if field.hexadecimal else str(field.value), meaning(map, field))
        for field in map.fields()
    ]
    follows = derived(map)
    width = max((len(name) for name, *_ in (*rows, *follows)), default=0)
    for name, value, what in rows:
        shown = paint.address(value) if value.startswith("0x") else value
        yield f"  {name:{width}}  {shown}{' ' * (18 - len(value)) + '  ' + what if what else ''}"
    for name, text in follows:
        yield f"  {name:{width}}  {text}"
    for note in map.notes():
        yield note_line(note, paint)


def walk_lines(
    map: GoMap, literals: Literals, selection: Selection, limit: int | None, every_slot: bool, paint: Paint
) -> Iterator[str]:
    """Buckets or groups with their slots, in storage order.

    LIMIT: how many of them, overflow buckets not counted; None: all. EVERY_SLOT: those behind an emptyRest too.
    """
    yield title(map, paint)
    key, elem = literals.text(map.key), literals.text(map.elem)
    shown: Counter[str] = Counter()
    for part in map.walk(selection):
        if isinstance(part, Note):
            yield note_line(part, paint)
            continue
        head = isinstance(part, Table) or part.role in _HEADS
        if head and limit is not None and shown.total() >= limit:
            yield _rest(map, selection, shown)
            return
        if isinstance(part, Table):
            yield _table(part, paint)
            continue
        if head:
            shown[part.role] += 1
        yield _bucket(part, paint)
        yield from _slots(part, key, elem, every_slot, paint)


def _bucket(bucket: Bucket, paint: Paint) -> str:
    address = paint.address(f"{bucket.address:#x}")
    if bucket.linked:
        return f"  overflow -> {address}"
    if bucket.role == "indirect node":
        return f"{bucket.role} {bucket.index} at {address}, {f'path {bucket.place}' if bucket.place else 'the root'}"
    number = "" if bucket.role == "unused overflow" else f" {bucket.index}"
    state = ""
    if bucket.role == "old bucket":
        state = ", evacuated" if bucket.evacuated else ", not evacuated yet"
    half = f"{bucket.place} " if bucket.place else ""
    return f"{half}{bucket.role}{number} at {address}{state}"


def _table(table: Table, paint: Paint) -> str:
    where = numbered(table.first, table.last, "entry", "entries")
    half = f"{table.place} " if table.place else ""
    return (
        f"{half}table {table.first} at {paint.address(f'{table.address:#x}')} (directory {where}): "
        f"used {table.used}, capacity {table.capacity}, growthLeft {table.growth_left}, "
        f"localDepth {table.local_depth}, index {table.index}"
    )


def _slots(bucket: Bucket, key: Speller, elem: Speller, every_slot: bool, paint: Paint) -> Iterator[str]:
    for slot in bucket.slots:
        yield _slot(slot, key, elem, paint)
        if slot.state == "emptyRest" and not every_slot:
            return


def _slot(slot: Slot, key: Speller, elem: Speller, paint: Paint) -> str:
    start = f"  {slot.number:x}  {slot.mark:02x}  "
    if slot.address:
        start += f"{paint.address(f'{slot.address:#x}')}  "
    if slot.entry is None:
        return start + paint.state(slot.state)
    entry = f"{cell_text(slot.entry.key, key, paint)}: {cell_text(slot.entry.elem, elem, paint)}"
    return f"{start}{paint.state(slot.state)}{' ' * (_STATE_WIDTH - len(slot.state))}{entry}"


def cell_text(cell: MaybeCell, text: Speller, paint: Paint) -> str:
    """A key or an element; TEXT makes the literals of its type."""
    if isinstance(cell, ReadError):
        return paint.note(f"<{unreadable(cell)}>")
    return paint.literal(text(cell.buffer, cell.offset))


def note_line(note: Note, paint: Paint) -> str:
    """What could not be shown, or is not as it must be."""
    return paint.note(f"note: {note_text(note)}")


def _rest(map: GoMap, selection: Selection, shown: Counter[str]) -> str:
    """What the limit left out."""
    rest = [(role, total - shown[role]) for role, total in map.totals(selection)]
    more = " and ".join(
        ("up to " if role == "old bucket" else "") + counted(left, f"more {role}") for role, left in rest if left > 0
    )
    return f"{more or 'more buckets'}; see 'help gomap-walk' for -bucket and -limit"
