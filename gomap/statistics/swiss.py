"""The figures of a map of tables: table by table, all keys of one hashed together.

A lookup begins at the group that the hash names and goes on in the probe sequence until it finds the key, or a group
with an empty slot. Source: table.getWithKey in internal/runtime/maps/table.go.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from gomap.check.hashwords import HashWords, words_of
from gomap.check.keys import Keys
from gomap.check.slot_batch import SlotBatch
from gomap.goruntime.allocator import Allocator
from gomap.maps.blocks import Block, Gap, blocks, gap_note
from gomap.maps.model import Table
from gomap.maps.probing import H2_BITS, ProbeSequence
from gomap.maps.slots import all_marks, row_sums
from gomap.maps.swiss import DELETED, EMPTY, FULL, IS_FULL, STATE_OF, SwissMap
from gomap.statistics.expected import group_lengths
from gomap.statistics.model import Statistics, Taken

__all__ = ["measure_swiss"]

_IS_EMPTY = bytes(state == EMPTY for state in range(256))
#: Slots whose keys are hashed together.
_ENOUGH = 1 << 15
#: All bits of a hash as it is laid out here: what a damaged directory claims may not fit.
_WORD = (1 << 64) - 1


def measure_swiss(map: SwissMap, figures: Statistics, keys: Keys | None, allocator: Allocator | None) -> None:
    """Fill in FIGURES. KEYS: what hashes them; None: the lengths of hits are not measured."""
    measuring = _Measuring(map, figures, keys)
    kinds: list[tuple[int, int, int]] = []
    groups = 0
    if map.small:
        if map.header["dirPtr"]:
            groups = 1
            measuring.table(None, map.header["dirPtr"], 1, 1)
            kinds.append((1, figures.entries, 1))
    else:
        largest = max((map.groups_of(table) for table in map.tables), default=1)
        for table in map.tables:
            count = map.groups_of(table)
            weight = (table.last - table.first + 1) * (largest // count if count else 0)
            before = figures.entries
            measuring.table(table, table.groups, count, weight)
            kinds.append((count, figures.entries - before, weight * count))
            groups += count
    measuring.hash()
    word, tables = map.target.pointer_size, 0 if map.small else len(map.tables)
    rows = (
        ("header", 1, map.header_size),
        ("directory", 0 if map.small else map.header["dirLen"], word),
        ("tables", tables, map.layout.table.size),
        ("groups", groups, map.places.size),
    )
    figures.taken = [Taken(what, number, number * each) for what, number, each in rows if number]
    figures.slots = groups * map.places.slots
    if allocator is not None:
        scanned = map.places.pointers
        arrays = [count for count, _, _ in kinds]
        total = allocator.taken(map.header_size, True)
        total += sum(allocator.taken(count * map.places.size, scanned) for count in arrays if count)
        if not map.small:
            total += allocator.taken(map.header["dirLen"] * word, True)
            total += tables * allocator.taken(map.layout.table.size, True)
        figures.allocated = total
    sound = all(count and not count & (count - 1) for count, _, _ in kinds)
    if kinds and sound and not figures.trouble:
        if map.small:
            figures.expected_hits = figures.expected_misses = 1.0
        else:
            lengths = group_lengths(kinds, map.places.slots)
            figures.expected_hits, figures.expected_misses = lengths


class _Measuring:
    """What goes through the tables, and hashes the keys of several together."""

    def __init__(self, map: SwissMap, figures: Statistics, keys: Keys | None) -> None:
        self._map = map
        self._figures = figures
        self._keys = keys
        self._new_batch()

    def _new_batch(self) -> None:
        self._batch = SlotBatch(self._map.places)
        self._groups = 0
        #: The first group of each table in the batch; its mask, how many slots of each group are empty, and the
        #: directory entries that lead to it; and for each key the bits of its hash that table and group decide.
        self._firsts: list[int] = []
        self._tables: list[tuple[int, bytes, int, int]] = []
        self._masks: list[bytes] = []

    def table(self, table: Table | None, base: int, count: int, weight: int) -> None:
        """The groups of a table; None: of a small map. WEIGHT: how many hashes of all lead to each of its groups."""
        map, figures, places = self._map, self._figures, self._map.places
        read: list[Block] = []
        for block in blocks(map.target.memory, base, places.size, 0, count, scan=True):
            if isinstance(block, Gap):
                figures.trouble.append(gap_note("group", block))
            else:
                read.append(block)
        if sum(block.length for block in read) < count:
            return
        buffer = b"".join(block.buffer for block in read)
        marks = all_marks(buffer, places, reverse=map.target.byte_order == "big")
        states = marks.translate(STATE_OF)
        figures.entries += states.count(FULL)
        figures.deleted += states.count(DELETED)
        slots = places.slots
        live = row_sums(states.translate(IS_FULL), slots)
        empty = row_sums(states.translate(_IS_EMPTY), slots)
        figures.fill.update(live)
        mask = count - 1
        # A miss in a map of one group ends there, whether or not a slot of that is empty.
        full = [] if table is None else [found.start() for found in re.finditer(rb"\0", empty)]
        figures.misses.add(1, weight * (count - len(full)))
        for group in full:
            figures.misses.add(_until(group, mask, empty, count), weight)
        if self._keys is None:
            return
        first, last = (table.first, table.last) if table is not None else (0, 0)
        shift, run = map.index_shift, last - first + 1
        if run & run - 1 or first % run:
            # No bits that hashes share lead to these entries: with a bit that no mask has, each key is looked at.
            home, entry_bits = 1, 0
        else:
            home, entry_bits = first << shift & _WORD, (1 << 8 * map.target.pointer_size >> shift) - run
        self._batch.add(
            buffer,
            range(base, base + count * places.size, places.size),
            range(home, home + (count << H2_BITS), 1 << H2_BITS),
            marks,
            states.translate(IS_FULL),
        )
        self._masks.append(words_of([(entry_bits << shift | mask << H2_BITS) & _WORD]) * states.count(FULL))
        self._firsts.append(self._groups)
        self._tables.append((mask, empty, first, last))
        self._groups += count
        if self._groups * slots >= _ENOUGH:
            self.hash()

    def hash(self) -> None:
        """The lengths of hits of all keys in the batch."""
        if self._keys is None or not self._groups:
            return
        map, figures, batch = self._map, self._figures, self._batch
        hashes = self._keys.hashes(batch) or ()
        # Most keys are in the first group that a lookup comes to.
        elsewhere = HashWords(hashes).differing(batch.home_words(), b"".join(self._masks))
        without = hashes.count(None)
        unknown = self._keys.unknown(batch, hashes) if without else 0
        figures.unhashed += unknown
        figures.lost += without - unknown
        figures.hits.add(1, batch.count - without - sum(hashes[number] is not None for number in elsewhere))
        for number in elsewhere:
            key_hash = hashes[number]
            if key_hash is None:
                continue
            record, _ = batch.place(number)
            at = bisect_right(self._firsts, record) - 1
            mask, empty, first, last = self._tables[at]
            probes = 0
            if map.small or first <= key_hash >> map.index_shift <= last:
                probes = _probes_to(record - self._firsts[at], key_hash, mask, empty)
            if probes:
                figures.hits.add(probes)
            else:
                figures.lost += 1
        self._new_batch()


def _until(first: int, mask: int, empty: bytes, count: int) -> int:
    """How many groups a miss comes to that begins at FIRST; all of them where none has an empty slot."""
    for probes, group in enumerate(ProbeSequence(first << H2_BITS, mask), 1):
        if group < count and empty[group]:
            return probes
    return count


def _probes_to(number: int, key_hash: int, mask: int, empty: bytes) -> int:
    """How many groups a lookup comes to until group NUMBER; 0 where it does not come there."""
    for probes, group in enumerate(ProbeSequence(key_hash, mask), 1):
        if group == number:
            return probes
        if group < len(empty) and empty[group]:
            return 0
    return 0
