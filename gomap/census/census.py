"""The maps of a process: each once, with its path and what it takes."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gomap.census.measure import Measured, Measuring
from gomap.census.retained import retained
from gomap.census.survey import Survey, survey
from gomap.census.unreached import Unreached, unreached
from gomap.goruntime.heap import heap_of
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.maps.recognised import Evidence
from gomap.maps.trials.trial import Trial
from gomap.maps.trials.wording import trial_text
from gomap.program.collector import without_collector
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["Census", "FoundMap", "take_census", "with_apart", "with_retained", "with_unreached"]

#: Maps that are measured between two words about progress.
_PAUSE = 512


@dataclass(frozen=True)
class FoundMap:
    """A map that the process can reach.

    Attributes:
        number: of its header among the objects of the survey.
        address: of its header.
        map: the map; or why it cannot be opened, as where nothing tells its type.
        origin: its path with stars for indexes; other maps may share it.
        measured: what it takes; None where it cannot be opened, or takes more by one type that fits than by another.
        trial: what was found out of its type by trying those of the program; None where that was not needed, or it
            can be of none.
    """

    number: int
    address: int
    map: GoMap | LayoutError | ReadError
    origin: str
    measured: Measured | None
    trial: Trial | None = None

    @property
    def type(self) -> GoType | None:
        """The map's type; None where it is not certain, or the map cannot be opened."""
        return self.map.type if isinstance(self.map, GoMap) else None


@dataclass(frozen=True)
class Census:
    """All maps of a process that its collector knows.

    Attributes:
        survey: what they were found in.
        maps: in the order in which they were reached.
        interrupted: it was: there may be more.
        retained: the bytes that each object of the survey keeps alive, by number; None where that is not worked out.
        apart: the same without what maps among that keep alive, so that maps can be added up; None likewise.
        unreached: what nothing leads to; None likewise.
    """

    survey: Survey
    maps: list[FoundMap]
    interrupted: bool
    retained: array[int] | None = None
    apart: array[int] | None = None
    unreached: Unreached | None = None

    def path(self, found: FoundMap) -> str:
        """The path of one of them, with its indexes."""
        return self.survey.paths.of(found.number)


def take_census(program: Program, progress: Callable[[str], None]) -> Census:
    """The census of a program that stands still. Raises LayoutError and ReadError."""
    with without_collector():
        return _census(program, progress)


def _census(program: Program, progress: Callable[[str], None]) -> Census:
    made = survey(program, progress)
    paths, objects = made.paths, made.objects
    measuring = Measuring(program, objects, heap_of(program).allocator)
    found: list[FoundMap] = []
    interrupted = made.interrupted
    try:
        for number in paths.order:
            plan = paths.plans[number]
            type = plan.map_type if plan else None
            if type is None and number not in made.untyped_maps:
                continue
            if not len(found) % _PAUSE:
                progress(f"{len(found)} maps measured")
            address, origin = objects.data(number), paths.origins.text(paths.origin[number])
            trial = made.untyped_maps.get(number)
            if type is None:
                measured, problem = _measured_alike(measuring, address, trial, made.headers.untried)
                found.append(FoundMap(number, address, LayoutError(problem), origin, measured, trial))
                continue
            try:
                map = open_map(program, type, address)
                if trial is not None:
                    map.recognised_by = Evidence.HASHES
                found.append(FoundMap(number, address, map, origin, measuring.of(map), trial))
            except (LayoutError, ReadError) as error:
                found.append(FoundMap(number, address, error, origin, None))
    except KeyboardInterrupt:
        interrupted = True
    return Census(made, found, interrupted)


def _measured_alike(
    measuring: Measuring, address: int, trial: Trial | None, untried: str
) -> tuple[Measured | None, str]:
    """What the map at ADDRESS takes, if that is the same by all types that fit; and why it cannot be opened.

    UNTRIED: why no types can be tried.
    """
    if trial is None:
        return None, "; ".join(filter(None, ["nothing tells its type", untried]))
    try:
        by_type = measuring.by_types(address, trial.types)
    except (LayoutError, ReadError) as error:
        return None, f"{trial_text(trial)}; {error}"
    if len(by_type) == 1:
        return next(iter(by_type)), trial_text(trial)
    takes = ", ".join(f"{each.structure} bytes as {type}" for each, type in by_type.items())
    return None, f"{trial_text(trial)}; it takes {takes}"


def with_retained(census: Census, progress: Callable[[str], None]) -> Census:
    """CENSUS with what each map keeps alive, unless it or this is interrupted."""
    return replace(census, retained=_kept_alive(census, (), progress))


def with_apart(census: Census, progress: Callable[[str], None]) -> Census:
    """CENSUS with what each map keeps alive beside what other maps do, unless it or this is interrupted."""
    return replace(census, apart=_kept_alive(census, [found.number for found in census.maps], progress))


def _kept_alive(census: Census, apart: Sequence[int], progress: Callable[[str], None]) -> array[int] | None:
    """What each object keeps alive without what those APART do; None if the census or this is interrupted."""
    made = census.survey
    if made.interrupted:
        return None
    try:
        return retained(made.objects, made.pointers, made.roots, made.paths.order, progress, apart)
    except KeyboardInterrupt:
        return None


def with_unreached(program: Program, census: Census, progress: Callable[[str], None]) -> Census:
    """CENSUS of PROGRAM with what nothing leads to, unless this is interrupted. Raises ReadError."""
    try:
        return replace(census, unreached=unreached(program, census.survey, progress))
    except KeyboardInterrupt:
        return census
