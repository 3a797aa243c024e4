"""What a map takes: the objects that it consists of, as the allocator made them, and what it would take if built anew.

A map's structure is its header, its buckets or groups, its directory and tables, overflow and old buckets, and the list
of overflow buckets that a map without pointers keeps. What its keys and elements lead to is not part of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gomap.census.objects import Objects
from gomap.census.pointers import words_in
from gomap.goruntime.allocator import Allocator
from gomap.maps.blocks import Gap, blocks
from gomap.maps.classic import EMPTY_ONE, ClassicMap
from gomap.maps.layout import Places
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.maps.rebuilding import rebuilt_bytes
from gomap.maps.swiss import DELETED, SwissMap
from gomap.program.gotypes import GoType
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["Measured", "Measuring"]

_MOST_OVERFLOW = 1 << 22


@dataclass(frozen=True)
class Measured:
    """What one map takes.

    Attributes:
        kind: of the map.
        entries: as its header says.
        slots: that it has room in, those of overflow buckets included; old buckets are not.
        structure: bytes of all the objects that it consists of.
        tombstones: slots of deleted entries: ``deleted`` in groups, ``emptyOne`` in buckets.
        old: bytes of old buckets that a growth under way still keeps.
        rebuilt: bytes that a map made for as many entries would take; None where the allocator is not known.
        scanned: the collector looks into its buckets or groups.
        damage: why it is not measured in full; empty otherwise.
    """

    kind: str
    entries: int
    slots: int
    structure: int
    tombstones: int
    old: int
    rebuilt: int | None
    scanned: bool
    damage: str = ""

    @property
    def load(self) -> float:
        """Which part of the slots is full."""
        return self.entries / self.slots if self.slots else 0.0

    @property
    def waste(self) -> int:
        """Bytes that a rebuilt map would save."""
        return 0 if self.rebuilt is None else max(0, self.structure - self.rebuilt)


class Measuring:
    """Measures the maps of one program."""

    def __init__(self, program: Program, objects: Objects, allocator: Allocator | None) -> None:
        self._program = program
        self._objects = objects
        self._allocator = allocator
        self._unlike: dict[tuple[int, ...], list[GoType]] = {}

    def by_types(self, address: int, types: Sequence[GoType]) -> dict[Measured, GoType]:
        """What the map at ADDRESS takes if it is of any of TYPES, and the first type by which it takes that.

        Raises LayoutError and ReadError.
        """
        known = tuple(map(id, types))
        if known not in self._unlike:
            self._unlike[known] = list({self._layout(type): type for type in reversed(types)}.values())
        measured: dict[Measured, GoType] = {}
        for type in self._unlike[known]:
            measured.setdefault(self.of(open_map(self._program, type, address)), type)
        return measured

    def _layout(self, type: GoType) -> tuple[int, int, int, bool]:
        """All of the layout of a type's maps that what they take depends on."""
        nil = open_map(self._program, type, 0)
        overflow = nil.layout.overflow if isinstance(nil, ClassicMap) else 0
        return nil.places.size, nil.places.marks, overflow, nil.places.pointers

    def of(self, map: GoMap) -> Measured:
        """What MAP takes."""
        if isinstance(map, SwissMap):
            return self._swiss(map)
        assert isinstance(map, ClassicMap)
        return self._classic(map)

    def _swiss(self, map: SwissMap) -> Measured:
        parts = {map.address, map.header["dirPtr"]}
        places, slots, tombstones, damage = map.places, 0, 0, ""
        arrays: list[tuple[int, int]] = []
        if map.small:
            arrays += [(map.header["dirPtr"], 1)] if map.header["dirPtr"] else []
        else:
            for table in map.tables:
                parts |= {table.address, table.groups}
                arrays.append((table.groups, map.groups_of(table)))
        for base, groups in arrays:
            slots += groups * places.slots
            try:
                tombstones += self._tombstones(base, groups, places)
            except ReadError as error:
                damage = str(error)
        rebuilt = rebuilt_bytes(self._program, map, self._allocator)
        taken = self._taken(parts)
        return Measured(map.kind, map.count, slots, taken, tombstones, 0, rebuilt, places.pointers, damage)

    def _classic(self, map: ClassicMap) -> Measured:
        parts = {map.address}
        current, old = _Chains(self._program, map), _Chains(self._program, map)
        current.follow(map.header["buckets"], map.buckets)
        old.follow(map.header["oldbuckets"], map.oldbuckets)
        parts |= current.parts | old.parts | set(self._extra(map))
        slots = (map.buckets + current.overflow) * map.places.slots
        return Measured(
            map.kind,
            map.count,
            slots,
            self._taken(parts),
            current.empty_one,
            self._taken(old.parts - current.parts),
            rebuilt_bytes(self._program, map, self._allocator),
            map.places.pointers,
            current.damage or old.damage,
        )

    def _extra(self, map: ClassicMap) -> Iterator[int]:
        """Addresses of the mapextra and of the lists of overflow buckets that it leads to."""
        extra, layout = map.header.get("extra", 0), map.layout.extra
        if not extra or layout is None:
            return
        yield extra
        try:
            fields = layout.read(extra)
            for name in ("overflow", "oldoverflow"):
                if fields.get(name):
                    yield fields[name]
                    yield words_in(self._program.memory.read(fields[name], self._program.pointer_size), self._program)[
                        0
                    ]
        except ReadError:
            return

    def _taken(self, addresses: set[int]) -> int:
        """Bytes of the objects that ADDRESSES lie in."""
        numbers = {self._objects.find(address) for address in addresses} - {-1}
        return sum(map(self._objects.size, numbers))

    def _tombstones(self, base: int, groups: int, places: Places) -> int:
        if groups == 1:
            return self._program.memory.read(base + places.marks, places.slots).count(DELETED)
        buffer = self._program.memory.read(base, groups * places.size)
        return sum(buffer[places.marks + slot :: places.size].count(DELETED) for slot in range(places.slots))


class _Chains:
    """An array of buckets with its overflow chains.

    Attributes:
        parts: addresses of its objects.
        overflow: how many overflow buckets the chains have.
        empty_one: slots whose entry was deleted.
        damage: what could not be read.
    """

    def __init__(self, program: Program, map: ClassicMap) -> None:
        self._program = program
        self._map = map
        self.parts: set[int] = set()
        self.overflow = 0
        self.empty_one = 0
        self.damage = ""

    def follow(self, base: int, count: int) -> None:
        """The COUNT buckets at BASE, and all that hangs on them."""
        if not base or not count:
            return
        self.parts.add(base)
        places = self._map.places
        waiting: list[int] = []
        for block in blocks(self._program.memory, base, places.size, 0, count, scan=True):
            if isinstance(block, Gap):
                self.damage = f"cannot read memory at {block.address:#x}"
                continue
            waiting += self._links(block.buffer)
        seen: set[int] = set()
        while waiting and len(seen) < _MOST_OVERFLOW:
            address = waiting.pop()
            if address in seen:
                continue
            seen.add(address)
            self.parts.add(address)
            try:
                waiting += self._links(self._program.memory.read(address, places.size))
            except ReadError as error:
                self.damage = str(error)
        self.overflow += len(seen)

    def _links(self, buffer: bytes) -> list[int]:
        """The overflow pointers in a row of buckets that are not nil; their tophash bytes are counted."""
        places, word = self._map.places, self._program.pointer_size
        overflow = self._map.layout.overflow
        if len(buffer) == places.size:
            self.empty_one += buffer.count(EMPTY_ONE, places.marks, places.marks + places.slots)
            link = int.from_bytes(buffer[overflow : overflow + word], self._program.byte_order)
            return [link] if link else []
        for slot in range(places.slots):
            self.empty_one += buffer[places.marks + slot :: places.size].count(EMPTY_ONE)
        if not places.size % word and not overflow % word:
            return [
                value for value in words_in(buffer, self._program)[overflow // word :: places.size // word] if value
            ]
        order = self._program.byte_order
        starts = range(overflow, len(buffer), places.size)
        return [value for at in starts if (value := int.from_bytes(buffer[at : at + word], order))]
