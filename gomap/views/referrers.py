"""Who points to an address, as lines of text and as an object for JSON."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gomap.census.referrers import MapSlot, Referrer, Sought
from gomap.goruntime.wording import answer_text
from gomap.maps.wording import counted
from gomap.postmortem.examination import KeptBytes
from gomap.views.paint import Paint

__all__ = ["kept_bytes_lines", "kept_bytes_object", "referrers_lines", "referrers_object"]

#: Pointers to the bytes of keys that are shown, and that JSON has.
_KEEPERS, _MOST_KEEPERS = 3, 100
_INDEX = re.compile(r"\[\d+\]")
#: The key of a slot as a literal; empty where no live entry is there.
KeyText = Callable[[MapSlot], str]


def referrers_lines(
    what: Sought, found: Sequence[Referrer], complete: bool, limit: int | None, key_text: KeyText, paint: Paint
) -> Iterator[str]:
    """What the address is, and a line for each pointer to it.

    Args:
        what: what is asked about.
        found: the pointers.
        complete: whether all were looked for.
        limit: how many lines there are at most, each for a pointer, or for all whose paths differ in indexes alone;
            None: each pointer has its own.
        key_text: gives the literal of the key under which a map holds the pointer.
    """
    type = f": {paint.type(what.type_name)}" if what.type_name else ""
    yield f"{paint.address(f'{what.address:#x}')}: {answer_text(what.answer)}{type}"
    if what.path:
        yield f"reached as {what.path}"
    elif what.reached is False:
        yield (
            "no root leads to it, so the next collection would free it"
            if complete
            else paint.note("note: interrupted before a path to it was found; there may be one")
        )
    words = counted(len(found), "pointer")
    yield f"{words} to it{'' if complete else ' so far; there may be more'}{':' if found else ''}"
    lines = [[each] for each in found] if limit is None else _alike(found)
    for each, *others in lines[:limit]:
        name = _INDEX.sub("[*]", _path_text(each)) if others else _path_text(each)
        where = f"at {paint.address(f'{each.address:#x}')}" if each.address else "in a register"
        inside = f", byte {each.value - what.start:#x} of it" if _inner(what, each) else ""
        and_others = f", and {len(others)} more like it" if others else ""
        yield f"  {name}  ({where}{inside}{and_others})"
        yield from (f"      {line}" for line in _more(each, key_text, paint))
    left = sum(map(len, lines[limit:])) if limit is not None else 0
    if left:
        yield f"{counted(left, 'more pointer')}; see 'help gomap-refs' for -limit"


def _alike(found: Sequence[Referrer]) -> list[list[Referrer]]:
    """FOUND, those together whose paths differ in indexes alone, as items of a slice do. Slots of maps have keys."""
    alike: dict[object, list[Referrer]] = {}
    for each in found:
        alone = each.slot is not None or each.trace is not None
        alike.setdefault(id(each) if alone else _INDEX.sub("[*]", each.path), []).append(each)
    return list(alike.values())


def _path_text(each: Referrer) -> str:
    return each.path or "from an object that no root leads to"


def kept_bytes_lines(kept: KeptBytes, paint: Paint) -> Iterator[str]:
    """Who else has pointers to the bytes of a map's keys, a few of them."""
    of = f"the bytes of keys of {kept.path} at {paint.address(f'{kept.address:#x}')}:"
    paths = _without_numbers([each.path for each in kept.pointers if each.path])
    if paths:
        left = len(paths) - _KEEPERS
        more = f" and {counted(left, 'more pointer')}" if left > 0 else ""
        one = len(paths) == 1
        yield f"{of} besides keys of the map, {', '.join(paths[:_KEEPERS])}{more} {'leads' if one else 'lead'} to them"
    elif kept.pointers:
        yield f"{of} besides keys of the map, and stacks, only objects that no root leads to have pointers to them"
    elif kept.complete:
        yield f"{of} besides keys of the map, and stacks, nothing leads to them"
    if not kept.complete:
        yield paint.note(f"{of} not all that may lead to them was looked at")


def _without_numbers(paths: Sequence[str]) -> list[str]:
    """PATHS, but those in one that differ in indexes alone: ``main.conns[*].in.buf``."""
    alike: dict[str, list[str]] = {}
    for path in paths:
        alike.setdefault(_INDEX.sub("[*]", path), []).append(path)
    return [ours[0] if len(set(ours)) == 1 else path for path, ours in alike.items()]


def kept_bytes_object(kept: KeptBytes) -> dict[str, Any]:
    """Who has the bytes of a map's keys, as ``gomap-postmortem -json`` prints it."""
    return {
        "map": kept.path,
        "address": f"{kept.address:#x}",
        "pointers": [
            {"path": each.path or None, "address": f"{each.address:#x}", "value": f"{each.value:#x}"}
            for each in kept.pointers[:_MOST_KEEPERS]
        ],
        "total": len(kept.pointers),
        "complete": kept.complete,
    }


def _inner(what: Sought, each: Referrer) -> bool:
    """Whether a pointer leads into the object, not to its beginning."""
    data = getattr(what.answer, "data", what.start)
    return each.value not in (what.start, data)


def _more(each: Referrer, key_text: KeyText, paint: Paint) -> Iterator[str]:
    """What more is known of a pointer."""
    if each.slot is not None:
        map, place = each.slot.map, each.slot.place
        part = "key" if each.slot.in_key else "element"
        where = f"{part} of {place.name}" if place is not None else f"{part} of a slot without a live entry"
        key = "" if place is None or each.slot.in_key else f", key {paint.literal(key_text(each.slot))}"
        yield f"{where} of {paint.type(map.type.name)} at {paint.address(f'{map.address:#x}')}{key}"
    if each.trace is not None and each.holding is not None and each.holding.call is not None:
        call = each.holding.call
        yield f"frame {call.number}  {posixpath.basename(call.call.file)}:{call.call.line}  {each.trace.status}"


def referrers_object(
    what: Sought, found: Sequence[Referrer], complete: bool, limit: int | None, key_text: KeyText
) -> dict[str, Any]:
    """What ``gomap-refs -json`` prints."""
    return {
        "command": "refs",
        "address": f"{what.address:#x}",
        "is": type(what.answer).__name__,
        "text": answer_text(what.answer),
        "path": what.path or None,
        "type": what.type_name or None,
        "reached": what.reached,
        "pointers": [_object(each, key_text) for each in found[:limit]],
        "total": len(found),
        "complete": complete and (limit is None or len(found) <= limit),
    }


def _object(each: Referrer, key_text: KeyText) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "kind": each.kind,
        "path": each.path or None,
        "address": f"{each.address:#x}" if each.address else None,
        "value": f"{each.value:#x}",
        "steps": each.steps,
    }
    if each.holder:
        shown["holder"] = f"{each.holder:#x}"
    if each.slot is not None:
        place = each.slot.place
        shown["slot"] = {
            "map": f"{each.slot.map.address:#x}",
            "type": each.slot.map.type.name,
            "inKey": each.slot.in_key,
            "place": None if place is None else place.name,
            "key": None if place is None else key_text(each.slot),
        }
    if each.trace is not None:
        call = each.holding.call if each.holding is not None else None
        shown["goroutine"] = each.trace.goroutine.id
        shown["frame"] = None if call is None else call.number
        shown["function"] = None if call is None else call.call.name
    return shown
