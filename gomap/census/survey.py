"""One survey of a process: its objects, their pointers, a path for each. The census and gomap-refs both look into it.

It is made once for as long as the program stands still. One that was interrupted is good for the command that made it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import TypeVar

from gomap.census.map_plans import map_plan
from gomap.census.naming import Data, Naming
from gomap.census.objects import Objects
from gomap.census.plans import Plan, Plans
from gomap.census.pointers import Pointers, words_in
from gomap.census.roots import Root, data_roots, queue_roots, special_roots, stack_roots
from gomap.census.stack_variables import stack_variables
from gomap.goruntime.answers import HeapObject
from gomap.goruntime.heap import Heap, heap_of
from gomap.goruntime.pointermaps import DataSection, PointerMaps, data_sections
from gomap.maps.opening import open_map
from gomap.maps.recognition import header_at
from gomap.program.collector import without_collector
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program, until_it_moves

__all__ = ["Survey", "survey"]

_R = TypeVar("_R")
_HEADERS = ("runtime.hmap", "internal/runtime/maps.Map")
#: Pointers in a map's header.
_POINTERS = ("dirPtr", "buckets", "oldbuckets", "extra")


class Survey:
    """What is known of a process's objects.

    Attributes:
        objects: all of them.
        maps: which words of the heap are pointers.
        pointers: what points to what.
        data: the pointers in the program's data.
        naming: the paths.
        untyped_maps: objects that are headers of maps of a type that nothing tells.
        roots: objects to which something else leads than an object: data, a stack, a finalizer.
        interrupted: it was, so that some objects have no path yet, and some roots are missing.
        damage: what had to be left out, and why.
    """

    def __init__(self, program: Program, progress: Callable[[str], None]) -> None:
        """Raises LayoutError where the program's runtime is not laid out as expected."""
        self._program = program
        self._heap: Heap = heap_of(program)
        self.damage: list[str] = []
        self.untyped_maps: set[int] = set()
        self.roots: set[int] = set()
        self.interrupted = False
        self.plans = Plans(program, map_plan)
        self._header = _Header(program, self._heap)
        sections = list(data_sections(program))
        word = program.pointer_size
        extents = [(section.start, section.start + len(section.pointers) * word) for section in sections]
        self.data = self._read_data(program, sections)
        self.objects = Objects(self._heap, progress)
        self.maps = PointerMaps(program, self._heap.spans)
        self.pointers = Pointers(program, self.objects, self.maps, extents, progress)
        self.damage += self.objects.damage + self.pointers.damage
        stacks, variables = self._stacks(program)
        data = _merged(self.data, stacks)
        self.naming = Naming(program, self.objects, self.pointers, data, self._recognise, self._may_be_map, progress)
        try:
            progress("package variables")
            self.naming.by_types(self._variables(extents))
            progress("variables of goroutines")
            self.naming.by_types(variables, doubtful=True)
            self.naming.by_collector(self._roots())
        except KeyboardInterrupt:
            self.interrupted = True

    def _read_data(self, program: Program, sections: Sequence[DataSection]) -> Data:
        found: list[tuple[int, int]] = []
        for section in sections:
            try:
                found += data_roots(program, section)
            except ReadError as error:
                self.damage.append(f"pointers in {section.name} at {section.start:#x} are left out: {error}")
        found.sort()
        return Data(
            array("Q", [address for address, _ in found]),
            array("Q", [value for _, value in found]),
        )

    def _variables(self, extents: list[tuple[int, int]]) -> list[tuple[str, int, int, Plan]]:
        """The package variables with pointers: those of package main first, the runtime's own last."""
        found = []
        for name, address, type in self._program.variables():
            if any(start <= address < end for start, end in extents):
                try:
                    found.append((name, address, type.size, self.plans.of(type)))
                except (LayoutError, ReadError):
                    continue
        found.sort(key=lambda variable: _distance(variable[0]))
        return found

    def _stacks(self, program: Program) -> tuple[Data, list[tuple[str, int, int, Plan]]]:
        """The words on goroutines' stacks that lead to objects or to a stack, and the variables that stand there."""
        variables: list[tuple[str, int, int, Plan]] = []
        stacks: dict[tuple[int, int], int] = {}
        try:
            for found in stack_variables(program):
                bounds = found.goroutine.lo, found.goroutine.hi
                if not found.goroutine.bounded or not bounds[0] <= found.address < bounds[1]:
                    continue
                stacks[bounds] = min(stacks.get(bounds, bounds[1]), found.address)
                try:
                    plan = self.plans.of(found.variable.type)
                except (LayoutError, ReadError):
                    continue
                variables.append((found.label, found.address, found.variable.type.size, plan))
        except (LayoutError, ReadError) as error:
            self.damage.append(f"variables of goroutines are not followed: {error}")
        words: list[tuple[int, int]] = []
        for (_, end), start in sorted(stacks.items()):
            start &= -program.pointer_size
            with suppress(ReadError):
                read = words_in(program.memory.read(start, end - start), program)
                words += ((start + at * program.pointer_size, value) for at, value in enumerate(read) if value)
        return Data([address for address, _ in words], [value for _, value in words]), variables

    def may_be_header(self, number: int) -> bool:
        """Whether an object may be the header of a map with entries, by its size and where its pointers are."""
        span = self.objects.span(number)
        return self._header.fits(span.elemsize, span.noscan, self.pointers, number)

    def _may_be_map(self, number: int, type: GoType) -> bool:
        span, _ = self.objects.span_of(number)
        address = self.objects.data(number)
        if not self._header.fits(span.span.elemsize, span.span.noscan, self.pointers, number, or_none=True):
            return False
        try:
            found = header_at(self._program, address)
            if found is None:  # no map, or one without entries, of which nothing tells
                return not open_map(self._program, type, address).count
            known = found.type
            return known is None or (known.key.name, known.elem.name) == (type.key.name, type.elem.name)
        except (LayoutError, ReadError):
            return False

    def _roots(self) -> Iterator[Root]:
        for address, value in zip(self.data.addresses, self.data.values, strict=True):
            number = self.objects.find(value)
            if number >= 0:
                self.roots.add(number)
            if number >= 0 and not self.naming.reached(number):
                symbol = self._program.symbol_at(address)
                offset = address - symbol.address if symbol else 0
                label = (
                    f"{symbol.name}+{offset:#x}" if symbol and offset else symbol.name if symbol else f"{address:#x}"
                )
                yield Root(label, address, value)
        program, objects = self._program, self.objects
        specials = list(self._readable("finalizers", special_roots(program, self._heap, objects)))
        for root in chain(
            self._readable("stacks", stack_roots(program, objects)),
            self._readable("finalizers and cleanups that wait to be run", queue_roots(program, objects)),
            (special.root for special in specials),
        ):
            self.roots.add(objects.find(root.value))
            yield root
        for special in specials:
            if special.finalizer:
                object = objects.data(special.number)
                yield Root(f"object {object:#x} with a finalizer", special.root.address, object)

    def _readable(self, what: str, roots: Iterator[_R]) -> Iterator[_R]:
        """ROOTS, as far as they can be read."""
        try:
            yield from roots
        except (LayoutError, ReadError) as error:
            self.damage.append(f"{what} are not followed: {error}")

    def _recognise(self, number: int) -> Plan | None:
        span, first = self.objects.span_of(number)
        address = self.objects.data(number)
        try:
            word = self._heap.type_word(HeapObject(address, span.span, number - first))
            if word:
                return self.plans.by_descriptor(word, span.span.elemsize - span.span.header)
            if not self.may_be_header(number):
                return None
            found = header_at(self._program, address)
            if found is None:
                return None
            if found.type is None:
                self.untyped_maps.add(number)
                return None
            return self.plans.of_map(found.type)
        except (LayoutError, ReadError):
            return None


class _Header:
    """What a map's header looks like from outside: which class of objects, and where pointers are in it."""

    def __init__(self, program: Program, heap: Heap) -> None:
        struct = next(filter(None, map(program.type_named, _HEADERS)), None)
        fields = [] if struct is None else [struct.find(name) for name in _POINTERS]
        self._places = {field.offset for field in fields if field}
        self._size = 0
        if struct is not None and heap.allocator is not None:
            self._size = heap.allocator.taken(struct.size, True)

    def fits(self, size: int, noscan: bool, pointers: Pointers, number: int, or_none: bool = False) -> bool:
        """Whether an object of so many bytes may be one, by where its pointers are; OR_NONE: or if it has none."""
        if noscan or size != self._size:
            return False
        mine = pointers.of(number)
        return (or_none or bool(mine)) and all(pointers.places[each] in self._places for each in mine)


def survey(program: Program, progress: Callable[[str], None]) -> Survey:
    """The survey of a program that stands still. Raises LayoutError and ReadError."""
    known = _surveys(program)
    if not known:
        with without_collector():
            made = Survey(program, progress)
        if made.interrupted:
            return made
        known.append(made)
    return known[0]


@until_it_moves
def _surveys(program: Program) -> list[Survey]:
    """The survey, once it is made."""
    return []


def _merged(one: Data, other: Data) -> Data:
    """Both, in order of where they stand."""
    both = sorted(zip([*one.addresses, *other.addresses], [*one.values, *other.values], strict=True))
    return Data(array("Q", [address for address, _ in both]), array("Q", [value for _, value in both]))


def _distance(name: str) -> int:
    """How far a variable is from what its program is about."""
    package = name.rpartition("/")[2].partition(".")[0]
    if name.startswith("main."):
        return 0
    own = package in ("runtime",) or name.startswith(("internal/", "runtime/"))
    return 2 if own else 1
