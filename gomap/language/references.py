"""What values refer to, within limits: the bytes of a string, the items of a slice, what is in an interface.

A value may come out of corrupt memory. Lengths are bounded before anything is read, no more is read than will be
shown, and nesting ends: by depth, because a slice can hold itself, and by a number of parts, because twenty slices
of two hundred references to the next one are more than anybody can print (gomap.language.budget).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Protocol, Union

from gomap.goruntime.rtype import RuntimeTypes
from gomap.language.budget import Budget
from gomap.language.equal_items import run_of_equals, text_in
from gomap.language.limits import Limits
from gomap.language.quoting import whole_runes
from gomap.program.facts import Facts
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = [
    "Contents",
    "Held",
    "Items",
    "LeftOut",
    "MapReader",
    "OpenMap",
    "UnshownError",
    "unreadable",
]

#: Where a key or an element lies: a buffer, the offset in it, the address in the target. Or why it cannot be read.
MaybeCell = Union[tuple[bytes, int, int], ReadError]

_LONGEST = 1 << 47
#: From here on the end is tried before the whole is read.
_SUSPICIOUS = 1 << 20
#: Depth where none is set: Python's own stack has an end.
_DEEPEST = 100
#: Structs, arrays, slices and maps, items and entries: what each literal may have, and what all together besides, where
#: the number of elements is limited and where it is not.
_PARTS, _MORE_PARTS, _MORE_PARTS_UNLIMITED = 1 << 10, 1 << 16, 1 << 19
#: The same of bytes that are read for them.
_BYTES, _MORE_BYTES = 1 << 16, 1 << 23
#: Items shown of an array that takes no memory, however long it is.
_MOST_NOTHINGS = 200
#: Bytes of a slice that are worth a look for the end of a run of equal items.
_LOOK_AHEAD = 4096


class UnshownError(Exception):
    """Why some part of a value cannot be shown, in a few words: ``unreadable 0x1234``."""


def unreadable(error: ReadError) -> str:
    """What is said of a value that cannot be read: ``unreadable 0x1234``."""
    return f"unreadable {error.address:#x}"


class LeftOut(Facts):
    """What is said in place of entries of a map that are not shown."""

    text: str


class OpenMap(Protocol):
    """A map as the floor above reads it: gomap.maps.opening has one."""

    key: GoType
    elem: GoType

    @property
    def count(self) -> int: ...

    def entries(self) -> Iterator[tuple[MaybeCell, MaybeCell] | LeftOut]: ...


#: Opens the map of that type whose header is at that address. Raises LayoutError, ReadError.
MapReader = Callable[[GoType, int], OpenMap]


class Items(NamedTuple):
    """The items of a slice or an array that are to be shown.

    Attributes:
        buffer: holds them.
        offsets: where in it each of them begins; of equal items that are shown as one, the first.
        more: how many there are besides.
        failed: why some of them could not be read, which are neither in offsets nor in more.
        times: how many items each offset stands for; empty where each stands for one.
        text: what they hold, if they are bytes that hold text, and whether that is all of it.
    """

    buffer: bytes
    offsets: Iterable[int]
    more: int
    failed: UnshownError | None = None
    times: Sequence[int] = ()
    text: tuple[bytes, bool] | None = None


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
        self._short = _BYTES if limits.elements is None else min(limits.elements, _BYTES)
        self._depth_limit = _DEEPEST if limits.depth is None else min(limits.depth, _DEEPEST)
        self._repeats = limits.repeats
        self._bytes_as_text = limits.bytes_as_text
        self._maps = maps
        self._depth = 0
        self._parts = Budget(_PARTS, _MORE_PARTS_UNLIMITED if limits.elements is None else _MORE_PARTS)
        self._bytes = Budget(_BYTES, _MORE_BYTES)
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
            self._parts.begin()
            self._bytes.begin()
        if self._depth >= self._depth_limit or not self._parts.take(1):
            return False
        self._depth += 1
        return True

    def _room(self) -> int:
        """How many bytes may still be read."""
        if self._depth == 0:  # a reference that is a literal by itself
            self._bytes.begin()
        return self._bytes.left

    def leave(self) -> None:
        self._depth -= 1

    def pointer(self, buffer: bytes, offset: int) -> int:
        """The word there."""
        address: int = self._word.unpack_from(buffer, offset)[0]
        return address

    def read(self, address: int, length: int) -> bytes:
        """LENGTH bytes at ADDRESS."""
        if length > self._room():
            raise UnshownError(f"{length} bytes at {address:#x}")
        try:
            if length > _SUSPICIOUS:
                self._memory.read(address + length - 1, 1)
            content = self._memory.read(address, length)
        except ReadError as error:
            raise UnshownError(unreadable(error)) from None
        self._bytes.take(length)
        return content

    def string(self, buffer: bytes, offset: int) -> tuple[bytes, int]:
        """A string's bytes, as many as are to be shown, and how many it has."""
        address, length = self._string.unpack_from(buffer, offset)
        if length == 0:
            return b"", 0
        if 0 < length <= self._short and self._depth == 0:  # most keys; within what each literal takes freely
            try:
                return self._memory.read(address, length), length
            except ReadError as error:
                raise UnshownError(unreadable(error)) from None
        if not 0 < length < _LONGEST:
            raise UnshownError(f"string: length {length} at {address:#x}")
        shown = min(length, self._room() if self._elements is None else self._elements)
        body = self.read(address, shown)
        return body if shown == length else whole_runes(body), length

    def slice(self, type: GoType, buffer: bytes, offset: int) -> Items | None:
        """The items of the slice of that type there; None if it is nil."""
        address, length, capacity = self._slice.unpack_from(buffer, offset)
        if address == 0 and length == 0 and capacity == 0:
            return None
        size = type.elem.size
        if not 0 <= length <= capacity or length * max(size, 1) >= _LONGEST:
            raise UnshownError(f"slice: length {length}, capacity {capacity} at {address:#x}")
        count = min(self._shown(length, size), self._parts.left, self._room() // max(size, 1))
        for seen in sorted({count, self._looked_at(length, size)}, reverse=True):
            try:
                return self._items(type.elem, self.read(address, seen * size), 0, seen, length)
            except UnshownError as error:
                failed = error
        # The first items may be there all the same, and as many as are worth a look.
        look = min(count * size, _SUSPICIOUS)
        good = self._memory.readable(address, look) // size
        self._bytes.take(look - good * size)
        items = self._items(type.elem, self.read(address, good * size), 0, good, count)
        return items._replace(more=length - count, failed=failed)

    def array(self, type: GoType, buffer: bytes, offset: int) -> Items:
        """The items of the array of that type there."""
        seen = type.length if type.elem.size else self._shown(type.length, 0)
        return self._items(type.elem, buffer, offset, seen, type.length)

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
            raise UnshownError(unreadable(error)) from None
        except LayoutError as error:
            raise UnshownError(f"map at {address:#x}: {error}") from None

    def entries(self, opened: OpenMap) -> Iterator[tuple[MaybeCell, MaybeCell] | LeftOut]:
        """The entries of a map that are to be shown."""
        for entry in islice(opened.entries(), self._elements):
            if not self._parts.take(1):
                yield LeftOut("too much for one command: the rest is left out")
                return
            yield entry

    def more_entries(self, opened: OpenMap) -> int:
        """How many entries a map has besides, as its header claims."""
        return 0 if self._elements is None else max(opened.count - self._elements, 0)

    def _items(self, elem: GoType, buffer: bytes, start: int, seen: int, length: int) -> Items:
        """What is shown of LENGTH items, of which the buffer has SEEN from START on."""
        size = elem.size
        text = None
        if self._bytes_as_text and elem.kind is Kind.UINT8:
            text = text_in(buffer[start : start + seen], seen == length, self._elements)
        if self._repeats is None:
            count = min(self._shown(length, size), seen, self._parts.left)
            self._parts.take(count)
            return Items(buffer, _offsets(start, count, size), length - count, text=text)
        offsets: list[int] = []
        times: list[int] = []
        at = room = 0
        while at < seen and (self._elements is None or room < self._elements) and self._parts.take(1):
            offset = start + at * size
            run = run_of_equals(buffer, offset, size, seen - at, self._repeats + 1)
            offsets.append(offset)
            times.append(run)
            at += run
            room += 1 if run == 1 else self._repeats
        return Items(buffer, offsets, length - at, times=times, text=text)

    def _looked_at(self, length: int, size: int) -> int:
        """How many of a slice's items are read: where runs are looked for, some that may prove to be their ends."""
        shown = self._shown(length, size)
        return shown if self._repeats is None or size == 0 else max(shown, min(length, _LOOK_AHEAD // size))

    def _shown(self, length: int, size: int) -> int:
        if size == 0:
            length = min(length, _MOST_NOTHINGS)
        return length if self._elements is None else min(length, self._elements)


def _offsets(start: int, count: int, size: int) -> Iterable[int]:
    return range(start, start + count * size, size) if size else [start] * count
