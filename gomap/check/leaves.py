"""The strings, slices, interfaces and pointers in values of a type, and what no program can have stored there.

Such a part of a value is a Leaf, wherever in structs and arrays it stands. One leaf of many values is judged at once,
as columns of pointers and lengths; only what is odd there is looked at one by one.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gomap.goruntime.answers import (
    FreeObject,
    FreePages,
    HeapObject,
    NotMapped,
    SpanTail,
    StackAddress,
    Text,
    UnmarkedObject,
)
from gomap.goruntime.heap import Heap
from gomap.goruntime.rtype import RuntimeTypes
from gomap.goruntime.scanning import has_pointers
from gomap.goruntime.spans import PAGE
from gomap.goruntime.wording import answer_text
from gomap.hashing.packed_values import PackedValues, words
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = ["Leaf", "LeafJudge", "Odd", "leaves"]

#: Leaves of one type that are looked at; what an array of a thousand strings has beyond these is not.
_MOST_LEAVES = 64
#: Bytes of a string or slice beyond which its object is asked whether it has so many. Few are so long.
_LONG = 1 << 15
#: Bytes that no string or slice has: what says more was never stored.
_LONGEST = 1 << 36
#: Pages of the heap that are remembered.
_MOST_PAGES = 1 << 16

#: Kinds of one word, a pointer that keeps its memory alive.
_POINTING = {Kind.POINTER, Kind.MAP, Kind.CHAN, Kind.FUNC}
#: Where no type descriptor and no itab is.
_NO_TYPE = (Text, FreeObject, FreePages, SpanTail, StackAddress, UnmarkedObject, NotMapped)


class Leaf(NamedTuple):
    """A string, slice, interface or pointer in a value: its type, and where in the value it begins."""

    type: GoType
    offset: int


class Odd(NamedTuple):
    """What is wrong with a leaf.

    Attributes:
        number: of the value that it is in.
        text: what is wrong.
        half: a program that is storing a sound value can be seen so, with one word stored and the next not yet.
    """

    number: int
    text: str
    half: bool = False


def leaves(type: GoType) -> Sequence[Leaf]:
    """The leaves of values of TYPE, by offset; not those of blank fields, which mean nothing."""
    return _leaves(type, 0)[:_MOST_LEAVES]


def _leaves(type: GoType, offset: int) -> list[Leaf]:
    if type.kind is Kind.STRUCT:
        found: list[Leaf] = []
        for field in type.fields:
            if field.name != "_" and len(found) < _MOST_LEAVES:
                found += _leaves(field.type, offset + field.offset)
        return found
    if type.kind is Kind.ARRAY:
        inside = _leaves(type.elem, 0) if type.length else []
        count = min(type.length, _MOST_LEAVES) if inside else 0
        return [
            Leaf(leaf.type, offset + number * type.elem.size + leaf.offset)
            for number in range(count)
            for leaf in inside
        ]
    judged = type.kind in _POINTING or type.kind in (Kind.STRING, Kind.SLICE, Kind.INTERFACE)
    # (A pointer of C's keeps nothing alive, and may be any number.)
    return [Leaf(type, offset)] if judged and has_pointers(type) else []


class LeafJudge:
    """Judges the leaves of one program's values.

    Args:
        target: the program.
        heap: the runtime's bookkeeping; None: what it alone could tell is not said.
        types: the types of what interfaces hold.
    """

    def __init__(self, target: Target, heap: Heap | None, types: RuntimeTypes) -> None:
        self._memory = target.memory
        self._word = target.pointer_size
        self._order = target.byte_order
        self._heap = heap
        self._types = types
        #: By address, and whether that is of an itab: what is wrong with what an interface says of its type; and
        #: whether its data word is the value itself.
        self._held: dict[tuple[int, bool], tuple[str, bool]] = {}
        #: By page: where the data of its span's objects begins, and from one to the next.
        self._objects: dict[int, tuple[int, int] | None] = {}

    def judged(self, leaf: Leaf, values: PackedValues) -> tuple[Sequence[int], Iterator[Odd]]:
        """What that leaf of each value points to, 0 for nothing; and what is odd about it beside that."""
        kind = leaf.type.kind
        first, *more = [
            words(values.part(leaf.offset + at, self._word), self._order) for at in range(0, leaf.type.size, self._word)
        ]
        if kind is Kind.INTERFACE:
            return more[0], self._interfaces(leaf.type, first, more[0])
        if kind is Kind.STRING:
            return _where(first, more[0]), self._strings(first, more[0])
        if kind is Kind.SLICE:
            return _where(first, more[1]), self._slices(leaf.type, first, *more)
        return first, iter(())

    def outside(self, pointers: Sequence[int]) -> Iterator[Odd]:
        """What is odd about POINTERS to keys or elements that are kept outside of their buckets: each an object.

        mapassign makes it (newobject) while the map's flag says that it writes.
        """
        objects = self._objects
        if len(objects) > _MOST_PAGES:
            objects.clear()
        for number, pointer in enumerate(pointers):
            if not pointer:
                yield Odd(number, "a nil pointer where a slot has one to what it holds")
                continue
            page = pointer // PAGE
            if page not in objects:
                objects[page] = self._objects_around(pointer)
            found = objects[page]
            if found and (pointer - found[0]) % found[1] and self._heap:
                there = self._heap.at(pointer)
                if isinstance(there, HeapObject):
                    yield Odd(number, f"-> {pointer:#x}: the middle of an object: {answer_text(there)}")

    def _objects_around(self, address: int) -> tuple[int, int] | None:
        there = self._heap.at(address) if self._heap else None
        return (there.data, there.span.elemsize) if isinstance(there, HeapObject) else None

    def _strings(self, pointers: Sequence[int], lengths: Sequence[int]) -> Iterator[Odd]:
        return self._runs("string", 1, pointers, lengths)

    def _slices(
        self, type: GoType, pointers: Sequence[int], lengths: Sequence[int], capacities: Sequence[int]
    ) -> Iterator[Odd]:
        if any(map(operator.gt, lengths, capacities)):
            for number, (length, capacity) in enumerate(zip(lengths, capacities, strict=True)):
                if length > capacity:
                    text = f"slice of length {self._signed(length)}, but capacity {self._signed(capacity)}"
                    yield Odd(number, text, max(length, capacity) <= _LONGEST)
            return
        try:
            size = type.elem.size
        except (LayoutError, ReadError):
            size = 0
        # A capacity may be more than there is: arrays of C are cast to the largest that Go has, and then sliced.
        yield from self._runs("slice", size, pointers, lengths) if size else ()

    def _runs(self, what: str, size: int, pointers: Sequence[int], lengths: Sequence[int]) -> Iterator[Odd]:
        """Strings and slices of LENGTHS items, SIZE bytes each, that are not where their pointers lead."""
        long = _LONG // size
        if 0 not in pointers and max(lengths, default=0) <= long:  # as mostly
            return
        unit = "bytes" if what == "string" else "items"
        for number, (pointer, length) in enumerate(zip(pointers, lengths, strict=True)):
            if not length or (pointer and length <= long):
                continue
            why = self._too_long(pointer, length * size) if pointer else "where nothing is"
            if why:
                where = f"{pointer:#x}" if pointer else "nil"
                text = f"{what} of {self._signed(length)} {unit} at {where}: {why}"
                yield Odd(number, text, length * size <= _LONGEST)

    def _too_long(self, pointer: int, size: int) -> str | None:
        """Why SIZE bytes cannot be at POINTER; None if they can, and where what is there is not in use anyway."""
        if size > _LONGEST:
            return "no memory has so many"
        there = self._heap.at(pointer) if self._heap else None
        if isinstance(there, HeapObject):
            left = there.size - there.offset
            return f"{left} bytes are left of the {answer_text(there)}" if size > left else None
        if self._memory.readable(pointer, 1) and not self._memory.readable(pointer + size - 1, 1):
            return f"its end, {pointer + size - 1:#x}, cannot be read"
        return None

    def _interfaces(self, type: GoType, held: Sequence[int], data: Sequence[int]) -> Iterator[Odd]:
        with_methods = type.find("tab") is not None
        what = {word: self._held_by(word, with_methods) for word in set(held)}
        wrong = {word for word, (problem, _) in what.items() if problem}
        if not wrong and 0 not in data:
            return
        for number, (word, pointer) in enumerate(zip(held, data, strict=True)):
            problem, direct = what[word]
            first = f"interface with {'itab' if with_methods else 'type'} {word:#x}"
            if problem:
                yield Odd(number, f"{first}: {problem}")
            elif word and not pointer and not direct:
                # A pointer in an interface may be nil; any other value, even one of no bytes, stands in memory.
                yield Odd(number, f"{first}, but data nil", True)

    def _held_by(self, word: int, with_methods: bool) -> tuple[str, bool]:
        """What is wrong with the first word of an interface; and whether the second is the value, not its address."""
        if not word or not self._types.laid_out:
            return "", True
        if (word, with_methods) not in self._held:
            self._held[word, with_methods] = self._look_up(word, with_methods)
        return self._held[word, with_methods]

    def _look_up(self, word: int, with_methods: bool) -> tuple[str, bool]:
        there = self._heap.at(word) if self._heap else None
        if isinstance(there, _NO_TYPE):
            return answer_text(there), False
        try:
            return "", self._types.is_direct(self._types.in_itab(word) if with_methods else word)
        except (LayoutError, ReadError) as error:
            return str(error), False

    def _signed(self, length: int) -> int:
        """A length as the int that it is."""
        sign = 1 << 8 * self._word - 1
        return (length ^ sign) - sign


def _where(pointers: Sequence[int], room: Sequence[int]) -> Sequence[int]:
    """Where strings and slices are: what has no room may point anywhere."""
    if 0 not in room:
        return pointers
    return [pointer if some else 0 for pointer, some in zip(pointers, room, strict=True)]
