"""A path for each object that can be reached: the shortest by types; where none lead, by whatever pointer does.

First everything is followed whose type is known, breadth first, from the package variables on, and then from the
variables on goroutines' stacks. What is then left over is followed by the collector's maps alone: from what was found
so far, from data that no variable's type covers, from stacks, from finalizers. Wherever something tells the type of an
object on the way (its type word, or that it is a map's header), types are followed from there again.

A pointer may lead to a part of an object, or to part of an array. Such a *view* is followed for itself, and a later
pointer to the whole still counts.
"""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from gomap.census.objects import Objects
from gomap.census.origins import Origins
from gomap.census.plans import UNTYPED, Plan, Step
from gomap.census.pointers import Pointers
from gomap.census.roots import Root
from gomap.program.gotypes import GoType, Kind
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.target import pointer_at

__all__ = ["Data", "MayBeMap", "Naming", "Recognise"]

#: What nobody has reached, and of what only part has been seen.
_UNSEEN, _PART, _WHOLE = 0, 1, 2
#: 1 in place of _UNSEEN, 0 in that of the others.
_NOT_REACHED = bytes([1]) + bytes(255)
#: Objects that are followed between two words about progress.
_PAUSE = 1 << 14
#: Steps of a path that are shown: the first and the last ones.
_MOST_STEPS = 40

#: The plan of an object of which no pointer said the type, from its number; None where nothing tells.
Recognise = Callable[[int], Plan | None]
#: Whether an object can be the header of a map of that type.
MayBeMap = Callable[[int, GoType], bool]


class Data(NamedTuple):
    """The pointers in the program's data, in order of where they stand."""

    addresses: Sequence[int]
    values: Sequence[int]


class _View(NamedTuple):
    """A piece of memory that is looked at by a plan.

    Attributes:
        text: what it is called, if it is a root.
        parent, place: the object or view from which it was reached, and where in that; -1 for a root.
        node: the object that it is part of; -1 in the program's data.
        start, end: where it is: in its object's data, or by address.
        plan: of what is there.
        origin: its number in Origins.
        doubtful: it may hold something else: see Naming.by_types.
    """

    text: str
    parent: int
    place: int
    node: int
    start: int
    end: int
    plan: Plan
    origin: int
    doubtful: bool = False


class Naming:
    """The paths of one program's objects.

    Objects are named by their numbers, views by those below -1.

    Attributes:
        parents: of each object that or the view that led to it; -1: not reached.
        plans: of each object that is reached, what is known of it.
        origins: all origins; ``origin`` has each object's.
        order: the objects in the order in which they were reached.
    """

    def __init__(
        self,
        program: Program,
        objects: Objects,
        pointers: Pointers,
        data: Data,
        recognise: Recognise,
        may_be_map: MayBeMap,
        progress: Callable[[str], None],
    ) -> None:
        self._program = program
        self._objects = objects
        self._pointers = pointers
        self._data = data
        self._recognise = recognise
        self._may_be_map = may_be_map
        self._progress = progress
        count = len(objects)
        self._seen = bytearray(count)
        self.parents = array("q", [-1]) * count
        self._places = array("q", bytes(8 * count))
        self.plans: list[Plan | None] = [None] * count
        self.origin = array("I", bytes(4 * count))
        self.origins = Origins()
        self.order = array("I")
        self._views: list[_View] = []
        self._known_views: set[tuple[int, int, int]] = set()
        #: How objects are called whose type something other than a pointer's told.
        self._told: dict[int, str] = {}

    def by_types(self, variables: Iterable[tuple[str, int, int, Plan]], doubtful: bool = False) -> None:
        """Follow the types of variables: names, addresses, sizes and plans.

        DOUBTFUL: they may have no value yet, so that what they lead to may be of another type. It is followed where its
        pointers are where that type has some.
        """
        queue = [self._root(name, address, address + size, plan, doubtful) for name, address, size, plan in variables]
        self._follow(queue)

    def by_collector(self, roots: Iterable[Root]) -> None:
        """Follow all pointers of what was reached, and then those of ROOTS and all that they lead to."""
        self._go_on(0)
        for root in roots:
            target = self._objects.find(root.value)
            if target < 0 or self._seen[target]:
                continue
            done = len(self.order)
            view = self._root(root.label, root.address, root.address, UNTYPED)
            self._arrive_untyped(view, 0, target, self.origins.root(root.label, UNTYPED))
            self._go_on(done)

    def reached(self, number: int) -> bool:
        return self._seen[number] != _UNSEEN

    def not_reached(self) -> bytes:
        """A byte for each object: 1 if it was not reached, be it in use or free."""
        return bytes(self._seen).translate(_NOT_REACHED)

    def path(self, number: int) -> str:
        """The path of an object that was reached, with its indexes."""
        return self._path(number, self.parents[number], self._places[number])

    def part(self, number: int, place: int, type: GoType) -> str:
        """The path of the value of that TYPE at PLACE in an object that was reached; empty if it is not known.

        A map is the whole object that its header is.
        """
        plan = self.plans[number]
        if type.kind is Kind.MAP:
            return "" if place else self.path(number)
        label = plan.part(place, type) if plan is not None else None
        return "" if label is None else self.path(number) + label

    def _path(self, child: int, at: int, place: int) -> str:
        """The path to CHILD (-1: to whatever is there) by the pointer at PLACE in the object or view AT."""
        steps: list[tuple[Plan, int, int, str]] = []
        while True:
            told = self._told.get(child, "")
            if at >= 0:
                steps.append((self.plans[at] or UNTYPED, place, self._objects.data(at) + place, told))
                child, at, place = at, self.parents[at], self._places[at]
                continue
            view = self._views[-2 - at]
            if view.text and view.plan is UNTYPED:  # the pointer itself
                text = view.text + told
                break
            base = self._objects.data(view.node) if view.node >= 0 else 0
            steps.append((view.plan, place - view.start, base + place, told))
            if view.text:
                text = view.text
                break
            child, at, place = view.node, view.parent, view.place
        steps.reverse()
        left_out = len(steps) - _MOST_STEPS
        for index, (plan, within, address, told) in enumerate(steps):
            if left_out > 0 and _MOST_STEPS // 2 <= index < _MOST_STEPS // 2 + left_out:
                if index == _MOST_STEPS // 2:
                    text += f"...({left_out} steps)..."
                continue
            step = self._asked(plan.step(within), address)
            text = plan.exact(within, address, step).after(text) if step else f"{text}->+{within:#x}"
            text += told
        return text

    def through(self, number: int, place: int) -> str:
        """The path that goes on from an object that was reached by the pointer at PLACE."""
        return self._path(-1, number, place)

    def in_data(self, address: int) -> str | None:
        """The path by the pointer at ADDRESS in the program's data; None if no type says what is there."""
        for number, view in enumerate(self._views):
            if view.node < 0 and view.plan is not UNTYPED and view.start <= address < view.end:
                return self._path(-1, -2 - number, address)
        return None

    def steps_to(self, number: int) -> int:
        """How many pointers lead from a root to an object that was reached."""
        steps, at = 0, number
        while True:
            at = self.parents[at]
            while at < 0:
                view = self._views[-2 - at]
                if view.text:
                    return steps + 1
                at = view.parent
                steps += view.node < 0
            steps += 1

    def header_over(self, number: int) -> tuple[int, GoType] | None:
        """The map that an object is part of: the number of its header, and its type."""
        at = number
        while True:
            plan = self.plans[at] if at >= 0 else self._views[-2 - at].plan
            if plan is not None and plan.map_type is not None and at >= 0:
                return at, plan.map_type
            if plan is None or not plan.inside:
                return None
            at = self.parents[at] if at >= 0 else self._views[-2 - at].parent

    def _root(self, text: str, start: int, end: int, plan: Plan, doubtful: bool = False) -> int:
        self._views.append(_View(text, -1, 0, -1, start, end, plan, self.origins.root(text, plan), doubtful))
        return -1 - len(self._views)

    def _follow(self, queue: list[int]) -> None:
        """Follow types from the objects and views in QUEUE on, breadth first."""
        targets, places, ends, seen = (
            self._pointers.targets,
            self._pointers.places,
            self._pointers.ends,
            self._seen,
        )
        for count, at in enumerate(queue):  # which grows
            if not count % _PAUSE:
                self._progress(f"types of {count} objects followed, {len(queue) - count} wait")
            if at < 0:
                self._follow_view(at, queue)
                continue
            plan = self.plans[at]
            if plan is None or plan is UNTYPED:
                continue
            step_at, base = plan.step, self._objects.data(at)
            for number in range(ends[at - 1] if at else 0, ends[at]):
                target = targets[number]
                if seen[target] == _WHOLE:
                    continue
                place = places[number]
                step = step_at(place)
                if step is not None and (step.plan is not None or step.asked is not None):
                    self._step_to(at, place, base, number, step, queue)
            for place, value in self._pointers.to_data.get(at, ()):
                step = step_at(place)
                if step is not None:
                    self._step_to_data(at, place, base + place, value, step, queue)

    def _follow_view(self, at: int, queue: list[int]) -> None:
        view = self._views[-2 - at]
        if view.node >= 0:
            base = self._objects.data(view.node)
            for number in self._pointers.of(view.node):
                place = self._pointers.places[number]
                if view.start <= place < view.end and self._seen[self._pointers.targets[number]] != _WHOLE:
                    step = view.plan.step(place - view.start)
                    if step is not None:
                        self._step_to(at, place, base, number, step, queue)
            return
        addresses, values = self._data
        first, last = _between(addresses, view.start, view.end)
        for index in range(first, last):
            address, value = addresses[index], values[index]
            step = view.plan.step(address - view.start)
            if step is None:
                continue
            target = self._objects.find(value)
            if target < 0:
                self._step_to_data(at, address, address, value, step, queue)
            elif self._seen[target] != _WHOLE:
                known = self._asked(step, address)
                if known is not None and known.plan is not None:
                    inner = value - self._objects.data(target)
                    if not view.doubtful or self._may_be(target, inner, known.plan):
                        self._arrive(at, address, address, target, inner, known, queue)

    def _may_be(self, target: int, inner: int, plan: Plan) -> bool:
        """Whether there can be what PLAN says, INNER bytes into the data of TARGET: it has no pointers but such."""
        span = self._objects.span(target)
        if inner < 0 or inner + plan.size > span.elemsize - span.header:
            return False
        if plan.map_type is not None and (inner or not self._may_be_map(target, plan.map_type)):
            return False
        places = (self._pointers.places[number] - inner for number in self._pointers.of(target))
        return all(plan.step(place) is not None for place in places if 0 <= place < plan.size)

    def _step_to(self, at: int, place: int, base: int, number: int, step: Step, queue: list[int]) -> None:
        known = step if step.asked is None else self._asked(step, base + place)
        if known is not None and known.plan is not None:
            target, inner = self._pointers.targets[number], self._pointers.inner.get(number, 0)
            self._arrive(at, place, base + place, target, inner, known, queue)

    def _step_to_data(self, at: int, place: int, address: int, value: int, step: Step, queue: list[int]) -> None:
        """Where a pointer leads to the program's data, that is looked at too: variables without a name are there."""
        known = self._asked(step, address)
        if known is None or known.plan is None or (-1, value, id(known.plan)) in self._known_views:
            return
        self._known_views.add((-1, value, id(known.plan)))
        end = value + self._length(known, address)
        origin = self.origins.after(self._origin_of(at), known, known.plan)
        doubtful = at < 0 and self._views[-2 - at].doubtful
        self._views.append(_View("", at, place, -1, value, end, known.plan, origin, doubtful))
        queue.append(-1 - len(self._views))

    def _arrive(self, at: int, place: int, address: int, target: int, inner: int, step: Step, queue: list[int]) -> None:
        """A pointer at ADDRESS leads to TARGET, INNER bytes into its data."""
        plan = step.plan
        assert plan is not None
        span = self._objects.span(target)
        usable = span.elemsize - span.header
        length = usable - inner if plan.inside else self._length(step, address)
        whole = not inner and (2 * length > usable or length + max(plan.size, 8) > usable or span.noscan)
        origin = self.origins.after(self.origin[at] if at >= 0 else self._origin_of(at), step, plan)
        if not self._seen[target]:
            self.order.append(target)
        if whole:
            self._seen[target] = _WHOLE
            self.parents[target], self._places[target] = at, place
            self.plans[target], self.origin[target] = plan, origin
            if not span.noscan:
                queue.append(target)
            return
        if (target, inner, id(plan)) in self._known_views:
            return
        self._known_views.add((target, inner, id(plan)))
        if not self._seen[target]:
            self._seen[target] = _PART
            self.parents[target], self._places[target] = at, place
            self.plans[target], self.origin[target] = (plan if plan.map_type and not inner else UNTYPED), origin
        self._views.append(_View("", at, place, target, inner, inner + length, plan, origin))
        queue.append(-1 - len(self._views))

    def _length(self, step: Step, address: int) -> int:
        """Bytes of what a pointer at ADDRESS leads to."""
        assert step.plan is not None
        if not step.length:
            return step.size or step.plan.size
        try:
            return step.plan.size * min(pointer_at(self._program, address + step.length), 1 << 40)
        except ReadError:
            return step.plan.size

    def _asked(self, step: Step | None, address: int) -> Step | None:
        if step is None or step.asked is None:
            return step
        known = step.asked(address)
        return replace(known, label=step.label + known.label) if known is not None and step.label else known

    def _origin_of(self, at: int) -> int:
        return self.origin[at] if at >= 0 else self._views[-2 - at].origin

    def _go_on(self, done: int) -> None:
        """Follow all pointers of the objects in ``order`` from number DONE on, which grows."""
        targets, places, ends, seen = (
            self._pointers.targets,
            self._pointers.places,
            self._pointers.ends,
            self._seen,
        )
        order = self.order
        while done < len(order):
            at = order[done]
            done += 1
            if not done % _PAUSE:
                self._progress(f"pointers of {done} objects followed")
            for number in range(ends[at - 1] if at else 0, ends[at]):
                target = targets[number]
                if seen[target]:
                    continue
                if ends[target] == (ends[target - 1] if target else 0):  # nothing goes on from there
                    seen[target] = _WHOLE
                    order.append(target)
                    self.parents[target], self._places[target] = at, places[number]
                else:
                    self._leave(at, number)

    def _leave(self, at: int, number: int) -> None:
        """Go on from object AT by its pointer NUMBER, by the type if there is one."""
        target, place = self._pointers.targets[number], self._pointers.places[number]
        plan = self.plans[at] or UNTYPED
        base = self._objects.data(at)
        known = self._asked(plan.step(place), base + place)
        if known is None or known.plan is None or known.plan is UNTYPED:
            origin = self.origins.after(self.origin[at], known or _UNKNOWN, UNTYPED)
            self._arrive_untyped(at, place, target, origin)
            return
        queue: list[int] = []
        self._arrive(at, place, base + place, target, self._pointers.inner.get(number, 0), known, queue)
        self._follow(queue)

    def _arrive_untyped(self, at: int, place: int, target: int, origin: int) -> None:
        self._seen[target] = _WHOLE
        self.order.append(target)
        self.parents[target], self._places[target] = at, place
        self.origin[target] = origin
        plan = self._recognise(target)
        self.plans[target] = plan or UNTYPED
        if plan is not None:
            told = Step("" if plan.map_type else f"->({plan.name})")
            self._told[target] = told.label
            self.origin[target] = self.origins.after(origin, told, plan)
            self._follow([target])


_UNKNOWN = Step("->", UNTYPED)


def _between(addresses: Sequence[int], start: int, end: int) -> tuple[int, int]:
    return bisect.bisect_left(addresses, start), bisect.bisect_left(addresses, end)
