"""The map types that a program has, and which of them buckets or groups can be of by what the allocator says of them:
their size, their type word where it keeps one, and which of their words the collector follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gomap.goruntime.answers import HeapObject, Span
from gomap.goruntime.heap import Heap, heap_of
from gomap.goruntime.instances import is_shaped
from gomap.goruntime.map_descriptors import map_descriptors
from gomap.goruntime.pointermaps import PointerMaps
from gomap.goruntime.rtype import runtime_types
from gomap.goruntime.scanning import pointer_places
from gomap.goruntime.span_damage import BookkeepingError
from gomap.goruntime.wording import damage_text
from gomap.hashing import KeyHasher, hash_state, hasher_for, reflect_hasher_for
from gomap.hashing.parts import HashedPart
from gomap.maps.classic import ClassicMap
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.maps.rebuilding import made_buckets
from gomap.maps.swiss import SwissMap
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program, while_files_stay

__all__ = ["Candidate", "Candidates", "Hashing", "Reading"]

#: Words of an object's pointer map that are compared.
_MOST_WORDS = 512
#: Spans whose pointer maps are remembered.
_MOST_SPANS = 1 << 10


class Reading(NamedTuple):
    """Where keys lie in a bucket or group; types that agree in it read the same keys."""

    size: int
    marks: int
    keys: int
    key_stride: int
    key_size: int
    indirect_key: bool
    overflow: int


class Hashing(NamedTuple):
    """Where keys lie, and how they are hashed: types that agree in it have the same hashes."""

    reading: Reading
    parts: Sequence[HashedPart]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A map type of the program.

    Attributes:
        address: of its descriptor.
        type: as that has it.
        hashing: how its keys are read and hashed.
        hasher: what hashes them.
        pointers: a byte for each word of a bucket or group: 1 for a pointer.
    """

    address: int
    type: GoType
    hashing: Hashing
    hasher: KeyHasher
    pointers: bytes


class _Array(NamedTuple):
    """What is known of an array of buckets or groups.

    Attributes:
        elemsize, noscan: of its object.
        wanted: how many buckets or groups the map uses.
        made: how many were asked for.
        descriptor: of its items; 0: the allocator does not keep it.
        pointers: which of the first words are pointers, where there is no descriptor.
    """

    elemsize: int
    noscan: bool
    wanted: int
    made: int
    descriptor: int
    pointers: bytes


class _Outline(NamedTuple):
    """What a map type's descriptor says at first sight.

    Attributes:
        address: where it is.
        bucket: the descriptor of the bucket or group.
        size: bytes of that.
        pointers: it has some.
    """

    address: int
    bucket: int
    size: int
    pointers: bool


class Candidates:
    """The map types of one program. Raises LayoutError and ReadError where they, or hashes, are not to be had.

    Attributes:
        missing: why there may be others; empty if there are none.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._heap: Heap = heap_of(program)
        self._pointer_maps = PointerMaps(program, self._heap.spans)
        self._state = hash_state(program)
        self._masks: dict[int, bytes] = {}
        self._candidates: dict[int, Candidate | None] = {}
        self._fitting: dict[_Array, list[Candidate]] = {}
        found = map_descriptors(program)
        self.missing = found.missing
        self._outlines = list(filter(None, map(self._first_sight, found.addresses)))
        if not self._outlines:
            raise LayoutError(self.missing or "the program has no map types")
        self._some_type = runtime_types(program).at(self._outlines[0].address)

    def header(self, address: int) -> GoMap:
        """The map whose header is at ADDRESS, as if it were of the first type: all headers are laid out alike.

        Raises LayoutError and ReadError.
        """
        return open_map(self._program, self._some_type, address)

    def of(self, address: int) -> Sequence[Candidate]:
        """The types that the map whose header is at ADDRESS can be of. Raises LayoutError and ReadError."""
        array = self._array(self.header(address))
        if array is None:
            return ()
        if array not in self._fitting:
            made = (self._candidate(each) for each in self._outlines if self._may_fit(each, array))
            self._fitting[array] = [each for each in made if each and _follows(each.pointers, array)]
        return self._fitting[array]

    def _first_sight(self, address: int) -> _Outline | None:
        try:
            return _outline_of(self._program, address)
        except (LayoutError, ReadError) as error:
            self._note_not_understood(address, error)
            return None

    def _note_not_understood(self, address: int, error: Exception) -> None:
        self.missing = self.missing or f"the map type at {address:#x} cannot be understood: {error}"

    def _candidate(self, outline: _Outline) -> Candidate | None:
        address = outline.address
        if address not in self._candidates:
            try:
                # Generic code's map types have descriptors, and no map is of one.
                shaped = is_shaped(runtime_types(self._program).at(address))
                self._candidates[address] = None if shaped else self._read(address)
            except (LayoutError, ReadError) as error:
                self._note_not_understood(address, error)
                self._candidates[address] = None
        return self._candidates[address]

    def _read(self, address: int) -> Candidate:
        program, types = self._program, runtime_types(self._program)
        type = types.at(address)
        nil = open_map(program, type, 0)
        places = nil.places
        overflow = nil.layout.overflow if isinstance(nil, ClassicMap) else 0
        makes = hasher_for if types.in_module(address) else reflect_hasher_for
        hasher = makes(self._state, program, types, places.key)
        reading = Reading(
            *(places.size, places.marks, places.keys, places.key_stride),
            *(places.key.size, places.indirect_key, overflow),
        )
        pointers = bytearray(places.size // program.pointer_size)
        if places.pointers:
            for place in pointer_places(type.bucket):
                pointers[place // program.pointer_size] = 1
        return Candidate(address, type, Hashing(reading, tuple(hasher.parts)), hasher, bytes(pointers))

    def _array(self, map: GoMap) -> _Array | None:
        """The map's buckets, or the groups of its first table; None if it has none or they are on a stack."""
        if isinstance(map, ClassicMap):
            base, wanted, made = map.header["buckets"], map.buckets, made_buckets(map.header["B"])
        elif not isinstance(map, SwissMap) or not (map.small or map.tables):
            return None
        elif map.small:
            base, wanted, made = map.header["dirPtr"], 1, 1
        else:
            base = map.tables[0].groups
            wanted = made = map.groups_of(map.tables[0])
        object = self._heap.at(base) if base else None
        if not isinstance(object, HeapObject) or object.offset or not wanted:
            return None
        word = self._heap.type_word(object)
        pointers = b"" if word or object.span.noscan else self._pointers(object)
        return _Array(object.span.elemsize, object.span.noscan, wanted, made, word, pointers)

    def _may_fit(self, outline: _Outline, array: _Array) -> bool:
        """Whether ARRAY can consist of such buckets or groups, but for which of their words are pointers."""
        if array.descriptor:
            return array.descriptor == outline.bucket
        allocator, size = self._heap.allocator, outline.size
        taken = allocator.taken(array.made * size, outline.pointers) if allocator else array.elemsize
        return outline.pointers != array.noscan and taken == array.elemsize and array.wanted * size <= array.elemsize

    def _pointers(self, object: HeapObject) -> bytes:
        """Which of the object's first words are pointers. Raises LayoutError and ReadError."""
        word = self._program.pointer_size
        first = (object.data - object.span.start) // word
        mask = self._mask(object.span)
        return mask[first : first + min(_MOST_WORDS, object.size // word)]

    def _mask(self, span: Span) -> bytes:
        if span.start not in self._masks:
            spans = self._heap.spans
            try:
                state = spans.span_of(span.start, spans.arena_of(span.start))
            except BookkeepingError as error:
                raise LayoutError(damage_text(error.damage)) from None
            if state is None:
                raise LayoutError(f"no span is at {span.start:#x}")
            if len(self._masks) == _MOST_SPANS:
                self._masks.clear()
            buffer = b"" if spans.arena_bitmap() else self._program.memory.read(span.start, span.size)
            self._masks[span.start] = self._pointer_maps.of(state, buffer)
        return self._masks[span.start]


@while_files_stay
def _outline_of(program: Program, address: int) -> _Outline:
    """What the descriptor of a map type at ADDRESS says at first sight. Raises LayoutError and ReadError."""
    descriptors = runtime_types(program).descriptors
    struct, own = descriptors.own(descriptors.common(address))
    bucket = struct.number(own, "group", "bucket")
    common = descriptors.common(bucket)
    return _Outline(address, bucket, common.size, common.pointers)


def _follows(pointers: bytes, array: _Array) -> bool:
    """Whether the collector follows in ARRAY just those words that POINTERS says of each bucket or group."""
    words = min(array.wanted * len(pointers), len(array.pointers))
    return (pointers * -(-words // len(pointers)))[:words] == array.pointers[:words]
