"""A map as gomap reads it, compared with what the program that held it says: everything, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gomap.maps.model import Bucket, Cell, Entry, GoMap, Note, Part, Selection, Table
from gomap.maps.wording import note_text
from tests.unit.realmaps import RealMap

__all__ = ["CONTROL", "TOPHASH", "assert_as_the_program_says", "buckets_in", "moved_buckets", "notes_in"]

# What a tophash or control byte says of a slot that is not full: runtime/map.go, internal/runtime/maps/group.go.
TOPHASH = {0: "emptyRest", 1: "emptyOne", 2: "evacuatedX", 3: "evacuatedY", 4: "evacuatedEmpty"}
CONTROL = {0x80: "empty", 0xFE: "deleted"}


def buckets_in(parts: Iterable[Part]) -> list[Bucket]:
    return [part for part in parts if isinstance(part, Bucket)]


def notes_in(parts: Iterable[Part | Entry]) -> list[str]:
    return [note_text(part) for part in parts if isinstance(part, Note)]


def assert_as_the_program_says(map: GoMap, real: RealMap) -> None:
    """Header, tables, buckets in storage order, marks, states, entries: each there once, and nothing else."""
    truth = real.truth
    assert map.kind == real.kind
    assert map.count == truth["len"], real.name
    header = [(field.name, field.offset, field.value % (1 << 64)) for field in map.fields()]
    assert header == [(field["name"], field["offset"], field["value"]) for field in truth["header"] or ()], real.name

    everything = list(map.walk(Selection(old=True, unused=True)))
    assert notes_in(everything) == [], real.name
    assert [_table(part) for part in everything if isinstance(part, Table)] == truth["tables"], real.name
    expected = [_without_literals(bucket) for bucket in truth["buckets"]]
    assert list(_buckets(everything)) == expected, real.name

    moved = set(moved_buckets(truth["buckets"]))
    alive = [bucket for bucket in expected if bucket["address"] not in moved]
    assert list(_buckets(map.walk())) == [one for one in alive if one["role"] != "unused overflow"], real.name
    for bucket in buckets_in(everything):
        names = TOPHASH if real.kind == "classic" else CONTROL
        assert [slot.state for slot in bucket.slots] == [names.get(mark, "full") for mark in bucket.marks]
        assert bucket.evacuated == (bucket.address in moved), real.name

    entries = list(map.entries())
    live = [slot for bucket in truth["buckets"] for slot in bucket["live"]]
    assert len(entries) == truth["len"] == len(live), real.name
    for entry, slot in zip(entries, live, strict=True):
        assert isinstance(entry, Entry)
        for cell, address, size in (
            (entry.key, slot["key_address"], map.key.size),
            (entry.elem, slot["elem_address"], map.elem.size),
        ):
            assert isinstance(cell, Cell)
            assert cell.address == address, real.name
            assert cell.buffer[cell.offset : cell.offset + size] == real.bytes_at(address, size), real.name


def _table(table: Table) -> dict[str, int]:
    return {
        "first": table.first,
        "last": table.last,
        "address": table.address,
        "used": table.used,
        "capacity": table.capacity,
        "growth_left": table.growth_left,
        "local_depth": table.local_depth,
        "index": table.index,
        "groups": table.groups,
        "length_mask": table.length_mask,
    }


def _buckets(parts: Iterable[Part]) -> Iterator[dict[str, Any]]:
    """Buckets as the program prints them, but for the literals."""
    table = -1
    for part in parts:
        if isinstance(part, Table):
            table = part.first
        elif isinstance(part, Bucket):
            yield {
                "role": part.role,
                "table": table,
                "index": part.index,
                "address": part.address,
                "marks": list(part.marks),
                "overflow": part.overflow,
                "live": [
                    {
                        "slot": slot.number,
                        "key_address": _address(slot.entry.key),
                        "elem_address": _address(slot.entry.elem),
                    }
                    for slot in part.slots
                    if slot.entry is not None
                ],
            }


def _without_literals(bucket: dict[str, Any]) -> dict[str, Any]:
    live = [{name: value for name, value in slot.items() if name not in ("key", "elem")} for slot in bucket["live"]]
    return {**bucket, "live": live}


def _address(cell: object) -> int:
    assert isinstance(cell, Cell)
    return cell.address


def moved_buckets(buckets: list[dict[str, Any]]) -> Iterator[int]:
    """The old buckets, and the overflow buckets behind them, whose first tophash says that they are evacuated."""
    evacuated = False
    for bucket in buckets:
        if bucket["role"] == "old bucket":
            evacuated = 2 <= bucket["marks"][0] <= 4
        if bucket["role"].startswith("old ") and evacuated:
            yield bucket["address"]
