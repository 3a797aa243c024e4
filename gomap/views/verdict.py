"""A verdict as lines of text: what the program died of, which map, who was at it, what the locks say."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from gomap.check.checking import Report
from gomap.goruntime.own_calls import library_folder, own_call
from gomap.goruntime.tracebacks import CallFrame, Traceback
from gomap.goruntime.wording import in_file_text
from gomap.maps.operation_wording import told_by_text
from gomap.maps.operations import Operation
from gomap.maps.wording import counted
from gomap.postmortem.death import Death
from gomap.postmortem.keys import KeyTrouble
from gomap.postmortem.locks import Lock
from gomap.postmortem.sides import Reach, Side, Site
from gomap.postmortem.verdict import NilMap, Verdict, endless
from gomap.program.signals import Signal
from gomap.views.findings import check_lines
from gomap.views.gaps import code_unread_text, gap_text, would_tell_text
from gomap.views.goroutines import DOES, place_text
from gomap.views.paint import Paint
from gomap.views.text import title

__all__ = ["Arguments", "death_text", "verdict_lines"]

#: The arguments of a call, by the goroutine's number and the call's, in words: ``s=0x578450 i=17``.
Arguments = Mapping[tuple[int, int], str]

#: What si_code says, by the signal's number where it depends on that (asm-generic/siginfo.h).
_CODES = {
    (11, 1): "SEGV_MAPERR", (11, 2): "SEGV_ACCERR", (7, 1): "BUS_ADRALN", (7, 2): "BUS_ADRERR", (7, 3): "BUS_OBJERR",
    (0, 0): "SI_USER", (0, -1): "SI_QUEUE", (0, -6): "SI_TKILL", (0, 128): "SI_KERNEL",
}  # fmt: skip
_FINDINGS = 5
_LONGEST_NAME = 60
#: Goroutines of one function that are named by number.
_MOST_NAMED = 8


def verdict_lines(verdict: Verdict, arguments: Arguments, paint: Paint) -> Iterator[str]:
    """What is concluded, and the evidence for it; the first lines hold the answer."""
    yield death_text(verdict.death)
    # That the runtime ends the program by a signal says no more than that it has died.
    known = verdict.death is not None and (verdict.sent_by_itself or not verdict.death.raised)
    if verdict.signal is not None and not known:
        yield f"  the core's signal: {_signal(verdict.signal, verdict.sent_by_itself)}"
    if verdict.kind is None:
        yield from _without_map(verdict, paint)
        return
    if verdict.map is not None:
        of_function = f"{verdict.path} of {verdict.path_in}" if verdict.path_in else verdict.path
        name = ", ".join(filter(None, (verdict.rooted, of_function)))
        yield f"{title(verdict.map, paint)}{': ' + name if name else ''}"
        operation = verdict.operation
        if operation is not None:
            yield paint.note(f"  {'by' if operation.certain else 'probably this one:'} {told_by_text(operation.by)}")
    elif verdict.operation is not None and verdict.kind != "nil map":
        yield f"a map: which, cannot be told: {told_by_text(verdict.operation.by)}"
    likely = "" if verdict.certain or verdict.kind == "cannot tell" else "probable: "
    yield f"verdict: {likely}{paint.state(verdict.kind)}: {_conclusion(verdict)}"
    if verdict.nil is not None and verdict.nil.path and verdict.trace is not None and verdict.operation is not None:
        yield from _nil_path(verdict.nil, verdict.trace, verdict.operation, paint)
    yield from _who(verdict, arguments, paint)
    for lock in verdict.locks:
        yield _lock(lock)
    if verdict.others is not None and verdict.map is not None and not verdict.locks:
        yield f"no lock is beside it: {_no_lock(verdict)}"
    if verdict.report is not None and verdict.map is not None and verdict.map.address:
        first, *rest = check_lines(verdict.report, _FINDINGS, paint)
        yield f"gomap-check: {first.partition('): ')[2] or first}"
        yield from rest
    yield from (paint.note(f"note: {gap_text(gap)}") for gap in verdict.notes)
    yield from (f"what would tell more: {would_tell_text(what)}" for what in verdict.tells)


def death_text(death: Death | None) -> str:
    """What the program died of: ``fatal error: concurrent map writes``."""
    if death is None:
        return "nobody has raised an error that ends the program"
    fault = death.fault
    said = f": {death.message}" if death.message else ", whose text cannot be told"
    if fault is None:
        return f"{death.how}{said}"
    at = f"signal {fault.number} ({_signal_name(fault.number)}) at address {fault.address:#x}, pc {fault.pc:#x}"
    if not death.raised:
        return f"{at}; the runtime had not dealt with it yet"
    return f"{at}; {'panic' if 'runtime.gopanic' in _names(death.trace) else 'fatal error'}{said}"


def _signal(signal: Signal, by_itself: bool) -> str:
    """``11 (SIGSEGV), code 1 (SEGV_MAPERR), at address 0x10``; ``6 (SIGABRT), code 0 (SI_USER), sent by process 1``."""
    code = _CODES.get((signal.number, signal.code)) or _CODES.get((0, signal.code))
    told = f"{signal.number} ({_signal_name(signal.number)}), code {signal.code}{f' ({code})' if code else ''}"
    if signal.fault:
        return f"{told}, at address {signal.address:#x}"
    if signal.sent:
        return f"{told}, sent by {'the program itself' if by_itself else f'process {signal.sender}'}"
    return told


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown here"


def _names(trace: Traceback) -> list[str]:
    return [call.call.name for call in trace.calls]


def _without_map(verdict: Verdict, paint: Paint) -> Iterator[str]:
    yield "verdict: no map is implicated"
    death = verdict.death
    if death is not None and death.call is not None:
        call = (own_call(death.trace, library_folder([death.trace])) or death.call).call
        so = "outside of map operations" if verdict.operation is None else "though not by a map's or a key's fault"
        where = f"in {call.name} ({place_text(call)}), {so}"
        yield f"  it was raised by goroutine {death.trace.goroutine.id}, {where}"
    number, inside = len(verdict.checked), ", none inside a map operation"
    if verdict.inside:
        sound = f"; {counted(number, 'map')} checked for that: no findings" if number else ""
        inside = f", {counted(verdict.inside, 'map operation')} under way{sound}"
    yield f"  {counted(len(verdict.traces), 'goroutine')} looked at{inside}"
    yield from (paint.note(f"note: {gap_text(gap)}") for gap in verdict.notes)


def _conclusion(verdict: Verdict) -> str:
    """The verdict in one sentence."""
    id = verdict.trace.goroutine.id if verdict.trace is not None else 0
    does = DOES[verdict.operation.kind] if verdict.operation is not None else "is at"
    if verdict.kind == "race":
        sides = verdict.others.sides if verdict.others is not None else []
        firm = [side for side in sides if side.degree != "possible"]
        if verdict.others is None:
            return f"goroutine {id} {does} a map that somebody wrote to meanwhile"
        if not firm:
            return f"goroutine {id} {does} it, and somebody wrote to it meanwhile who is not seen at it any more"
        foremost = [side.trace for side in firm if side.degree == firm[0].degree]
        others = _ids(foremost)
        if firm[0].degree == "certain":
            return f"goroutine {id} {does} it while {others} {'write' if len(foremost) > 1 else 'writes'} to it"
        return f"goroutine {id} {does} it, and {others} probably wrote to it meanwhile"
    if verdict.kind == "bad key":
        return _bad_key(verdict.key, id, does)
    if verdict.kind == "nil map":
        nil = verdict.nil
        kind = nil.type.name if nil is not None and nil.type is not None else "map"
        which = ""
        if nil is not None and nil.path:
            which = f", probably {nil.path}{f' of {nil.call.call.name}' if nil.call is not None else ''}"
        return f"goroutine {id} assigns to a {kind} that is nil{which}: it was never made"
    if verdict.kind == "mutated keys":
        return f"{_mutated(verdict.report)}; goroutine {id} {does} it"
    if verdict.kind == "corruption":
        loops = verdict.report is not None and endless(verdict.report)
        what = "a search in it does not end" if loops else "the map is not as a map can be"
        return f"{what} (see below); goroutine {id} {does} it"
    if verdict.trace is None:
        looked_at = counted(len(verdict.traces), "goroutine")
        return f"of {looked_at} looked at none is caught in a damaged map; not all could be (see below)"
    if verdict.death is None:  # somebody waits in it
        return f"a mutex of it is locked, and nobody is seen who would unlock it; goroutine {id} {does} it, and waits"
    return f"goroutine {id} {does} it, and nothing that can be seen here says why it failed"


def _nil_path(nil: NilMap, trace: Traceback, operation: Operation, paint: Paint) -> Iterator[str]:
    """What tells the path to a nil map, and how to ask what that is a part of."""
    function = (nil.call or trace.calls[operation.caller]).call.name
    yield paint.note(f"  {function} gets to no other nil map of this type")
    owner = nil.path.rpartition(".")[0]
    if nil.call is not None and owner:
        yield paint.note(
            f"  whose that is: gomap-refs -goroutine {trace.goroutine.id} -frame {nil.call.number} {owner}"
        )


def _mutated(report: Report | None) -> str:
    """What is known of keys that have changed since they were put in: they do not hash to their places any more."""
    shared = report.shared_bytes if report is not None else None
    if shared is None:
        return "keys do not hash to where they stand, and their bytes lie outside of the map"
    if shared.proved:
        return "bytes of its keys changed after these were stored (see below)"
    keys = counted(shared.misplaced, "key does", "keys do")
    return f"{keys} not hash to where they stand, and {shared.keys} of them have their bytes in one place (see below)"


def _bad_key(trouble: KeyTrouble | None, id: int, does: str) -> str:
    if trouble is None:
        return ""
    at = f"{trouble.start:#x} to {trouble.end:#x}"
    what = {
        "key": f"the key itself, at {at}, cannot be read",
        "string": f"the bytes of {trouble.path}, a string at {at}, cannot be read",
        "interface": f"what {trouble.path}, an interface, holds at {trouble.start:#x} cannot be read",
        "type": f"the type of what {trouble.path}, an interface, holds cannot be read at {trouble.start:#x}",
        "unhashable": "the key is an interface, and holds what has no hash",
    }[trouble.what]
    if trouble.file is not None:
        what += f": {in_file_text(trouble.file)}, which may have been cut short"
    elif trouble.stored:
        what += ": that memory was given back, or the key overwritten"
    if trouble.stored:
        return f"goroutine {id} {does} it; it has a key, stored at {trouble.stored:#x}, and {what}"
    return f"goroutine {id} {does} it, and {what}; not the map is to blame"


def _who(verdict: Verdict, arguments: Arguments, paint: Paint) -> Iterator[str]:
    """Who was at the map."""
    if verdict.trace is not None and verdict.operation is not None:
        role = "is inside it"
        if verdict.death is not None and verdict.death.trace is verdict.trace:
            role = "faulted" if verdict.death.fault is not None and not verdict.death.raised else "threw"
        yield _head(verdict.trace, role, _thread(verdict.trace), DOES[verdict.operation.kind] + " it")
        callers = verdict.trace.in_frame_of(verdict.operation.caller)
        last = callers[-1].number if callers else verdict.operation.caller
        yield from _stack(verdict.trace, verdict.operation.inner, last, arguments, paint)
    others = verdict.others
    if others is None:
        return
    threw = {death.trace.goroutine.id for death in verdict.also}
    for side in others.sides:
        if side.degree == "possible":
            continue
        if side.operation is not None:
            role = "certain, threw too" if side.trace.goroutine.id in threw else "certain"
            yield _head(side.trace, role, side.trace.status, DOES[side.operation.kind] + " it")
            yield from _stack(side.trace, side.operation.inner, side.operation.caller, arguments, paint)
            continue
        yield _head(side.trace, side.degree, side.trace.status, "outside map code now")
        if side.call.number:
            yield from _stack(side.trace, 0, 0, arguments, paint)
        if side.call.number > 1:
            yield paint.note(f"    ... {counted(side.call.number - 1, 'call')}")
        yield from _stack(side.trace, side.call.number, side.call.number, arguments, paint)
        yield f"      {_evidence(side.reach, side.site)}"
    possible = [side for side in others.sides if side.degree == "possible"]
    if possible:
        yield f"possible: {_grouped((side.trace, _possibly(side)) for side in possible)}"
    if others.readers:
        yield f"at it without writing: {_grouped((trace, DOES[each.kind] + ' it') for trace, each in others.readers)}"
    if others.elsewhere:
        shown = ((trace, call.call.name) for trace, call in others.elsewhere)
        yield f"not involved: {_grouped(shown)}: other maps only"
    if others.unread_code:
        yield paint.note(f"note: {code_unread_text(others.unread_code)}, so nobody is more than possible")


def _head(trace: Traceback, role: str, state: str, does: str) -> str:
    return f"goroutine {trace.goroutine.id}  {role:9}  {state}, {does}"


def _thread(trace: Traceback) -> str:
    if trace.runtime_thread is None:
        return trace.status
    lwp = trace.thread.id if trace.thread is not None else trace.runtime_thread.lwp
    return f"m{trace.runtime_thread.id}, LWP {lwp}"


def _stack(trace: Traceback, first: int, last: int, arguments: Arguments, paint: Paint) -> Iterator[str]:
    calls = trace.calls[first : last + 1]
    width = min(max((len(each.call.name) for each in calls), default=0), _LONGEST_NAME)

    def line(each: CallFrame) -> str:
        passed = arguments.get((trace.goroutine.id, each.number), "")
        inlined = "  (inlined)" if each.call.inlined else ""
        shown = f"{place_text(each.call)}{inlined}{'  ' + paint.note(passed) if passed else ''}"
        return f"    {each.call.name:{width}}  {shown}"

    for text, alike in groupby(calls, key=line):
        again = sum(1 for _ in alike) - 1
        yield text
        if again:
            yield paint.note(f"    ... {counted(again, 'more call')} from there")


def _evidence(reach: Reach | None, site: Site | None) -> str:
    """Why a goroutine may be the other side."""
    told = []
    if reach is not None:
        told.append(
            {
                "variable": f"reaches this map by {reach.path}",
                "package": f"reaches this map by {reach.path}, which its code names",
                "word": f"has this map's header in its frame, at {reach.address:#x}",
                "pointer": f"has a pointer in its frame, at {reach.address:#x}, to what holds this map",
            }[reach.by]
        )
    if site is not None:
        inlined = f", inlined from {site.written}" if site.written != site.function else ""
        typed = "" if site.typed else " (of which type, is not told)"
        told.append(
            f"calls {site.site.function.name} at {_offset(site.function, site.site.at - site.entry)}{inlined}{typed}"
        )
    return "; ".join(told)


def _offset(function: str, offset: int) -> str:
    """``put+226``."""
    return f"{function.rpartition('.')[2]}+{offset}"


def _possibly(side: Side) -> str:
    if side.waits:
        return f"{side.call.call.name}, waits: {side.trace.status}"
    return f"{side.call.call.name}: {_evidence(side.reach, side.site)}"


def _lock(lock: Lock) -> str:
    """``main.srv.mu (sync.Mutex): taken, probably by goroutine 21 ...; goroutines 20 and 22 wait``."""
    told = []
    if lock.taken or lock.readers:
        how = "taken" if lock.taken else f"taken by {counted(lock.readers, 'reader')}"
        who = "; ".join(
            f"goroutine {each.trace.goroutine.id}: {each.call.call.name} stands between Lock, at "
            f"{_offset(each.call.frame.function.name, each.locks - each.entry)}, and Unlock"
            for each in lock.holders[:_MOST_NAMED]
        )
        told.append(f"{how}, probably by {who}" if who else f"{how}, nothing here tells by whom")
    else:
        told.append("free")
    if lock.waiters:
        told.append(f"{_ids(lock.waiters)} {'wait' if len(lock.waiters) > 1 else 'waits'} for it")
    elif lock.wait:
        told.append(f"{lock.wait} wait for it by its count, none by their stacks")
    if lock.without:
        theirs = "its stack" if len(lock.without) == 1 else "their stacks"
        told.append(f"{_ids(lock.without)}: no function on {theirs} that gets to it calls Lock")
    beside = f", a variable of package {lock.package} too" if lock.package else ""
    return f"{lock.path} ({lock.type}{beside}): {'; '.join(told)}"


def _no_lock(verdict: Verdict) -> str:
    if verdict.owner:
        return f"{verdict.owner} has none"
    return f"{verdict.path} is no field of a struct" if verdict.path else "how the program gets to it is not known"


def _ids(traces: Sequence[Traceback]) -> str:
    """``goroutine 18``, ``goroutines 18, 19 and 20``."""
    numbers = [str(trace.goroutine.id) for trace in traces]
    if len(numbers) == 1:
        return f"goroutine {numbers[0]}"
    if len(numbers) > _MOST_NAMED:
        numbers = [*numbers[: _MOST_NAMED - 1], f"{len(numbers) - _MOST_NAMED + 1} more"]
    return f"goroutines {', '.join(numbers[:-1])} and {numbers[-1]}"


def _grouped(shown: Iterable[tuple[Traceback, str]]) -> str:
    """``20, 21, 22 (main.elsewhere)``."""
    by_text = sorted(shown, key=lambda each: each[1])
    groups = []
    for text, members in groupby(by_text, key=lambda each: each[1]):
        numbers = [str(trace.goroutine.id) for trace, _ in members]
        more = f" and {len(numbers) - _MOST_NAMED} more" if len(numbers) > _MOST_NAMED else ""
        groups.append(f"{', '.join(numbers[:_MOST_NAMED])}{more} ({text})")
    return ", ".join(groups)
