"""Who points to an address, with the path to each: words of objects, package variables, stacks, finalizers, cleanups.

An address within an object of the heap means the object, whether it is in use or freed; one within a mapped file, all
of that mapping. All words that the collector takes for pointers are looked at, not only those that lead to objects in
use, so that who still points to a freed object is found as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from gomap.census.pointers import words_in
from gomap.census.roots import queue_roots, special_roots
from gomap.census.survey import Survey
from gomap.goruntime.answers import (
    Answer,
    Foreign,
    FreeObject,
    HeapObject,
    ModuleData,
    NotInCore,
    UnmarkedObject,
    UnreadableFile,
)
from gomap.goruntime.heap import heap_of
from gomap.goruntime.tracebacks import Traceback, tracebacks
from gomap.maps.holders import Holding, MapMemory, MemoryPart, holdings
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.maps.placed import Placed, placed
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["MapSlot", "Referrer", "Sought", "referrers", "sought"]

#: Pointers of one kind beyond which the rest is only counted.
_MOST = 10_000
#: Entries of a map that are looked at for the one that holds a pointer.
_MOST_ENTRIES = 1 << 20


@dataclass(frozen=True)
class Sought:
    """What is asked about.

    Attributes:
        address: as given.
        answer: what it is.
        start, end: from where to where pointers to it lead.
        path: of the object; empty where none is known.
        type_name: of the object, where something tells; empty otherwise.
        reached: whether the collector gets to it; None where it is no object in use.
    """

    address: int
    answer: Answer
    start: int
    end: int
    path: str
    type_name: str
    reached: bool | None


@dataclass(frozen=True)
class MapSlot:
    """The slot of a map that a pointer stands in.

    Attributes:
        map: the map.
        place: where its entry is; None if no live entry is there.
        in_key: it is in the key, not in the element.
    """

    map: GoMap
    place: Placed | None
    in_key: bool


@dataclass(frozen=True)
class Referrer:
    """A pointer to what is sought.

    Attributes:
        address: where it stands; 0: in a register.
        value: where it leads.
        steps: how many pointers lead to it from a root.
        path: with the step by this pointer; empty if it is in an object that cannot be reached itself.
        kind: ``object``, ``variable``, ``stack`` or ``finalizer``, which a cleanup is as well.
        holder: the object that it is in; 0 if it is in none.
        slot: the slot of a map that it is in.
        trace, holding: of one on a stack, whose and in which frame.
    """

    address: int
    value: int
    steps: int
    path: str
    kind: str
    holder: int = 0
    slot: MapSlot | None = None
    trace: Traceback | None = None
    holding: Holding | None = None


def sought(program: Program, survey: Survey, address: int) -> Sought:
    """What pointers to ADDRESS lead to."""
    answer = heap_of(program).at(address)
    start, end, path, type_name, reached = address, address + 1, "", "", None
    if isinstance(answer, (HeapObject, FreeObject, UnmarkedObject)):
        start, end = answer.start, answer.start + answer.span.elemsize
        number = survey.objects.find(address)
        if number >= 0:
            reached = survey.paths.reached(number)
            plan = survey.paths.plans[number]
            type_name = plan.name if reached and plan is not None else ""
            path = survey.paths.of(number) if reached else ""
    elif isinstance(answer, ModuleData) and answer.symbol is not None:
        known = program.variable(answer.symbol.name)
        start = answer.symbol.address
        end = start + known[1].size if known is not None and known[0] == start else address + 1
    elif isinstance(answer, (Foreign, NotInCore, UnreadableFile)) and answer.file is not None:
        start, end = answer.file.start, answer.file.end
    return Sought(address, answer, start, max(end, address + 1), path, type_name, reached)


def referrers(
    program: Program, survey: Survey, what: Sought, progress: Callable[[str], None]
) -> tuple[list[Referrer], bool]:
    """The pointers to WHAT, those nearest to a root first; and whether there are all of them. Raises LayoutError."""
    found: list[Referrer] = []
    complete = not survey.interrupted
    try:
        for search in (_variables, _finalizers, _stacks, _objects):
            for number, each in enumerate(search(program, survey, what, progress)):
                if number == _MOST:
                    complete = False
                    break
                found.append(each)
    except KeyboardInterrupt:
        complete = False
    found.sort(key=lambda each: (not each.path, each.steps))
    return found, complete


def _variables(program: Program, survey: Survey, what: Sought, _progress: Callable[[str], None]) -> Iterator[Referrer]:
    for address, value in zip(survey.data.addresses, survey.data.values, strict=True):
        if what.start <= value < what.end:
            path = survey.paths.in_data(address)
            if path is None:
                symbol = program.symbol_at(address)
                path = f"{symbol.name}+{address - symbol.address:#x}" if symbol else f"{address:#x}"
            yield Referrer(address, value, 0, path, "variable")


def _finalizers(program: Program, survey: Survey, what: Sought, _progress: Callable[[str], None]) -> Iterator[Referrer]:
    with suppress(LayoutError):
        for root, number, _ in special_roots(program, heap_of(program), survey.objects):
            if what.start <= root.value < what.end:
                path = f"{root.label} of {survey.objects.data(number):#x}"
                yield Referrer(root.address, root.value, 0, path, "finalizer", survey.objects.data(number))
    with suppress(LayoutError, ReadError):
        for root in queue_roots(program, survey.objects):
            if what.start <= root.value < what.end:
                yield Referrer(root.address, root.value, 0, root.label, "finalizer")


def _stacks(program: Program, _survey: Survey, what: Sought, progress: Callable[[str], None]) -> Iterator[Referrer]:
    memory = MapMemory([MemoryPart(what.start, what.end)])
    with suppress(LayoutError, ReadError):
        for number, trace in enumerate(tracebacks(program)):
            if not number % 256:
                progress(f"stacks of {number} goroutines looked through")
            for each in holdings(program, trace, memory):
                function = f" {each.call.call.name}" if each.call is not None else ""
                path = f"goroutine {trace.goroutine.id}{function}"
                yield Referrer(each.address, each.value, 0, path, "stack", trace=trace, holding=each)


def _objects(program: Program, survey: Survey, what: Sought, progress: Callable[[str], None]) -> Iterator[Referrer]:
    objects, paths, word = survey.objects, survey.paths, program.pointer_size
    start, end = what.start, what.end
    for count, (state, first) in enumerate(objects.spans):
        if not count & 63:
            progress(f"pointers of {first} of {len(objects)} objects looked at")
        span = state.span
        if span.noscan:
            continue
        try:
            buffer = program.memory.read(span.start, span.size)
            hits = [(at, value) for at, value in enumerate(words_in(buffer, program)) if start <= value < end]
            pointers = survey.maps.of(state, buffer) if hits else b""
        except ReadError:
            continue  # the survey has said so
        for at, value in hits:
            index, inside = divmod(at * word, span.elemsize)
            number, place = first + index, inside - span.header
            if index >= span.nelems or not objects.used[number] or not pointers[at]:
                continue
            address, holder = span.start + at * word, objects.data(number)
            if paths.reached(number):
                slot = _slot(program, survey, number, place)
                yield Referrer(
                    address, value, paths.steps_to(number), paths.through(number, place), "object", holder, slot
                )
            else:
                yield Referrer(address, value, 0, "", "object", holder)


def _slot(program: Program, survey: Survey, number: int, place: int) -> MapSlot | None:
    """The slot of a map that the pointer at PLACE in that object is in."""
    plan = survey.paths.plans[number]
    found = plan.slot(place) if plan is not None else None
    header = survey.paths.header_over(number) if found is not None else None
    if found is None or header is None:
        return None
    base, slot, in_key = found
    bucket = survey.objects.data(number) + base
    try:
        map = open_map(program, header[1], survey.objects.data(header[0]))
        for count, part in enumerate(placed(map)):
            if isinstance(part, Placed) and part.bucket.address == bucket and part.slot == slot:
                return MapSlot(map, part, in_key)
            if count == _MOST_ENTRIES:
                break
        return MapSlot(map, None, in_key)
    except (LayoutError, ReadError):
        return None
