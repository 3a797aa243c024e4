"""Commands that show one map: its header, its buckets or groups."""

from __future__ import annotations

from collections.abc import Iterable

from gomap.commands.command import FORCE, FRAME, GOROUTINE, JSON, TYPE, Door, Options, command, json_line, scope_of
from gomap.commands.options import Option, number, number_or_unlimited


@command("gomap-header", options=(JSON, TYPE, GOROUTINE, FRAME, FORCE))
def header(door: Door, options: Options, expression: str) -> Iterable[str]:
    """Show every field of a Go map's header, and what follows from it.

    Fields have their names in Go's sources; flags are decoded. Then come the load and the state of
    growth that they amount to, and a note on any value that cannot be right."""
    from gomap.expressions.map_finding import find_map
    from gomap.views.jsonview import header_object
    from gomap.views.text import header_lines

    map = find_map(scope_of(door, options), expression, options["type"])
    return json_line(door, header_object(map)) if options["json"] else header_lines(map, door.paint())


#: No limit that could be given: the door's own.
_AS_SET = -1


def _bucket(text: str) -> tuple[int | None, int]:
    table, _, bucket = text.rpartition(":")
    return (number(table) if table else None), number(bucket)


@command(
    "gomap-walk",
    options=(
        Option(
            "limit",
            "N|unlimited",
            """Show N buckets or groups at most; overflow buckets are shown with theirs.
            0 is unlimited; 32 without it (in GDB, what 'set gomap limit' says).""",
            number_or_unlimited,
            default=_AS_SET,
        ),
        Option(
            "bucket",
            "N|TABLE:GROUP",
            """Show only this bucket and its overflow chain; of a Swiss map this group
            of every table, or of the table at this place in the directory.""",
            _bucket,
        ),
        Option("old", "", "Show old buckets too that are evacuated: their slots say where the entries went."),
        Option(
            "all",
            "",
            """Show everything, without a limit: old buckets, overflow buckets that are preallocated and
            on no chain, and every slot, those behind emptyRest too.""",
        ),
        Option(
            "entries",
            "",
            """Show only live entries, one a line, each behind the place that it has; -limit counts entries then.""",
        ),
        Option(
            "full",
            "",
            """Show keys and elements whole, however long or deep, with no run of equal items shortened
            (in GDB, whatever 'set print elements', 'max-depth' and 'repeats' say).""",
        ),
        JSON,
        TYPE,
        GOROUTINE,
        FRAME,
        FORCE,
    ),
)
def walk(door: Door, options: Options, expression: str) -> Iterable[str]:
    """Show a Go map's buckets or groups, slot by slot, in storage order.

    Each slot has its number, its tophash or control byte, its state as the runtime spells it, and
    the key and element if it holds a live entry. Overflow chains are followed.

    Of a sync.Map up to Go 1.23 these are the buckets of its read map and then of dirty, where an
    entry is shared if read has it too; from Go 1.24 on the nodes of its tree of hashes, each child
    with its digit of the hash and its address."""
    from gomap.expressions.map_finding import find_map
    from gomap.language import FULL
    from gomap.maps.model import Selection
    from gomap.maps.opening import literals_of
    from gomap.views.entries import entries_lines, entries_object
    from gomap.views.jsonview import walk_object
    from gomap.views.text import walk_lines

    map = find_map(scope_of(door, options), expression, options["type"])
    everything = options["all"]
    table, bucket = options["bucket"] or (None, None)
    selection = Selection(table=table, bucket=bucket, old=options["old"] or everything, unused=everything)
    limit = options["limit"]
    if limit == _AS_SET:
        limit = None if everything else door.walk_limit()
    limits = FULL if options["full"] else door.limits()
    if options["json"]:
        literals = literals_of(door.program(), limits.of_literals())
        shown = entries_object if options["entries"] else walk_object
        return json_line(door, shown(map, literals, selection, limit))
    literals = literals_of(door.program(), limits)
    if options["entries"]:
        return entries_lines(map, literals, selection, limit, door.paint())
    return walk_lines(map, literals, selection, limit, everything, door.paint())
