"""One survey of a process: its objects, their pointers, a path for each. The census and gomap-refs both look into it.

It is made once for as long as the program stands still. One that was interrupted is good for the command that made it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import TypeVar

from gomap.census.following import Data, Following
from gomap.census.headers import Headers
from gomap.census.map_plans import map_plan
from gomap.census.objects import Objects
from gomap.census.paths import Paths
from gomap.census.plans import Plan
from gomap.census.pointers import Pointers, words_in
from gomap.census.roots import Root, data_roots, queue_roots, special_roots, stack_roots
from gomap.census.stack_variables import stack_variables
from gomap.census.type_plans import Plans
from gomap.goruntime.answers import HeapObject
from gomap.goruntime.heap import Heap, heap_of
from gomap.goruntime.pointermaps import DataSection, PointerMaps, data_sections
from gomap.maps.opening import open_map
from gomap.maps.trials.trial import Trial
from gomap.program.collector import without_collector
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program, until_it_moves

__all__ = ["Survey", "survey"]

_R = TypeVar("_R")


class Survey:
    """What is known of a process's objects.

    Attributes:
        objects: all of them.
        maps: which words of the heap are pointers.
        pointers: what points to what.
        data: the pointers in the program's data.
        paths: how each is reached.
        headers: which objects are headers of maps that no type leads to.
        untyped_maps: those of them that do not say their types either, and what trying types told.
        roots: objects to which something else leads than an object: data, a stack, a finalizer.
        interrupted: it was, so that some objects have no path yet, and some roots are missing.
        damage: what had to be left out, and why.
    """

    def __init__(self, program: Program, progress: Callable[[str], None]) -> None:
        """Raises LayoutError where the program's runtime is not laid out as expected."""
        self._program = program
        self._heap: Heap = heap_of(program)
        self.damage: list[str] = []
        self.untyped_maps: dict[int, Trial | None] = {}
        self.roots: set[int] = set()
        self.interrupted = False
        self.plans = Plans(program, map_plan)
        sections = list(data_sections(program))
        word = program.pointer_size
        extents = [(section.start, section.start + len(section.pointers) * word) for section in sections]
        self.data = self._read_data(program, sections)
        self.objects = Objects(self._heap, progress)
        self.maps = PointerMaps(program, self._heap.spans)
        self.pointers = Pointers(program, self.objects, self.maps, extents, progress)
        self.damage += self.objects.damage + self.pointers.damage
        self.paths = Paths(self.objects)
        self.headers = Headers(program, self._heap, self.objects, self.pointers, self.paths.reached)
        stacks, variables = self._stacks(program)
        data = _merged(self.data, stacks)
        following = Following(
            *(program, self.objects, self.pointers, data, self.paths),
            *(self._recognise, self._may_be_map, progress),
        )
        try:
            progress("package variables")
            following.by_types(self._variables(extents))
            progress("variables of goroutines")
            following.by_types(variables, doubtful=True)
            following.by_collector(self._roots())
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

    def _may_be_map(self, number: int, type: GoType) -> bool:
        if not self.headers.may_be(number, without_pointers=True):
            return False
        try:
            found = self.headers.at(number)
            if found is None:  # no map, or one without entries, of which nothing tells
                return not open_map(self._program, type, self.objects.data(number)).count
            known = found.type
            return known is None or (known.key.name, known.elem.name) == (type.key.name, type.elem.name)
        except (LayoutError, ReadError):
            return False

    def _roots(self) -> Iterator[Root]:
        for address, value in zip(self.data.addresses, self.data.values, strict=True):
            number = self.objects.find(value)
            if number >= 0:
                self.roots.add(number)
            if number >= 0 and not self.paths.reached(number):
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
            found = self.headers.at(number) if self.headers.may_be(number) else None
            if found is None:
                return None
            type = found.type
            if type is None:
                trial = self.untyped_maps[number] = self.headers.trial(number)
                type = None if trial is None else trial.type
            return self.plans.of_map(type) if type is not None else None
        except (LayoutError, ReadError):
            return None


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
