"""From a type and an address to a map: which container it is shows in its header's fields."""

from __future__ import annotations

from gomap.maps.classic import ClassicMap
from gomap.maps.model import GoMap
from gomap.maps.swiss import SwissMap
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.target import Target

__all__ = ["open_map"]


def open_map(target: Target, map_type: GoType, address: int) -> GoMap:
    """The map of type MAP_TYPE whose header is at ADDRESS; 0 is a nil map.

    Raises LayoutError where the header's fields are those of no container that gomap knows, ReadError where the header
    cannot be read.
    """
    header = map_type.header
    if header.find("dirPtr") is not None:
        return SwissMap(target, map_type, address)
    if header.find("buckets") is not None:
        return ClassicMap(target, map_type, address)
    found = ", ".join(field.name for field in header.fields) or "none"
    raise LayoutError(
        f"{header.name} is the header of no map that gomap knows: expected a field buckets (Go up to 1.23) or dirPtr "
        f"(Go 1.24 on); found {found}"
    )
