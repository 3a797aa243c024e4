"""The command that shows iterators over maps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gomap.commands.command import FORCE, FRAME, GOROUTINE, JSON, TYPE, Door, Options, command, json_line, scope_of
from gomap.commands.options import Option, limit

if TYPE_CHECKING:
    from gomap.maps.iterators.searching import Found


@command(
    "gomap-iter",
    options=(
        Option("all", "", "Show those too that are finished, and those whose loop was left."),
        limit("of the entries that each will still visit at most", 5),
        JSON,
        TYPE,
        GOROUTINE,
        FRAME,
        FORCE,
    ),
    argument="[EXPR]",
)
def iterators(door: Door, options: Options, expression: str) -> Iterable[str]:
    """Show the iterators that are over maps: where each started, stands, and what it will still visit.

    With EXPR only those over that map. Every goroutine's stack is looked through, from where it
    stands on, and the objects of package reflect's MapIter in the heap. What an iterator will visit
    is worked out from the map as it is, by the order that the runtime keeps; what it has passed
    likewise: as many as its loop has seen, unless the map was changed meanwhile. Whether a loop goes
    on, the compiler's notes for the collector tell where its function is in a call."""
    from gomap.expressions.map_finding import find_map
    from gomap.maps.iterators.searching import iterators as iterators_of
    from gomap.maps.opening import literals_of
    from gomap.views.iterators import iterators_lines, iterators_object

    program = door.program()
    map = find_map(scope_of(door, options), expression, options["type"]).address if expression else None

    def found() -> Iterator[Found]:
        return (
            each for each in iterators_of(program, door.progress) if map is None or each.iterator.map.address == map
        )

    limit, every = options["limit"], options["all"]
    if options["json"]:
        literals = literals_of(program, door.limits().of_literals())
        return json_line(door, iterators_object(found(), literals, limit, every, door.progress))
    literals = literals_of(program, door.limits())
    return iterators_lines(found(), literals, limit, every, door.progress, door.paint())
