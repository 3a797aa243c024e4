"""Which objects of a process are reached, by which pointer each: that makes the path of each.

A pointer may lead to a part of an object, or to part of an array. Such a *view* is followed for itself, and a later
pointer to the whole still counts.
"""

from __future__ import annotations

from array import array
from typing import NamedTuple

from gomap.census.objects import Objects
from gomap.census.origins import Origins
from gomap.census.plans import UNTYPED, Plan
from gomap.program.gotypes import GoType, Kind

__all__ = ["PART", "UNSEEN", "WHOLE", "Paths", "View"]

#: How much of an object was reached: none, a view of it, all of it.
UNSEEN, PART, WHOLE = 0, 1, 2
#: 1 in place of UNSEEN, 0 in that of the others.
_NOT_REACHED = bytes([1]) + bytes(255)
#: Steps of a path that are shown: the first and the last ones.
_MOST_STEPS = 40


class View(NamedTuple):
    """A piece of memory that is looked at by a plan.

    Attributes:
        text: what it is called, if it is a root.
        parent, place: the object or view from which it was reached, and where in that; -1 for a root.
        node: the object that it is part of; -1 in the program's data.
        start, end: where it is: in its object's data, or by address.
        plan: of what is there.
        origin: its number in Origins.
        doubtful: it may hold something else: see gomap.census.following.
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


class Paths:
    """The paths of one process's objects, as far as these are reached.

    Objects go by their numbers, views by numbers below -1.

    Attributes:
        seen: of each object, how much of it is reached.
        parents, places: by which pointer: of which object or view, and where in that; -1: not reached.
        plans: what is known of each object that is reached.
        origins: all origins; ``origin`` has each object's.
        order: the objects in the order in which they are reached.
        told: how objects are called whose type something other than a pointer's told.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        count = len(objects)
        self.seen = bytearray(count)
        self.parents = array("q", [-1]) * count
        self.places = array("q", bytes(8 * count))
        self.plans: list[Plan | None] = [None] * count
        self.origin = array("I", bytes(4 * count))
        self.origins = Origins()
        self.order = array("I")
        self.told: dict[int, str] = {}
        self._views: list[View] = []

    def add_view(self, view: View) -> int:
        """The number of a new view."""
        self._views.append(view)
        return -1 - len(self._views)

    def view(self, number: int) -> View:
        """The view of that number."""
        return self._views[-2 - number]

    def reach(self, number: int, parent: int, place: int, plan: Plan, origin: int) -> None:
        """Note by which pointer an object is reached, what is known of it, and its origin."""
        self.parents[number], self.places[number] = parent, place
        self.plans[number], self.origin[number] = plan, origin

    def reached(self, number: int) -> bool:
        """Whether an object is reached, be it in part."""
        return self.seen[number] != UNSEEN

    def not_reached(self) -> bytes:
        """A byte for each object: 1 if it is not reached, be it in use or free."""
        return bytes(self.seen).translate(_NOT_REACHED)

    def of(self, number: int) -> str:
        """The path of an object that is reached, with its indexes."""
        return self._path(number, self.parents[number], self.places[number])

    def part(self, number: int, place: int, type: GoType) -> str:
        """The path of the value of that TYPE at PLACE in an object that was reached; empty if it is not known.

        A map is the whole object that its header is.
        """
        plan = self.plans[number]
        if type.kind is Kind.MAP:
            return "" if place else self.of(number)
        label = plan.part(place, type) if plan is not None else None
        return "" if label is None else self.of(number) + label

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
                view = self.view(at)
                if view.text:
                    return steps + 1
                at = view.parent
                steps += view.node < 0
            steps += 1

    def header_over(self, number: int) -> tuple[int, GoType] | None:
        """The map that an object is part of: the number of its header, and its type."""
        at = number
        while True:
            plan = self.plans[at] if at >= 0 else self.view(at).plan
            if plan is not None and plan.map_type is not None and at >= 0:
                return at, plan.map_type
            if plan is None or not plan.inside:
                return None
            at = self.parents[at] if at >= 0 else self.view(at).parent

    def _path(self, child: int, at: int, place: int) -> str:
        """The path to CHILD (-1: to whatever is there) by the pointer at PLACE in the object or view AT."""
        steps: list[tuple[Plan, int, int, str]] = []
        while True:
            told = self.told.get(child, "")
            if at >= 0:
                steps.append((self.plans[at] or UNTYPED, place, self._objects.data(at) + place, told))
                child, at, place = at, self.parents[at], self.places[at]
                continue
            view = self.view(at)
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
            step = plan.step_by(within, address)
            text = plan.exact(within, address, step).after(text) if step else f"{text}->+{within:#x}"
            text += told
        return text
