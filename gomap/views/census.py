"""A census as lines of text and as an object for JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gomap.census.census import Census, FoundMap
from gomap.census.unreached import Amount
from gomap.maps.model import GoMap
from gomap.maps.trials.wording import doubt_text, hashes_text, told_text
from gomap.maps.wording import counted
from gomap.program.gotypes import GoType
from gomap.views.paint import Paint

__all__ = ["NOT_LOOKED_AT", "SORTS", "Filter", "census_lines", "census_object", "found_type_text", "type_text"]

#: What a census cannot see, as it begins with the collector's objects.
NOT_LOOKED_AT = "maps whose header is on a stack, and what only C's memory leads to"
#: Bytes that a rebuilt map must save, and which part of it, to be pointed out.
_MUCH, _PART = 4096, 0.5
#: Which part of the bytes in use must be garbage to be pointed out.
_GARBAGE = 0.1
#: Types that are named to who has asked for a part of their names.
_MOST_TYPES = 8
_HEADS = ("entries", "bytes", "retained", "load", "deleted", "saves", "scanned")


@dataclass(frozen=True)
class Filter:
    """Which maps are shown, and in which lines.

    Attributes:
        sort: by what the lines are sorted: one of SORTS.
        type: only maps of this type; None: of all types.
        least: how many bytes the maps of a line must take together to be shown.
        limit: how many lines there are at most; None: all.
        each: whether every map has a line of its own; otherwise those of one origin and type share one.
    """

    sort: str
    type: str | None
    least: int
    limit: int | None
    each: bool


class _Line:
    """What is said of one map, or of all with one origin and type."""

    def __init__(self, maps: Sequence[FoundMap], name: Callable[[], str], retained: Sequence[int] | None) -> None:
        self.maps = maps
        self.name = name
        measured = [found.measured for found in maps if found.measured]
        self.known = bool(measured)
        self.entries = sum(each.entries for each in measured)
        self.slots = sum(each.slots for each in measured)
        self.structure = sum(each.structure for each in measured)
        self.tombstones = sum(each.tombstones for each in measured)
        self.old = sum(each.old for each in measured)
        self.waste = sum(each.waste for each in measured)
        self.scanned = any(each.scanned for each in measured)
        #: Bytes that each keeps alive by itself; None where that is not worked out.
        self.retained = None if retained is None else sum(retained[each.number] for each in maps)

    @property
    def load(self) -> float:
        return self.entries / self.slots if self.slots else 0.0

    def cells(self) -> list[str]:
        retained = "?" if self.retained is None else f"{self.retained:,}"
        if not self.known:
            return [retained if head == "retained" else "?" for head in _HEADS]
        numbers = [self.entries, self.structure, retained, f"{self.load:.0%}", self.tombstones, self.waste]
        return [*(each if isinstance(each, str) else f"{each:,}" for each in numbers), "yes" if self.scanned else "no"]


#: By what lines are sorted: the largest first, but for names.
SORTS: dict[str, Callable[[_Line], Any]] = {
    "bytes": lambda line: -line.structure,
    "retained": lambda line: -(line.retained or 0),
    "entries": lambda line: -line.entries,
    "maps": lambda line: -len(line.maps),
    "load": lambda line: line.load,
    "deleted": lambda line: -line.tombstones,
    "saves": lambda line: -line.waste,
    "path": lambda line: line.name(),
}


def census_lines(census: Census, filter: Filter, paint: Paint) -> Iterator[str]:
    """How many maps there are and what they take, a line for each origin or map, and below it what is conspicuous."""
    lines = _lines(census, filter)
    shown = lines[: filter.limit]
    taken = sum(found.measured.structure for found in census.maps if found.measured)
    paths = len({found.origin for found in census.maps})
    yield (
        f"{counted(len(census.maps), 'map')} by {counted(paths, 'path')}, {taken:,} bytes of structure; {_heap(census)}"
    )
    yield from _garbage(census)
    if census.interrupted:
        yield paint.note("note: interrupted: there may be more maps, and shorter paths")
    if census.retained is None:
        yield paint.note("note: interrupted: what each map keeps alive was not worked out")
    for damage in census.survey.damage[:10]:
        yield paint.note(f"note: {damage}")
    if not shown:
        yield from _why_none(census, filter)
        return
    rows = [[_first_cell(line, filter), *line.cells()] for line in shown]
    heads = ["address" if filter.each else "maps", *_HEADS]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    yield "  " + "  ".join(head.rjust(width) for head, width in zip(heads, widths, strict=True)) + "  path, type"
    for line, row in zip(shown, rows, strict=True):
        cells = "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {cells}  {line.name()}  {paint.type(found_type_text(line.maps[0]))}{_told_by(line)}"
        yield from (paint.note(f"      {note}") for note in _notes(line))
    if len(shown) < len(lines):
        more = counted(len(lines) - len(shown), "more line")
        yield f"{more}; see 'help gomap-list' for -limit, -min, -type and -each"
    yield f"not looked at: {NOT_LOOKED_AT}"


def _why_none(census: Census, filter: Filter) -> Iterator[str]:
    """Why no map is shown, of those that there are."""
    types = {found.type.name for found in census.maps if found.type is not None}
    if filter.type is None or filter.type in types:
        yield f"no line has {filter.least:,} bytes of structure" if census.maps else "no map"
        return
    like = sorted(name for name in types if filter.type in name)
    named = ", ".join([*like[:_MOST_TYPES], *(["..."] if len(like) > _MOST_TYPES else [])])
    yield f"no map is of type {filter.type}{'; there are ' + named if like else ''}"


def census_object(census: Census, filter: Filter) -> dict[str, Any]:
    """What ``gomap-list -json`` prints: every map that the filter lets through, whatever -each says."""
    lines = _lines(census, Filter(filter.sort, filter.type, filter.least, filter.limit, True))
    return {
        "command": "list",
        "maps": [_object(census, line.maps[0], line.name()) for line in lines[: filter.limit]],
        "total": len(census.maps),
        "complete": not census.interrupted and (filter.limit is None or len(lines) <= filter.limit),
        "damage": list(census.survey.damage),
        "unreached": _unreached(census),
        "notLookedAt": NOT_LOOKED_AT,
    }


def _unreached(census: Census) -> dict[str, Any] | None:
    found = census.unreached
    return None if found is None else {**asdict(found.all), "sinceCollection": asdict(found.since)}


def type_text(type: GoType | None) -> str:
    """``map[string]int``, or that the type is not known."""
    return "type not known" if type is None else type.name


def found_type_text(found: FoundMap) -> str:
    """The type of a map of the census, or those that it may have: ``perhaps map[int64]int or map[uint64]int``."""
    return type_text(found.type) if found.trial is None else told_text(found.trial)


def _object(census: Census, found: FoundMap, path: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"path": path, "origin": found.origin, "address": f"{found.address:#x}"}
    shown["type"] = found.type.name if found.type else None
    shown["retained"] = census.retained[found.number] if census.retained is not None else None
    trial, measured = found.trial, found.measured
    if trial is not None:
        shown["typeBy"] = hashes_text(trial.fitting, trial.entries)
        if trial.type is None:
            shown |= {"perhaps": [type.name for type in trial.types], "keys": trial.key and trial.key.name}
    if not isinstance(found.map, GoMap):
        shown["problem"] = str(found.map)
    if measured is None:
        return shown
    shown |= {"kind": measured.kind, "entries": measured.entries, "slots": measured.slots}
    shown |= {"structure": measured.structure, "deleted": measured.tombstones, "old": measured.old}
    shown |= {"rebuilt": measured.rebuilt, "scanned": measured.scanned}
    return {**shown, "problem": measured.damage} if measured.damage else shown


def _lines(census: Census, filter: Filter) -> list[_Line]:
    maps = [found for found in census.maps if filter.type is None or filter.type in _types(found)]
    lines = []
    if filter.each:
        lines = [_Line([found], _path_of(census, found), census.retained) for found in maps]
    else:
        grouped: dict[tuple[str, str], list[FoundMap]] = {}
        for found in maps:
            grouped.setdefault((found.origin, found_type_text(found)), []).append(found)
        # The path of one that is alone has indexes that mean something.
        lines = [
            _Line(group, _path_of(census, group[0]) if len(group) == 1 else _always(origin), census.retained)
            for (origin, _), group in grouped.items()
        ]
    return sorted((line for line in lines if line.structure >= filter.least), key=SORTS[filter.sort])


def _types(found: FoundMap) -> list[str]:
    """The names of the types that a map may have."""
    return [type.name for type in found.trial.types] if found.trial else [type_text(found.type)]


def _told_by(line: _Line) -> str:
    """What told the type of the line's maps, if it was their hashes."""
    trials = [found.trial for found in line.maps if found.trial]
    text = hashes_text(sum(each.fitting for each in trials), sum(each.entries for each in trials))
    return f", {text}" if trials else ""


def _path_of(census: Census, found: FoundMap) -> Callable[[], str]:
    return lambda: census.path(found)


def _always(text: str) -> Callable[[], str]:
    return lambda: text


def _first_cell(line: _Line, filter: Filter) -> str:
    return f"{line.maps[0].address:#x}" if filter.each else f"{len(line.maps):,}"


def _heap(census: Census) -> str:
    objects = census.survey.objects
    used = sum(objects.used)
    return f"the heap has {used:,} objects in use, {objects.bytes_used:,} bytes"


def _garbage(census: Census) -> Iterator[str]:
    """What nothing leads to, where there are maps in it, or much else."""
    found = census.unreached
    if found is not None and (found.all.maps or found.all.bytes >= _GARBAGE * census.survey.objects.bytes_used):
        yield (
            f"nothing leads to {_amount(found.all)}: garbage that no collection has freed yet; "
            f"allocated after the last one: {_amount(found.since)}"
        )


def _amount(amount: Amount) -> str:
    maps = f" with {amount.maps:,} {'map' if amount.maps == 1 else 'maps'} among them" if amount.maps else ""
    return f"{amount.objects:,} of them, {amount.bytes:,} bytes{maps}"


def _notes(line: _Line) -> Iterator[str]:
    if line.old:
        yield f"a growth that nobody goes on with keeps {line.old:,} bytes of old buckets"
    if line.waste >= _MUCH and line.waste >= _PART * line.structure:
        yield (
            f"room for {line.slots:,} entries, of which {line.entries:,} are there: "
            f"built anew it would save {line.waste:,} of {line.structure:,} bytes"
        )
    if line.retained is not None and line.structure - line.retained >= _MUCH:
        yield "something else leads into it too, such as an iterator or a leftover on a stack, and keeps the rest"
    doubtful = [found.trial for found in line.maps if found.trial and not found.trial.type and found.measured]
    if doubtful:
        yield doubt_text(max(doubtful, key=lambda trial: trial.chance))
    for found in line.maps[:1]:
        problem = found.measured.damage if found.measured else str(found.map)
        if problem:
            yield problem
