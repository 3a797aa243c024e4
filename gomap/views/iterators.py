"""Iterators over maps as lines of text and as an object for JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gomap.language import Literals
from gomap.maps.iterators.model import Untold, Visit
from gomap.maps.iterators.searching import Found, InFrame, State
from gomap.maps.iterators.wording import changes, place_text, stands, started, untold_text, whose, why
from gomap.maps.wording import counted, summary
from gomap.views.jsonview import cell_objects
from gomap.views.paint import Paint
from gomap.views.text import cell_text, title

__all__ = ["iterators_lines", "iterators_object"]

_GO_ON = (State.UNDER_WAY, State.MAYBE_FINISHED)
#: Entries between two words about how far the count has come.
_PACE = 1 << 12


def iterators_lines(
    found: Iterable[Found],
    literals: Literals,
    limit: int | None,
    every: bool,
    progress: Callable[[str], None],
    paint: Paint,
) -> Iterator[str]:
    """A paragraph for each iterator, then how many there are.

    Args:
        found: the iterators.
        limit: how many are shown of the entries that each will still visit; None: all.
        every: whether those are shown too that are finished, and those whose loop was left.
        progress: is told how far it is with the entries.
    """
    shown = over = 0
    for each in found:
        if not every and each.state not in _GO_ON:
            over += 1
            continue
        shown += 1
        yield from _lines(each, literals, limit, progress, paint)
    rest = f"; {over} more that are finished or left, which -all shows" if over else ""
    yield f"{counted(shown, 'iterator') if shown else 'no iterator'}{rest}"


def _lines(
    found: Found, literals: Literals, limit: int | None, progress: Callable[[str], None], paint: Paint
) -> Iterator[str]:
    iterator = found.iterator
    key, elem = literals.text(iterator.map.key), literals.text(iterator.map.elem)
    yield (
        f"iterator at {paint.address(f'{iterator.address:#x}')} ({whose(found)}): {paint.state(found.state.value)}, "
        f"{why(found)}"
    )
    yield f"  over     {title(iterator.map, paint)}"
    if iterator.key is not None and iterator.elem is not None:
        yield f"  at       {cell_text(iterator.key, key, paint)}: {cell_text(iterator.elem, elem, paint)}"
    yield f"  started  {started(iterator)}"
    yield f"  stands   {stands(iterator)}"
    for change in changes(iterator):
        yield f"  changed  {change}"
    passed = _counted(iterator.passed(), 0, progress)
    yield f"  passed   {_number(passed)} of those that the map has now"
    if passed.end is not None:
        yield f"           {paint.note(f'note: {untold_text(passed.end)}')}"
    if found.state not in _GO_ON:
        return
    coming = _counted(iterator.upcoming(), limit, progress)
    yield f"  to come  {_number(coming)}{', if the map stays as it is' if coming.number else ''}"
    for visit in coming.first:
        entry = f"{cell_text(visit.entry.key, key, paint)}: {cell_text(visit.entry.elem, elem, paint)}"
        yield f"           {entry}  {paint.note(f'({place_text(visit.place)})')}"
    if len(coming.first) < coming.number:
        yield f"           and {coming.number - len(coming.first)} more; see 'help gomap-iter' for -limit"
    if coming.end is not None:
        yield f"           {paint.note(f'note: {untold_text(coming.end)}')}"


def iterators_object(
    found: Iterable[Found], literals: Literals, limit: int | None, every: bool, progress: Callable[[str], None]
) -> dict[str, Any]:
    """What ``gomap-iter -json`` prints; arguments as for iterators_lines."""
    shown = []
    over = 0
    for each in found:
        if every or each.state in _GO_ON:
            shown.append(_object(each, literals, limit, progress))
        else:
            over += 1
    return {"command": "iterators", "iterators": shown, "leftOut": over}


def _object(found: Found, literals: Literals, limit: int | None, progress: Callable[[str], None]) -> dict[str, Any]:
    iterator, place = found.iterator, found.place
    map = iterator.map
    key, elem = cell_objects(literals, map.key), cell_objects(literals, map.elem)
    passed = _counted(iterator.passed(), 0, progress)
    goes_on = found.state in _GO_ON
    coming = _counted(iterator.upcoming(), limit, progress) if goes_on else _Count(0, [], None)
    ends = [each.end for each in (passed, coming) if each.end is not None]
    return {
        "address": f"{iterator.address:#x}",
        "goroutine": place.goroutine if isinstance(place, InFrame) else None,
        "function": place.function if isinstance(place, InFrame) else "",
        "object": None if isinstance(place, InFrame) else f"{place.object.data:#x}",
        "state": found.state.value,
        "why": why(found),
        "type": map.type.name,
        "map": f"{map.address:#x}",
        "kind": map.kind,
        "count": map.count,
        "summary": summary(map),
        "fields": [
            {
                "name": field.name,
                "offset": field.offset,
                "type": field.type.name,
                "value": f"{field.value:#x}" if field.hexadecimal else field.value,
            }
            for field in iterator.shown_fields()
        ],
        "key": None if iterator.key is None else key(iterator.key),
        "elem": None if iterator.elem is None else elem(iterator.elem),
        "started": started(iterator),
        "stands": stands(iterator),
        "changes": list(changes(iterator)),
        "passed": None if passed.end is not None else passed.number,
        "toCome": coming.number if goes_on and coming.end is None else None,
        "next": [
            {"place": place_text(visit.place), "key": key(visit.entry.key), "elem": elem(visit.entry.elem)}
            for visit in coming.first
        ],
        "notes": [{"address": f"{end.address:#x}", "text": untold_text(end)} for end in ends],
    }


@dataclass(frozen=True)
class _Count:
    """How many entries there are, the first of them, and what keeps more from being told."""

    number: int
    first: list[Visit]
    end: Untold | None


def _counted(visits: Iterator[Visit | Untold], limit: int | None, progress: Callable[[str], None]) -> _Count:
    first: list[Visit] = []
    number = 0
    for visit in visits:
        if isinstance(visit, Untold):
            return _Count(number, first, visit)
        number += 1
        if limit is None or len(first) < limit:
            first.append(visit)
        if number % _PACE == 0:
            progress(f"{number} entries of an iteration")
    return _Count(number, first, None)


def _number(count: _Count) -> str:
    number = counted(count.number, "entry", "entries")
    return number if count.end is None else f"{number} at least"
