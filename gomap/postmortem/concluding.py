"""How a verdict is come to: from the error that a program raised, and from who stands where in which map."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Literal

from gomap.census.survey import survey
from gomap.check.checking import Report, check
from gomap.check.finding import Severity
from gomap.check.keys import OF_CHANGED_KEYS
from gomap.expressions.go_values import ExpressionError
from gomap.goruntime.goroutines import goroutines_of
from gomap.goruntime.instances import variables_of
from gomap.goruntime.tracebacks import CallFrame, Traceback, tracebacks
from gomap.hashing.parts import hashed_outside
from gomap.maps.callers import is_of, names_variable, site_of, type_passed
from gomap.maps.model import GoMap
from gomap.maps.naming import maps_from, nil_package_paths, package_paths
from gomap.maps.operations import Operation, operations
from gomap.postmortem.beside import with_locks
from gomap.postmortem.death import Death, deaths
from gomap.postmortem.gaps import (
    FirstMapsOnly,
    Gap,
    GoroutinesUnread,
    LocksNotSought,
    MapNotChecked,
    PathNotSought,
    StacksNotFollowed,
    StacksUnread,
    Uncomparable,
    WouldTell,
)
from gomap.postmortem.keys import KeyTrouble, in_file, key_at_fault, passed_at_fault, stored_at_fault
from gomap.postmortem.only_map import with_only_map
from gomap.postmortem.sides import involved
from gomap.postmortem.verdict import AssignedNil, Verdict, endless
from gomap.postmortem.writers import writers
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["why"]

#: How the runtime's messages on races begin.
_RACE = "concurrent map "
_NIL = "assignment to entry in nil map"
_UNHASHABLE = "hash of unhashable type "
_UNCOMPARABLE = "comparing uncomparable type "
#: Rules that are broken where entries or overflow buckets are not counted.
_OF_COUNTS = {"count-mismatch", "noverflow-mismatch"}
#: Functions that map functions call for their keys and elements, and that fault where these lead nowhere.
_CALLED_BY_MAPS = re.compile(
    r"type[:.]|aeshashbody|memeqbody|cmpbody|internal/(?:abi|bytealg|runtime/(?:maps|sys|math|atomic))\.|"
    r"(?:internal/)?sync\.(?:\(\*Mutex\)\.|runtime_Sem)|"
    r"runtime\.(?:mem|\w*hash|\w*Hash|aes|\w*equal|\w*eq\b|typedmem|bulkBarrier|add\b|panic|sigpanic|goPanic|map_?)"
)
#: How a census calls what a variable on a stack leads to; not by way of memory whose type is not known.
_ON_STACK = re.compile(r"goroutine \d+ (?P<function>[^:]+): (?P<path>(?:(?!->).)+)")
#: Of a mutex that nobody is there to unlock.
_HELD = "lock-held"
#: Maps that somebody is inside of are looked at, up to so many.
_MOST_CHECKED = 32


def why(program: Program, progress: Callable[[str], None]) -> Verdict:
    """What PROGRAM died of, as far as a map is to blame; or which map somebody is caught in.

    PROGRESS: is told what is being done. Raises LayoutError, ReadError.
    """
    progress("following the stacks")
    traces = list(tracebacks(program))
    verdict, signal = _why(program, traces, progress), program.signal
    itself = signal is not None and signal.sent and signal.sender in {thread.id for thread in program.threads()}
    return replace(verdict, traces=traces, signal=signal, sent_by_itself=itself)


def _why(program: Program, traces: Sequence[Traceback], progress: Callable[[str], None]) -> Verdict:
    """The verdict, but for what does not depend on how it is come to: stacks, and the signal."""
    found = deaths(program, traces)
    for death in found:
        operation = _raised_in(program, death)
        if operation is not None:
            also = [each for each in found if each is not death]
            progress("looking for who else is at the map")
            operation = with_only_map(program, death.trace, operation, progress)
            begun = Verdict("cannot tell", False, death, also, operation, death.trace, operation.map)
            begun = replace(begun, path=operation.path, path_in=_path_in(program, death.trace, operation))
            begun = _rooted(program, begun, progress)
            return _of_operation(program, traces, begun, progress)
    return _without_operation(program, traces, found, progress)


def _path_in(program: Program, trace: Traceback, operation: Operation) -> str:
    """The function that has the path to an operation's map; empty if that begins with a package variable."""
    of_package = operation.map is None or operation.map.address in package_paths(program)
    return "" if of_package or not operation.path else trace.calls[operation.caller].call.name


def _rooted(program: Program, verdict: Verdict, progress: Callable[[str], None]) -> Verdict:
    """The verdict, with the path to its map from a root: by all pointers of the heap, if need be."""
    if verdict.map is None or (verdict.path and not verdict.path_in):
        return verdict
    try:
        made = survey(program, progress)
        number = made.objects.find(verdict.map.address)
        # A map that is on a stack itself is no object; a sync.Map may be part of one.
        there = number >= 0 and made.paths.reached(number)
        place = verdict.map.address - made.objects.data(number) if there else 0
        path = made.paths.part(number, place, verdict.map.type) if there else ""
        on_stack = _ON_STACK.fullmatch(path)
        if on_stack is not None and not verdict.path:
            return replace(verdict, path=on_stack["path"], path_in=on_stack["function"])
        # By way of a goroutine's stack, or the runtime's own books, a function's name for it says more.
        return replace(verdict, rooted="" if path.startswith(("goroutine ", "runtime.")) else path)
    except (LayoutError, ReadError) as error:
        return replace(verdict, notes=[*verdict.notes, PathNotSought(error)])
    except KeyboardInterrupt:
        return replace(verdict, notes=[*verdict.notes, PathNotSought(None)])


def _raised_in(program: Program, death: Death) -> Operation | None:
    """The map operation in whose middle an error was raised; by the operation, or by what that calls for a key."""
    for operation in operations(program, death.trace):
        between = death.trace.calls[death.raised : operation.inner]
        if operation.inner >= death.raised and all(_CALLED_BY_MAPS.match(call.call.name) for call in between):
            return operation
        if operation.inner < death.raised <= operation.outer:
            return operation
    return None


def _of_operation(
    program: Program, traces: Sequence[Traceback], begun: Verdict, progress: Callable[[str], None]
) -> Verdict:
    """The verdict on an error that was raised in a map operation."""
    death, operation, map = begun.death, begun.operation, begun.map
    assert death is not None
    assert operation is not None
    if death.message == _NIL and not operation.on_sync_map:  # those in a sync.Map are made by itself
        return replace(begun, kind="nil map", certain=True, nil=_nil_map(program, death.trace, operation))
    if _UNHASHABLE in death.message:
        return replace(begun, kind="bad key", certain=True, key=KeyTrouble("unhashable", "key"))
    if operation.on_sync_map and _UNCOMPARABLE in death.message:
        return replace(begun, kind=None, certain=True, map=None, notes=[*begun.notes, Uncomparable(operation.function)])
    race = death.message.startswith(_RACE)
    if map is None:
        tells = (WouldTell.CALLERS_VARIABLES,)
        return replace(begun, kind="race" if race else "cannot tell", certain=race, tells=tells)
    report, notes = _checked(program, map, progress)
    begun = replace(begun, report=report, notes=[*begun.notes, *notes])
    if race:
        return _race(program, traces, begun, map, progress)
    trouble = None
    fault = death.fault.address if death.fault is not None else 0
    if death.fault is not None and operation.key is not None:
        trouble = key_at_fault(program, map, operation.key, fault)
    if trouble is not None:
        return replace(begun, kind="bad key", certain=True, key=in_file(program, trouble, fault))
    trouble = stored_at_fault(program, map, fault) if death.fault is not None else None
    if trouble is not None:  # certain is that it was this key; not, whether it was always so
        return replace(begun, kind="bad key", key=in_file(program, trouble, fault))
    damaged = _damage(report)
    if damaged is not None:
        return replace(begun, kind=damaged, certain=damaged == "corruption" and not death.overflow)
    if death.overflow:
        return replace(begun, kind=None, certain=True, map=None)
    if death.fault is not None:
        trouble = passed_at_fault(program, _entered(death.trace, operation), map, fault)
    if trouble is not None:
        return replace(begun, kind="bad key", key=in_file(program, trouble, fault))
    return replace(begun, tells=(WouldTell.NEXT_CORE, WouldTell.SANITIZER))


def _entered(trace: Traceback, operation: Operation) -> CallFrame:
    """The outermost call of an operation that has a frame of its own: a method of sync.Map may be inlined."""
    run = trace.calls[operation.inner : operation.outer + 1]
    outside = trace.calls[operation.caller].frame if operation.caller < len(trace.calls) else None
    return next((call for call in reversed(run) if call.frame is not outside), run[-1])


def _nil_map(program: Program, trace: Traceback, operation: Operation) -> AssignedNil:
    """What is known of the nil map that a function assigns to.

    An inlined function may have lost what it knew; those that it is inlined into, in the same frame, may have it still.
    """
    calls = trace.in_frame_of(operation.caller)
    site = site_of(program, calls[0]) if calls else None
    passed = None if site is None else type_passed(program, site)
    for call in calls:
        standing = trace.standing(call)
        variables = () if standing is None else variables_of(program, standing)
        reached: list[tuple[str, GoType, CallFrame | None]]
        reached = [(path, type, call) for header, path, type in maps_from(program, variables) if not header]
        named = (each for each in nil_package_paths(program) if names_variable(program, call, each))
        reached += [(each.path, each.type, None) for each in named]
        nil = {path: AssignedNil(type, path, of) for path, type, of in reached if passed is None or is_of(type, passed)}
        if nil:
            return next(iter(nil.values())) if len(nil) == 1 else AssignedNil(passed)
    return AssignedNil(passed)


def _race(
    program: Program, traces: Sequence[Traceback], begun: Verdict, map: GoMap, progress: Callable[[str], None]
) -> Verdict:
    """The verdict where the runtime says that two were at a map."""
    assert begun.death is not None
    others = involved(program, traces, begun.death.trace, map)
    firm = [side for side in others.sides if side.degree != "possible"]
    verdict = replace(begun, kind="race", certain=True, others=others)
    if not begun.path:
        paths = (
            (side.reach.path if side.reach is not None else side.operation.path if side.operation else "", side)
            for side in others.sides
        )
        path, path_in = next(((path, side.call.call.name) for path, side in paths if path), ("", ""))
        verdict = replace(verdict, path=path, path_in=path_in)
    if _damage(begun.report) == "corruption" and not firm and _header_damaged(begun.report, map):
        # What the runtime takes for a writer's mark, which is in the header, may be damage too.
        return replace(verdict, kind="corruption", certain=False)
    try:
        verdict = with_locks(program, traces, verdict, [begun.death.trace, *(side.trace for side in firm)])
    except (LayoutError, ReadError, ExpressionError) as error:
        verdict = replace(verdict, notes=[*verdict.notes, LocksNotSought(error)])
    if firm:
        return verdict
    progress("looking for who writes to such maps")
    callers = begun.death.trace.calls[begun.operation.caller :] if begun.operation is not None else ()
    for caller in callers[:1]:
        with suppress(LayoutError, ReadError):  # it is no more than a hint
            verdict = replace(verdict, writers=writers(program, caller.frame.function.name, map.type.name))
    return replace(verdict, tells=(WouldTell.RACE_DETECTOR,))


def _without_operation(
    program: Program, traces: Sequence[Traceback], found: Sequence[Death], progress: Callable[[str], None]
) -> Verdict:
    """The verdict where no error was raised in a map operation: whether somebody is caught in a damaged map."""
    reports: list[Report] = []
    notes: list[Gap] = []
    seen: set[int] = set()
    stuck: Verdict | None = None
    death = found[0] if found else None
    inside = 0
    under_way = ((trace, operation) for trace in traces for operation in operations(program, trace))
    for caught, operation in under_way:
        inside += 1
        map = operation.map
        if map is None or operation.kind in ("make", "clone") or map.address in seen:
            continue
        if len(seen) >= _MOST_CHECKED:
            notes.append(FirstMapsOnly(_MOST_CHECKED))
            break
        seen.add(map.address)
        report, unread = _checked(program, map, progress)
        notes += unread
        if report is None:
            continue
        begun = Verdict(
            *("cannot tell", False, death, found[1:], operation, caught, map),
            *(operation.path, _path_in(program, caught, operation)),
            report=report,
        )
        damaged = _damage(report)
        if damaged is not None:
            certain = endless(report) and operation.certain and caught.state == "running"
            return _rooted(program, replace(begun, kind=damaged, certain=certain, notes=notes), progress)
        reports.append(report)
        held = any(each.rule.name == _HELD and not each.transient for each in report.findings)
        if held and death is None and stuck is None and caught.state == "waiting":
            stuck = replace(begun, tells=(WouldTell.COPIED, WouldTell.NEXT_CORE))
    if stuck is not None:
        return _rooted(program, replace(stuck, notes=notes), progress)
    verdict = Verdict(None, True, death, found[1:], notes=notes, inside=inside, checked=reports)
    unread = _unread(program, traces)
    if not unread:
        return verdict
    # Whoever was at a map may be among them.
    tells = () if all(isinstance(gap, StacksNotFollowed) for gap in unread) else (WouldTell.WHOLE_CORE,)
    return replace(verdict, kind="cannot tell", certain=False, notes=[*notes, *unread], tells=tells)


def _unread(program: Program, traces: Sequence[Traceback]) -> list[Gap]:
    """Which goroutines could not be looked at, since memory cannot be read or nothing tells where they stood."""
    unread = goroutines_of(program).unread()
    gaps: list[Gap] = [GoroutinesUnread(unread)] if unread else []
    broken = [(trace, trace.broken) for trace in traces if isinstance(trace.broken, ReadError)]
    if broken:
        trace, error = broken[0]
        gaps.append(StacksUnread(len(broken), trace.goroutine.id, error))
    lost = [trace.goroutine.id for trace in traces if trace.state == "running" and not (trace.calls or trace.broken)]
    if lost:
        gaps.append(StacksNotFollowed(len(lost), lost[0]))
    return gaps


def _checked(program: Program, map: GoMap, progress: Callable[[str], None]) -> tuple[Report | None, list[Gap]]:
    progress(f"checking the {map.type.name} at {map.address:#x}")
    try:
        return check(program, map), []
    except (LayoutError, ReadError) as error:
        return None, [MapNotChecked(error)]


def _header_damaged(report: Report | None, map: GoMap) -> bool:
    """Whether something is wrong with the header that two writers do not do to it: they do lose count."""
    lasting = [each for each in report.findings if not each.transient] if report is not None else []
    header = range(map.address, map.address + map.header_size)
    return any(each.address in header and each.rule.name not in _OF_COUNTS for each in lasting)


def _damage(report: Report | None) -> Literal["corruption", "mutated keys"] | None:
    """What lasting findings amount to; None if there are none."""
    lasting = [each for each in report.findings if not each.transient] if report is not None else []
    errors = [each for each in lasting if each.rule.severity is Severity.ERROR]
    if report is None or not errors:
        return None
    keys = all(each.rule.name in OF_CHANGED_KEYS for each in errors)
    # Of keys that lie in the map as a whole it is the map that was overwritten.
    other = any(cause.kind != "shared-bytes" for cause in report.causes)
    return "mutated keys" if keys and not other and hashed_outside(report.map.key) else "corruption"
