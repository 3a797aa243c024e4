"""All that leads to objects is followed: first by types alone; where none lead, by whatever pointer does.

First everything is followed whose type is known, breadth first, from the package variables on, and then from the
variables on goroutines' stacks. What is then left over is followed by the collector's maps alone: from what was found
so far, from data that no variable's type covers, from stacks, from finalizers. Wherever something tells the type of an
object on the way (its type word, or that it is a map's header), types are followed from there again. So an object's
path (gomap.census.paths) is the shortest by types, if there is one.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gomap.census.objects import Objects
from gomap.census.paths import PART, WHOLE, Paths, View
from gomap.census.plans import UNTYPED, Plan, Step
from gomap.census.pointers import Pointers
from gomap.census.roots import Root
from gomap.program.gotypes import GoType
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.target import pointer_at

__all__ = ["Data", "Following", "MayBeMap", "Recognise"]

#: Objects that are followed between two words about progress.
_PAUSE = 1 << 14

#: The plan of an object of which no pointer said the type, from its number; None where nothing tells.
Recognise = Callable[[int], Plan | None]
#: Whether an object can be the header of a map of that type.
MayBeMap = Callable[[int, GoType], bool]


class Data(NamedTuple):
    """The pointers in the program's data, in order of where they stand."""

    addresses: Sequence[int]
    values: Sequence[int]


class Following:
    """Follows what leads to the objects of one program, and notes in PATHS by which pointer each is reached.

    Args:
        data: the pointers in the program's data and on its stacks.
        recognise: tells what an object is to whose type no pointer leads.
        may_be_map: tells whether an object can be such a map's header.
    """

    def __init__(
        self,
        program: Program,
        objects: Objects,
        pointers: Pointers,
        data: Data,
        paths: Paths,
        recognise: Recognise,
        may_be_map: MayBeMap,
        progress: Callable[[str], None],
    ) -> None:
        self._program = program
        self._objects = objects
        self._pointers = pointers
        self._data = data
        self._paths = paths
        self._recognise = recognise
        self._may_be_map = may_be_map
        self._progress = progress
        self._known_views: set[tuple[int, int, int]] = set()

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
            if target < 0 or self._paths.reached(target):
                continue
            done = len(self._paths.order)
            view = self._root(root.label, root.address, root.address, UNTYPED)
            self._arrive_untyped(view, 0, target, self._paths.origins.root(root.label, UNTYPED))
            self._go_on(done)

    def _root(self, text: str, start: int, end: int, plan: Plan, doubtful: bool = False) -> int:
        origin = self._paths.origins.root(text, plan)
        return self._paths.add_view(View(text, -1, 0, -1, start, end, plan, origin, doubtful))

    def _follow(self, queue: list[int]) -> None:
        """Follow types from the objects and views in QUEUE on, breadth first."""
        targets, places, ends = self._pointers.targets, self._pointers.places, self._pointers.ends
        plans, seen = self._paths.plans, self._paths.seen
        for count, at in enumerate(queue):  # which grows
            if not count % _PAUSE:
                self._progress(f"types of {count} objects followed, {len(queue) - count} wait")
            if at < 0:
                self._follow_view(at, queue)
                continue
            plan = plans[at]
            if plan is None or plan is UNTYPED:
                continue
            step_at, base = plan.step, self._objects.data(at)
            for number in range(ends[at - 1] if at else 0, ends[at]):
                target = targets[number]
                if seen[target] == WHOLE:
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
        view, seen = self._paths.view(at), self._paths.seen
        if view.node >= 0:
            base = self._objects.data(view.node)
            for number in self._pointers.of(view.node):
                place = self._pointers.places[number]
                if view.start <= place < view.end and seen[self._pointers.targets[number]] != WHOLE:
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
            elif seen[target] != WHOLE:
                known = step.by(address)
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
        known = step.by(base + place)
        if known is not None and known.plan is not None:
            target, inner = self._pointers.targets[number], self._pointers.inner.get(number, 0)
            self._arrive(at, place, base + place, target, inner, known, queue)

    def _step_to_data(self, at: int, place: int, address: int, value: int, step: Step, queue: list[int]) -> None:
        """Where a pointer leads to the program's data, that is looked at too: variables without a name are there."""
        known = step.by(address)
        if known is None or known.plan is None or (-1, value, id(known.plan)) in self._known_views:
            return
        self._known_views.add((-1, value, id(known.plan)))
        end = value + self._length(known, address)
        origin = self._paths.origins.after(self._origin_of(at), known, known.plan)
        doubtful = at < 0 and self._paths.view(at).doubtful
        queue.append(self._paths.add_view(View("", at, place, -1, value, end, known.plan, origin, doubtful)))

    def _arrive(self, at: int, place: int, address: int, target: int, inner: int, step: Step, queue: list[int]) -> None:
        """A pointer at ADDRESS leads to TARGET, INNER bytes into its data."""
        plan = step.plan
        assert plan is not None
        span = self._objects.span(target)
        usable = span.elemsize - span.header
        length = usable - inner if plan.inside else self._length(step, address)
        whole = not inner and (2 * length > usable or length + max(plan.size, 8) > usable or span.noscan)
        paths, seen = self._paths, self._paths.seen
        origin = paths.origins.after(self._origin_of(at), step, plan)
        if not seen[target]:
            paths.order.append(target)
        if whole:
            seen[target] = WHOLE
            paths.reach(target, at, place, plan, origin)
            if not span.noscan:
                queue.append(target)
            return
        if (target, inner, id(plan)) in self._known_views:
            return
        self._known_views.add((target, inner, id(plan)))
        if not seen[target]:
            seen[target] = PART
            paths.reach(target, at, place, plan if plan.map_type and not inner else UNTYPED, origin)
        queue.append(paths.add_view(View("", at, place, target, inner, inner + length, plan, origin)))

    def _length(self, step: Step, address: int) -> int:
        """Bytes of what a pointer at ADDRESS leads to."""
        assert step.plan is not None
        if not step.length:
            return step.size or step.plan.size
        try:
            return step.plan.size * min(pointer_at(self._program, address + step.length), 1 << 40)
        except ReadError:
            return step.plan.size

    def _origin_of(self, at: int) -> int:
        return self._paths.origin[at] if at >= 0 else self._paths.view(at).origin

    def _go_on(self, done: int) -> None:
        """Follow all pointers of the objects in ``order`` from number DONE on, which grows."""
        targets, places, ends = self._pointers.targets, self._pointers.places, self._pointers.ends
        seen, order = self._paths.seen, self._paths.order
        parents, parents_places = self._paths.parents, self._paths.places
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
                    seen[target] = WHOLE
                    order.append(target)
                    parents[target], parents_places[target] = at, places[number]
                else:
                    self._leave(at, number)

    def _leave(self, at: int, number: int) -> None:
        """Go on from object AT by its pointer NUMBER, by the type if there is one."""
        target, place = self._pointers.targets[number], self._pointers.places[number]
        plan = self._paths.plans[at] or UNTYPED
        base = self._objects.data(at)
        known = plan.step_by(place, base + place)
        if known is None or known.plan is None or known.plan is UNTYPED:
            origin = self._paths.origins.after(self._paths.origin[at], known or _UNKNOWN, UNTYPED)
            self._arrive_untyped(at, place, target, origin)
            return
        queue: list[int] = []
        self._arrive(at, place, base + place, target, self._pointers.inner.get(number, 0), known, queue)
        self._follow(queue)

    def _arrive_untyped(self, at: int, place: int, target: int, origin: int) -> None:
        paths = self._paths
        paths.seen[target] = WHOLE
        paths.order.append(target)
        plan = self._recognise(target)
        if plan is None:
            paths.reach(target, at, place, UNTYPED, origin)
            return
        told = Step("" if plan.map_type else f"->({plan.name})")
        paths.told[target] = told.label
        paths.reach(target, at, place, plan, paths.origins.after(origin, told, plan))
        self._follow([target])


_UNKNOWN = Step("->", UNTYPED)


def _between(addresses: Sequence[int], start: int, end: int) -> tuple[int, int]:
    return bisect.bisect_left(addresses, start), bisect.bisect_left(addresses, end)
