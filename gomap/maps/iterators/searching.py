"""Every iterator over a map that is on a goroutine's stack, or an object by itself in the heap.

``for range`` keeps its iterator in the frame of the function that it is in; package reflect's MapIter is there too, or
an object of the heap. A stack's words are taken for what they may be: what holds the address of a map type's descriptor
and, beside it, that of a header of such a map, is an iterator if all else in it is what it has to be, too, and leads to
memory that is in use. Such words stay behind when a loop has ended; whether the function that they are in still uses
them, the compiler's notes for the collector tell (gomap.goruntime.stack_maps).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import NamedTuple, Union

from gomap.goruntime.answers import HeapObject, StackAddress
from gomap.goruntime.frames import Frame
from gomap.goruntime.goroutines import Goroutine
from gomap.goruntime.heap import Heap, heap_of
from gomap.goruntime.positions import Position, Positions, positions_of
from gomap.goruntime.rtype import runtime_types
from gomap.goruntime.span_damage import BookkeepingError
from gomap.goruntime.spans import SpanState
from gomap.goruntime.stack_maps import StackMaps
from gomap.maps.classic import ClassicMap
from gomap.maps.iterators.classic import ClassicIterator
from gomap.maps.iterators.model import MapIterator, Progress
from gomap.maps.iterators.swiss import SwissIterator
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.maps.recognition import can_hold, header_at
from gomap.maps.swiss import SwissMap
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.structs import Struct, named_type

__all__ = ["Found", "InFrame", "InHeap", "State", "iterators"]

_LAYOUTS = ("internal/runtime/maps.Iter", "runtime.hiter")
#: What package reflect's users have.
_MAP_ITER = "reflect.MapIter"
#: What a word below this is, is no address.
_LOWEST = 1 << 12
#: Frames of a stack past which none are followed.
_MOST_FRAMES = 1 << 16
#: Bytes of a stack that are looked through at a time.
_PIECE = 1 << 20


class State(Enum):
    """Whether an iteration goes on."""

    UNDER_WAY = "under way"
    MAYBE_FINISHED = "may be finished"
    LEFT = "left"
    FINISHED = "finished"


class InFrame(NamedTuple):
    """An iterator's place on a stack.

    Attributes:
        goroutine: whose stack it is.
        function: in whose frame it lies, as the runtime names it; empty where the stack cannot be followed so far.
    """

    goroutine: int
    function: str


class InHeap(NamedTuple):
    """An iterator's place in the heap.

    Attributes:
        object: the object that it lies in.
    """

    object: HeapObject


class Found(NamedTuple):
    """An iterator, and what is known about it besides.

    Attributes:
        iterator: decoded.
        place: where it lies.
        state: whether its iteration goes on, as far as that can be told.
    """

    iterator: MapIterator
    place: Union[InFrame, InHeap]
    state: State


def iterators(program: Program, progress: Callable[[str], None]) -> Iterator[Found]:
    """All iterators, stack by stack, then those in the heap. Raises LayoutError and ReadError.

    PROGRESS is told what is being looked through.
    """
    search = _Search(program)
    positions = positions_of(program)
    maps = StackMaps(program, positions.frames.functions)
    for one in sorted(positions.goroutines.all(), key=lambda one: one.id):
        if one.lo:
            progress(f"goroutine {one.id}")
            yield from _on_stack(search, positions, maps, one)
    progress("the heap")
    yield from _in_heap(search, program)


def _on_stack(search: _Search, positions: Positions, maps: StackMaps, one: Goroutine) -> Iterator[Found]:
    position = positions.of(one)
    if position is None and one.ended:
        return
    frames: Sequence[Frame] | None = None
    for iterator in search.between(position.sp if position else one.lo, one.hi):
        if frames is None:
            frames = _frames(positions, position)
        frame = _around(frames, iterator.address)
        if frame is not None and frame.base is not None and iterator.address + iterator.size > frame.base:
            continue  # what two functions have left there
        name = frame.function.name if frame else ""
        yield Found(iterator, InFrame(one.id, name), _state(iterator, frame, maps))


def _in_heap(search: _Search, program: Program) -> Iterator[Found]:
    type, allocator = program.type_named(_MAP_ITER), search.heap.allocator
    if type is None or allocator is None:
        return
    for object in _objects(search.heap, allocator.taken(type.size, True)):
        for iterator in search.between(object.data, object.data + object.size):
            state = State.FINISHED if iterator.progress is Progress.AT_END else State.MAYBE_FINISHED
            yield Found(iterator, InHeap(object), state)


def _objects(heap: Heap, elemsize: int) -> Iterator[HeapObject]:
    """The objects in use with pointers that take ELEMSIZE bytes each; without those of damaged spans."""
    for state in heap.spans.in_use():
        if not isinstance(state, SpanState) or state.span.noscan or state.span.elemsize != elemsize:
            continue
        span = state.span
        try:
            kept = heap.objects_in_use(state)
        except (ReadError, BookkeepingError):
            continue
        for index in range(span.nelems):
            if kept >> index & 1:
                yield HeapObject(span.start + index * span.elemsize + span.header, span, index)


def _frames(positions: Positions, position: Position | None) -> Sequence[Frame]:
    """The frames of a stack, as far as it can be followed."""
    found: list[Frame] = []
    if position is not None:
        try:
            on = positions.frames.on(position.sp, position.pc, position.lr, exact=position.exact, most=_MOST_FRAMES)
            found.extend(on)
        except ReadError:
            pass
    return found


def _around(frames: Sequence[Frame], address: int) -> Frame | None:
    """The frame that ADDRESS lies in."""
    return next((each for each in frames if each.base is not None and each.sp <= address < each.base), None)


def _state(iterator: MapIterator, frame: Frame | None, maps: StackMaps) -> State:
    if iterator.progress is Progress.AT_END:
        return State.FINISHED
    used = maps.used(frame, iterator.address + iterator.map_field) if frame is not None else None
    return State.MAYBE_FINISHED if used is None else State.UNDER_WAY if used else State.LEFT


class _Search:
    """Looks for iterators in memory.

    Raises LayoutError if the program's types are not as expected.
    """

    def __init__(self, program: Program) -> None:
        type = named_type(program, _LAYOUTS, ": gomap knows no other iterators")
        self._program = program
        self._layout = Struct(type, program, ("key", "elem"))
        self._order = "<" if program.byte_order == "little" else ">"
        word = program.pointer_size
        fields = [type.find("typ") or type.field("t"), type.find("m") or type.field("h")]
        self._type_word, self._map_word = (field.offset // word for field in fields)
        self._words = -(-type.size // word)
        self.heap: Heap = heap_of(program)
        self._map_types: dict[int, GoType | None] = {}
        self._maps: dict[tuple[int, int], GoMap | None] = {}

    def between(self, start: int, end: int) -> Iterator[MapIterator]:
        """The iterators from START to END."""
        word, memory = self._program.pointer_size, self._program.memory
        start = -(-start // word) * word
        while end - start >= self._words * word:
            length = memory.readable(start, min(_PIECE, end - start)) // word * word
            if length < self._words * word:
                return
            code = (
                "<" if self._program.byte_order == "little" else ">"
            ) + f"{length // word}{'Q' if word == 8 else 'I'}"
            yield from self._among(start, struct.unpack(code, memory.read(start, length)))
            # One may begin in this piece and end in the next.
            start += length if length < _PIECE else length - (self._words - 1) * word

    def _among(self, start: int, words: Sequence[int]) -> Iterator[MapIterator]:
        to_type, to_map, size = self._type_word, self._map_word, self._program.pointer_size
        for at in range(len(words) - self._words + 1):
            type_word = words[at + to_type]
            if type_word < _LOWEST or words[at + to_map] < _LOWEST:
                continue
            type = self._map_type(type_word)
            map = self._map(type, type_word, words[at + to_map]) if type is not None else None
            if map is not None:
                iterator = self._iterator(start + at * size, map)
                if iterator is not None:
                    yield iterator

    def _map_type(self, address: int) -> GoType | None:
        """The map type whose descriptor is at ADDRESS; None if there is none."""
        if address not in self._map_types:
            types = runtime_types(self._program)
            found = None
            try:
                if types.in_module(address) or isinstance(self.heap.at(address), HeapObject):
                    type = types.named_at(address)
                    found = type if type.kind is Kind.MAP else None
            except (LayoutError, ReadError):
                pass
            self._map_types[address] = found
        return self._map_types[address]

    def _map(self, type: GoType, type_word: int, address: int) -> GoMap | None:
        """The map of that type whose header is at ADDRESS; None if there can be none."""
        if (type_word, address) not in self._maps:
            found = None
            try:
                if can_hold(self.heap, address, type.header.size) and self._may_be(type, address):
                    found = open_map(self._program, type, address)
            except (LayoutError, ReadError):
                pass
            self._maps[type_word, address] = found
        return self._maps[type_word, address]

    def _may_be(self, type: GoType, address: int) -> bool:
        """Whether nothing tells that the header there is that of a map of another type; a damaged one tells nothing."""
        try:
            told = header_at(self._program, address)
        except (LayoutError, ReadError):
            return True
        return told is None or told.type is None or _alike(told.type, type)

    def _iterator(self, address: int, map: GoMap) -> MapIterator | None:
        try:
            found: Union[ClassicIterator, SwissIterator, None] = None
            if isinstance(map, ClassicMap):
                found = ClassicIterator(self._program, self._layout, address, map)
            elif isinstance(map, SwissMap):
                found = SwissIterator(self._program, self._layout, address, map)
            if found is None or not found.plausible:
                return None
            leads = [*found.leads, (found.fields["key"], map.key.size)] if found.fields["key"] else found.leads
            return found if all(self._in_use(at, size) for at, size in leads) else None
        except (LayoutError, ReadError):
            return None

    def _in_use(self, address: int, size: int) -> bool:
        """Whether there are so many bytes at ADDRESS in one object of the heap that is in use, or on a stack."""
        answer = self.heap.at(address)
        if isinstance(answer, HeapObject):
            return 0 <= answer.offset <= answer.size - size
        return isinstance(answer, StackAddress) and address + size <= answer.hi


def _alike(one: GoType, other: GoType) -> bool:
    """Whether maps of the two types have the same keys and elements."""
    return (one.key.name, one.elem.name) == (other.key.name, other.elem.name)
