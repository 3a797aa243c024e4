"""Iterators in words: where each started and stands, what happened to its map under it, what cannot be told."""

from __future__ import annotations

from collections.abc import Iterator

from gomap.maps.classic import SAME_SIZE_GROW
from gomap.maps.current_entries import MOST_ENTRIES
from gomap.maps.iterators.classic import ClassicIterator
from gomap.maps.iterators.model import MOST_VISITED, End, MapIterator, Place, Progress, Untold
from gomap.maps.iterators.searching import Found, InHeap, State
from gomap.maps.iterators.swiss import SwissIterator
from gomap.maps.model import Table
from gomap.maps.notes import Note
from gomap.maps.wording import counted, note_text
from gomap.program.memory import ReadError

__all__ = ["changes", "place_text", "stands", "started", "untold_text", "whose", "why"]


def whose(found: Found) -> str:
    """Where an iterator lies: ``goroutine 19, main.scan``."""
    place = found.place
    if isinstance(place, InHeap):
        return f"object at {place.object.data:#x}"
    return f"goroutine {place.goroutine}, {place.function}" if place.function else f"goroutine {place.goroutine}"


def why(found: Found) -> str:
    """What tells whether its iteration goes on."""
    place = found.place
    function = "" if isinstance(place, InHeap) else place.function
    if found.state is State.FINISHED:
        return "it is at its end"
    if found.state is State.UNDER_WAY:
        return f"{function} will use it again"
    if found.state is State.LEFT:
        return f"{function} does not use it any more"
    if isinstance(place, InHeap):
        return "nothing tells whether anybody goes on with it"
    if not function:
        return "the stack cannot be followed to it"
    return f"{function} is not in a call here: nothing tells whether it will use it again"


def place_text(place: Place) -> str:
    """``bucket 3, overflow 1 slot 7``, ``table 0 group 3 slot 7``."""
    table = "" if place.table is None else "replaced table " if place.table < 0 else f"table {place.table} "
    link = f", overflow {place.link}" if place.link else ""
    return f"{table}{place.role} {place.number}{link} slot {place.slot}"


def started(iterator: MapIterator) -> str:
    """Where it started, with the fields that say so."""
    fields = iterator.fields
    if isinstance(iterator, ClassicIterator):
        first, offset = fields["startBucket"], fields["offset"]
        numbers = f"(startBucket {first}, offset {offset})"
        return f"bucket {first} of {1 << fields['B']}, slot {offset} of each bucket first {numbers}"
    if not isinstance(iterator, SwissIterator):
        return ""
    entry = fields["entryOffset"]
    if iterator.small:
        return f"slot {entry % iterator.map.places.slots} of the only group (entryOffset {entry:#x})"
    length = 1 << fields["globalDepth"]
    numbers = f"(dirOffset {fields['dirOffset']:#x}, entryOffset {entry:#x})"
    return f"directory entry {fields['dirOffset'] % length} of {length}{_first_slot(iterator)} {numbers}"


def _first_slot(iterator: SwissIterator) -> str:
    table, slots = _table_of(iterator), iterator.map.places.slots
    if table is None or not table.capacity:
        return ""
    group, slot = divmod(iterator.fields["entryOffset"] % table.capacity, slots)
    return f"; in the table that it is in, group {group} slot {slot}"


def stands(iterator: MapIterator) -> str:
    """Where it stands, with the fields that say so."""
    fields = iterator.fields
    if isinstance(iterator, ClassicIterator):
        following = f"bucket {fields['bucket']} is next{', wrapped' if fields['wrapped'] else ''}"
        if iterator.progress is Progress.NOT_BEGUN:
            return f"not begun: {following}"
        if iterator.progress is Progress.AT_END:
            return f"at its end: {following}"
        return f"{place_text(iterator.place)} (bptr {fields['bptr']:#x}, i {fields['i']}); {following}"
    if not isinstance(iterator, SwissIterator):
        return ""
    if iterator.progress is Progress.NOT_BEGUN:
        return "not begun"
    slot = "" if iterator.slot is None else f"slot {iterator.slot} of the group at {fields['group']:#x}; "
    if iterator.small:
        return f"{slot}entryIdx {fields['entryIdx']} of {iterator.map.places.slots}"
    counts = f"dirIdx {fields['dirIdx']} of {1 << fields['globalDepth']}, entryIdx {fields['entryIdx']}"
    table = _table_of(iterator)
    if table is None:
        return f"at its end: {counts}" if iterator.progress is Progress.AT_END else counts
    return f"{slot}table at {table.address:#x}: {counts} of {table.capacity}"


def changes(iterator: MapIterator) -> Iterator[str]:
    """What growth or clear did to the map under it."""
    if isinstance(iterator, ClassicIterator):
        yield from _under_hiter(iterator)
    if isinstance(iterator, SwissIterator):
        yield from _under_iter(iterator)


def _under_hiter(iterator: ClassicIterator) -> Iterator[str]:
    fields, header = iterator.fields, iterator.map.header
    goes_on = f"it goes on in the old buckets at {fields['buckets']:#x}, and looks up what has moved"
    if fields["B"] < header["B"]:
        now, numbers = counted(1 << header["B"], "bucket"), f"(hiter.B {fields['B']}, hmap.B {header['B']})"
        yield f"the map has grown from {1 << fields['B']} to {now} since it began {numbers}: {goes_on}"
    elif fields["buckets"] != header["buckets"]:
        yield f"the map has packed its entries anew since it began: {goes_on}"
    elif header["oldbuckets"]:
        what = "packing its entries anew" if header["flags"] & SAME_SIZE_GROW else "growing"
        how_far = f"(nevacuate {header['nevacuate']} of {iterator.map.oldbuckets})"
        yield f"the map was {what} when it began, and still is {how_far}: for buckets not filled yet it visits old ones"
    elif iterator.progress is Progress.AT_ENTRY and iterator.place.role == "former bucket":
        yield f"the bucket at {fields['bptr']:#x}, in which it is, was emptied or replaced since it came there"
    if fields.get("clearSeq", 0) != header.get("clearSeq", 0):
        numbers = f"(hiter.clearSeq {fields['clearSeq']}, hmap.clearSeq {header['clearSeq']})"
        yield f"the map was cleared under it {numbers}: it looks up every key"


def _under_iter(iterator: SwissIterator) -> Iterator[str]:
    fields, header = iterator.fields, iterator.map.header
    if iterator.small and header["dirLen"]:
        goes_on = f"it goes on in the old group at {fields['group']:#x}, and looks up every key"
        yield f"the map has grown from one group to tables since it began: {goes_on}"
    elif not iterator.small and fields["globalDepth"] < header["globalDepth"]:
        now = counted(header["dirLen"], "entry", "entries")
        numbers = f"(Iter.globalDepth {fields['globalDepth']}, Map.globalDepth {header['globalDepth']})"
        yield f"the directory has grown from {1 << fields['globalDepth']} to {now} since its last step {numbers}"
    table = _table_of(iterator)
    if table is not None and table.index == -1:
        goes_on = "it goes on in the old one, and looks up every key"
        yield f"its table at {table.address:#x} was replaced as the map grew: {goes_on}"
    if fields["clearSeq"] != header.get("clearSeq", 0):
        numbers = f"(Iter.clearSeq {fields['clearSeq']}, Map.clearSeq {header.get('clearSeq', 0)})"
        yield f"the map was cleared under it {numbers}"


def untold_text(note: Untold) -> str:
    """What keeps an order from being told any further."""
    match note.end:
        case End.UNREADABLE:
            return f"cannot read memory at {note.address:#x}"
        case End.CHAIN:
            return f"the overflow chain has no end at {note.address:#x}"
        case End.NO_TABLE:
            return f"there is no sound table at {note.address:#x}"
        case End.LOST:
            return "where it stands is no longer on the way from where it started"
        case End.MANY:
            return f"it is followed through {MOST_VISITED} buckets or groups only"
        case End.NO_HASH:
            cause = note.cause
            if cause is None:
                return f"keys that have moved are looked for in maps of up to {MOST_ENTRIES} entries only"
            text = note_text(cause) if isinstance(cause, Note) else str(cause)
            return f"the key at {note.address:#x} cannot be hashed or looked up: {text}"


def _table_of(iterator: SwissIterator) -> Table | None:
    try:
        return iterator.table
    except ReadError:
        return None
