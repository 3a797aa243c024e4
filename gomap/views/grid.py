"""A map as the data of a drawing, for page.js: the state of every slot, and which overflow bucket belongs to which.

The drawing consists of blocks of eight slots: buckets, overflow buckets, groups. Of a sync.Map from Go 1.24 on they are
the sixteen children of a node. A block is either a head or a link:

- Heads are buckets, groups and nodes. They come in storage order, and in runs: blocks that lie one behind the other.
- Links are overflow buckets, each with the number of its chain's head; in a tree of nodes, entries of the same hash.

States and marks (tophash or control bytes) are a byte for each slot, packed: a million entries take some 2 MB.
"""

from __future__ import annotations

import base64
import bisect
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gomap.check.finding import Finding
from gomap.language import Literals
from gomap.maps.hash_trie import HashTrie
from gomap.maps.layout import Places
from gomap.maps.model import Bucket, Entry, GoMap, Note, Selection, Slot, Table
from gomap.maps.read_dirty import ReadDirty
from gomap.maps.wording import note_text
from gomap.views.paint import Paint
from gomap.views.text import cell_text

__all__ = ["Room", "grid_object"]

#: Bits of a hash that choose a node's child.
_CHILDREN = 16
#: Notes that are kept of one map.
_MOST_NOTES = 100


class Room:
    """How much more may be drawn in a page, all its maps together.

    Args:
        slots: how many slots are drawn.
        runs: how many runs of heads, and links: each has a line of its own in the page.
        entries: how many entries have their keys and elements in the page.
    """

    def __init__(self, slots: int = 4_500_000, runs: int = 40_000, entries: int = 4_000) -> None:
        self.slots, self.runs, self.entries = slots, runs, entries


class _Drawing:
    """What is gathered of one map.

    Args:
        map: the map.
        room: how much more may be drawn.
        wanted: addresses; the entries of the blocks around them are kept even where there is no more room for entries.
    """

    def __init__(self, map: GoMap, room: Room, wanted: Sequence[int]) -> None:
        self.wanted = sorted(wanted)
        self.room = room
        self.places = _places(map)
        self.width = _CHILDREN if isinstance(map, HashTrie) else self.places.slots
        #: Bytes of a block, for those addresses that fall into it.
        self.size = _size(map, self.places)
        self.codes: dict[str, int] = {"": 0}
        self.runs: list[dict[str, Any]] = []
        self.links: list[tuple[int, int]] = []
        self.heads = 0
        self.states = (bytearray(), bytearray())
        self.marks = (bytearray(), bytearray())
        self.addresses: tuple[list[int], list[int]] = ([], [])
        self.entries: list[tuple[bool, int, int, Entry]] = []
        self.notes: list[str] = []
        #: Not all blocks are drawn; not all entries have their texts.
        self.cut = self.without_texts = False

    def add(self, map: GoMap) -> None:
        table: Table | None = None
        for part in map.walk(Selection(old=True)):
            if isinstance(part, Note):
                if len(self.notes) < _MOST_NOTES:
                    self.notes.append(note_text(part))
            elif isinstance(part, Table):
                table = part
            elif self.room.slots < self.width or self.room.runs < 1:
                self.cut = True
                return
            elif part.linked and self.heads:
                self._link(part.address, part.states, part.marks, _slots_of(part))
            else:
                self._head(part, table)

    def _head(self, bucket: Bucket, table: Table | None) -> None:
        place = bucket.place or (f"table {table.first}" if table is not None and bucket.role == "group" else "")
        last = self.runs[-1] if self.runs else None
        if (
            last is not None
            and (last["role"], last["place"]) == (bucket.role, place)
            and last["first"] + last["count"] == bucket.index
            and last["address"] + last["count"] * self.size == bucket.address
        ):
            last["count"] += 1
        else:
            run = {"role": bucket.role, "place": place, "first": bucket.index, "address": bucket.address, "count": 1}
            self.runs.append(run)
            self.room.runs -= 1
        self.heads += 1
        if bucket.role != "indirect node":
            self._block(0, bucket.address, bucket.states, bucket.marks)
            self._keep(0, bucket.address, _slots_of(bucket))
            return
        states, marks = [""] * _CHILDREN, bytearray(_CHILDREN)
        for slot in bucket.slots:
            if slot.state != "overflow":
                states[slot.number], marks[slot.number] = slot.state, slot.mark
        self._block(0, bucket.address, states, marks)
        self._keep(0, bucket.address, (slot for slot in bucket.slots if slot.state != "overflow"))
        for slot in bucket.slots:
            if slot.state == "overflow":
                one = slot._replace(number=0)
                self._link(slot.address, [slot.state], bytes([slot.mark]), (one,))

    def _link(self, address: int, states: Sequence[str], marks: bytes, slots: Iterable[Slot]) -> None:
        self.links.append((self.heads - 1, address))
        self.room.runs -= 1
        rest = self.width - len(states)
        self._block(1, address, [*states, *[""] * rest], marks + bytes(rest))
        self._keep(1, address, slots)

    def _block(self, kind: int, address: int, states: Sequence[str], marks: bytes | bytearray) -> None:
        codes = self.codes
        for state in states:
            if state not in codes:
                codes[state] = len(codes)
        self.states[kind].extend([codes[state] for state in states])
        self.marks[kind].extend(marks)
        self.addresses[kind].append(address)
        self.room.slots -= self.width

    def _keep(self, kind: int, address: int, slots: Iterable[Slot]) -> None:
        """Remember the entries of the block that was added last, if it is wanted, or there is room."""
        at = bisect.bisect_left(self.wanted, address)
        wanted = at < len(self.wanted) and self.wanted[at] < address + self.size
        if not wanted and self.room.entries <= 0:
            self.without_texts = True
            return
        for slot in slots:
            if slot.entry is not None:
                self.room.entries -= not wanted
                self.entries.append((bool(kind), len(self.addresses[kind]) - 1, slot.number, slot.entry))


def _slots_of(bucket: Bucket) -> Iterator[Slot]:
    """Its slots, made when the first is asked for."""
    yield from bucket.slots


def grid_object(map: GoMap, findings: Sequence[Finding], literals: Literals, room: Room) -> dict[str, Any]:
    """The drawing of a map, and where in it the FINDINGS are, as far as there is room for it in the page."""
    wanted = [address for finding in findings for address in (finding.address, finding.key_address) if address]
    drawing = _Drawing(map, room, wanted)
    drawing.add(map)
    places = drawing.places
    packed = zlib.compress(b"".join((*drawing.states, *drawing.marks)), 6)
    slots = {"offset": places.keys, "stride": places.key_stride, "marks": places.marks}
    if isinstance(map, HashTrie):
        slots = {"offset": map.layout.children, "stride": map.target.pointer_size, "marks": -1}
    return {
        "width": drawing.width,
        "size": drawing.size,
        "states": list(drawing.codes),
        "slot": slots,
        "runs": [{**run, "address": f"{run['address']:#x}"} for run in drawing.runs],
        "links": [[head, f"{address:#x}"] for head, address in drawing.links],
        "packed": base64.b64encode(packed).decode("ascii"),
        "entries": list(_texts(map, drawing, literals)),
        "notes": drawing.notes,
        "left": _left(map, drawing),
        "findings": _placed(drawing, findings),
    }


def _texts(map: GoMap, drawing: _Drawing, literals: Literals) -> Iterator[list[Any]]:
    """Of each entry that was kept the number of its block, its slot, and its key and element as literals."""
    key, elem, paint = literals.text(map.key), literals.text(map.elem), Paint()
    for link, block, slot, entry in drawing.entries:
        number = drawing.heads + block if link else block
        yield [number, slot, cell_text(entry.key, key, paint), cell_text(entry.elem, elem, paint)]


def _left(map: GoMap, drawing: _Drawing) -> str:
    """A sentence on what the page had no room for; empty if it had room for all."""
    left = []
    if drawing.cut:
        total = sum(number for _, number in map.totals(Selection(old=True)))
        left.append(f"drawn are the first {drawing.heads:,} of up to {total:,} buckets or groups")
    if drawing.without_texts and len(drawing.entries) < map.count:
        left.append(f"of {map.count:,} entries {len(drawing.entries):,} have their key and element here")
    return "; ".join(left) + ("; gomap-walk shows all" if left else "")


def _placed(drawing: _Drawing, findings: Sequence[Finding]) -> list[list[int]]:
    """For each finding the number of the block that it is in, and the slot; -1 where there is none."""
    starts = sorted(
        (address, kind, number) for kind, known in enumerate(drawing.addresses) for number, address in enumerate(known)
    )

    def block(address: int) -> tuple[int, int]:
        place = bisect.bisect_right(starts, (address, 2, 0)) - 1
        if place < 0 or address >= starts[place][0] + drawing.size:
            return -1, 0
        start, kind, number = starts[place]
        return (drawing.heads + number if kind else number), address - start

    placed = []
    for finding in findings:
        number, offset = block(finding.key_address or finding.address)
        if number < 0 and finding.key_address:
            number, offset = block(finding.address)
        placed.append([number, _slot(drawing, offset) if number >= 0 else -1])
    return placed


def _slot(drawing: _Drawing, offset: int) -> int:
    """The slot to which the byte at that OFFSET in a block belongs; -1 if to none."""
    places, width = drawing.places, drawing.places.slots
    if drawing.width != width:  # a node of a tree
        return -1
    if places.marks <= offset < places.marks + width:
        return offset - places.marks
    for start, stride in ((places.keys, places.key_stride), (places.elems, places.elem_stride)):
        if stride and start <= offset < start + width * stride:
            return (offset - start) // stride
    return -1


def _places(map: GoMap) -> Places:
    """Where slots lie: of a sync.Map up to Go 1.23 in either of its maps."""
    halves = list(map.maps) if isinstance(map, ReadDirty) else []
    return halves[0][1].places if halves else map.places


def _size(map: GoMap, places: Places) -> int:
    if isinstance(map, HashTrie):
        return map.layout.children + _CHILDREN * map.target.pointer_size
    return places.size
