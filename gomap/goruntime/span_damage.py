"""How the heap's bookkeeping contradicts itself, as facts; gomap.goruntime.wording says them in words.

MSPAN is the address of the runtime.mspan that says what cannot be.
"""

from __future__ import annotations

from typing import Union

from gomap.program.facts import Facts
from gomap.program.memory import ReadError

__all__ = [
    "BookkeepingError",
    "ExtentImpossible",
    "InlineMarksUnknown",
    "ListCutOff",
    "ObjectsImpossible",
    "PageOfAnother",
    "SpanDamage",
    "SpanUnreadable",
    "StateUnknown",
    "SweepgenImpossible",
]


class ListCutOff(Facts):
    """So many spans are MISSING from a list of so many, which cannot be read from ADDRESS on."""

    missing: int
    listed: int
    address: int


class PageOfAnother(Facts):
    """It claims the page at that address, which the arena gives to another span, or to none."""

    mspan: int
    page: int


class SpanUnreadable(Facts):
    """What belongs to it cannot be read."""

    mspan: int
    error: ReadError


class StateUnknown(Facts):
    """It has a state that there is not."""

    mspan: int
    state: int


class ExtentImpossible(Facts):
    """It claims so many PAGES from address START on."""

    mspan: int
    pages: int
    start: int


class ObjectsImpossible(Facts):
    """It claims so many OBJECTS of ELEMSIZE bytes each in its SIZE bytes."""

    mspan: int
    objects: int
    elemsize: int
    size: int


class InlineMarksUnknown(Facts):
    """The span at START has its mark bits in itself, and nothing tells how they are laid out there."""

    start: int


class SweepgenImpossible(Facts):
    """Its sweepgen does not go with that of the HEAP."""

    mspan: int
    sweepgen: int
    heap: int


SpanDamage = Union[
    ListCutOff,
    PageOfAnother,
    SpanUnreadable,
    StateUnknown,
    ExtentImpossible,
    ObjectsImpossible,
    InlineMarksUnknown,
    SweepgenImpossible,
]


class BookkeepingError(Exception):
    """The heap's bookkeeping contradicts itself.

    Attributes:
        damage: in what.
    """

    def __init__(self, damage: SpanDamage) -> None:
        super().__init__(damage)
        self.damage = damage
