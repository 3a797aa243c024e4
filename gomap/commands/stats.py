"""The command that measures a map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gomap.commands.command import FORCE, FRAME, GOROUTINE, JSON, TYPE, Door, Options, command, json_line, scope_of
from gomap.commands.options import Option


@command(
    "gomap-stats",
    options=(
        JSON,
        Option(
            "html", "FILE", "Write a page for a browser as well, with the map slot by slot and what is wrong with it."
        ),
        TYPE,
        GOROUTINE,
        FRAME,
        FORCE,
    ),
)
def stats(door: Door, options: Options, expression: str) -> Iterable[str]:
    """Measure a map: how full it is, how long lookups are, what it takes, beside what would be expected.

    Lookups are counted in buckets or groups that they come to: hits over all keys that are there,
    misses over all hashes that there can be. Expected is what keys would give whose hashes are as
    good as random, in a map from which nothing was deleted; of tables, by filling some by chance.
    Bytes are those of the structure; what keys and elements lead to is not counted."""
    from gomap.expressions.go_values import ExpressionError
    from gomap.expressions.map_finding import find_map
    from gomap.maps.syncmap import is_sync_map
    from gomap.statistics.measuring import measure
    from gomap.views.statistics import statistics_lines, statistics_object

    map = find_map(scope_of(door, options), expression, options["type"])
    if is_sync_map(map.type):
        raise ExpressionError(f"{expression} is a sync.Map; gomap-stats measures maps of buckets and of tables")
    figures = measure(door.program(), map)
    if options["html"] is not None:
        from gomap.check.checking import check
        from gomap.commands.written import write_page
        from gomap.views.paint import Paint

        lines = list(statistics_lines(map, figures, Paint()))
        write_page(
            door, options["html"], f"gomap-stats {expression}", lines, [(expression, check(door.program(), map))], []
        )
    if options["json"]:
        return json_line(door, statistics_object(map, figures))
    shown: Iterator[str] = statistics_lines(map, figures, door.paint())
    return [*shown, *([f"-> {options['html']}"] if options["html"] is not None else [])]
