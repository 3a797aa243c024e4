"""How a lookup goes through the groups of a Swiss map: the only one, or those of the table that the hash chooses.

Sources: Map.getWithKey in internal/runtime/maps/map.go, table.getWithKey in table.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from gomap.maps.lookups.model import MOST_PROBES, Choice, End, Lookup, Probe, Tried, Why, anywhere, tried, variant_of
from gomap.maps.model import Bucket, Entry, Match, Table
from gomap.maps.notes import NoTable
from gomap.maps.probing import H2_BITS, ProbeSequence
from gomap.maps.swiss import EMPTY, SwissMap
from gomap.program.memory import ReadError
from gomap.program.target import pointer_at

__all__ = ["in_swiss"]


def in_swiss(map: SwissMap, key_hash: int, match: Match) -> Lookup:
    """What a lookup does in MAP for the key that has that hash, and that MATCH tells from others."""
    h2 = key_hash & (1 << H2_BITS) - 1
    choices: list[Choice] = []
    probes: list[Probe] = []

    def ended(end: End, entry: Entry | None = None, fault: int = 0) -> Lookup:
        return Lookup(map, key_hash, choices, probes, end, entry, fault)

    def looked_at(table: Table | None, number: int, address: int) -> Entry | None:
        """The entry in a group whose key is equal. Raises ReadError."""
        bucket = map.read_group(number, address)
        outcome = list(_in_group(bucket, h2, match))
        probes.append(Probe(bucket, 0, table, outcome))
        return outcome[-1].slot.entry if outcome[-1].why is Why.EQUAL else None

    of_h2 = Choice("H2", 0, H2_BITS, h2)
    if map.small:
        choices.append(of_h2)
        try:
            found = looked_at(None, 0, map.header["dirPtr"])
        except ReadError as error:
            return ended(End.FAULT, fault=error.address)
        if found:
            return ended(End.FOUND, found)
        missed = ended(End.ONLY_GROUP)
        name = variant_of(map)
        return missed._replace(variant=f"mapaccess1_{name}") if name and anywhere(probes, match) else missed
    word = 8 * map.target.pointer_size
    shift = map.header.get("globalShift", map.index_shift) & 63
    length = map.header["dirLen"]
    entry = key_hash >> shift if length != 1 else 0
    choices.append(Choice("directory entry", shift, word - shift if length != 1 else 0, entry, length))
    table = _table(map, entry)
    if isinstance(table, int):
        return ended(End.FAULT, fault=table)
    mask = table.length_mask
    choices.append(
        Choice("group", H2_BITS, mask.bit_length(), key_hash >> H2_BITS & mask, mask + 1),
    )
    choices.append(of_h2)
    for number in ProbeSequence(key_hash, mask):
        if len(probes) >= MOST_PROBES:
            break
        try:
            found = looked_at(table, number, table.groups + number * map.places.size)
        except ReadError as error:
            return ended(End.FAULT, fault=error.address)
        if found:
            return ended(End.FOUND, found)
        if EMPTY in probes[-1].bucket.marks:
            return ended(End.EMPTY_SLOT)
    return ended(End.NEVER)


def _table(map: SwissMap, entry: int) -> Table | int:
    """The table that a directory entry leads to; the address that cannot be read, where it leads to none."""
    try:
        address = pointer_at(map.target, map.header["dirPtr"] + entry * map.target.pointer_size)
    except ReadError as error:
        return error.address
    known = next((table for table in map.tables if table.address == address), None)
    table = known or map.read_table(entry, entry, address)
    return table.failed if isinstance(table, NoTable) else table


def _in_group(bucket: Bucket, h2: int, match: Match) -> Iterator[Tried]:
    """The slots of a group, up to the one that has the key."""
    for slot in bucket.slots:
        if slot.mark == h2:
            outcome = tried(slot, match)
        else:
            outcome = Tried(slot, Why.OTHER_HASH if slot.state == "full" else Why.NOTHING)
        yield outcome
        if outcome.why is Why.EQUAL:
            return
