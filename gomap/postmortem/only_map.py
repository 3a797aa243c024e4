"""Which map an error was raised at where its function's frames have lost it: the only one of its type that there is.

The caller's code tells which type it passes, or the dictionary of generic code does. A map that two goroutines are at
is in the heap, and a census knows those; any whose type nothing tells counts too, as far as that may be the one.
"""

from __future__ import annotations

from collections.abc import Callable

from gomap.census.survey import Survey, survey
from gomap.goruntime.instances import map_type_handed_on
from gomap.goruntime.tracebacks import Traceback
from gomap.maps.callers import site_of, type_passed
from gomap.maps.opening import open_map
from gomap.maps.operation_facts import NilMap, OneOfMaps, OnlyMapOfProcess
from gomap.maps.operations import Operation
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["with_only_map"]

#: Of several maps so many are named.
_MOST_NAMED = 4


def with_only_map(
    program: Program, trace: Traceback, operation: Operation, progress: Callable[[str], None]
) -> Operation:
    """OPERATION, of which no frame tells the map, with the one that it can be on, or with which these are."""
    if operation.map is not None or operation.caller >= len(trace.calls) or isinstance(operation.by, NilMap):
        return operation
    caller = trace.calls[operation.caller]
    site, standing = site_of(program, caller), trace.standing(caller)
    passed = None if site is None else type_passed(program, site)
    try:
        if passed is None and standing is not None:
            passed = map_type_handed_on(program, standing)
        if passed is None:
            return operation
        made = survey(program, progress)
        maps = [] if made.interrupted else [number for number in made.paths.order if _may_be(made, number, passed)]
        if len(maps) != 1:
            paths = [made.paths.of(number) for number in maps[:_MOST_NAMED]]
            return (
                operation._replace(by=OneOfMaps(caller.call.name, passed.name, len(maps), paths)) if maps else operation
            )
        map = open_map(program, passed, made.objects.data(maps[0]))
    except (LayoutError, ReadError, KeyboardInterrupt):
        return operation
    return operation._replace(map=map, by=OnlyMapOfProcess(caller.call.name), certain=False)


def _may_be(made: Survey, number: int, type: GoType) -> bool:
    """Whether the object of that NUMBER is a map that may be of that TYPE."""
    plan = made.paths.plans[number]
    if plan is not None and plan.map_type is not None:
        return plan.map_type.name == type.name
    if number not in made.untyped_maps:
        return False
    trial = made.untyped_maps[number]
    return trial is None or bool(trial.missing) or any(each.name == type.name for each in trial.types)
