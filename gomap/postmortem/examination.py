"""All that a post-mortem looks at: the verdict, every map checked, and where the memory went."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from gomap.census.census import Census, FoundMap, take_census, with_retained
from gomap.census.measure import Measured
from gomap.census.referrers import Referrer, referrers, sought
from gomap.check.checking import Report, check_each
from gomap.check.key_bytes import SharedBytes
from gomap.goruntime.answers import Answer
from gomap.goruntime.heap import heap_of
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map, package_maps
from gomap.postmortem.concluding import why
from gomap.postmortem.nil_elements import NilElements, nil_elements
from gomap.postmortem.verdict import Verdict
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["CheckedMap", "Examination", "KeptBytes", "examine"]

#: Maps of which it is looked for who else has the bytes of their keys: each time the whole heap is.
_MOST_SHARED = 3


class CheckedMap(NamedTuple):
    """A map that was checked, or could not be.

    Attributes:
        path: how the program gets to it.
        type: its type; None if that is not known, or the map cannot be opened.
        address: of its header.
        report: what was found; None if it could not be looked at.
        measured: what it takes; None if that is not known.
        problem: why it could not be looked at; None if it could.
    """

    path: str
    type: GoType | None
    address: int
    report: Report | None
    measured: Measured | None
    problem: LayoutError | ReadError | None

    @property
    def damaged(self) -> bool:
        """Whether something is wrong with it that no write under way explains."""
        return self.report is not None and any(not finding.transient for finding in self.report.findings)


class KeptBytes(NamedTuple):
    """Who has pointers to the bytes of a map's keys, which changed after these were stored; stacks left out.

    Attributes:
        path: of the map.
        address: of the object that has the bytes, or in a mapped file.
        pointers: to it, but for those in keys of that map.
        complete: whether there are all of them.
    """

    path: str
    address: int
    pointers: Sequence[Referrer]
    complete: bool


@dataclass(frozen=True)
class Examination:
    """What was looked at.

    Attributes:
        verdict: what killed the program, and whether a map is to blame.
        fault_at: what the runtime's books say of the address of the fault; None if there was none, or they are lost.
        census: every map; None if the heap cannot be walked.
        checked: those that were checked: all of the census, or else the package variables.
        kept_bytes: of the first maps that have keys whose bytes changed, who else keeps these; none without a census.
        nil_elements: if the program assigned to a nil map: those of that type in the elements of maps.
        packages_only: why no other maps than package variables are among them; None if all are.
        interrupted: so not all was.
    """

    verdict: Verdict
    fault_at: Answer | None
    census: Census | None
    checked: list[CheckedMap]
    kept_bytes: list[KeptBytes]
    nil_elements: NilElements | None
    packages_only: LayoutError | ReadError | None
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
    packages_only: LayoutError | ReadError | None = None
    fault_at: Answer | None = None
    census: Census | None = None
    checked: list[CheckedMap] = []
    kept_bytes: list[KeptBytes] = []
    nil: NilElements | None = None
    interrupted = False
    try:
        if verdict.fault_address is not None:
            fault_at = _what_is(program, verdict.fault_address)
        try:
            census = with_retained(take_census(program, progress), progress)
            interrupted = census.interrupted
        except (LayoutError, ReadError) as error:
            packages_only = error
        maps = _of_census(program, census) if census is not None else _of_packages(program)
        for each in _checked(program, maps, progress):
            interruption = each.report is not None and each.report.interrupted
            if not interruption or each.damaged:
                checked.append(each)
            if interruption:
                raise KeyboardInterrupt
        if census is not None:
            kept_bytes.extend(_kept_bytes(program, census, checked, progress))
        if verdict.nil is not None and verdict.nil.type is not None:
            progress("looking for nil maps in maps")
            maps_there = ((each.path, each.report.map) for each in checked if each.report is not None)
            nil = nil_elements(program, maps_there, verdict.nil.type.name)
    except KeyboardInterrupt:
        interrupted = True
    return Examination(verdict, fault_at, census, checked, kept_bytes, nil, packages_only, interrupted)


class _Found(NamedTuple):
    """A map that is to be checked.

    Attributes:
        path, address: of its header.
        map: the map; or why it cannot be opened.
        measured: what it takes.
        perhaps: the map as the only type of the program that it can be of, where no hash says so: it may be no map.
    """

    path: str
    address: int
    map: GoMap | LayoutError | ReadError
    measured: Measured | None
    perhaps: GoMap | None = None


def _of_census(program: Program, census: Census) -> Iterator[_Found]:
    for found in census.maps:
        yield _Found(census.path(found), found.address, found.map, found.measured, _perhaps(program, found))


def _perhaps(program: Program, found: FoundMap) -> GoMap | None:
    trial = found.trial
    if isinstance(found.map, GoMap) or trial is None or trial.missing or len(trial.types) != 1:
        return None
    try:
        return open_map(program, trial.types[0], found.address)
    except (LayoutError, ReadError):
        return None


def _of_packages(program: Program) -> Iterator[_Found]:
    for name, map in package_maps(program):
        yield _Found(name, map.address if isinstance(map, GoMap) else 0, map, None)


def _checked(program: Program, maps: Iterable[_Found], progress: Callable[[str], None]) -> Iterator[CheckedMap]:
    """Each of MAPS after its check. The last may be one whose check was interrupted."""
    started: list[_Found] = []

    def to_check() -> Iterator[GoMap | LayoutError | ReadError]:
        for found in maps:
            started.append(found)
            yield found.perhaps or found.map

    def at(number: int, text: str) -> None:
        progress(f"{number} maps checked, now {started[number].path}: {text}")

    for number, report in enumerate(check_each(program, to_check(), quick=False, progress=at)):
        path, address, map, measured, perhaps = started[number]
        if perhaps is not None and isinstance(report, Report):
            if report.interrupted:
                raise KeyboardInterrupt
            if _shows_the_type(report):
                map = perhaps
        if not isinstance(map, GoMap):
            yield CheckedMap(path, None, address, None, measured, map)
        elif isinstance(report, Report):
            yield CheckedMap(path, map.type, address, report, measured, None)
        else:
            yield CheckedMap(path, map.type, address, None, measured, report)


def _shows_the_type(report: Report) -> bool:
    """Whether what is wrong with a map shows that it is of the type that it was checked as.

    Strings do: all lead to one object that has room for them, and were others when they were stored.
    """
    return any(isinstance(cause.evidence, SharedBytes) and cause.evidence.proved for cause in report.causes)


def _kept_bytes(
    program: Program, census: Census, checked: Sequence[CheckedMap], progress: Callable[[str], None]
) -> Iterator[KeptBytes]:
    """Who has pointers to the bytes of changed keys, of the first maps that have such keys."""
    causes = ((each.path, cause) for each in checked if each.report is not None for cause in each.report.causes)
    shared = ((path, cause.address, one) for path, cause in causes if isinstance(one := cause.evidence, SharedBytes))
    for path, address, evidence in islice(shared, _MOST_SHARED):
        progress(f"looking for who keeps the bytes of keys of {path}")
        try:
            found, complete = referrers(program, census.survey, sought(program, census.survey, address), progress)
        except (LayoutError, ReadError):
            found, complete = [], False
        others = [each for each in found if each.kind != "stack" and each.address not in evidence.headers]
        yield KeptBytes(path, address, others, complete)


def _what_is(program: Program, address: int) -> Answer | None:
    try:
        return heap_of(program).at(address)
    except (LayoutError, ReadError):
        return None
