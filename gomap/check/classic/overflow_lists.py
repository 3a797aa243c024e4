"""The runtime's own list of the overflow buckets of a map without pointers.

Source: hmap.extra (mapextra) in runtime/map.go. The collector does not look into buckets without pointers, so their
overflow pointers keep nothing alive; the slices extra.overflow and extra.oldoverflow do.
"""

from __future__ import annotations

from collections.abc import Iterator

from gomap.check.finding import Finding, rule
from gomap.check.pointers import Pointers
from gomap.maps.classic import ClassicMap
from gomap.maps.layout import StructReader
from gomap.program.gotypes import Field, LayoutError
from gomap.program.memory import ReadError
from gomap.program.target import Target, pointer_at

__all__ = ["Listed"]

UNLISTED = rule(
    "overflow-unlisted", "extra lists the overflow buckets of a map without pointers, and so keeps them alive"
)
EXTRA = rule("dangling-extra", "extra leads to the map's lists of overflow buckets")

#: The list for the overflow buckets behind buckets of each role.
_WHICH = {"bucket": "overflow", "old bucket": "oldoverflow"}
#: More overflow buckets than this no list is believed to have.
_MOST = 1 << 26


class Listed:
    """The overflow buckets that extra lists, of a map whose buckets have no pointers; others have no lists.

    Args:
        map: the map, not nil.
        pointers: judges where extra leads.
    """

    def __init__(self, map: ClassicMap, pointers: Pointers) -> None:
        self._map = map
        self._pointers = pointers
        #: By role of the buckets on whose chains they are; none of those that cannot be told.
        self._addresses: dict[str, set[int]] = {}

    def problems(self) -> Iterator[Finding]:
        """Read the lists; what keeps them from being read."""
        map, places, mapextra = self._map, self._map.places, self._map.layout.extra
        if mapextra is None:  # of an unknown layout nothing can be told
            return
        extra = map.header["extra"]
        astray = self._pointers.astray(extra, mapextra.struct.size) if extra else None
        try:
            if not places.pointers and not astray:
                for role, which in _WHICH.items():
                    self._addresses[role] = _read(map.target, mapextra.struct.field(which), extra)
        except (ReadError, LayoutError) as error:
            astray = str(error)
        if astray:
            yield EXTRA.broken(map.field_address("extra"), f"extra -> {extra:#x}: {astray}")

    def missing(self, role: str, address: int, where: str) -> Iterator[Finding]:
        """The overflow bucket at ADDRESS behind a bucket of that ROLE, if it should be listed and is not."""
        if address not in self._addresses.get(role, {address}):
            yield UNLISTED.broken(address, f"{where}: not in extra.{_WHICH[role]}; the collector may free this bucket")


def _read(target: Target, which: Field, extra: int) -> set[int]:
    """The addresses in a list, the field WHICH of the mapextra at EXTRA; none where there is no list.

    Raises ReadError, LayoutError.
    """
    if not extra:
        return set()
    memory, word, order = target.memory, target.pointer_size, target.byte_order
    pointer = pointer_at(target, extra + which.offset)
    if not pointer:
        return set()
    slice_ = StructReader(which.type.elem, ("array", "len")).read(target, pointer)
    length = slice_["len"]
    if not 0 <= length <= _MOST:
        raise LayoutError(f"{which.name} is a slice of length {length}")
    data = memory.read(slice_["array"], length * word)
    return {int.from_bytes(data[at : at + word], order) for at in range(0, len(data), word)}
