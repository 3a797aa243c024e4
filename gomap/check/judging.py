"""Judging the slots of many maps at once: what hundreds of small maps ask is answered by one look at all their keys.

A check does not judge keys and elements itself. It says which slots it wants to hear about, and waits; whoever runs it
collects what checks of maps of one type wait for, has it judged as one batch, and lets each go on with its part of the
answer. A map that is checked alone is a batch of one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator, Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol, Union

from gomap.check.finding import Finding
from gomap.check.keys import Keys, hashes_together
from gomap.check.slot_batch import SlotBatch
from gomap.check.values import Values
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError

__all__ = ["Answer", "Judged", "Slots", "Steps", "Underway", "run_together"]

#: Slots that are judged as soon as so many wait: what waits is kept in memory.
_ENOUGH = 1 << 15


class Slots(NamedTuple):
    """Slots that a check waits to hear about.

    Attributes:
        batch: the slots.
        keys: the keys of their map.
        values: what judges its keys and elements. Maps that have the same one are of one type, and hash alike.
    """

    batch: SlotBatch
    keys: Keys
    values: Values


class Judged(NamedTuple):
    """What there is to hear.

    Attributes:
        hashes: of the keys, as Keys.hashes has them.
        wrong: what is wrong with keys and elements alone, each with the number of the live slot that it is about.
    """

    hashes: Sequence[int | None] | None
    wrong: Sequence[tuple[int, Finding]]


#: That, or why it cannot be told.
Answer = Union[Judged, LayoutError, ReadError]
#: What a check does: it yields findings, and slots, for which it is sent what there is to hear about them.
Steps = Generator[Union[Finding, Slots], Judged, None]


class Underway(Protocol):
    """A check under way.

    Attributes:
        asks: the slots that it waits to hear about; None before its beginning, and at its end.
    """

    asks: Slots | None

    def go_on(self, answer: Answer | None = None) -> None:
        """Begin; or go on with the answer to what it asks. Either way up to its next question, or to its end."""
        ...


def run_together(checks: Iterable[Underway]) -> None:
    """Take all those checks from their beginning to their ends."""
    waiting: list[Underway] = []
    count = 0
    for check in checks:
        check.go_on()
        if check.asks is None:
            continue
        waiting.append(check)
        count += check.asks.batch.count
        # No other check begins while so much is asked: each keeps what it asks in memory.
        while count >= _ENOUGH:
            waiting = _answered(waiting)
            count = sum(each.asks.batch.count for each in waiting if each.asks)
    while waiting:
        waiting = _answered(waiting)


def _answered(waiting: Sequence[Underway]) -> list[Underway]:
    """Tell each of those checks what it waits to hear; returns those that ask for more."""
    kinds: dict[int, list[tuple[Underway, Slots]]] = {}
    for check in waiting:
        if check.asks is not None:
            kinds.setdefault(id(check.asks.values), []).append((check, check.asks))
    for alike in kinds.values():
        for (check, _), answer in zip(alike, _answers([slots for _, slots in alike]), strict=True):
            check.go_on(answer)
    return [check for check in waiting if check.asks is not None]


def _answers(asked: Sequence[Slots]) -> Sequence[Answer]:
    """What there is to hear about slots of maps of one type."""
    try:
        return _judged(asked)
    except (LayoutError, ReadError) as error:
        # Whose fault it is shows when each is asked about alone.
        return [error] if len(asked) == 1 else [_answers([one])[0] for one in asked]


def _judged(asked: Sequence[Slots]) -> Sequence[Judged]:
    batch = SlotBatch.joined([slots.batch for slots in asked])
    wrong: list[list[tuple[int, Finding]]] = [[] for _ in asked]
    starts = list(accumulate((slots.batch.count for slots in asked), initial=0))
    for number, finding in asked[0].values.findings(batch):
        whose = bisect_right(starts, number) - 1
        wrong[whose].append((number - starts[whose], finding))
    hashes = hashes_together([(slots.keys, slots.batch) for slots in asked], batch)
    return [Judged(*one) for one in zip(hashes, wrong, strict=True)]
