"""One entry of a map, watched for changes, wherever growth moves it.

An entry is bytes in a slot. A store to its element writes these; deletion and, in classic maps, evacuation write the
byte beside the slot that says what is in it. In Swiss maps growth leaves the old slot as it is: a single group is left
by a change of Map.dirPtr, a table by one of its index, which becomes -1 (internal/runtime/maps/table.go: grow, split).

Most of that happens in the middle of an operation, in which the map is in no state that a lookup could go by. So what
is struck then is looked into as the operation ends, which its flag in the header tells: see gomap.live.guard. The
program's own store to the element comes behind the operation, and is told of at once.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from gomap.expressions.go_values import ExpressionError
from gomap.expressions.key_search import Sought
from gomap.language import Limits
from gomap.live.changes import Change, Changed
from gomap.live.culprit import culprit
from gomap.live.traps import MOST_WATCHED, Suspicion, Trap
from gomap.live.whereabouts import is_freed
from gomap.maps.classic import ClassicMap
from gomap.maps.lookups.model import Probe
from gomap.maps.model import Bucket, Cell, GoMap, Slot
from gomap.maps.opening import literals_of, open_map
from gomap.maps.placed import place_name
from gomap.maps.swiss import SwissMap
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["EntryWatch", "Located", "Part"]


class Part(enum.Enum):
    """What is watched of an entry."""

    ENTRY = "its element, and whether it is there"
    STATE = "the state of its slot"
    OVERFLOW = "the overflow pointer of its bucket"


class Located(NamedTuple):
    """Where an entry is, and what it is there.

    Attributes:
        place: the slot's name, as gomap-check gives it.
        bucket, slot: the bucket or group, and the slot in it.
        mark: where the byte beside the slot is.
        elem: where the element is; 0 if its pointer leads nowhere.
        content: the element's bytes; empty if they cannot be read.
        literal: the element as a Go literal.
        mover: what is written as growth moves the entry, if not the byte beside its slot.
    """

    place: str
    bucket: Bucket
    slot: Slot
    mark: int
    elem: int
    content: bytes
    literal: str
    mover: Trap | None


class _Told(NamedTuple):
    """A change; as Changed has it."""

    what: Change
    old: str
    new: str
    place: str
    unseen: bool = False


class EntryWatch:
    """Tells each change of one entry.

    Args:
        program: the program, which runs.
        name: of the watch, for a person.
        map: which map.
        sought: the key.
        part: what of the entry.
        limits: how much of an element is shown.

    Attributes:
        name, map, sought, part: as given.
        here: where the entry is; None while the map has none.

    Raises ExpressionError for an entry that cannot be watched.
    """

    def __init__(self, program: Program, name: str, map: GoMap, sought: Sought, part: Part, limits: Limits) -> None:
        if not isinstance(map, (ClassicMap, SwissMap)) or map.writing_field not in map.header:
            raise ExpressionError(f"{name}: a {map.type.name} cannot be watched, only a map can")
        if not map.address:
            raise ExpressionError(f"{name}: a nil map, which nothing can change; watch it once it has been made")
        if sought.without:
            raise ExpressionError(f"{name}: {sought.without}")
        if part is Part.OVERFLOW and not isinstance(map, ClassicMap):
            raise ExpressionError(f"{name}: groups of a Swiss map have no overflow pointer")
        self.name, self.map, self.sought, self.part = name, map, sought, part
        self._program, self._limits = program, limits
        self._flag = Trap(map.field_address(map.writing_field), map.field_size(map.writing_field))
        self._count = Trap(map.field_address(map.count_field), map.field_size(map.count_field))
        #: An operation is under way, whose end is waited for.
        self._settling = map.being_written
        self._over = False
        self._moves = 0
        self.here = self._located(map)
        if self.here is None and part is not Part.ENTRY:
            raise ExpressionError(f"{name}: the map has no such key now")

    @property
    def watched(self) -> int:
        """How many bytes of the element are watched, the first ones."""
        here = self.here
        if here is None or self.part is not Part.ENTRY or not here.elem:
            return 0
        left = MOST_WATCHED - 1 - (here.mover is not None)
        return sum(piece.size for piece in Trap(here.elem, len(here.content)).pieces[:left])

    def traps(self) -> list[Trap]:
        here = self.here
        if self._over:
            return []
        if self._settling:
            return [self._flag]
        if here is None:
            return [self._count]
        # One trap for all of the element that is watched: one store may strike several words, and GDB then looks at one
        # of them only.
        also = (here.mover, self._overflow(here), Trap(here.elem, self.watched) if self.watched else None)
        return [Trap(here.mark, 1), *(each for each in also if each is not None)]

    def struck(self, trap: Trap, lwp: int, still: bool) -> Changed | Suspicion | None:
        state = self.here, self._settling, self._moves
        try:
            told = self._looked()
        except (ReadError, LayoutError):
            if still:
                raise
            told = _Told(Change.VALUE, "", "", "")
        if told is None:
            return None
        if not still:
            self.here, self._settling, self._moves = state
            return Suspicion()
        self._over = is_freed(self._program, self.map)
        what = Change.FREED if self._over else told.what
        partly = what is Change.VALUE and self.map.elem.size > self.map.target.pointer_size
        by = culprit(self._program, lwp, trap)
        return Changed(what, self.name, by, told.old, told.new, told.place, self._moves, told.unseen, partly)

    def _looked(self) -> _Told | None:
        """What has changed."""
        map = open_map(self._program, self.map.type, self.map.address)
        if self._settling:
            if map.being_written:  # another of the flags, or the next writer
                return None
            self._settling = False
            return self._compared(map)
        seen = self._at_once(map)
        if map.being_written:
            self._settling = True
            return seen
        return seen or self._compared(map)

    def _at_once(self, map: GoMap) -> _Told | None:
        """What is told in the middle of an operation too: a change of state or overflow pointer."""
        here = self.here
        if here is None or self.part is Part.ENTRY:
            return None
        now = self._reread(map, here.bucket)
        if now is None:
            return None
        slot = now.slots[here.slot.number]
        if self.part is Part.OVERFLOW:
            what, old, new = Change.OVERFLOW, f"{here.bucket.overflow:#x}", f"{now.overflow:#x}"
        else:
            what, old, new = Change.STATE, here.slot.state, slot.state
        self.here = here._replace(bucket=now, slot=slot)
        return None if old == new else _Told(what, old, new, here.place)

    def _compared(self, map: GoMap) -> _Told | None:
        """What is different now that no operation is under way."""
        old, new = self.here, self._located(map)
        self.here = new
        if new is None:
            told = old is not None and self.part is Part.ENTRY
            return _Told(Change.DELETED, old.literal, "", old.place) if told and old else None
        if old is None:
            return _Told(Change.STORED, "", new.literal, new.place)
        self._moves += new.mark != old.mark
        if self.part is not Part.ENTRY or new.content == old.content:
            return None
        return _Told(Change.VALUE, old.literal, new.literal, new.place, self._unseen(old, new))

    def _unseen(self, old: Located, new: Located) -> bool:
        """Whether no byte that is watched has changed."""
        if len(old.content) != len(new.content):  # one of them could not be read
            return False
        return old.content[: self.watched] == new.content[: self.watched]

    def _located(self, map: GoMap) -> Located | None:
        """Where a lookup finds the entry."""
        steps, _ = self.sought.look_up(map)
        if not steps or not steps[-1].found:
            return None
        probe = steps[-1].probes[-1]
        slot = probe.tried[-1].slot
        cell = slot.entry.elem if slot.entry is not None else None
        elem, content = 0, b""
        literal = str(cell)
        if isinstance(cell, Cell):
            elem, content = cell.address, cell.buffer[cell.offset : cell.offset + map.elem.size]
            literal = literals_of(self._program, self._limits).text(map.elem)(content, 0)
        table = None if probe.table is None else probe.table.first
        return Located(
            place_name(probe.bucket, probe.link, table, slot.number),
            probe.bucket,
            slot,
            probe.bucket.address + map.places.marks + slot.number,
            elem,
            content,
            literal,
            _mover(map, probe),
        )

    def _overflow(self, here: Located) -> Trap | None:
        if self.part is not Part.OVERFLOW or not isinstance(self.map, ClassicMap):
            return None
        return Trap(here.bucket.address + self.map.layout.overflow, self.map.target.pointer_size)

    def _reread(self, map: GoMap, bucket: Bucket) -> Bucket | None:
        """BUCKET as it is now."""
        try:
            if isinstance(map, ClassicMap):
                return map.read_bucket(bucket.role, bucket.index, bucket.address)
            return map.read_group(bucket.index, bucket.address) if isinstance(map, SwissMap) else None
        except ReadError:
            return None


def _mover(map: GoMap, probe: Probe) -> Trap | None:
    """What is written as growth moves an entry that PROBE has found."""
    if not isinstance(map, SwissMap):
        return None
    if probe.table is None:
        return Trap(map.field_address("dirPtr"), map.field_size("dirPtr"))
    index = map.layout.table.type.field("index")
    return Trap(probe.table.address + index.offset, index.type.size)
