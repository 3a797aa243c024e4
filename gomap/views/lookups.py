"""A key's way through a map, as ``gomap-find`` shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gomap.expressions.key_search import Scan, Search
from gomap.language import Literals
from gomap.maps.classic import ClassicMap
from gomap.maps.lookups.model import Choice, End, Lookup, Probe, Tried, Why, mark_of
from gomap.maps.model import Cell, Entry
from gomap.maps.placed import Placed, place_name
from gomap.maps.read_dirty import DIRTY, READ, ReadDirty
from gomap.maps.swiss import SwissMap
from gomap.maps.wording import counted, note_text, numbered
from gomap.views.jsonview import cell_objects, note_object, start
from gomap.views.paint import Paint
from gomap.views.text import cell_text, title

__all__ = ["search_lines", "search_object"]

_STATE_WIDTH = 11
_MADE_OF = {
    Why.OTHER_HASH: "other hash bits",
    Why.NOTHING: "",
    Why.REST: "nothing from here on",
    Why.OTHER_KEY: "the same hash bits, another key",
    Why.UNREADABLE: "the same hash bits, a key that cannot be read",
    Why.EQUAL: "the key",
    Why.ONWARD: "",
}
_CHANGED = "; its own hash has others: changed since it was stored"


def search_lines(search: Search, literals: Literals, paint: Paint) -> Iterator[str]:
    """The hash and what it chooses, each slot on the way and what was found; and where the key is, if elsewhere."""
    yield title(search.map, paint)
    for half, step in _named_steps(search):
        seed = "" if step.hash is None else f": hash {step.hash:#x} under seed {step.map.seed:#x}"
        yield f"{f'{half}: ' if half else ''}key {paint.literal(search.text)}{seed}"
        yield from _choice_lines(step)
        if step.not_old is not None:
            old = step.not_old
            yield f"{old.role} {old.index} at {paint.address(f'{old.address:#x}')}, evacuated: not looked at"
        for probe in step.probes:
            yield from _probe_lines(search, step, probe, literals, paint)
        yield _outcome(step, literals, paint)
        if step.variant:
            yield paint.note(f"note: {_variant_text(step)}")
    if search.map.being_written and search.map.kind in ("classic", "swiss"):
        yield paint.note("note: the header says that a write is under way; the runtime's own lookup throws then")
    if search.without:
        yield paint.note(f"note: not looked up by its hash: {search.without}")
    if search.scan is not None:
        yield from _scan_lines(search, search.scan, literals, paint)


def search_object(search: Search, literals: Literals) -> dict[str, Any]:
    """What ``gomap-find -json`` prints; the bits of the hash that a slot has are numbers in it."""
    key, elem = cell_objects(literals, search.map.key), cell_objects(literals, search.map.elem)

    def entry_object(entry: Entry | None, name: str) -> dict[str, Any] | None:
        return None if entry is None else {"place": name, "key": key(entry.key), "elem": elem(entry.elem)}

    last = search.steps[-1] if search.steps else None
    found = last.entry if last is not None and last.found else None
    scan = search.scan
    return {
        **start("find", search.map),
        "key": search.text,
        "found": search.found,
        "entry": entry_object(found, _last_place(last)) if last is not None and found is not None else None,
        "lookups": [
            {
                "half": half,
                "seed": f"{step.map.seed:#x}",
                "hash": None if step.hash is None else f"{step.hash:#x}",
                "choices": [choice._asdict() for choice in step.choices],
                "probes": [_probe_object(search, step, probe) for probe in step.probes],
                "end": step.end.value,
                "text": _end_text(step),
                "fault": f"{step.fault:#x}" if step.end is End.FAULT else None,
                "variant": step.variant,
                "compared": step.compared,
            }
            for half, step in _named_steps(search)
        ],
        "without": search.without,
        "scan": None
        if scan is None
        else {
            "entries": scan.entries,
            "whole": scan.whole,
            "unread": None if scan.unread is None else note_object(scan.unread),
            "entry": entry_object(scan.found.entry, scan.found.name) if scan.found else None,
            "why": _why_missed(search, scan.found) if scan.found else "",
        },
    }


def _named_steps(search: Search) -> Iterator[tuple[str, Lookup]]:
    halves = (READ, DIRTY) if isinstance(search.map, ReadDirty) else ("",)
    return zip(halves, search.steps, strict=False)


def _choice_lines(step: Lookup) -> Iterator[str]:
    rows = [(choice.what, _chosen(choice), _bits(choice)) for choice in step.choices if choice.what != "child"]
    names, values = (max((len(row[column]) for row in rows), default=0) for column in (0, 1))
    for what, chosen, bits in rows:
        yield f"  {what:{names}}  {chosen:{values}}  {bits}"


def _chosen(choice: Choice) -> str:
    return f"{choice.value} of {choice.among}" if choice.among else f"{choice.value:#04x}"


def _bits(choice: Choice) -> str:
    if not choice.bits:
        return "no bits: there is one only"
    if not choice.low:
        return f"the low {counted(choice.bits, 'bit')}"
    return numbered(choice.low, choice.low + choice.bits - 1, "bit")


def _probe_lines(search: Search, step: Lookup, probe: Probe, literals: Literals, paint: Paint) -> Iterator[str]:
    yield _probe_name(step, probe, paint)
    key = literals.text(search.map.key)
    for one in probe.tried:
        slot = one.slot
        where = f"{paint.address(f'{slot.address:#x}')}  " if slot.address else ""
        words = _MADE_OF[one.why] + (_CHANGED if search.is_changed(step, one) else "")
        line = f"  {slot.number:x}  {slot.mark:02x}  {where}"
        if one.why in (Why.OTHER_KEY, Why.EQUAL) and slot.entry is not None:
            words = f"{cell_text(slot.entry.key, key, paint)}  {words}"
        padding = " " * (_STATE_WIDTH - len(slot.state))
        yield f"{line}{paint.state(slot.state)}{padding}{words}".rstrip()


def _probe_name(step: Lookup, probe: Probe, paint: Paint) -> str:
    bucket, at = probe.bucket, paint.address(f"{probe.bucket.address:#x}")
    if probe.link:
        return f"  overflow -> {at}"
    if bucket.role == "indirect node":
        choice = step.choices[bucket.index]
        path = f"path {bucket.place}" if bucket.place else "the root"
        return f"{bucket.role} at {at}, {path}: child {choice.value:x}, {_bits(choice)}"
    table = "" if probe.table is None else f"table {probe.table.first} "
    evacuated = ", not evacuated yet" if bucket.role == "old bucket" else ""
    return f"{table}{bucket.role} {bucket.index} at {at}{evacuated}"


def _probe_object(search: Search, step: Lookup, probe: Probe) -> dict[str, Any]:
    return {
        "role": probe.bucket.role,
        "index": probe.bucket.index,
        "address": f"{probe.bucket.address:#x}",
        "link": probe.link,
        "table": None if probe.table is None else probe.table.first,
        "place": probe.bucket.place,
        "slots": [
            {
                "slot": one.slot.number,
                "mark": one.slot.mark,
                "state": one.slot.state,
                "why": one.why.value,
                "changed": search.is_changed(step, one),
            }
            for one in probe.tried
        ],
    }


def _outcome(step: Lookup, literals: Literals, paint: Paint) -> str:
    spent = _spent(step)
    if not step.found or step.entry is None:
        return f"not found: {_end_text(step)}{spent}"
    elem = cell_text(step.entry.elem, literals.text(step.map.elem), paint)
    if isinstance(step.entry.elem, Cell):
        elem += f" at {paint.address(f'{step.entry.elem.address:#x}')}"
    return f"found in {_last_place(step)}: {elem}{spent}"


def _last_place(step: Lookup) -> str:
    """Where the lookup found the key."""
    probe = step.probes[-1]
    last: Tried = probe.tried[-1]
    table = None if probe.table is None else probe.table.first
    link = probe.link
    if probe.bucket.role == "indirect node":
        link = len(probe.tried) - 1
    return place_name(probe.bucket, link, table, last.slot.number)


def _spent(step: Lookup) -> str:
    if not step.probes:
        return ""
    role = step.probes[0].bucket.role.replace("old ", "")
    return (
        f"; {counted(len(step.probes), role)}, {counted(step.slots, 'slot')}, {counted(step.compared, 'key')} compared"
    )


def _end_text(step: Lookup) -> str:
    match step.end:
        case End.FOUND:
            return ""
        case End.NIL_MAP:
            return "the map is nil"
        case End.NO_ENTRIES:
            return "the header counts no entry, so a lookup does not begin"
        case End.RANDOM_HASH:
            return "there is a NaN in the key, which equals nothing and has another hash each time; no lookup finds it"
        case End.EMPTY_REST:
            return "emptyRest: nothing is in use from there on, nor behind it in the chain"
        case End.CHAIN_END:
            return "the chain ends"
        case End.EMPTY_SLOT:
            return "an empty slot in the group ends the probe sequence"
        case End.ONLY_GROUP:
            return "the map has no other group"
        case End.NO_CHILD:
            return "the node has no child there"
        case End.NEVER:
            return "a lookup of this key never ends"
        case End.FAULT:
            return f"a lookup faults, or goes astray: cannot read memory at {step.fault:#x}"
        case End.NOT_AMENDED:
            return "amended is false: dirty has no key that read lacks"
        case End.DELETED:
            return "the entry is there, its value was deleted"


def _variant_text(step: Lookup) -> str:
    return (
        f"compiled code calls {step.variant} for such keys, which compares keys here whatever the hash bits beside "
        "them, and can find it"
    )


def _scan_lines(search: Search, scan: Scan, literals: Literals, paint: Paint) -> Iterator[str]:
    looked = counted(scan.entries, "entry", "entries")
    if scan.unread is not None:
        yield paint.note(f"note: {note_text(scan.unread)}")
    if scan.found is None:
        end = "" if scan.whole else ", and was given up there"
        yield f"a scan of {looked} finds no equal key{end}"
        return
    entry = scan.found.entry
    key, elem = literals.text(search.map.key), literals.text(search.map.elem)
    shown = f"{cell_text(entry.key, key, paint)}: {cell_text(entry.elem, elem, paint)}"
    yield f"but a scan finds it in {scan.found.name}: {shown}"
    why = _why_missed(search, scan.found)
    if why:
        yield f"  {why}"


def _why_missed(search: Search, there: Placed) -> str:
    """What keeps the lookup from a key that is in the map."""
    if not search.steps or search.steps[-1].hash is None:
        return ""
    step = search.steps[-1]
    map, key_hash = step.map, step.hash or 0
    reasons: list[str] = []
    if there.bucket.role == "indirect node":
        path = f"{there.bucket.place}{there.slot:x}"
        digits = f"{key_hash:0{2 * map.target.pointer_size}x}"[: len(path)]
        return f"its path is {path}, but its hash begins with {digits}" if digits != path else ""
    wanted = mark_of(map, key_hash)
    mark = there.bucket.marks[there.slot]
    if mark != wanted:
        name = "tophash" if isinstance(map, ClassicMap) else "H2"
        reasons.append(
            f"{mark:#04x} stands beside it, its hash has the {name} {wanted:#04x}: "
            "the key was changed since it was stored, or that byte was"
        )
    reasons += _elsewhere(step, there)
    return "; ".join(reasons)


def _elsewhere(step: Lookup, there: Placed) -> list[str]:
    """Why lookups do not come to that place."""
    chosen = {choice.what: choice for choice in step.choices}
    bucket = there.bucket
    if isinstance(step.map, ClassicMap):
        role = "old bucket" if bucket.role.startswith("old") else "bucket"
        home = chosen.get(role)
        if home is not None and home.value != bucket.index:
            return [f"its hash leads to {role} {home.value}"]
    elif isinstance(step.map, SwissMap):
        table = step.probes[0].table if step.probes else None
        if table is not None and table.first != there.table:
            return [f"its hash leads to table {table.first}"]
    came_to = {(probe.bucket.address, one.slot.number) for probe in step.probes for one in probe.tried}
    if not came_to or (bucket.address, there.slot) in came_to:
        return []
    return ["it is behind where lookups end"]
