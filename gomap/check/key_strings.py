"""The strings in a map's keys: where their headers stand, and where the bytes are that these lead to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gomap.check.leaves import leaves
from gomap.check.scene import Scene
from gomap.maps.model import Cell, Entry
from gomap.program.gotypes import Kind, LayoutError
from gomap.program.memory import ReadError

__all__ = ["LONGEST", "MOST_STRINGS", "KeyString", "every_string", "first_bytes", "strings_in"]

#: Strings of one map's keys that are looked at, and bytes of one.
MOST_STRINGS, LONGEST = 20_000, 256


class KeyString(NamedTuple):
    """A string in a key, or in an interface there: where its header stands, where its bytes are, and how many."""

    word: int
    data: int
    length: int


def strings_in(scene: Scene, address: int, key: bytes) -> Iterator[KeyString]:
    """The strings of a key that have bytes."""
    word, order = scene.map.target.pointer_size, scene.map.target.byte_order
    for leaf in leaves(scene.map.places.key) if key else ():
        first, second = (
            int.from_bytes(key[at : at + word], order) for at in (leaf.offset, leaf.offset + word)
        )  # of a leaf of one word the second is another's
        if leaf.type.kind is Kind.STRING:
            yield from _with_bytes(scene, address + leaf.offset, first, second)
        elif leaf.type.kind is Kind.INTERFACE and first and second and _is_string(scene, leaf.type.find("tab"), first):
            header = [scene.word_at(at) for at in (second, second + word)]
            yield from _with_bytes(scene, second, *header)


def every_string(scene: Scene) -> Iterator[tuple[KeyString, bytes]]:
    """The strings of the map's keys, as many as are looked at, and the key of each."""
    left = MOST_STRINGS
    for entry in scene.map.entries():
        if isinstance(entry, Entry) and isinstance(entry.key, Cell):
            buffer, at, address = entry.key
            key = buffer[at : at + scene.map.places.key.size]
            for string in strings_in(scene, address, key):
                if not left:
                    return
                left -= 1
                yield string, key


def first_bytes(scene: Scene, string: KeyString) -> bytes:
    """The bytes of a string, those beyond LONGEST left out; none where they cannot be read."""
    return scene.bytes_at(string.data, min(string.length, LONGEST))


def _with_bytes(scene: Scene, header: int, data: int, length: int) -> Iterator[KeyString]:
    if data and 0 < length < 1 << 8 * scene.map.target.pointer_size - 1:
        yield KeyString(header, data, length)


def _is_string(scene: Scene, tab: object, word: int) -> bool:
    """Whether an interface with that first word holds a string."""
    try:
        return scene.types.at(scene.types.in_itab(word) if tab is not None else word).kind is Kind.STRING
    except (LayoutError, ReadError):
        return False
