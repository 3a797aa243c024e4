"""What is beside the map of a verdict: the struct that it is a field of, and the locks there.

The struct is found by each way in which the program is known to get to the map: from a package variable, from one of
the function that was at it, or of others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from gomap.expressions.evaluating import evaluate
from gomap.expressions.frame_scope import FrameScope
from gomap.expressions.go_values import ExpressionError
from gomap.expressions.package_scope import PackageScope
from gomap.expressions.scope import Scope
from gomap.goruntime.tracebacks import CallFrame, Traceback
from gomap.maps.model import GoMap
from gomap.postmortem.gaps import MoreLocks
from gomap.postmortem.locks import locks_of, owners, package_locks
from gomap.postmortem.verdict import Verdict
from gomap.program.gotypes import Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["with_locks"]

#: Calls of one function, of which one may have the variable that leads to the map.
_MOST_CALLS = 8


def with_locks(program: Program, traces: Sequence[Traceback], verdict: Verdict, at_map: Sequence[Traceback]) -> Verdict:
    """VERDICT with the struct that the map is a field of, and the locks in it or in what it is a part of.

    If there are none, with those of the package whose variable leads to the map. Raises LayoutError, ReadError and
    ExpressionError.
    """
    for scope, path in _ways(program, traces, verdict):
        structs = list(owners(scope, path))
        if structs:
            locks = [lock for path, owner in structs for lock in locks_of(program, traces, path, owner, at_map)]
            verdict = replace(verdict, owner=structs[0][0], locks=locks)
            break
    if verdict.locks:
        return verdict
    path = verdict.rooted or ("" if verdict.path_in else verdict.path)
    locks, more = package_locks(program, traces, path, at_map)
    notes = [MoreLocks(more, locks[0].package)] if more else []
    return replace(verdict, locks=locks, notes=[*verdict.notes, *notes])


def _ways(program: Program, traces: Sequence[Traceback], verdict: Verdict) -> Iterator[tuple[Scope, str]]:
    """The paths that lead to the map, each with where it is meant."""
    package = PackageScope(program)
    yield package, verdict.rooted
    yield package, verdict.path
    if verdict.trace is not None and verdict.operation is not None:
        yield FrameScope(package, verdict.trace.goroutine.id, verdict.operation.caller), verdict.path
    for side in verdict.others.sides if verdict.others is not None else ():
        if side.reach is not None and side.reach.by == "variable":
            yield FrameScope(package, side.trace.goroutine.id, side.call.number), side.reach.path
    for trace, call in _calls_of(traces, verdict.path_in):
        frame = FrameScope(package, trace.goroutine.id, call.number)
        if verdict.map is not None and _leads_to(frame, verdict.path, verdict.map):
            yield frame, verdict.path


def _calls_of(traces: Sequence[Traceback], function: str) -> Iterator[tuple[Traceback, CallFrame]]:
    """The first calls of FUNCTION on any stack."""
    calls = ((trace, call) for trace in traces for call in trace.calls if function and call.call.name == function)
    return islice(calls, _MOST_CALLS)


def _leads_to(scope: Scope, path: str, map: GoMap) -> bool:
    """Whether PATH is that map's there: a variable of that name may be another call's."""
    try:
        value = evaluate(scope, path)
        return map.address == (value.integer() if value.type.kind is Kind.MAP else value.address)
    except (ExpressionError, LayoutError, ReadError):
        return False
