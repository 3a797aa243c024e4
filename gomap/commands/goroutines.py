"""The command that shows goroutines: what they do, which of them are inside map operations, who holds a map."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gomap.commands.command import FORCE, FRAME, GOROUTINE, JSON, TYPE, Door, Options, command, json_line, scope_of
from gomap.commands.options import Option, limit

if TYPE_CHECKING:
    from gomap.goruntime.tracebacks import Traceback
    from gomap.maps.model import GoMap
    from gomap.program.gotypes import LayoutError
    from gomap.program.memory import ReadError
    from gomap.views.goroutines import GoroutineShown, OperationShown


@command(
    "gomap-goroutines",
    options=(
        Option("stack", "", "Show the whole stack of each goroutine."),
        limit("goroutines at most", 100, "Those inside map operations come first."),
        JSON,
        TYPE,
        GOROUTINE,
        FRAME,
        FORCE,
    ),
    argument="[EXPR]",
)
def goroutines(door: Door, options: Options, expression: str) -> Iterable[str]:
    """Show what every goroutine is doing, and which of them are inside map operations, on which map.

    Each goroutine of the runtime's own list has a line: its status, its thread if it is on one, and
    the innermost function of the program's own. Stacks are followed by the runtime's tables, from
    where each goroutine really stands, in cores too. Of map operations follow the kind, the map, what
    tells that it is this one, and the key; what cannot be told is said to be so.

    With EXPR, a map, only goroutines that have pointers into it on their stacks are shown, with the
    frames that have them; such a pointer may be left over from a call that has ended."""
    from gomap.expressions.map_finding import find_map
    from gomap.goruntime.goroutines import goroutines_of
    from gomap.goruntime.tracebacks import tracebacks
    from gomap.views.goroutines import goroutines_lines, goroutines_object

    program = door.program()
    map = find_map(scope_of(door, options), expression, options["type"]) if expression else None
    shown, unread = shown_goroutines(door, tracebacks(program), map), goroutines_of(program).unread()
    if options["json"]:
        return json_line(door, goroutines_object(shown, map, unread))
    return goroutines_lines(shown, map, options["limit"], options["stack"], door.paint(), unread)


def shown_goroutines(door: Door, traces: Iterable[Traceback], map: GoMap | None = None) -> list[GoroutineShown]:
    """TRACES with what each goroutine does to maps, those that do anything first; with MAP only its holders."""
    from gomap.maps.holders import holdings, memory_of
    from gomap.views.goroutines import GoroutineShown

    program = door.program()
    memory = None if map is None else memory_of(map, door.progress)
    shown = []
    for number, trace in enumerate(traces):
        if number % 256 == 0:
            door.progress(f"{number} goroutines looked at")
        operations, unknown = _operations(door, trace)
        held = holdings(program, trace, memory) if memory is not None else ()
        if map is None or held:
            shown.append(GoroutineShown(trace, operations, held, unknown))
    return sorted(shown, key=lambda each: not each.operations)


def _operations(door: Door, trace: Traceback) -> tuple[list[OperationShown], LayoutError | ReadError | None]:
    """What a goroutine is doing to maps, as far as that can be told; and why not all can."""
    from gomap.maps.opening import literals_of
    from gomap.maps.operations import operations
    from gomap.program.gotypes import LayoutError
    from gomap.program.memory import ReadError
    from gomap.views.goroutines import OperationShown

    program = door.program()
    found: list[OperationShown] = []
    try:
        for operation in operations(program, trace):
            key = ""
            map, content = operation.map, operation.key.content if operation.key is not None else b""
            if map is not None and content and len(content) == map.key.size:
                key = literals_of(program, door.limits()).text(map.key)(content, 0)
            found.append(OperationShown(operation, key))
    except (LayoutError, ReadError) as error:
        return found, error
    return found, None
