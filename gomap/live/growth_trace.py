"""How a map grows while the program runs, told as it happens.

A classic map's growth shows in its header (runtime/map.go): hashGrow sets oldbuckets, evacuated buckets move
nevacuate on, the last one makes oldbuckets nil again, and newoverflow counts in noverflow. These words are watched, so
that other maps cost nothing. A Swiss map's growth is a table's (internal/runtime/maps/table.go), of which there may be
any number, so that the functions that do it have breakpoints: (*Map).growToTable, (*table).grow, (*table).split, and
(*table).pruneTombstones, which cleans up. They are given the map; other maps cost a stop each time they grow.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from gomap.expressions.go_values import ExpressionError
from gomap.goruntime.functions import functions_of
from gomap.live.arguments import argument, demand_arguments
from gomap.live.culprit import Culprit, culprit
from gomap.live.traps import Trap
from gomap.live.whereabouts import is_freed
from gomap.maps.classic import SAME_SIZE_GROW, ClassicMap
from gomap.maps.model import GoMap, Table
from gomap.maps.opening import open_map
from gomap.maps.swiss import SwissMap
from gomap.program.program import Program

__all__ = ["Grown", "GrowthTrace", "Step"]


class Step(enum.Enum):
    """What has happened, or begins."""

    GROWS = "twice the buckets"
    SAME_SIZE = "as many buckets, with fewer overflow buckets"
    EVACUATED = "some old buckets are evacuated"
    DONE = "all old buckets are evacuated"
    OVERFLOW = "an overflow bucket"
    TO_TABLE = "its only group becomes a table"
    TABLE_GROWS = "a table of twice the slots"
    TABLE_SPLITS = "two tables for one"
    PRUNES = "a table has tombstones, which are cleaned up where they are many and no probe needs them"
    FREED = "the map's memory is no longer in use"


@dataclass(frozen=True)
class Grown:
    """A step of a map's growth.

    Attributes:
        step: which.
        name: of who has seen it.
        culprit: whose doing it was; of a step that begins, whose it is.
        entries: how many the map has then.
        slots: how many it has room for then, in buckets and overflow buckets, or in tables; of a step that begins, once
            it is done.
        old, new: the numbers that it is about: buckets, slots of a table, evacuated and all old buckets, overflow
            buckets before and after, tombstones and slots.
        table: the first entry of the directory that leads to the table; None where none is concerned.
        doubles: the directory becomes twice as long by it.
    """

    step: Step
    name: str
    culprit: Culprit
    entries: int
    slots: int
    old: int
    new: int
    table: int | None = None
    doubles: bool = False

    @property
    def stops(self) -> bool:
        return False


class _Breakpoint(NamedTuple):
    """Where a function begins that makes a step, and which of its arguments is the map."""

    step: Step
    map: int


#: By the linker's names.
_FUNCTIONS = {
    "internal/runtime/maps.(*Map).growToTable": _Breakpoint(Step.TO_TABLE, 0),
    "internal/runtime/maps.(*table).grow": _Breakpoint(Step.TABLE_GROWS, 2),
    "internal/runtime/maps.(*table).split": _Breakpoint(Step.TABLE_SPLITS, 2),
    "internal/runtime/maps.(*table).pruneTombstones": _Breakpoint(Step.PRUNES, 2),
}
#: Evacuation is told of after each so many parts of it.
_PARTS = 4


class GrowthTrace:
    """Tells each step of a map's growth, and stops for none.

    Args:
        program: the program, which runs.
        name: of the trace, for a person.
        map: which map.

    Attributes:
        name, map: as given; the map as it was seen last.

    Raises ExpressionError for a map that cannot be traced, LayoutError, ReadError.
    """

    def __init__(self, program: Program, name: str, map: GoMap) -> None:
        if not isinstance(map, (ClassicMap, SwissMap)):
            raise ExpressionError(f"{name}: the growth of a {map.type.name} cannot be traced, only a map's")
        if not map.address:
            raise ExpressionError(f"{name}: a nil map, which nothing can change; trace it once it has been made")
        self.name = name
        self.map: ClassicMap | SwissMap = map
        self._program = program
        self._over = False
        #: The function at each breakpoint.
        self._at: dict[int, _Breakpoint] = {}
        #: What the last step of a table was, and of how many entries.
        self._last: tuple[object, ...] = ()
        if isinstance(map, SwissMap):
            functions = functions_of(program).all()
            self._at = {each.entry: _FUNCTIONS[each.name] for each in functions if each.name in _FUNCTIONS}
            if Step.TABLE_GROWS not in [each.step for each in self._at.values()]:
                raise ExpressionError(f"{name}: the program has no function internal/runtime/maps.(*table).grow")
            demand_arguments(program)

    def traps(self) -> list[Trap]:
        if self._over:
            return []
        if isinstance(self.map, SwissMap):
            return [Trap(address) for address in self._at]
        fields = ["oldbuckets", "noverflow", *(["nevacuate"] if self.map.header["oldbuckets"] else [])]
        return [Trap(self.map.field_address(field), self.map.field_size(field)) for field in fields]

    def struck(self, trap: Trap, lwp: int, still: bool) -> Grown | None:
        breakpoint = self._at.get(trap.address)
        if breakpoint is not None and argument(self._program, breakpoint.map, lwp) != self.map.address:
            return None
        before, map = self.map, open_map(self._program, self.map.type, self.map.address)
        assert isinstance(map, (ClassicMap, SwissMap))
        self.map = map
        by = partial(culprit, self._program, lwp, trap)
        if is_freed(self._program, map):
            self._over = True
            return Grown(Step.FREED, self.name, by(), 0, 0, 0, 0)
        if isinstance(before, ClassicMap) and isinstance(map, ClassicMap):
            return self._classic(before, map, by)
        if isinstance(map, SwissMap) and breakpoint is not None:
            return self._swiss(map, breakpoint, lwp, by)
        return None

    def _classic(self, before: ClassicMap, map: ClassicMap, by: partial[Culprit]) -> Grown | None:
        slots = map.places.slots

        def grown(step: Step, old: int, new: int) -> Grown:
            room = (map.buckets + map.header["noverflow"]) * slots
            return Grown(step, self.name, by(), map.count, room, old, new)

        growing, grew = map.header["oldbuckets"], before.header["oldbuckets"]
        if growing and not grew:
            # hashGrow sets the flags before oldbuckets.
            bigger = 0 if map.header["flags"] & SAME_SIZE_GROW else 1
            old = before.buckets or 1  # a map that was empty has got its first bucket since
            new = old << bigger
            step = Step.GROWS if bigger else Step.SAME_SIZE
            return Grown(step, self.name, by(), map.count, new * slots, old, new)
        if grew and not growing:
            return grown(Step.DONE, before.oldbuckets, before.oldbuckets)
        counted, counts = before.header["noverflow"], map.header["noverflow"]
        if counts > counted:
            return grown(Step.OVERFLOW, counted, counts)
        if growing:
            total = map.oldbuckets
            done, was = (min(each.header["nevacuate"], total) * _PARTS // total for each in (map, before))
            if was < done < _PARTS:
                return grown(Step.EVACUATED, map.header["nevacuate"], total)
        return None

    def _swiss(self, map: SwissMap, breakpoint: _Breakpoint, lwp: int, by: partial[Culprit]) -> Grown | None:
        room = sum(table.capacity for table in map.tables) if not map.small else map.places.slots
        address = argument(self._program, 0, lwp)
        table = next((each for each in map.tables if each.address == address), None)
        # A debugger tells of a breakpoint again where a signal or another thread kept it from stepping over it, and a
        # function whose stack has to grow begins twice.
        this = (breakpoint.step, address, map.count, table and (table.used, table.growth_left))
        again, self._last = this == self._last, this
        if again:
            return None
        if breakpoint.step is Step.TO_TABLE:
            return Grown(Step.TO_TABLE, self.name, by(), map.count, 2 * room, room, 2 * room)
        if table is None:
            return None
        first, slots = table.first, table.capacity
        if breakpoint.step is Step.PRUNES:
            tombstones = _tombstones(table)
            if not tombstones:
                return None
            return Grown(Step.PRUNES, self.name, by(), map.count, room, tombstones, slots, first)
        if breakpoint.step is Step.TABLE_GROWS:
            return Grown(Step.TABLE_GROWS, self.name, by(), map.count, room + slots, slots, 2 * slots, first)
        doubles = table.local_depth == map.header["globalDepth"]
        return Grown(Step.TABLE_SPLITS, self.name, by(), map.count, room + slots, slots, slots, first, doubles)


def _tombstones(table: Table) -> int:
    """How many slots of a table are deleted: what it could have taken is not all used, nor left (table.go)."""
    most = table.capacity * 7 // 8 if table.capacity > 8 else table.capacity - 1
    return most - table.used - table.growth_left
