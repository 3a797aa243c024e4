"""Bytes that go on from one object into the next, and are wrong in a map: somebody wrote past an object's end.

A run is text, or one byte over and over. It is told only where it crosses the border between two objects of the heap,
with several bytes on either side, and a finding is about what stands in it: then the same store made both. Tophash and
control bytes may look like text too, and have a neighbour that is text: if two in the run go with the keys beside them,
nobody wrote over them. Zeros cross borders in sound memory too, and make no run here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Union

from gomap.check.finding import Finding, InSlot
from gomap.check.scene import Scene
from gomap.goruntime.answers import FreeObject, HeapObject, UnmarkedObject
from gomap.goruntime.wording import answer_text
from gomap.language.quoting import quote
from gomap.maps.classic import ClassicMap
from gomap.maps.swiss import SwissMap
from gomap.maps.wording import counted
from gomap.program.memory import ReadError

__all__ = ["TEXT", "Overrun", "overruns"]

#: Bytes that a run must have on either side of a border, and altogether.
_SIDE, _LEAST = 4, 16
#: How far a run is followed in either direction, and how much of it is shown.
_FAR, _SHOWN = 1 << 12, 48
#: Places that are looked at.
_MOST = 64
#: Text: what is printed, blanks and line ends, and runes of several bytes.
TEXT = re.compile(
    rb"(?:[\t\n\r -~]|[\xc2-\xdf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+"
)
_SAME = re.compile(rb"([^\0])\1+", re.DOTALL)
#: Tophash or control bytes that go with their keys, of which one may do so by chance.
_SOUND = 2
#: Rules that compare a count with what tophash or control bytes say.
_OF_COUNTS = {"count-mismatch", "table-used", "table-growthleft", "noverflow-mismatch"}


class Overrun(NamedTuple):
    """A run of bytes that begins in one object and ends in another.

    Attributes:
        start, end: its bytes.
        contents: the first of them.
        text: whether it is text; else one byte over and over.
        first: the object that it begins in.
        border: where the next one begins.
    """

    start: int
    end: int
    contents: bytes
    text: bool
    first: Union[HeapObject, FreeObject, UnmarkedObject]
    border: int


def overruns(scene: Scene, findings: Sequence[Finding]) -> Iterator[tuple[str, int, str, Sequence[int], Overrun]]:
    """The runs that FINDINGS are about, with the numbers of these."""
    at = sorted({place for one in findings for place in (one.address, one.key_address) if place})
    end = 0
    for address in at[:_MOST]:
        if address < end:
            continue
        run = _run_around(scene, address)
        if run is None or _sound_marks(scene, run) >= _SOUND:
            continue
        end = run.end
        yield "overrun", run.start, _told(run), list(_inside(scene, run, findings)), run


def _run_around(scene: Scene, address: int) -> Overrun | None:
    """The run that ADDRESS is in, if it crosses the border of the object that is there."""
    there = scene.heap.at(address) if scene.heap else None
    if not isinstance(there, HeapObject) or there.span.nelems < 2:
        return None
    # Not past the span: what lies there came to be in another way.
    low = max(there.span.start, address - _FAR)
    high = min(there.span.start + there.span.nelems * there.span.elemsize, address + _FAR)
    try:
        data = scene.map.target.memory.read(low, high - low)
    except ReadError:
        return None
    for pattern in (_SAME, TEXT):
        found = next((one for one in pattern.finditer(data) if one.start() <= address - low < one.end()), None)
        if found is None or found.end() - found.start() < _LEAST:
            continue
        start, end = low + found.start(), low + found.end()
        first = scene.heap.at(start) if scene.heap else None
        if not isinstance(first, (HeapObject, FreeObject, UnmarkedObject)):
            continue
        border = first.start + first.span.elemsize
        if border - start >= _SIDE and end - border >= _SIDE:
            return Overrun(start, end, found.group()[:_SHOWN], pattern is TEXT, first, border)
    return None


def _sound_marks(scene: Scene, run: Overrun) -> int:
    """How many tophash or control bytes in the run, behind the border, go with the keys beside them."""
    map = scene.map
    if isinstance(map, ClassicMap):
        bases = {map.header["buckets"], map.header["oldbuckets"]}
    elif isinstance(map, SwissMap):
        bases = {table.groups for table in map.tables} | {map.header["dirPtr"]}
    else:
        return 0
    if run.border not in bases:
        return 0
    slots = (InSlot(run.border, number) for number in range(map.places.slots))
    return sum(
        scene.bytes_at(mark, 1) == bytes([scene.mark_of(scene.stored_key(slot)[1]) or 0])
        for slot in slots
        if (mark := scene.mark_address(slot)) < run.end
    )


def _told(run: Overrun) -> str:
    size = run.end - run.start
    what = f"text, {quote(run.contents)}{'...' if size > _SHOWN else ''}" if run.text else f"{run.contents[0]:#04x}"
    past = counted(run.end - run.border, "byte")
    return (
        f"{size} bytes from {run.start:#x} to {run.end:#x} are {'' if run.text else 'all '}{what}; they begin at "
        f"{answer_text(run.first)}, and go on {past} past its end: an overrun"
    )


def _inside(scene: Scene, run: Overrun, findings: Sequence[Finding]) -> Iterator[int]:
    """The findings about what is in the run, and about counts of slots whose tophash or control bytes are in it."""
    map = scene.map
    headers = {map.address: map.header_size}
    if isinstance(map, SwissMap):
        for table in map.tables:
            size = map.groups_of(table) * map.places.size
            if table.groups < run.end and run.start < table.groups + size:
                headers[table.address] = map.layout.table.size
    for number, one in enumerate(findings):
        mark = scene.mark_address(one.slot) if one.slot else 0
        inside = any(run.start <= place < run.end for place in (one.address, one.key_address, one.twin, mark) if place)
        counts = one.rule.name in _OF_COUNTS and any(
            start <= one.address < start + size for start, size in headers.items()
        )
        if inside or counts:
            yield number
