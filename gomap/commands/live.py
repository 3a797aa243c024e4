"""The commands that watch a program run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from gomap.commands.command import TYPE, Door, Options, command, json_line
from gomap.commands.options import Option, UsageError, limit

if TYPE_CHECKING:
    from gomap.expressions.scope import Scope
    from gomap.live.changes import Changed
    from gomap.live.entry_watch import EntryWatch
    from gomap.live.field_watch import FieldWatch
    from gomap.live.growth_trace import Grown, GrowthTrace
    from gomap.live.guard import Guard, Guarded
    from gomap.live.traps import Live, Sighting, Watcher
    from gomap.maps.model import GoMap
    from gomap.program.program import Program

T = TypeVar("T", bound="Sighting")

_JSON = Option("json", "", "Tell of each event by one JSON object on a line of its own; all else stays text.")
_LIMIT = limit("findings at most", 20)


def _off(name: str) -> Option:
    return Option("off", "", f"End all that {name} has begun, and take back its traps.")


def _dropped(door: Door, command: str) -> Iterator[str]:
    names = door.live().drop(command)
    yield from (f"{name}: ended" for name in names)
    if not names:
        yield f"{command}: there is none"


def _live(door: Door) -> Live:
    """What watches the program run. Raises ProgramError where nothing runs, or not what the debug information is of."""
    from gomap.program.program import ProgramError

    live = door.live()
    live.demand()
    wrong = door.program().other_build
    if wrong:
        raise ProgramError(wrong)
    return live


def _on_stack(door: Door, map: GoMap) -> Iterator[str]:
    from gomap.live.whereabouts import stack_of
    from gomap.views.live import on_stack_line

    goroutine = stack_of(door.program(), map)
    if goroutine is not None:
        yield on_stack_line(goroutine)


def _kept(
    live: Live, watcher: Watcher[T], make: Callable[[Scope], Watcher[T]], told: Callable[[T], Iterable[str]]
) -> Iterator[str]:
    """As Live.keep, behind what was said of what is watched; the refusal says that nothing is."""
    from gomap.live.traps import NoWatchpointError

    try:
        yield from live.keep(watcher, make, told)
    except NoWatchpointError as error:
        raise NoWatchpointError(f"{watcher.name} has not begun: {error}") from None


@command(
    "gomap-guard",
    options=(
        Option("quick", "", "Leave out the hashes: whether keys stand where lookups find them is not checked."),
        _LIMIT,
        _JSON,
        _off("gomap-guard"),
        TYPE,
    ),
    instead="off",
)
def guard(door: Door, options: Options, expression: str) -> Iterable[str]:
    """Stop at the first operation on a map that leaves it broken, and show whose it was.

    A hardware watchpoint stands on the flag that each write sets in the map's header first and
    clears last, so that all other maps, and lookups, cost nothing. As it is cleared the map is
    checked as by gomap-check, and as it is set: damage that no operation did is told of before the
    next one. So an operation on this map takes as long as two checks. What is wrong already is said
    at the beginning, and not again. Without a hardware watchpoint to be had, breakpoints on the
    runtime's functions that change maps do the same, and each write to any map costs a stop.

    In GDB the guard stands by: continue, or do whatever you like. It ends with -off, or as the map's
    memory is no longer in use; as the program is run again it waits until the place is reached at
    which it was set. In Delve the command itself resumes the program, until its event or anything else
    stops it, and the guard ends with that; give it again to go on. On a core it refuses."""
    from gomap.expressions.map_finding import find_map
    from gomap.live.call_guard import CallGuard
    from gomap.live.guard import Guard
    from gomap.live.traps import NoWatchpointError
    from gomap.views.live import by_calls_line, guard_lines, guarded_lines
    from gomap.views.live_objects import guarded_object

    if options["off"]:
        yield from _dropped(door, "gomap-guard")
        return
    live, paint, limit = _live(door), door.paint(), options["limit"]

    def arguments(scope: Scope) -> tuple[Program, str, GoMap, bool]:
        map = find_map(scope, expression, options["type"])
        return scope.program, f"gomap-guard {expression}", map, options["quick"]

    def make(scope: Scope) -> Guard:
        return Guard(*arguments(scope))

    def make_by_calls(scope: Scope) -> CallGuard:
        return CallGuard(*arguments(scope))

    def told(seen: Guarded) -> Iterable[str]:
        return json_line(door, guarded_object(seen)) if options["json"] else guarded_lines(seen, limit, paint)

    made = make(door.scope())
    yield from guard_lines(made, limit, paint)
    yield from _on_stack(door, made.first.map)
    try:
        yield from live.keep(made, make, told)
    except NoWatchpointError as error:
        by_calls = make_by_calls(door.scope())
        yield paint.note(by_calls_line(by_calls.functions, error))
        yield from live.keep(by_calls, make_by_calls, told)


@command(
    "gomap-watch",
    options=(
        Option("header", "FIELD", "Watch a field of the map's header, such as B or dirLen; without KEY."),
        Option("state", "", "Watch the state of the entry's slot, at the very instruction that changes it."),
        Option("overflow", "", "Watch the overflow pointer of the entry's bucket, of a classic map."),
        _JSON,
        _off("gomap-watch"),
        TYPE,
    ),
    argument="EXPR [KEY]",
    instead="off",
)
def watch(door: Door, options: Options, line: str) -> Iterable[str]:
    """Stop when an entry of a map changes, wherever growth moves it; or a field of the map's header.

    KEY is a Go literal of the key's type, or an expression, which is evaluated once. Watched are its
    element, and whether the key is there: deleted, stored. What is struck in the middle of an
    operation is looked into as the operation ends. There are four hardware watchpoints of eight bytes:
    of a larger element the last bytes are not watched, which is said. Without KEY it is how many
    entries the map has, or the field that -header names.

    In GDB the watch stands by: continue, or do whatever you like. It ends with -off, or as the map's
    memory is no longer in use; as the program is run again it waits until the place is reached at
    which it was set. In Delve the command itself resumes the program, until its event or anything else
    stops it, and the watch ends with that; give it again to go on. On a core it refuses."""
    from gomap.expressions.go_values import ExpressionError
    from gomap.expressions.key_search import Sought, map_and_key
    from gomap.expressions.map_finding import find_map
    from gomap.live.entry_watch import EntryWatch, Part
    from gomap.live.field_watch import FieldWatch
    from gomap.views.live import changed_lines, entry_watch_lines, field_watch_lines
    from gomap.views.live_objects import changed_object

    if options["off"]:
        yield from _dropped(door, "gomap-watch")
        return
    live, paint, limits = _live(door), door.paint(), door.limits()
    field, state, overflow = options["header"], options["state"], options["overflow"]
    if sum(map(bool, (field, state, overflow))) > 1:
        raise UsageError("-header, -state and -overflow stand for different things to watch: give one")
    part = Part.STATE if state else Part.OVERFLOW if overflow else Part.ENTRY

    def make(scope: Scope) -> EntryWatch | FieldWatch:
        name = f"gomap-watch {line}"
        try:
            map, key = map_and_key(scope, line, options["type"])
        except ExpressionError:
            map = find_map(scope, line, options["type"])
            if part is not Part.ENTRY:
                raise UsageError(f"-{part.name.lower()} is about an entry: needs KEY behind EXPR") from None
            return FieldWatch(scope.program, name, map, field or map.count_field)
        if field:
            raise UsageError(f"-header {field} is about the map: give no KEY")
        return EntryWatch(scope.program, name, map, Sought(scope, map, key), part, limits)

    def told(seen: Changed) -> Iterable[str]:
        return json_line(door, changed_object(seen)) if options["json"] else changed_lines(seen, paint)

    made = make(door.scope())
    yield from entry_watch_lines(made, paint) if isinstance(made, EntryWatch) else field_watch_lines(made, paint)
    yield from _on_stack(door, made.map)
    yield from _kept(live, made, make, told)


@command(
    "gomap-trace",
    options=(
        Option(
            "html",
            "FILE",
            """Write the growth as a page for a browser as well: the curve of room and entries, and each step. It is
            written anew with each step, and has none at first.""",
        ),
        _JSON,
        _off("gomap-trace"),
        TYPE,
    ),
    instead="off",
)
def trace(door: Door, options: Options, expression: str) -> Iterable[str]:
    """Log how a map grows as the program runs on: a line for each step, with its goroutine, and no stop.

    Of a classic map: each growth, its evacuation by quarters, and each overflow bucket. Watched are three
    fields of the header, by hardware watchpoints, so that other maps cost nothing. Of a Swiss map: its
    group's becoming a table, each table's growth and split, with whether the directory doubles, and
    each clean-up of tombstones. Breakpoints stand on the functions of the runtime's that do it, so that
    other maps cost a moment whenever they grow.

    In GDB the trace stands by: continue, or do whatever you like. It ends with -off, or as the map's
    memory is no longer in use; as the program is run again it waits until the place is reached at
    which it was set. In Delve the command itself resumes the program, until anything stops it, and the
    trace ends with that; give it again to go on. On a core it refuses."""
    from gomap.commands.written import write_page
    from gomap.expressions.map_finding import find_map
    from gomap.live.growth_trace import GrowthTrace
    from gomap.views.growth import curve_lines, grown_line, steps_table, trace_line
    from gomap.views.live_objects import grown_object

    if options["off"]:
        yield from _dropped(door, "gomap-trace")
        return
    live, paint, file = _live(door), door.paint(), options["html"]
    steps: list[Grown] = []

    def make(scope: Scope) -> GrowthTrace:
        map = find_map(scope, expression, options["type"])
        steps.clear()
        return GrowthTrace(scope.program, f"gomap-trace {expression}", map)

    def told(seen: Grown) -> Iterator[str]:
        yield from json_line(door, grown_object(seen)) if options["json"] else [grown_line(seen)]
        if file:
            steps.append(seen)
            write(file)

    def write(file: str) -> None:
        name = f"gomap-trace {expression}"
        write_page(door, file, f"{name}: how it grew", list(curve_lines(steps)), (), [steps_table(steps)])

    made = make(door.scope())
    if file:
        write(file)  # so that one that cannot be written is told of now
    yield trace_line(made, paint)
    yield from _on_stack(door, made.map)
    yield from _kept(live, made, make, told)
