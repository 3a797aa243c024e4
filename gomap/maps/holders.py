"""Who holds a map: on which stacks there is a pointer to its header, or into the memory that hangs on it."""

from __future__ import annotations

import bisect
import enum
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from gomap.goruntime.tracebacks import CallFrame, Traceback
from gomap.maps.classic import ClassicMap
from gomap.maps.model import Bucket, GoMap, Selection, Table
from gomap.maps.swiss import SwissMap
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["HeldPart", "Holding", "MapMemory", "MemoryPart", "holdings", "memory_of"]

#: Stacks are read in pieces of so many bytes; more than so many holdings of one goroutine are not told.
_PIECE, _MOST = 1 << 16, 64


class HeldPart(enum.Enum):
    """What is in a piece of memory that is looked for on stacks; the value is its name for a person and for JSON."""

    HEADER = "header"
    DIRECTORY = "directory"
    TABLE = "table"
    GROUPS = "groups"
    BUCKETS = "buckets"
    OLD_BUCKETS = "old buckets"
    OVERFLOW_BUCKET = "overflow bucket"
    OBJECT = "object"  # whatever it is, no map's


class MemoryPart(NamedTuple):
    """A piece of memory: its address, the one behind its end, and what is in it."""

    start: int
    end: int
    what: HeldPart = HeldPart.OBJECT


class Holding(NamedTuple):
    """A word on a stack that leads into a map, or into another object.

    Attributes:
        call: the call whose frame has it; None where no frame that is known does.
        address: of the word; 0: it is in a register.
        value: the address that it is.
        part: what is there.
    """

    call: CallFrame | None
    address: int
    value: int
    part: HeldPart


class MapMemory:
    """The memory of one map, or of another object.

    Args:
        parts: from where to where each part reaches.
    """

    def __init__(self, parts: Sequence[MemoryPart]) -> None:
        # In a damaged map two parts may be at the same place.
        self._parts = sorted(
            (part for part in parts if part.start and part.start < part.end),
            key=lambda part: (part.start, part.end, part.what.value),
        )
        self._starts = [part.start for part in self._parts]
        self.lowest = self._starts[0] if self._parts else 0
        self.highest = max((part.end for part in self._parts), default=0)

    def part_at(self, address: int) -> HeldPart | None:
        """What is at ADDRESS; None if that is not among the memory."""
        place = bisect.bisect_right(self._starts, address) - 1
        return self._parts[place].what if place >= 0 and address < self._parts[place].end else None


def memory_of(map: GoMap, progress: Callable[[str], None]) -> MapMemory:
    """What memory a map has: header, directory, tables and groups; buckets, old ones and overflow buckets."""
    parts = [MemoryPart(map.address, map.address + map.type.header.size, HeldPart.HEADER)]
    word = map.target.pointer_size
    if isinstance(map, SwissMap):
        if map.small:
            parts.append(MemoryPart(map.header["dirPtr"], map.header["dirPtr"] + map.places.size, HeldPart.GROUPS))
        else:
            directory = map.header["dirPtr"]
            parts.append(MemoryPart(directory, directory + map.believed * word, HeldPart.DIRECTORY))
            for table in map.tables:
                parts += [MemoryPart(table.address, table.address + word, HeldPart.TABLE), _groups(map, table)]
    elif isinstance(map, ClassicMap):
        header, size = map.header, map.places.size
        if map.plausible_count():
            new, old = header["buckets"], header["oldbuckets"]
            parts.append(MemoryPart(new, new + map.buckets * size, HeldPart.BUCKETS))
            parts.append(MemoryPart(old, old + map.oldbuckets * size, HeldPart.OLD_BUCKETS))
        for number, part in enumerate(map.walk(Selection(old=True, unused=True))):
            if number % 4096 == 0:
                progress(f"looking for overflow buckets, {number} buckets seen")
            if isinstance(part, Bucket) and "overflow" in part.role:
                parts.append(MemoryPart(part.address, part.address + size, HeldPart.OVERFLOW_BUCKET))
    return MapMemory(parts)


def _groups(map: SwissMap, table: Table) -> MemoryPart:
    return MemoryPart(table.groups, table.groups + map.groups_of(table) * map.places.size, HeldPart.GROUPS)


def holdings(program: Program, trace: Traceback, memory: MapMemory) -> list[Holding]:
    """Where a goroutine has pointers into a map's memory, the innermost first."""
    if trace.position is None or not memory.highest:
        return []
    found: list[Holding] = []
    frames = [call for call in trace.calls if not call.call.inlined]
    starts = [call.frame.sp for call in frames]
    if trace.position.exact and trace.calls:
        for value in trace.position.registers.values():
            part = memory.part_at(value)
            if part is not None:
                found.append(Holding(frames[0] if frames else None, 0, value, part))
    one = trace.goroutine
    for address, value in _words(program, trace.position.sp, one.hi if one.bounded else trace.position.sp):
        if not memory.lowest <= value < memory.highest:
            continue
        part = memory.part_at(value)
        if part is not None:
            place = bisect.bisect_right(starts, address) - 1
            call = frames[place] if place >= 0 else None
            if trace.broken and place == len(frames) - 1 and call is not None and address >= (call.frame.base or 0):
                call = None  # beyond where the stack could be followed to
            found.append(Holding(call, address, value, part))
            if len(found) >= _MOST:
                break
    return found


def _words(program: Program, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The words of a stack, as far as they can be read: where each is, and its value."""
    word, order = program.pointer_size, program.byte_order
    for at in range(start, end, _PIECE):
        length = min(_PIECE, end - at)
        try:
            content = program.memory.read(at, length)
        except ReadError:
            content = program.memory.read(at, program.memory.readable(at, length))
        for offset in range(0, len(content) - word + 1, word):
            yield at + offset, int.from_bytes(content[offset : offset + word], order)
