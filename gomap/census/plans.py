"""What the pointers in a piece of memory are called, by its type, and of what type that is to which they lead.

A Plan is asked for the pointer at a place, in bytes from where the memory begins, and answers with a Step: what to add
to a path, and the plan of what is there. Two kinds of steps depend on what stands in memory: an interface's, on its
type word; a Swiss map's first, on whether it has a directory. They are asked anew for each address.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass, replace

from gomap.program.gotypes import GoType

__all__ = ["UNTYPED", "Plan", "Step"]


@dataclass(frozen=True)
class Step:
    """A step of a path.

    Attributes:
        label: what to add to it: ``.inner.tags``; indexes are stars.
        plan: of what the pointer leads to; None: nothing tells.
        pointee: the path goes on with what the pointer at that place leads to: ``(*path)``.
        size: bytes of what the pointer leads to; 0: by the plan.
        length: where in memory the number of items stands, in bytes behind the pointer; 0: ``size`` says it.
        asked: gives the step in place of this one, from the address of the pointer.
    """

    label: str
    plan: Plan | None = None
    pointee: bool = False
    size: int = 0
    length: int = 0
    asked: Callable[[int], Step | None] | None = None

    def by(self, address: int) -> Step | None:
        """This step by the pointer at ADDRESS, with what had to be asked; None if nothing tells that."""
        if self.asked is None:
            return self
        known = self.asked(address)
        return replace(known, label=self.label + known.label) if known is not None and self.label else known

    def after(self, path: str) -> str:
        """PATH with this step."""
        return f"(*{path}{self.label})" if self.pointee else path + self.label


class Plan(abc.ABC):
    """What is known of one kind of memory.

    Attributes:
        name: of its type.
        size: bytes of it; of what is repeated, of one item.
        repeated: there may be any number of them in a row.
        map_type: it is the header of a map of that type.
        inside: part of a map, which has no name of its own.
    """

    name = ""
    size = 0
    repeated = False
    map_type: GoType | None = None
    inside = False

    @abc.abstractmethod
    def step(self, place: int) -> Step | None:
        """The step that leads on from the pointer at PLACE; None where there is none that is known."""

    def step_by(self, place: int, address: int) -> Step | None:
        """The step by the pointer at PLACE, which is at ADDRESS, with what has to be asked; None likewise."""
        step = self.step(place)
        return None if step is None else step.by(address)

    def exact(self, place: int, address: int, step: Step) -> Step:
        """STEP, which leads on from PLACE, at ADDRESS, with the indexes that are meant."""
        return step

    def part(self, place: int, type: GoType) -> str | None:
        """What the value of that TYPE at PLACE is called: ``[2].cache``, nothing for all; None if none is there."""
        return None

    def slot(self, place: int) -> tuple[int, int, bool] | None:
        """Of a row of groups or buckets: where that begins in which PLACE is, its slot, and whether it is in a key."""
        return None


class _Untyped(Plan):
    """Memory of which nothing is known."""

    name = "type not known"

    def step(self, place: int) -> Step | None:
        return Step("->", UNTYPED)

    def exact(self, place: int, address: int, step: Step) -> Step:
        return replace(step, label=f"->+{place:#x}")


UNTYPED = _Untyped()
