"""All that a post-mortem looks at: the verdict, every map checked, and where the memory went."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Union

from gomap.census.census import Census, take_census, with_retained
from gomap.census.measure import Measured
from gomap.check.checking import Report, check
from gomap.goruntime.answers import Answer
from gomap.goruntime.heap import heap_of
from gomap.maps.model import GoMap
from gomap.maps.opening import package_maps
from gomap.postmortem.verdict import Verdict, why
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["CheckedMap", "Examination", "examine"]

#: Maps that are checked between two words about progress.
_PAUSE = 16


class CheckedMap(NamedTuple):
    """A map that was checked, or could not be.

    Attributes:
        path: how the program gets to it.
        type: the name of its type, as far as that is known.
        address: of its header.
        report: what was found; None if it could not be looked at.
        measured: what it takes; None if that is not known.
        problem: why it could not be looked at; empty if it could.
    """

    path: str
    type: str
    address: int
    report: Report | None
    measured: Measured | None
    problem: str

    @property
    def damaged(self) -> bool:
        """Whether something is wrong with it that no write under way explains."""
        return self.report is not None and any(not finding.transient for finding in self.report.findings)


@dataclass(frozen=True)
class Examination:
    """What was looked at.

    Attributes:
        verdict: what killed the program, and whether a map is to blame.
        fault_at: what the runtime's books say of the address of the fault; None if there was none, or they are lost.
        census: every map; None if the heap cannot be walked.
        checked: those that were checked: all of the census, or else the package variables.
        notes: what could not be looked at, and why.
        interrupted: so not all was.
    """

    verdict: Verdict
    fault_at: Answer | None
    census: Census | None
    checked: list[CheckedMap]
    notes: list[str]
    interrupted: bool

    @property
    def others_damaged(self) -> list[CheckedMap]:
        """Maps that something is wrong with, but for the one that the verdict is about."""
        concerned = self.verdict.map.address if self.verdict.map is not None else 0
        return [each for each in self.checked if each.damaged and each.address != concerned]

    @property
    def found(self) -> bool:
        """Whether a map is implicated, or something is wrong with one."""
        return self.verdict.kind is not None or any(each.damaged for each in self.checked)


def examine(program: Program, progress: Callable[[str], None]) -> Examination:
    """Look at all of a program that stands still; what cannot be looked at is noted. Raises LayoutError, ReadError.

    An interruption ends the examination, not the report.
    """
    verdict = why(program, progress)
    notes: list[str] = []
    fault_at: Answer | None = None
    census: Census | None = None
    checked: list[CheckedMap] = []
    interrupted = False
    try:
        if verdict.fault_address is not None:
            fault_at = _what_is(program, verdict.fault_address)
        try:
            census = with_retained(take_census(program, progress), progress)
            interrupted = census.interrupted
        except (LayoutError, ReadError) as error:
            notes.append(f"maps other than package variables are not looked at: {error}")
        maps = _of_census(census) if census is not None else _of_packages(program)
        for number, (path, map, measured) in enumerate(maps):
            if not number % _PAUSE:
                progress(f"{number} maps checked, now {path}")
            checked.append(_checked(program, path, map, measured))
    except KeyboardInterrupt:
        interrupted = True
    return Examination(verdict, fault_at, census, checked, notes, interrupted)


class _Unopened(NamedTuple):
    """A map that cannot be opened: what is known of it, and why."""

    type: str
    address: int
    problem: str


#: A map's path, the map, and what it takes.
_Found = Iterator[tuple[str, Union[GoMap, _Unopened], Union[Measured, None]]]


def _of_census(census: Census) -> _Found:
    for found in census.maps:
        map = found.map or _Unopened(found.type_name, found.address, found.problem)
        yield census.path(found), map, found.measured


def _of_packages(program: Program) -> _Found:
    for name, map in package_maps(program):
        yield name, map if isinstance(map, GoMap) else _Unopened("type not known", 0, str(map)), None


def _checked(program: Program, path: str, map: GoMap | _Unopened, measured: Measured | None) -> CheckedMap:
    if isinstance(map, _Unopened):
        return CheckedMap(path, map.type, map.address, None, measured, map.problem)
    try:
        return CheckedMap(path, map.type.name, map.address, check(program, map), measured, "")
    except (LayoutError, ReadError) as error:
        return CheckedMap(path, map.type.name, map.address, None, measured, str(error))


def _what_is(program: Program, address: int) -> Answer | None:
    try:
        return heap_of(program).at(address)
    except (LayoutError, ReadError):
        return None
