"""The command that looks a key up as the runtime does."""

from __future__ import annotations

from collections.abc import Iterable

from gomap.commands.command import FORCE, FRAME, GOROUTINE, JSON, TYPE, Door, Options, command, json_line, scope_of


@command("gomap-find", options=(JSON, TYPE, GOROUTINE, FRAME, FORCE), argument="EXPR KEY")
def find(door: Door, options: Options, line: str) -> Iterable[str]:
    """Look a key up as the runtime does, and show each step: hash, bucket or table and group, slots.

    KEY is a Go literal of the key's type, or an expression: "t-104", -1, main.ID{"h", 3}, {1, 2},
    int8(5) where keys are interfaces, another.key. It is hashed here as the process hashes it; then
    come the bits that choose something, each slot on the way with what the lookup makes of it, and
    where it ends. If it misses the key every entry is compared with it, to find one that is misplaced
    or was changed since it was stored."""
    from gomap.expressions.key_search import map_and_key, search
    from gomap.maps.opening import literals_of
    from gomap.views.lookups import search_lines, search_object

    scope = scope_of(door, options)
    map, key = map_and_key(scope, line, options["type"])
    found = search(scope, map, key, door.progress)
    if options["json"]:
        return json_line(door, search_object(found, literals_of(door.program(), door.limits().of_literals())))
    return search_lines(found, literals_of(door.program(), door.limits()), door.paint())
