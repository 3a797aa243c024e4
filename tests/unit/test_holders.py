"""Which part of a map is at an address, for words that are found on stacks."""

from __future__ import annotations

from gomap.maps.holders import HeldPart, MapMemory, MemoryPart


def test_an_address_is_in_the_part_that_covers_it() -> None:
    memory = MapMemory(
        [
            MemoryPart(0x2000, 0x3000, HeldPart.BUCKETS),
            MemoryPart(0x1000, 0x1030, HeldPart.HEADER),
            MemoryPart(0, 0x1000, HeldPart.OLD_BUCKETS),  # nil: the map does not grow
        ]
    )
    found = [memory.part_at(address) for address in (0xFFF, 0x1000, 0x102F, 0x1030, 0x2FFF, 0x3000)]
    assert found == [None, HeldPart.HEADER, HeldPart.HEADER, None, HeldPart.BUCKETS, None]
    assert (memory.lowest, memory.highest) == (0x1000, 0x3000)


def test_a_damaged_map_may_have_two_parts_at_one_place() -> None:
    """An overflow pointer may lead to the one bucket that the map has."""
    parts = [MemoryPart(0x2000, 0x2090, what) for what in (HeldPart.OVERFLOW_BUCKET, HeldPart.BUCKETS)]
    assert MapMemory(parts).part_at(0x2010) is HeldPart.OVERFLOW_BUCKET
    assert MapMemory([]).part_at(0x2010) is None
