"""What extra says of a map's overflow buckets: the lists of those in use, and which preallocated one comes next.

Source: hmap.extra (mapextra) in runtime/map.go. The collector does not look into buckets without pointers, so their
overflow pointers keep nothing alive; the slices extra.overflow and extra.oldoverflow do. extra.nextOverflow leads to
the first of the preallocated overflow buckets behind the bucket array that no chain has taken yet.

What is left alone, since the runtime goes on all the same: an extra that is nil, in maps with pointers (then their
preallocated overflow buckets are never used); a nextOverflow that is nil too early.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gomap.check.finding import Finding, rule
from gomap.check.pointers import Pointers
from gomap.maps.classic import ClassicMap
from gomap.program.gotypes import Field, LayoutError
from gomap.program.memory import ReadError
from gomap.program.structs import Struct
from gomap.program.target import pointer_at

__all__ = ["Listed"]

UNLISTED = rule(
    "overflow-unlisted", "extra lists the overflow buckets of a map without pointers, and so keeps them alive"
)
EXTRA = rule("dangling-extra", "extra leads to the map's lists of overflow buckets, and to the next one to use")

#: The list for the overflow buckets behind buckets of each role.
_WHICH = {"bucket": "overflow", "old bucket": "oldoverflow"}
#: More overflow buckets than this no list is believed to have.
_MOST = 1 << 26


class Listed:
    """The overflow buckets that extra lists, of a map whose buckets have no pointers, and the one to use next.

    Args:
        map: the map, not nil.
        pointers: judges where extra leads.
    """

    def __init__(self, map: ClassicMap, pointers: Pointers) -> None:
        self._map = map
        self._pointers = pointers
        #: By role of the buckets on whose chains they are; none of those that cannot be told.
        self._addresses: dict[str, set[int]] = {}
        self._astray = False

    def problems(self) -> Iterator[Finding]:
        """Read the lists; what keeps them from being read."""
        map, mapextra = self._map, self._map.layout.extra
        if mapextra is None:  # of an unknown layout nothing can be told
            return
        extra = map.header["extra"]
        astray = self._pointers.astray(extra, mapextra.type.size) if extra else None
        if astray:
            self._astray = True
            yield EXTRA.broken(map.field_address("extra"), f"extra -> {extra:#x}: {astray}")
            return
        for role, which in _WHICH.items():
            field = mapextra.type.find(which)
            if field is None:
                continue
            try:
                listed = self._list(field, extra) if extra else set()
            except (ReadError, LayoutError) as error:
                yield EXTRA.broken(extra + field.offset, f"extra.{which}{error}")
                continue
            if not map.places.pointers:
                self._addresses[role] = listed
            if listed and role == "old bucket" and not map.header["oldbuckets"]:
                yield EXTRA.broken(
                    extra + field.offset, f"extra.{which} is set, but nothing grows; the next growth can throw"
                )

    def next_to_use(self, base: int, taken: Mapping[int, str]) -> Iterator[Finding]:
        """What is wrong with nextOverflow.

        Args:
            base: where the bucket array begins.
            taken: the overflow buckets on chains, and whose.
        """
        map, mapextra, extra = self._map, self._map.layout.extra, self._map.header.get("extra")
        if mapextra is None or not extra or self._astray:
            return
        field, size = mapextra.type.field("nextOverflow"), map.places.size
        try:
            next_ = pointer_at(map.target, extra + field.offset)
        except ReadError:
            return  # problems() has said so
        if not next_:
            return
        end, pointers = base + map.buckets * size, map.places.pointers
        behind = base + self._pointers.buckets_at(base, map.buckets, size, pointers) * size
        where = f"extra.nextOverflow -> {next_:#x}"
        if self._pointers.room(base) is None:  # without the books, or on a stack
            why = self._pointers.astray(next_, size, pointers)
        elif next_ not in range(end, behind, size):
            why = f"no preallocated overflow bucket, which are at {end:#x} to {behind:#x}"
        else:
            left = range(next_, behind, size)
            again = min((one for one in taken if one in left), default=0)
            whose = taken.get(again)
            why = f"{again:#x} is on the chain of {whose} already, and will be on a second one" if whose else None
        if why:
            yield EXTRA.broken(extra + field.offset, f"{where}: {why}")

    def missing(self, role: str, address: int, where: str) -> Iterator[Finding]:
        """The overflow bucket at ADDRESS behind a bucket of that ROLE, if it should be listed and is not."""
        if address not in self._addresses.get(role, {address}):
            yield UNLISTED.broken(address, f"{where}: not in extra.{_WHICH[role]}; the collector may free this bucket")

    def _list(self, which: Field, extra: int) -> set[int]:
        """The addresses in a list, the field WHICH of the mapextra at EXTRA; none where there is no list.

        Raises LayoutError or ReadError, with a text that goes on behind the field's name.
        """
        target, word = self._map.target, self._map.target.pointer_size
        pointer = pointer_at(target, extra + which.offset)
        if not pointer:
            return set()
        slice_type = which.type.elem
        astray = self._pointers.astray(pointer, slice_type.size)
        if astray:
            raise LayoutError(f" -> {pointer:#x}: {astray}")
        slice_ = Struct(slice_type, target, ("array", "len", "cap")).read(pointer)
        array, length, capacity = slice_["array"], slice_["len"], slice_["cap"]
        if not 0 <= length <= capacity <= _MOST:
            raise LayoutError(f" is a slice of length {length} and capacity {capacity}")
        astray = self._pointers.astray(array, capacity * word) if capacity else None
        if astray:
            raise LayoutError(f" -> {pointer:#x} -> {array:#x}: {astray}")
        try:
            data = target.memory.read(array, length * word)
        except ReadError as error:
            raise LayoutError(f" -> {pointer:#x} -> {array:#x}: {error}") from None
        return {int.from_bytes(data[at : at + word], target.byte_order) for at in range(0, len(data), word)}
