"""The command that changes memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gomap.commands.command import FRAME, GOROUTINE, JSON, TYPE, Door, Options, command, json_line, scope_of
from gomap.commands.options import Option, UsageError, number

if TYPE_CHECKING:
    from gomap.poking.changes import Change, Process
    from gomap.poking.places import Part


def _part(text: str) -> Part:
    from gomap.poking.places import Part

    return Part.parse(text)


@command(
    "gomap-poke",
    options=(
        Option(
            "field",
            "NAME",
            """A field, by its Go name: of the header, as gomap-header shows it (count, B, dirPtr, ...); of the
            table if there is -table; with -bucket it is overflow, the overflow pointer of that bucket.""",
        ),
        Option(
            "bucket",
            "N|N+K|TABLE:GROUP",
            """That bucket, or the Kth overflow bucket behind it; of a Swiss map that group.""",
            _part,
        ),
        Option("slot", "N", "The tophash or the control byte of that slot of the bucket.", number),
        Option("old", "", "The bucket is one of the old ones, that a growth moves from."),
        Option("table", "N", "The field is one of the table that entry N of the directory leads to.", number),
        Option("directory", "N", "Entry N of the directory, a pointer to a table.", number),
        Option(
            "value",
            "VALUE",
            """What to put there: a name as the runtime has it (emptyOne, evacuatedX, deleted, tombstone,
            iterator|hashWriting, nil, true, ...), a number, or an expression that is one.""",
        ),
        Option("undo", "", "Take back the last change that was made in this process, then the one before it."),
        JSON,
        TYPE,
        GOROUTINE,
        FRAME,
    ),
    instead="undo",
)
def poke(door: Door, options: Options, expression: str) -> Iterator[str]:
    """Change one thing in a Go map of a live process: to see what the runtime and gomap-check make of it.

    It says what is there and what will be, with their names, and then writes; the process may crash
    for it when it goes on. Whatever else it changes, -undo first looks whether there still is what
    was written. This is the only command that writes to memory; a core is not written to."""
    from gomap.expressions.map_finding import find_map
    from gomap.poking.changes import apply, planned
    from gomap.poking.places import Wanted, place_in
    from gomap.poking.values import value_for
    from gomap.program.program import ProgramError

    process, program = door.process(), door.program()
    if program.other_build:
        raise ProgramError(f"{program.other_build}; nothing is written to it")
    names = ("field", "bucket", "slot", "old", "table", "directory")
    if options["undo"]:
        given = [f"-{name}" for name in (*names, "value", "type") if options[name] not in (None, False)]
        if given:
            raise UsageError(f"-undo knows what it takes back: leave out {', '.join(given)}")
        yield from _undo(door, process, options["json"])
        return
    if options["value"] is None:
        raise UsageError("needs -value: what to put there")
    scope = scope_of(door, options)
    map = find_map(scope, expression, options["type"])
    place = place_in(map, Wanted(**{name: options[name] for name in names}))
    change = planned(program, place, value_for(scope, place, options["value"]))
    if not options["json"]:
        yield from _shown(door, change)
    if change.before != change.after:
        apply(program, process, change)
    elif not options["json"]:
        yield "it is so already: nothing is written"
    if options["json"]:
        yield from _as_json(door, change)


def _undo(door: Door, process: Process, as_json: bool) -> Iterator[str]:
    from gomap.poking.changes import last_change, take_back

    change = last_change(process)
    if not as_json:
        yield from _shown(door, change, back=True)
    take_back(door.program(), process, change)
    if as_json:
        yield from _as_json(door, change, back=True)


def _shown(door: Door, change: Change, back: bool = False) -> Iterator[str]:
    from gomap.views.pokes import change_line

    yield change_line(change, door.paint(), back)


def _as_json(door: Door, change: Change, back: bool = False) -> Iterator[str]:
    from gomap.views.pokes import change_object

    yield from json_line(door, change_object(change, back))
