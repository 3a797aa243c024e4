"""Who else was at a map when an error was raised on it, and how far that is certain.

Whoever reads, iterates or writes is told of a conflict by the flag that a writer sets, so the other side is one that
writes. Three degrees:

- *certain*: it is in the middle of a write to this very map;
- *probable*: it stands in a function whose code calls a map function that writes to maps of this type, and that gets
  to this map: by a receiver, an argument, a local or captured variable, by a package variable that its code names, or
  since its frame has the map's header, or, where nothing is known of its variables, a pointer to what holds that. The
  two racers seldom meet in the instant in which the runtime looks;
- *possible*: it gets to this map so, and calls a function that does it; or it writes to maps of this type, and nothing
  is known of its variables.

A function that calls others for that is one step away, no more. One that waits of its own accord, for a lock or a
channel, is not in the middle of it, and comes one degree lower. Where code cannot be read, nobody is probable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, get_args

from gomap.goruntime.code import CallSite, code_of, reads_code
from gomap.goruntime.frames import words_of
from gomap.goruntime.functions import functions_of
from gomap.goruntime.instances import is_generic, may_hand_on
from gomap.goruntime.tracebacks import CallFrame, Traceback, call_variables
from gomap.maps.callers import map_by_type, names_variable, type_passed, words_behind
from gomap.maps.model import GoMap
from gomap.maps.naming import PackagePath, package_paths, path_from
from gomap.maps.operations import Operation, kind_of, operations
from gomap.maps.recognition import header_at
from gomap.maps.sync_calls import of_sync_map
from gomap.program.frames import FrameVariable
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program, while_files_stay

__all__ = ["Degree", "Involved", "Reach", "Side", "Site", "involved", "writes"]

Degree = Literal["certain", "probable", "possible"]
#: From the most certain on.
_DEGREES: tuple[Degree, ...] = get_args(Degree)

_WRITES = ("assign", "delete", "clear", "grow")
#: Waiting in these is the collector's doing.
_COLLECTS = re.compile(r"runtime\.(?:mallocgc|gc|deductAssistCredit)")
#: Functions whose calls of map functions are no doing of the program's.
_OF_RUNTIME = ("runtime.", "internal/runtime/", "runtime/")


class Reach(NamedTuple):
    """How a function on a stack gets to a map.

    Attributes:
        by: ``variable``: one of its own; ``package``: one that its code names; ``word``: its frame has the header;
            ``pointer``: its frame has a pointer to what holds it.
        path: by the first two: ``s.sessions``, ``main.srv.sessions``.
        address: of the word.
    """

    by: Literal["variable", "package", "word", "pointer"]
    path: str
    address: int = 0


class Site(NamedTuple):
    """A call of a function that writes to maps.

    Attributes:
        site: the call.
        function: whose code has it, and where that begins.
        entry: see there.
        written: the function that it was written in, if that is inlined there; else the same.
        typed: it passes the type of the map in question; otherwise the type cannot be told.
    """

    site: CallSite
    function: str
    entry: int
    written: str
    typed: bool


class Side(NamedTuple):
    """A goroutine that may be the other side.

    Attributes:
        trace: its stack.
        degree: how far that is certain.
        operation: what it is in the middle of doing to the map, where that is certain.
        call: the call that gets to the map.
        reach: how; None where that is certain, or nothing is known of it.
        site: where it writes; None where that is certain, or code cannot be read.
        waits: it waits of its own accord, not for the collector.
    """

    trace: Traceback
    degree: Degree
    operation: Operation | None
    call: CallFrame
    reach: Reach | None = None
    site: Site | None = None
    waits: bool = False


class Involved(NamedTuple):
    """All goroutines but the one that raised the error.

    Attributes:
        sides: who may be the other side, the most certain first.
        readers: who is in the middle of an operation on the map that does not write.
        elsewhere: who is at maps, and not at this one: and which call that is.
        unread_code: the architecture whose code gomap does not read; empty if it has read the code.
    """

    sides: list[Side]
    readers: list[tuple[Traceback, Operation]]
    elsewhere: list[tuple[Traceback, CallFrame]]
    unread_code: str


def involved(program: Program, traces: Sequence[Traceback], thrower: Traceback | None, map: GoMap) -> Involved:
    """Who but THROWER was at MAP. Raises LayoutError, ReadError."""
    sides: list[Side] = []
    readers: list[tuple[Traceback, Operation]] = []
    elsewhere: list[tuple[Traceback, CallFrame]] = []
    package = package_paths(program).get(map.address)
    for trace in traces:
        if thrower is not None and trace.goroutine.address == thrower.goroutine.address:
            continue
        at_work = list(operations(program, trace))
        here = next((each for each in at_work if each.map is not None and each.map.address == map.address), None)
        if here is not None and here.certain and here.kind in _WRITES:
            caller = trace.calls[min(here.caller, len(trace.calls) - 1)]
            sides.append(Side(trace, "certain", here, caller))
            continue
        side = next(_candidates(program, trace, map, package), None)
        if side is not None:
            sides.append(side)
        elif here is not None:
            readers.append((trace, here))
        else:
            other = _at_other_maps(program, trace, at_work, map)
            if other is not None:
                elsewhere.append((trace, other))
    sides.sort(key=lambda side: _DEGREES.index(side.degree))
    return Involved(sides, readers, elsewhere, "" if reads_code(program) else program.architecture)


def _candidates(program: Program, trace: Traceback, map: GoMap, package: PackagePath | None) -> Iterator[Side]:
    """How a goroutine may be the other side: the innermost call that may do it; before those that others do it for."""
    possible: list[Side] = []
    for call in trace.calls:
        if call.call.name.startswith(_OF_RUNTIME):
            continue
        entry = call.frame.function.entry
        site = next(iter(writes(program, entry, map.type.name)), None)
        within = None if site else next(iter(_called_writes(program, entry, map.type.name)), None)
        if site is None and within is None and reads_code(program):
            continue
        # All that shares a frame has its words and its code: of them it is who writes, or who has the frame.
        has_frame = not call.call.inlined or (site is not None and site.written == call.call.name)
        reach = _reach(program, call_variables(program, trace, call), call, map, package, has_frame)
        if reach is None and not has_frame:
            continue
        waits = trace.state == "waiting" and not any(
            _COLLECTS.match(inner.call.name) for inner in trace.calls[: call.number]
        )
        if reach is None and (site is None or not site.typed):
            continue
        # What it writes to may be this map, where it has lost its variables.
        if reach is None and _described(program) and (waits or _has_others(program, trace, call, map)):
            continue
        if site is not None and reach is not None and not waits:
            yield Side(trace, "probable", None, call, reach, site)
        elif site is not None or not waits:
            possible.append(Side(trace, "possible", None, call, reach, site or within, waits))
    yield from possible


@while_files_stay
def writes(program: Program, entry: int, type_name: str) -> list[Site]:
    """The calls in a function's code that write to maps of that type; behind them those that may."""
    code = code_of(program, entry)
    typed, untyped = [], []
    for site in code.calls if code is not None else ():
        if code is None or kind_of(site.function.name) not in _WRITES:
            continue
        on_sync_map = of_sync_map(site.function.name)
        if on_sync_map != (type_name == "sync.Map"):
            continue
        type = program.type_named(type_name) if on_sync_map else type_passed(program, site)
        calls = functions_of(program).calls(site.at)
        written = calls[0].name if calls else code.function.name
        if type is None:
            untyped.append(Site(site, code.function.name, entry, written, False))
        elif type.name == type_name:
            typed.append(Site(site, code.function.name, entry, written, True))
    return [*typed, *untyped]


@while_files_stay
def _called_writes(program: Program, entry: int, type_name: str) -> list[Site]:
    """Those in the functions that a function calls, if they are known to write to maps of that type."""
    code = code_of(program, entry)
    if code is None:
        return []
    within = (site.function for site in code.calls if not site.function.name.startswith(_OF_RUNTIME))
    found = [(function, write) for function in within for write in writes(program, function.entry, type_name)]
    return [
        write
        for function, write in found
        if write.typed or (is_generic(function.name) and may_hand_on(program, code, type_name))
    ]


def _described(program: Program) -> bool:
    """Whether there is debug information on its functions: without it not even a package variable has a name."""
    return bool(program.variable_names)


def _reach(
    program: Program,
    variables: Sequence[FrameVariable],
    call: CallFrame,
    map: GoMap,
    package: PackagePath | None,
    has_frame: bool,
) -> Reach | None:
    """How a call gets to MAP: by its own variables, or by the code and the words of a frame, if that is its own."""
    found = path_from(program, variables, map.address)
    if found is not None:
        return Reach("variable", found[0])
    if not has_frame:
        return None
    if package is not None and names_variable(program, call, package):
        return Reach("package", package.path)
    words = words_of(program, call.frame, call.frame)
    word = next((address for address, value in words.items() if value == map.address), 0)
    if word:
        return Reach("word", "", word)
    pointer = (
        0 if _described(program) else next((at for at in words if map.address in words_behind(program, words[at])), 0)
    )
    return Reach("pointer", "", pointer) if pointer else None


def _at_other_maps(program: Program, trace: Traceback, at_work: Sequence[Operation], map: GoMap) -> CallFrame | None:
    """The call that is at maps other than this one, or whose code calls map functions for such; None if there is none.

    None too if one may be at this one: its code writes to maps of that type, and which it does not tell.
    """
    if at_work and all(each.map is not None for each in at_work):
        return trace.calls[min(at_work[0].caller, len(trace.calls) - 1)]
    found = None
    for call in trace.calls:
        if call.call.inlined or call.call.name.startswith(_OF_RUNTIME):
            continue
        entry = call.frame.function.entry
        code = code_of(program, entry)
        if code is None:
            continue
        written = writes(program, entry, map.type.name)
        if found is None:  # what it calls is the call further in otherwise
            written = [*written, *_called_writes(program, entry, map.type.name)]
        if any(each.typed for each in written) and not _has_others(program, trace, call, map):
            return None
        if any(kind_of(site.function.name) for site in code.calls):
            found = found or call
    return found


def _has_others(program: Program, trace: Traceback, call: CallFrame, map: GoMap) -> bool:
    """Whether a function on a stack is known to get to maps of the type of MAP, which are not that one."""
    calls = trace.in_frame_of(call.number)
    by_variables = any(map_by_type(program, each, call_variables(program, trace, each), map.type) for each in calls)
    return by_variables or any(_is_header(program, at, map) for at in words_of(program, call.frame, call.frame))


def _is_header(program: Program, address: int, map: GoMap) -> bool:
    """Whether the header of another map, which may be of the type of MAP, is at ADDRESS: on a stack, of who made it."""
    try:
        found = header_at(program, address) if address != map.address else None
    except (LayoutError, ReadError):
        return False
    return found is not None and (found.type is None or found.type.name == map.type.name)
