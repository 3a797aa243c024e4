"""A map's live entries, each with the place that it has: what names a place names it so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Union

from gomap.maps.model import LIVE, Bucket, Entry, GoMap, Note, Selection, Table

__all__ = ["Placed", "place_name", "placed"]


class Placed(NamedTuple):
    """A live entry and where it stands.

    Attributes:
        bucket: the bucket, overflow bucket or group.
        link: which overflow bucket of its chain that is, counted from 1; 0 for all others.
        table: of a group: its table's first directory entry; None in a map without directory.
        slot: the slot's number.
        entry: key and element.
    """

    bucket: Bucket
    link: int
    table: int | None
    slot: int
    entry: Entry

    @property
    def name(self) -> str:
        """The place in words, as gomap-check names it: ``bucket 3, overflow 1 slot 7``, ``table 0 group 3 slot 7``."""
        return place_name(self.bucket, self.link, self.table, self.slot)


def placed(map: GoMap, selection: Selection = LIVE) -> Iterator[Union[Placed, Note]]:
    """Each live entry, or what keeps entries from being read."""
    table: int | None = None
    link = 0
    place = ""
    # What stands in an overflow bucket that is on no chain is no entry of the map.
    for part in map.walk(selection.replace(unused=False)):
        if isinstance(part, Note):
            yield part
        elif isinstance(part, Table):
            table, place = part.first, part.place
        else:
            if part.place != place:  # the other map of a sync.Map
                table, place = None, part.place
            link = link + 1 if part.linked else 0
            for slot in part.slots:
                if part.role == "indirect node":
                    link = link + 1 if slot.state == "overflow" else 0
                if slot.entry is not None:
                    yield Placed(part, link, table, slot.number, slot.entry)


def place_name(bucket: Bucket, link: int, table: int | None, slot: int) -> str:
    """Where a slot is: of that BUCKET, which is overflow bucket LINK of its chain, or a group of the TABLE."""
    if bucket.role == "indirect node":
        return f"path {bucket.place}{slot:x}" + (f", overflow {link}" if link else "")
    half = f"{bucket.place} " if bucket.place else ""
    head = f"{bucket.role.replace('overflow', 'bucket')} {bucket.index}"
    in_table = "" if table is None else f"table {table} "
    chained = f", overflow {link}" if link else ""
    return f"{half}{in_table}{head}{chained} slot {slot}"
