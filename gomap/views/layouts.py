"""What a map of some type consists of, as ``gomap-layout`` shows it: one type, or two beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from gomap.maps.footprint import CACHE_LINE, Footprint, StructFootprint
from gomap.views.paint import Paint

__all__ = ["layout_lines", "layout_object"]


def layout_lines(footprints: Sequence[Footprint], paint: Paint) -> Iterator[str]:
    """A line for each field; then what a lookup touches and what an entry costs."""
    columns = [list(_lines(each)) for each in footprints]
    widths = [max(map(len, column)) for column in columns]
    for row in zip_longest(*columns, fillvalue=""):
        yield " | ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip()


def layout_object(footprints: Sequence[Footprint]) -> dict[str, Any]:
    """What ``gomap-layout -json`` prints."""
    return {"command": "layout", "layouts": [_object(each) for each in footprints]}


def _lines(footprint: Footprint) -> Iterator[str]:
    yield f"{footprint.type} ({footprint.kind})"
    yield "  offset   size  align"
    for part in footprint.parts:
        yield from _part_lines(part)
    for name in footprint.indirect:
        yield f"{name}s are over 128 bytes: each is an object of its own, the slot has its address"
    if footprint.lines is not None:
        least, mean, most = footprint.lines
        spread = f"{least}" if least == most else f"{mean:.2f} on average, {least} to {most}"
        role = "group" if footprint.kind == "swiss" else "bucket"
        each = ": one each;" if len(footprint.way) > 1 else ": one;"
        yield f"cache lines ({CACHE_LINE} bytes) that a hit touches at least: {', '.join(footprint.way)}{each}"
        yield f"  marks, key and element in the first {role}: {spread}"
        full = footprint.slot / footprint.fullest
        but = ", overflow buckets not counted" if footprint.kind == "classic" else ""
        yield f"a slot takes {footprint.slot:.1f} bytes, so an entry{but}:"
        yield f"  {full:.1f} bytes at the fullest ({footprint.fullest:.0%}), {2 * full:.1f} right behind a growth"
    else:
        yield f"a lookup goes by: {', '.join(footprint.way)}"


def _part_lines(part: StructFootprint) -> Iterator[str]:
    padding = f", {part.padding} of them padding" if part.padding else ""
    yield f"{part.name} ({part.type}): {part.size} bytes{padding}, aligned to {part.align}"
    width = max((len(row.name) for row in part.rows), default=0)
    for row in part.rows:
        behind = f"  + {row.padding} padding" if row.padding else ""
        yield f"  {row.offset:6}  {row.size:5}  {row.align:5}  {row.name:{width}}  {row.type}{behind}"


def _object(footprint: Footprint) -> dict[str, Any]:
    return {
        "type": footprint.type,
        "kind": footprint.kind,
        "parts": [
            {
                "name": part.name,
                "type": part.type,
                "size": part.size,
                "align": part.align,
                "padding": part.padding,
                "fields": [row._asdict() for row in part.rows],
            }
            for part in footprint.parts
        ],
        "way": list(footprint.way),
        "lines": None if footprint.lines is None else footprint.lines._asdict(),
        "slotBytes": footprint.slot,
        "fullest": footprint.fullest,
        "indirect": list(footprint.indirect),
    }
