"""From a type and an address to a map: which container it is shows in its header's fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Union

from gomap.goruntime.rtype import runtime_types
from gomap.language import LeftOut, Limits, Literals, MapReader
from gomap.maps.classic import ClassicMap
from gomap.maps.hash_trie import HashTrie
from gomap.maps.model import GoMap, MaybeCell, Note
from gomap.maps.read_dirty import ReadDirty
from gomap.maps.swiss import SwissMap
from gomap.maps.syncmap import is_sync_map, trie_of
from gomap.maps.wording import note_text
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program, until_it_moves
from gomap.program.target import Target, pointer_at

__all__ = ["literals_of", "map_reader", "open_map", "package_maps"]


def open_map(target: Target, map_type: GoType, address: int) -> GoMap:
    """The map of type MAP_TYPE, or the sync.Map, whose header is at ADDRESS; 0 is a nil map.

    Raises LayoutError where the header's fields are those of no container that gomap knows, ReadError where the header
    cannot be read.
    """
    if is_sync_map(map_type):
        if trie_of(map_type):
            return HashTrie(target, map_type, address)
        return ReadDirty(target, map_type, address, open_map)
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


class _ReadableMap:
    """A map as literals show it: what it has to note is in words."""

    def __init__(self, map: GoMap) -> None:
        self._map = map
        self.key, self.elem = map.key, map.elem
        self.count = map.count

    def entries(self) -> Iterator[tuple[MaybeCell, MaybeCell] | LeftOut]:
        for entry in self._map.entries():
            yield LeftOut(note_text(entry)) if isinstance(entry, Note) else entry


def map_reader(target: Target) -> MapReader:
    """What opens the maps within values of the program."""
    return lambda type, address: _ReadableMap(open_map(target, type, address))


@until_it_moves
def literals_of(program: Program, limits: Limits) -> Literals:
    """What turns bytes of the program into Go literals, maps in them included, within LIMITS and one budget."""
    return Literals(program, runtime_types(program), limits, map_reader(program))


def package_maps(program: Program) -> Iterator[tuple[str, Union[GoMap, LayoutError, ReadError]]]:
    """Every package variable that is a map, by its full name; or why the map that it leads to cannot be opened."""
    for name, address, type in program.variables():
        if type.kind is Kind.MAP or is_sync_map(type):
            try:
                yield name, open_map(program, type, address if is_sync_map(type) else pointer_at(program, address))
            except (LayoutError, ReadError) as error:
                yield name, error
