"""What values refer to, within limits: the bytes of a string, the items of a slice, what is in an interface.

A value may come out of corrupt memory. Lengths are bounded before anything is read, no more is read than will be
shown, and nesting ends: by depth, because a slice can hold itself, and by a number of parts, because twenty slices
of two hundred references to the next one are more than anybody can print.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple, Protocol, Union

from gomap.goruntime.rtype import RuntimeTypes
from gomap.language.quoting import whole_runes
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = ["Contents", "Held", "Items", "Limits", "MapReader", "OpenMap", "UnshownError"]

#: Where a key or an element lies: a buffer, the offset in it, the address in the target. Or why it cannot be read.
MaybeCell = Union[tuple[bytes, int, int], ReadError]

_LONGEST = 1 << 47
#: One read's worth of a value; one that is larger is not shown.
_LARGEST_READ = 1 << 28
#: From here on the end is tried before the whole is read.
_SUSPICIOUS = 1 << 20
#: Depth where none is set: Python's own stack has an end.
_DEEPEST = 100
#: Structs, arrays, slices and maps in one value, where the number of elements is limited and where it is not.
_MOST_PARTS, _MOST_PARTS_UNLIMITED = 20_000, 1 << 20
#: Items shown of an array that takes no memory, however long it is.
_MOST_NOTHINGS = 200


class Limits(NamedTuple):
    """How much of a value is shown.

    Attributes:
        elements: items of each slice, array and map, and bytes of each string; None: all.
        depth: structs, arrays, slices and maps within each other; None: all, which is to say a hundred.
    """

    elements: int | None = 200
    depth: int | None = 20


class UnshownError(Exception):
    """Why some part of a value cannot be shown, in a few words: ``unreadable 0x1234``."""


class Note(Protocol):
    """What a map reader has to say instead of an entry."""

    @property
    def text(self) -> str: ...


class OpenMap(Protocol):
    """A map as the floor above reads it (``gomap.maps.model.GoMap`` is one)."""

    key: GoType
    elem: GoType

    @property
    def count(self) -> int: ...

    def entries(self) -> Iterator[tuple[MaybeCell, MaybeCell] | Note]: ...


#: Opens the map of that type whose header is at that address. Raises LayoutError, ReadError.
MapReader = Callable[[GoType, int], OpenMap]


class Items(NamedTuple):
    """The items of a slice or an array that are to be shown.

    Attributes:
        buffer: holds them.
        offsets: where in it each of them begins.
        more: how many there are besides.
        failed: why some of them could not be read, which are neither in offsets nor in more.
    """

    buffer: bytes
    offsets: Iterable[int]
    more: int
    failed: UnshownError | None = None


class Held(NamedTuple):
    """The value in an interface: its dynamic type, and where it is in a buffer."""

    type: GoType
    buffer: bytes
    offset: int


class Contents:
    """Follows the references in values. Methods that follow one raise UnshownError.

    Attributes:
        byte_order: the target's.
        order: the same as package struct writes it.
    """

    def __init__(self, target: Target, types: RuntimeTypes, limits: Limits, maps: MapReader | None) -> None:
        self._memory = target.memory
        self._symbol_at = target.symbol_at
        self._types = types
        self._elements = limits.elements
        self._depth_limit = _DEEPEST if limits.depth is None else min(limits.depth, _DEEPEST)
        self._parts_limit = _MOST_PARTS_UNLIMITED if limits.elements is None else _MOST_PARTS
        self._maps = maps
        self._depth = 0
        self._parts = 0
        self._held: dict[int, tuple[GoType, bool]] = {}
        self._functions: dict[int, str] = {}
        self.byte_order = target.byte_order
        self.order = "<" if target.byte_order == "little" else ">"
        self._word_size = target.pointer_size
        unsigned, signed = ("Q", "q") if target.pointer_size == 8 else ("I", "i")
        self._word = struct.Struct(self.order + unsigned)
        self._string = struct.Struct(self.order + unsigned + signed)
        self._slice = struct.Struct(self.order + unsigned + signed + signed)

    def enter(self) -> bool:
        """Begin a struct, array, slice or map; False if it is one too deep or too many. Else leave() ends it."""
        if self._depth == 0:
            self._parts = self._parts_limit
        self._parts -= 1
        if self._depth >= self._depth_limit or self._parts < 0:
            return False
        self._depth += 1
        return True

    def leave(self) -> None:
        self._depth -= 1

    def pointer(self, buffer: bytes, offset: int) -> int:
        """The word there."""
        address: int = self._word.unpack_from(buffer, offset)[0]
        return address

    def read(self, address: int, length: int) -> bytes:
        """LENGTH bytes at ADDRESS."""
        if length > _LARGEST_READ:
            raise UnshownError(f"{length} bytes at {address:#x}")
        try:
            if length > _SUSPICIOUS:
                self._memory.read(address + length - 1, 1)
            return self._memory.read(address, length)
        except ReadError as error:
            raise UnshownError(f"unreadable {error.address:#x}") from None

    def string(self, buffer: bytes, offset: int) -> tuple[bytes, int]:
        """A string's bytes, as many as are to be shown, and how many it has."""
        address, length = self._string.unpack_from(buffer, offset)
        if length == 0:
            return b"", 0
        if not 0 < length < _LONGEST:
            raise UnshownError(f"string: length {length} at {address:#x}")
        if self._elements is None or length <= self._elements:
            return self.read(address, length), length
        return whole_runes(self.read(address, self._elements)), length

    def slice(self, type: GoType, buffer: bytes, offset: int) -> Items | None:
        """The items of the slice of that type there; None if it is nil."""
        address, length, capacity = self._slice.unpack_from(buffer, offset)
        if address == 0 and length == 0 and capacity == 0:
            return None
        size = type.elem.size
        if not 0 <= length <= capacity or length * max(size, 1) >= _LONGEST:
            raise UnshownError(f"slice: length {length}, capacity {capacity} at {address:#x}")
        count = self._shown(length, size)
        try:
            return Items(self.read(address, count * size), _offsets(0, count, size), length - count)
        except UnshownError as failed:
            # The first items may be there all the same, and as many as are worth a look.
            good = self._memory.readable(address, min(count * size, _SUSPICIOUS)) // size
            return Items(self.read(address, good * size), _offsets(0, good, size), length - count, failed)

    def array(self, type: GoType, buffer: bytes, offset: int) -> Items:
        """The items of the array of that type there."""
        size = type.elem.size
        count = self._shown(type.length, size)
        return Items(buffer, _offsets(offset, count, size), type.length - count)

    def held(self, type: GoType, buffer: bytes, offset: int) -> Held | None:
        """What the interface of that type there holds; None if it is nil."""
        word = self.pointer(buffer, offset)
        if word == 0:
            return None
        try:
            if type.find("tab") is not None:
                word = self._types.in_itab(word)
            if word not in self._held:
                self._held[word] = self._types.at(word), self._types.is_direct(word)
            dynamic, direct = self._held[word]
        except (LayoutError, ReadError):
            raise UnshownError(f"interface: no type at {word:#x}") from None
        data = offset + self._word_size
        if direct:
            return Held(dynamic, buffer, data)
        return Held(dynamic, self.read(self.pointer(buffer, data), dynamic.size), 0)

    def function(self, buffer: bytes, offset: int) -> tuple[int, str]:
        """The word of the func value there (0: nil), and its function's symbol; empty where no function begins."""
        closure = self.pointer(buffer, offset)
        if closure == 0:
            return 0, ""
        try:
            code = self.pointer(self.read(closure, self._word_size), 0)
        except UnshownError:
            return closure, ""
        if code not in self._functions:
            symbol = self._symbol_at(code)
            self._functions[code] = symbol.name if symbol is not None and symbol.address == code else ""
        return closure, self._functions[code]

    def map(self, type: GoType, buffer: bytes, offset: int) -> OpenMap | int:
        """The map of that type there; its header's address instead if it is nil or nobody can open maps."""
        address = self.pointer(buffer, offset)
        if address == 0 or self._maps is None:
            return address
        try:
            return self._maps(type, address)
        except ReadError as error:
            raise UnshownError(f"unreadable {error.address:#x}") from None
        except LayoutError as error:
            raise UnshownError(f"map at {address:#x}: {error}") from None

    def entries(self, opened: OpenMap) -> Iterator[tuple[MaybeCell, MaybeCell] | Note]:
        """The entries of a map that are to be shown."""
        return islice(opened.entries(), self._elements)

    def more_entries(self, opened: OpenMap) -> int:
        """How many entries a map has besides, as its header claims."""
        return 0 if self._elements is None else max(opened.count - self._elements, 0)

    def _shown(self, length: int, size: int) -> int:
        if size == 0:
            length = min(length, _MOST_NOTHINGS)
        return length if self._elements is None else min(length, self._elements)


def _offsets(start: int, count: int, size: int) -> Iterable[int]:
    return range(start, start + count * size, size) if size else [start] * count
