"""Origins: paths with stars in place of indexes, which all that hang at one place of the program's data have in common.

An origin is a number; the text is put together from its parent's. Where a type comes for the third time on its own
path (a list's ``next``, a tree's ``kids``), the path does not grow: ``…`` stands for what may be of any length.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gomap.census.plans import UNTYPED, Plan, Step

__all__ = ["Origins"]


class _Origin(NamedTuple):
    parent: int
    step: Step
    plan: Plan
    text: str


class Origins:
    """The origins of one census."""

    def __init__(self) -> None:
        self._all: list[_Origin] = []
        self._known: dict[tuple[int, str, bool, int], int] = {}
        self._roots: dict[str, int] = {}

    def root(self, text: str, plan: Plan) -> int:
        """The origin of what is called TEXT."""
        if text not in self._roots:
            self._roots[text] = len(self._all)
            self._all.append(_Origin(-1, Step(""), plan, text))
        return self._roots[text]

    def after(self, origin: int, step: Step, plan: Plan) -> int:
        """The origin of what STEP leads to from ORIGIN, which PLAN describes."""
        key = origin, step.label, step.pointee, id(plan)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._made(origin, step, plan)
        return found

    def text(self, origin: int) -> str:
        return self._all[origin].text

    def beginnings(self, origin: int) -> list[str]:
        """The texts of all that an origin comes from, the root's first, its own last; each once."""
        texts = [self._all[at].text for at in self._ancestors(origin)]
        return list(dict.fromkeys(reversed(texts)))

    def _made(self, origin: int, step: Step, plan: Plan) -> int:
        before = self._all[origin]
        if plan is before.plan and (plan is UNTYPED or plan.inside):
            return origin
        named = not plan.inside and plan is not UNTYPED
        again = [at for at in self._ancestors(origin) if named and self._all[at].plan is plan]
        if again and self._all[again[0]].step is _AGAIN:
            return again[0]
        if len(again) > 1:
            return self._again(again[0])
        self._all.append(_Origin(origin, step, plan, step.after(before.text)))
        return len(self._all) - 1

    def _ancestors(self, origin: int) -> Iterator[int]:
        """ORIGIN and all that it comes from, the nearest first."""
        while origin >= 0:
            yield origin
            origin = self._all[origin].parent

    def _again(self, origin: int) -> int:
        """The origin of all that comes behind ORIGIN with the same type."""
        key = origin, _AGAIN.label, False, 0
        if key not in self._known:
            before = self._all[origin]
            self._known[key] = len(self._all)
            self._all.append(_Origin(origin, _AGAIN, before.plan, before.text + _AGAIN.label))
        return self._known[key]


_AGAIN = Step("…")
