"""What must hold in a sync.Map of Go up to 1.23: between its read and dirty maps, and of the entries in them.

Source: sync/map.go. All but the values of entries changes under the mutex, so that what does not agree while that is
locked may be so for a moment only. Each of the two maps is checked as any other.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from gomap.check.finding import Finding, rule
from gomap.check.keys import UNREADABLE
from gomap.check.slot_batch import SlotBatch
from gomap.check.subject import Subject
from gomap.check.sync.locks import lock_held
from gomap.language.equality import Comparable
from gomap.maps.model import Cell, GoMap
from gomap.maps.notes import Note
from gomap.maps.read_dirty import DIRTY, READ, ReadDirty
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.target import pointer_at

__all__ = ["HalvesCheck"]

HALF = rule("dangling-half", "read leads to what it holds, read and dirty to maps that are in use", lasting=True)
ENTRY = rule("dangling-entry", "the entries of a sync.Map are in use", lasting=True)
VALUE = rule("dangling-value", "an entry's value is in use", lasting=True)
AMENDED = rule("amended-wrong", "amended says whether dirty has keys that read lacks")
ALONE = rule("amended-alone", "there is a dirty map where amended says that it has keys", lasting=True)
MISSES = rule("misses-impossible", "there are fewer misses than entries in dirty, and none without dirty")
EXPUNGED = rule("expunged-impossible", "expunged entries are in read only, and only while there is a dirty map")
DIFFER = rule("dirty-differs", "dirty has all entries of read that are not expunged, under the same keys")

#: Values that are judged together.
_AT_ONCE = 1 << 14


class _Keyed(NamedTuple):
    """An entry as one of the maps has it."""

    entry: int
    key: Cell
    slot: int


class InnerReport(Protocol):
    """What a check of one of the two maps found (``gomap.check.checking.Report`` is one)."""

    @property
    def findings(self) -> Sequence[Finding]: ...

    @property
    def buckets(self) -> int: ...

    @property
    def hashes(self) -> int: ...


class HalvesCheck:
    """One check of one sync.Map.

    Args:
        check_map: checks one of the maps.
        text: a key as a Go literal.
        comparable: what makes keys comparable.

    Attributes:
        entries: how many were looked at that have a value.
        buckets: of both maps.
    """

    def __init__(
        self,
        map: ReadDirty,
        subject: Subject,
        check_map: Callable[[GoMap], InnerReport],
        text: Callable[[bytes, int], str],
        comparable: Comparable,
    ) -> None:
        self.map = map
        self._subject = subject
        self._check_map = check_map
        self._text = text
        self._comparable = comparable
        self._values: dict[int, bytes] = {}
        self.entries = 0
        self.buckets = 0

    def findings(self) -> Iterator[Finding]:
        """All that is wrong, the header first."""
        map = self.map
        if map.being_written and not self._subject.written:
            yield lock_held(map.field_address("mu.state"), "mu")
        lost = yield from self._dangling()
        halves = {name: half for name, half in map.maps if name not in lost}
        told: set[int] = set()
        for name, half in halves.items():
            report = self._check_map(half)
            self.buckets += report.buckets
            self._subject.keys.hashed += report.hashes
            told |= {finding.address for finding in report.findings}
            yield from (replace(finding, text=f"{name}: {finding.text}", cause=None) for finding in report.findings)
        keyed = {name: list(self._keyed(half)) for name, half in halves.items()}
        good: dict[int, int] = {}
        for name, pairs in keyed.items():
            yield from self._entries(name, pairs, good, told)
        yield from self._judged()
        if not lost:
            yield from self._agree(keyed.get(READ, []), keyed.get(DIRTY, []), good)

    def _dangling(self) -> Generator[Finding, None, set[str]]:
        """Pointers to the maps; returns which halves are lost."""
        map, layout, pointers = self.map, self.map.layout, self._subject.pointers
        lost: set[str] = set()
        read = map.header["read"]
        astray = pointers.astray(read, layout.read.size) if read else None
        if astray:
            yield HALF.broken(map.field_address("read"), f"read -> {read:#x}: {astray}")
            lost.add(READ)
        places = {READ: read + layout.read.type.field("m").offset, DIRTY: map.field_address("dirty")}
        for name, half in map.halves.items():
            if name in lost or half is None:
                continue
            word = places[name]
            if isinstance(half, ReadError):
                lost.add(name)
                try:
                    address = pointer_at(map.target, word)
                except ReadError as error:
                    yield HALF.broken(map.field_address(name), f"{name}: {error}")
                    continue
                yield HALF.broken(word, f"{name} -> {address:#x}: {pointers.astray(address, None) or half}")
                continue
            astray = pointers.astray(half.address, half.header_size)
            if astray:
                yield HALF.broken(word, f"{name} -> {half.address:#x}: {astray}")
                lost.add(name)
        return lost

    def _keyed(self, half: GoMap) -> Iterator[_Keyed]:
        """The entries of one of the maps; what cannot be read there has been told by its own check."""
        for pair in half.entries():
            if not isinstance(pair, Note) and isinstance(pair.key, Cell) and isinstance(pair.elem, Cell):
                entry = self.map.entry_of(pair)
                if isinstance(entry, int):
                    yield _Keyed(entry, pair.key, pair.elem.address)

    def _entries(self, name: str, pairs: list[_Keyed], good: dict[int, int], told: set[int]) -> Iterator[Finding]:
        """Each entry by itself; those that are in use join GOOD with their pointers."""
        map, pointers, layout = self.map, self._subject.pointers, self.map.layout
        without_dirty = map.halves[DIRTY] is None
        for pair in pairs:
            where = f"{name}: the entry of {self._shown(pair)}"
            if pair.entry not in good:
                astray = pointers.astray(pair.entry, layout.entry)
                if astray:
                    if pair.slot not in told:
                        # A new key gets its slot in dirty first, and then its entry.
                        half = self._subject.written and name == DIRTY and not pair.entry
                        broken = ENTRY.broken(pair.slot, f"{where} -> {pair.entry:#x}: {astray}")
                        yield replace(broken, transient=half)
                    continue
                try:
                    good[pair.entry] = pointer_at(map.target, pair.entry + layout.value)
                except ReadError as error:
                    yield UNREADABLE.broken(error.address, f"{where}: {error}")
                    continue
                yield from self._value(where, pair.entry + layout.value, good[pair.entry])
            if good[pair.entry] and good[pair.entry] == map.expunged and (name == DIRTY or without_dirty):
                why = "in dirty, where none may be" if name == DIRTY else "though there is no dirty map; a store faults"
                yield EXPUNGED.broken(pair.entry + layout.value, f"{where} at {pair.entry:#x} is expunged, {why}")

    def _value(self, where: str, word: int, pointer: int) -> Iterator[Finding]:
        """What an entry's pointer leads to; values join those to be judged."""
        if pointer in (0, self.map.expunged):
            return
        self.entries += 1
        size = self.map.elem.size
        astray = self._subject.pointers.astray(pointer, size)
        if astray:
            yield VALUE.broken(word, f"{where} -> {pointer:#x}: {astray}; whoever loads the value faults")
            return
        try:
            self._values[pointer] = self.map.target.memory.read(pointer, size)
        except ReadError as error:
            yield UNREADABLE.broken(error.address, f"{where}: {error}")
        if len(self._values) >= _AT_ONCE:
            yield from self._judged()

    def _judged(self) -> Iterator[Finding]:
        """The values found so far."""
        values, self._values = self._values, {}
        if values:
            batch, ones = SlotBatch(self.map.places), b"\1" * len(values)
            batch.add(b"".join(values.values()), values, [0] * len(values), ones, ones)
            yield from (finding for _, finding in self._subject.values.findings(batch))

    def _agree(self, read: list[_Keyed], dirty: list[_Keyed], good: dict[int, int]) -> Iterator[Finding]:
        """What read and dirty have in common, and what the header says of that."""
        map, expunged = self.map, self.map.expunged
        there = map.halves[DIRTY]
        in_read = {pair.entry for pair in read}
        in_dirty = {pair.entry: pair for pair in dirty}
        more = [pair for pair in dirty if pair.entry not in in_read]
        where = map.header["read"] + map.layout.read.type.field("amended").offset
        if map.amended and there is None:
            yield ALONE.broken(where, "amended is true, but there is no dirty map; a store of a new key faults")
        elif more and not map.amended:
            yield AMENDED.broken(
                where if map.header["read"] else map.field_address("read"),
                f"amended is false, but dirty has {len(more)} keys that read lacks; lookups miss them",
            )
        misses = map.header["misses"]
        if not 0 <= misses < max(len(dirty) if there else 0, 1):
            what = f"dirty has {len(dirty)} entries" if there else "there is no dirty map"
            yield MISSES.broken(map.field_address("misses"), f"misses is {misses}, but {what}")
        if there is None:
            return
        alive = [pair for pair in read if pair.entry in good and good[pair.entry] != expunged]
        missing = [pair for pair in alive if pair.entry not in in_dirty]
        moved = [pair for pair in alive if pair.entry in in_dirty and not self._same(pair, in_dirty[pair.entry])]
        for pairs, what in ((missing, "is missing from dirty"), (moved, "stands in dirty under another key")):
            if pairs:
                text = f"read: the entry of {self._shown(pairs[0])} at {pairs[0].entry:#x} {what}"
                others = f", and so do {len(pairs) - 1} others" if len(pairs) > 1 else ""
                yield DIFFER.broken(pairs[0].entry, f"{text}{others}; it is lost when dirty becomes read")
        gone = {self._key(pair) for pair in read if good.get(pair.entry) == expunged} - {None}
        for pair in more if gone else ():
            if self._key(pair) in gone:
                text = f"dirty: {self._shown(pair)} has another entry than in read, where that is expunged"
                yield DIFFER.broken(pair.entry, text)

    def _shown(self, pair: _Keyed) -> str:
        return self._text(pair.key.buffer, pair.key.offset)

    def _same(self, pair: _Keyed, other: _Keyed) -> bool:
        """Whether both have the entry under the same key; dirty has a copy of read's, a NaN even, or an equal one."""
        size = self.map.key.size
        one, two = (cell.buffer[cell.offset : cell.offset + size] for cell in (pair.key, other.key))
        if one == two:
            return True
        key, other_key = self._key(pair), self._key(other)
        return key is None or other_key is None or key == other_key

    def _key(self, pair: _Keyed) -> Hashable:
        """What is equal for equal keys; None for one that cannot be read, which its map's own check tells of."""
        try:
            return self._comparable(pair.key.buffer, pair.key.offset)
        except (LayoutError, ReadError):
            return None
