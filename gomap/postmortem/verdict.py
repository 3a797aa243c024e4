"""The verdict: what a program died of as far as a map is to blame, with all that speaks for it.

A verdict has one of these kinds, and none where no map is implicated:

- ``race``: the runtime has seen somebody write to a map that somebody else was at;
- ``corruption``: the map is not as a map can be, and somebody is inside it, or died there;
- ``bad key``: what the key leads to cannot be read, or cannot be hashed;
- ``mutated keys``: keys do not hash any more to where they were put, and their bytes lie outside the map;
- ``nil map``: an assignment to a map that was never made;
- ``cannot tell``: the program died inside a map function, and nothing here says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from gomap.check.checking import Report
from gomap.goruntime.tracebacks import CallFrame, Traceback
from gomap.maps.model import GoMap
from gomap.maps.operations import Operation
from gomap.postmortem.death import Death
from gomap.postmortem.gaps import Gap, WouldTell
from gomap.postmortem.keys import KeyTrouble
from gomap.postmortem.locks import Lock
from gomap.postmortem.sides import Involved
from gomap.postmortem.writers import Writer
from gomap.program.gotypes import GoType
from gomap.program.signals import Signal

__all__ = ["AssignedNil", "Kind", "Verdict", "endless"]

Kind = Literal["race", "corruption", "bad key", "mutated keys", "nil map", "cannot tell"]

#: Rules of which each is broken where a search does not end.
_ENDLESS = {"chain-loop", "table-full", "overflow-loop", "node-dead"}


class AssignedNil(NamedTuple):
    """A nil map that was assigned to.

    Attributes:
        type: its type, which the function that assigns passes; None if that cannot be told.
        path: of the only nil map of that type that the function gets to: ``j.tenant.quota``; empty if it gets to none,
            or to several.
        call: of the function that has the path: this one, or one that it is inlined into; None of a package variable.
    """

    type: GoType | None
    path: str = ""
    call: CallFrame | None = None


@dataclass(frozen=True)
class Verdict:
    """What is concluded.

    Attributes:
        kind: see above; None: no map is implicated.
        certain: beyond doubt, as far as the program's memory is to be believed.
        death: who raised what ended the program; None if nobody did.
        also: who has raised an error besides.
        operation: the map operation that it was raised in, or that somebody is caught in; None if there is none.
        trace: the goroutine of that.
        map: the map concerned; None if there is none, or it cannot be told.
        path: how the program gets to it; empty if it is not known.
        path_in: the function that calls it so; empty of a package variable.
        rooted: the path from a package variable, where the other one is a function's, or unknown.
        others: who else was at that map.
        locks: those beside it.
        owner: the struct that it is a field of, where that is known.
        writers: where its package writes to such maps, if the other side of a race is not certain, nor probable.
        report: what gomap-check finds in it; None if it was not looked at.
        key: what is wrong with the key of the operation.
        nil: what is known of the map, if that is nil.
        notes: what could not be looked at, and why.
        tells: what would tell more.
        traces: every goroutine.
        inside: how many map operations are under way, where none failed.
        checked: maps that somebody is inside of, and that were looked at since there was no other hint.
        signal: the one that the core is of.
        sent_by_itself: whether it is one that the program sent itself, as the runtime does to end it.
    """

    kind: Kind | None
    certain: bool
    death: Death | None
    also: Sequence[Death] = ()
    operation: Operation | None = None
    trace: Traceback | None = None
    map: GoMap | None = None
    path: str = ""
    path_in: str = ""
    rooted: str = ""
    others: Involved | None = None
    locks: Sequence[Lock] = ()
    owner: str = ""
    writers: Sequence[Writer] = ()
    report: Report | None = None
    key: KeyTrouble | None = None
    nil: AssignedNil | None = None
    notes: Sequence[Gap] = ()
    tells: Sequence[WouldTell] = ()
    traces: Sequence[Traceback] = ()
    inside: int = 0
    checked: Sequence[Report] = ()
    signal: Signal | None = None
    sent_by_itself: bool = False

    @property
    def fault_address(self) -> int | None:
        """The memory that an instruction could not have; None if there was no such fault."""
        if self.death is not None and self.death.fault is not None:
            return self.death.fault.address
        return self.signal.address if self.signal is not None and self.signal.fault else None


def endless(report: Report) -> bool:
    """Whether a search in a map need not end, by what a check of it found."""
    return any(finding.rule.name in _ENDLESS for finding in report.findings)
