"""Checks of maps, one or many: with all that is known of their program, and what their findings come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Union

from gomap.check.header import WRITING
from gomap.check.judging import run_together
from gomap.check.key_bytes import SharedBytes
from gomap.check.map_check import FREED, MapCheck, Means, Report
from gomap.check.stack_users import stack_users
from gomap.check.stray_words import with_stray_words
from gomap.goruntime.heap import Heap, heap_of
from gomap.goruntime.writers import somebody_deletes_in_trie, somebody_in_sync_map, somebody_writes
from gomap.hashing import KeyHasher
from gomap.language import BRIEF
from gomap.maps.hashers import hasher_of
from gomap.maps.model import GoMap
from gomap.maps.opening import literals_of, package_maps
from gomap.maps.syncmap import is_sync_map
from gomap.program.collector import without_collector
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["FREED", "Report", "check", "check_each"]

#: Maps whose checks are under way at a time, and entries of one that needs no company.
_TOGETHER, _LARGE = 512, 1 << 12


def check(
    program: Program,
    map: GoMap,
    quick: bool = False,
    progress: Callable[[str], None] | None = None,
    unchanged: bool = False,
) -> Report:
    """Check MAP with all that is known of its program. What cannot be looked at is said in the report.

    QUICK: without hashes. PROGRESS: told how far the check is; with it an interruption ends the check, not the report.
    UNCHANGED: a write that is under way is known to have changed
    nothing yet but the map's flag, which is not held against it. Raises LayoutError and ReadError.
    """

    def told(_: int, text: str) -> None:
        if progress is not None:
            progress(text)

    (outcome,) = check_each(program, [map], quick, told, unchanged)
    if not isinstance(outcome, Report):
        raise outcome
    if outcome.interrupted and progress is None:
        raise KeyboardInterrupt
    return outcome


#: A map; or why there is none, or it cannot be opened.
_MaybeMap = Union[GoMap, LayoutError, ReadError]


def check_each(
    program: Program,
    maps: Iterable[_MaybeMap],
    quick: bool,
    progress: Callable[[int, str], None],
    unchanged: bool = False,
) -> Iterator[Report | LayoutError | ReadError]:
    """Check each of MAPS; where one is none, or cannot be checked, it is said why.

    They are taken some hundreds at a time, whose keys are hashed together. The last report is one that was interrupted,
    if any was. PROGRESS is told which map is checked, from 0 on, and how far its check is. QUICK, UNCHANGED: see check.
    """
    of_type: dict[GoType, tuple[Means, Sequence[str]]] = {}
    for some in _groups(maps):
        group: list[MapCheck | LayoutError | ReadError] = []
        for number, map in some:
            if not isinstance(map, GoMap):
                group.append(map)
                continue
            try:
                if map.type not in of_type:
                    of_type[map.type] = _means_for(program, map, quick, unchanged)
                group.append(MapCheck(map, *of_type[map.type], partial(progress, number)))
            except (LayoutError, ReadError) as error:
                group.append(error)
        interruption: KeyboardInterrupt | None = None
        try:
            with without_collector():
                run_together(each for each in group if isinstance(each, MapCheck))
        except KeyboardInterrupt as ctrl_c:
            interruption = ctrl_c
        for each in group:
            outcome = _outcome(program, each, unchanged) if isinstance(each, MapCheck) else each
            yield outcome
            if isinstance(outcome, Report) and outcome.interrupted:
                return
        if interruption is not None:  # when all had come to their ends
            raise interruption


def _groups(maps: Iterable[_MaybeMap]) -> Iterator[list[tuple[int, _MaybeMap]]]:
    """Maps that are checked together, with their numbers.

    A large one is alone: what was found before is told first, and kept if it is interrupted.
    """
    group: list[tuple[int, _MaybeMap]] = []
    for numbered in enumerate(maps):
        map = numbered[1]
        # (To count what a sync.Map holds is half of its check.)
        large = isinstance(map, GoMap) and (not map.count_field or map.count > _LARGE)
        if group and (large or len(group) == _TOGETHER):
            yield group
            group = []
        group.append(numbered)
        if large:
            yield group
            group = []
    if group:
        yield group


def _outcome(program: Program, checked: MapCheck, unchanged: bool) -> Report | LayoutError | ReadError:
    """What came of a check that was taken to its end, or was interrupted."""
    try:
        report = checked.explained()
    except (LayoutError, ReadError) as error:
        return error
    if not report.findings:
        return report
    report = _with_users(program, report, checked.progress)
    findings = with_stray_words(program, report.map, checked.heap, report.findings)
    if unchanged:
        findings = [each for each in findings if each.rule is not WRITING]
    return replace(report, findings=findings)


def _means_for(program: Program, map: GoMap, quick: bool, unchanged: bool) -> tuple[Means, Sequence[str]]:
    """All that is known for checks of maps of MAP's type; and what is not, and why."""
    without = []
    heap: Heap | None = None
    hasher: KeyHasher | None = None
    try:
        heap = heap_of(program)
    except (LayoutError, ReadError) as error:
        without.append(f"pointers are judged by whether they can be read, not by the heap's books: {error}")
    if not quick:
        try:
            hasher = hasher_of(program, map)
        except (LayoutError, ReadError) as error:
            without.append(f"hashes are not checked: {error}")
    in_sync_map = is_sync_map(map.type)

    def somebody() -> bool:
        return not unchanged and (somebody_writes(program) or (in_sync_map and somebody_in_sync_map(program)))

    means = Means(
        *(literals_of(program, BRIEF), heap, hasher, somebody),
        lambda: somebody_deletes_in_trie(program),
        lambda: package_maps(program),
    )
    return means, without


def _with_users(program: Program, report: Report, progress: Callable[[str], None] | None) -> Report:
    """REPORT, with whose stacks have pointers to the bytes of keys that changed."""
    causes = list(report.causes)
    try:
        for number, cause in enumerate(causes):
            if isinstance(cause.evidence, SharedBytes):
                causes[number] = replace(cause, users=stack_users(program, cause.evidence, progress))
    except KeyboardInterrupt:
        if progress is None:
            raise
        return replace(report, interrupted=True)
    return replace(report, causes=causes)
