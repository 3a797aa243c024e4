"""The command that shows what a type of map consists of."""

from __future__ import annotations

from collections.abc import Iterable

from gomap.commands.command import FORCE, FRAME, GOROUTINE, JSON, Door, Options, command, json_line, scope_of


@command("gomap-layout", options=(JSON, GOROUTINE, FRAME, FORCE), argument="EXPR|TYPE [EXPR|TYPE]")
def layout(door: Door, options: Options, line: str) -> Iterable[str]:
    """Show what maps of a type consist of in this binary: header, bucket or group, offsets, sizes, padding.

    Then come the cache lines that a lookup touches, and what an entry costs. TYPE is spelled as Go
    spells it: map[string]int; EXPR is a map. A second one is shown beside the first."""
    from gomap.expressions.map_types import map_types_in
    from gomap.maps.footprint import footprint
    from gomap.views.layouts import layout_lines, layout_object

    footprints = [footprint(door.program(), map) for map in map_types_in(scope_of(door, options), line)]
    return json_line(door, layout_object(footprints)) if options["json"] else layout_lines(footprints, door.paint())
