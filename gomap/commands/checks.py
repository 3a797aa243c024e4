"""The command that says what is wrong with a map."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from gomap.commands.command import (
    FORCE,
    FRAME,
    GOROUTINE,
    INCOMPLETE,
    JSON,
    TYPE,
    Door,
    Options,
    command,
    explained,
    json_line,
    scope_of,
)
from gomap.commands.options import Option, number_or_unlimited

if TYPE_CHECKING:
    from gomap.check.checking import Report
    from gomap.maps.model import GoMap


@command(
    "gomap-check",
    options=(
        Option("all", "", "Check every package variable that is a map, in place of EXPR."),
        Option("quick", "", "Leave out the hashes: whether keys stand where lookups find them is not checked."),
        Option(
            "limit",
            "N|unlimited",
            "Show N findings at most; 20 without it.",
            number_or_unlimited,
            default=20,
        ),
        JSON,
        TYPE,
        GOROUTINE,
        FRAME,
        FORCE,
    ),
    instead="all",
)
def check(door: Door, options: Options, expression: str) -> Generator[str, None, int]:
    """Say what is wrong with a Go map: one finding a line; a clean map is said to be so.

    Each finding has a severity, the rule that is broken, the address of what is wrong, and what
    follows from it. Hashes are computed here, not in the process, which is only read. What a
    write under way explains is marked transient."""
    from gomap.check.checking import check as check_map_of
    from gomap.expressions.map_finding import find_map
    from gomap.maps.opening import package_maps
    from gomap.views.findings import check_all_lines, check_all_object, check_lines, check_object

    program, limit, found, unread = door.program(), options["limit"], 0, 0

    def report(map: GoMap) -> Report:
        nonlocal found
        checked = check_map_of(program, map, options["quick"])
        found |= any(not finding.transient for finding in checked.findings)
        return checked

    if not options["all"]:
        one = report(find_map(scope_of(door, options), expression, options["type"]))
        yield from json_line(door, check_object(one)) if options["json"] else check_lines(one, limit, door.paint())
        return found

    def reports() -> Iterator[tuple[str, Report | str]]:
        nonlocal unread
        for number, (name, map) in enumerate(package_maps(program)):
            door.progress(f"{number} maps checked, now {name}")
            unread += isinstance(map, Exception)
            yield name, explained(map) if isinstance(map, Exception) else report(map)

    if options["json"]:
        yield from json_line(door, check_all_object(reports()))
    else:
        yield from check_all_lines(reports(), limit, door.paint())
    return found or (INCOMPLETE if unread else 0)
