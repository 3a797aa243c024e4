"""The command that says what is wrong with a map."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
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
from gomap.commands.options import Option, UsageError, limit

if TYPE_CHECKING:
    from gomap.check.checking import Report
    from gomap.maps.model import GoMap
    from gomap.program.gotypes import LayoutError
    from gomap.program.memory import ReadError

#: What a check of all package variables leaves out.
_LEFT_OUT = "maps that are not package variables, such as fields and locals"


@command(
    "gomap-check",
    options=(
        Option("all", "", "Check every package variable that is a map, in place of EXPR."),
        Option("deep", "", "With -all: every map that the process has, as gomap-list finds them."),
        Option("quick", "", "Leave out the hashes: whether keys stand where lookups find them is not checked."),
        limit("findings at most", 20),
        Option(
            "html",
            "FILE",
            """Write a page to FILE as well, for a browser: the map slot by slot with what is wrong marked; with
            -all each map that has findings.""",
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
    from gomap.check.checking import check as check_one
    from gomap.check.checking import check_each
    from gomap.commands.written import write_page
    from gomap.expressions.map_finding import find_map
    from gomap.maps.opening import package_maps
    from gomap.program.program import ProgramError
    from gomap.views.findings import check_all_lines, check_all_object, check_lines, check_object
    from gomap.views.paint import Paint

    program, limit, found, unread = door.program(), options["limit"], 0, 0
    interrupted = False
    #: What a page shows, if one is asked for.
    drawn: list[tuple[str, Report]] = []

    def noted(name: str, checked: Report) -> Report:
        nonlocal found, interrupted
        interrupted |= checked.interrupted
        found |= any(not finding.transient for finding in checked.findings)
        if options["html"] and (checked.findings or not options["all"]):
            drawn.append((name, checked))
        return checked

    def reports() -> Iterator[tuple[str, Report | str]]:
        nonlocal unread
        names: list[str] = []

        def to_check() -> Iterator[GoMap | LayoutError | ReadError]:
            for name, map in maps:
                names.append(name)
                yield map

        def at(number: int, text: str) -> None:
            door.progress(f"{number} maps checked, now {names[number]}: {text}")

        for number, checked in enumerate(check_each(program, to_check(), options["quick"], at)):
            unread += isinstance(checked, Exception)
            name = names[number]
            yield name, explained(checked) if isinstance(checked, Exception) else noted(name, checked)

    if options["deep"] and not options["all"]:
        raise UsageError("-deep goes with -all")
    if options["all"] and not options["deep"] and not program.variable_names:
        raise ProgramError(
            "the program has no debug information, so none of its package variables has a name: "
            "'gomap-check -all -deep' looks for its maps in the heap"
        )
    if options["all"]:
        maps, left_out = _every_map(door) if options["deep"] else (package_maps(program), _LEFT_OUT)
        yield from (
            json_line(door, check_all_object(reports(), left_out))
            if options["json"]
            else check_all_lines(reports(), left_out, limit, door.paint())
        )
    else:
        map = find_map(scope_of(door, options), expression, options["type"])
        one = noted(expression, check_one(program, map, options["quick"], door.progress))
        yield from json_line(door, check_object(one)) if options["json"] else check_lines(one, limit, door.paint())
    if options["html"]:
        lines = [line for _, checked in drawn for line in check_lines(checked, limit, Paint())]
        title = "gomap-check -all" if options["all"] else f"gomap-check {expression}"
        write_page(door, options["html"], title, lines or ["no findings"], drawn)
        if not options["json"]:
            yield f"-> {options['html']}"
    return INCOMPLETE if interrupted else found or (INCOMPLETE if unread else 0)


def _every_map(door: Door) -> tuple[Iterable[tuple[str, GoMap | LayoutError | ReadError]], str]:
    """Each map of the census by its path, then the package variables that it has not; and which maps are left out."""
    from gomap.census.census import take_census
    from gomap.maps.opening import package_maps
    from gomap.views.census import NOT_LOOKED_AT

    census = take_census(door.program(), door.progress)

    def every() -> Iterator[tuple[str, GoMap | LayoutError | ReadError]]:
        for found in census.maps:
            yield census.path(found), found.map
        known = {found.address for found in census.maps}
        for name, map in package_maps(door.program()):
            if isinstance(map, Exception) or map.address not in known:
                yield name, map

    more = "; the search for maps was interrupted, so that there may be more" if census.interrupted else ""
    return every(), NOT_LOOKED_AT + more
