"""The commands that watch a program run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gomap.commands.command import FORCE, TYPE, Door, Options, command
from gomap.commands.options import Option, number_or_unlimited

if TYPE_CHECKING:
    from gomap.expressions.scope import Scope
    from gomap.live.guard import Guard, Guarded

_LIMIT = Option("limit", "N|unlimited", "Show N findings at most; 20 without it.", number_or_unlimited, default=20)


def _off(name: str) -> Option:
    return Option("off", "", f"End all that {name} has begun, and take back its traps.")


def _dropped(door: Door, command: str) -> Iterator[str]:
    names = door.live().drop(command)
    yield from (f"{name}: ended" for name in names)
    if not names:
        yield f"{command}: there is none"


@command(
    "gomap-guard",
    options=(
        Option("quick", "", "Leave out the hashes: whether keys stand where lookups find them is not checked."),
        _LIMIT,
        _off("gomap-guard"),
        TYPE,
        FORCE,
    ),
    instead="off",
)
def guard(door: Door, options: Options, expression: str) -> Iterable[str]:
    """Stop at the first operation on a map that leaves it broken, and show whose it was.

    A hardware watchpoint stands on the flag that each write sets in the map's header first and
    clears last, so that all other maps, and lookups, cost nothing. As it is cleared the map is
    checked as by gomap-check, and as it is set: damage that no operation did is told of before the
    next one. So an operation on this map takes as long as two checks. What is wrong already is said
    at the beginning, and not again.

    In GDB the guard stands by: continue, or do whatever you like. It ends with -off, or as the map's
    memory is no longer in use; as the program is run again it waits until the place is reached at
    which it was set. In Delve the command itself resumes the program, until its event or anything else
    stops it, and the guard ends with that; give it again to go on. On a core it refuses."""
    from gomap.expressions.map_finding import find_map
    from gomap.live.guard import Guard
    from gomap.views.live import guard_lines, guarded_lines

    if options["off"]:
        yield from _dropped(door, "gomap-guard")
        return
    live, paint, limit = door.live(), door.paint(), options["limit"]

    def make(scope: Scope) -> Guard:
        map = find_map(scope, expression, options["type"])
        return Guard(scope.program, f"gomap-guard {expression}", map, options["quick"])

    def told(seen: Guarded) -> Iterator[str]:
        return guarded_lines(seen, limit, paint)

    made = make(door.scope())
    yield from guard_lines(made, limit, paint)
    yield from live.keep(made, make, told)
