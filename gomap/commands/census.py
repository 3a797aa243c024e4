"""The command that lists every map of a process."""

from __future__ import annotations

from collections.abc import Generator

from gomap.commands.command import FORCE, INCOMPLETE, JSON, Door, Options, command, json_line
from gomap.commands.options import Option, limit, number


def _sort(text: str) -> str:
    from gomap.views.census import SORTS

    found = [name for name in SORTS if name.startswith(text)]
    if text not in found and len(found) != 1:
        raise ValueError(text)
    return text if text in found else found[0]


@command(
    "gomap-list",
    options=(
        Option(
            "sort",
            "bytes|retained|entries|maps|load|deleted|saves|path",
            "What comes first: the most bytes unless told otherwise; the lowest load.",
            _sort,
            default="bytes",
        ),
        Option(
            "type",
            "TYPE",
            "Only maps that are, or may be, of this type, e.g. -type 'map[string]int'; quote it if it holds blanks.",
        ),
        Option("min", "N", "Only lines of N bytes of structure or more.", number, default=0),
        limit("lines at most", 20),
        Option("each", "", "Show a line for each map, with its address and the indexes on its path."),
        Option(
            "pprof",
            "FILE",
            """Write all maps to FILE as well, for go tool pprof: their number, entries, structure, waste and
            retained bytes by path, no byte of these twice; -base compares two.""",
        ),
        JSON,
        FORCE,
    ),
    argument="",
)
def list_maps(door: Door, options: Options, _rest: str) -> Generator[str, None, int]:
    """List every map that the process has: by which path it is reached, its entries, what it takes.

    What can be reached is decided as the collector does it, by its own pointer maps; types give
    the names. Maps with the same path but for indexes are one line: main.Tree.Kids[*].Tags.
    bytes: of the structure, as allocated; retained: of all that would be freed if nothing led to the
    map any more, its structure included (a line of several maps: each alone, so what one keeps of
    another counts twice); deleted: slots of deleted entries; saves: bytes that a map built anew for
    these entries would do without; scanned: the collector looks at each slot. What a word on a stack
    leads to is retained by no map, even if the word is left over. Maps to which nothing leads are not
    listed: how many wait for a collection to free them is said above the list. Of maps whose type
    nothing says the program's map types are tried, until the hashes of the keys fit; where several do,
    or chance would, it is perhaps one of those that are named. Ctrl-C shows what was found so far."""
    from gomap.census.census import take_census, with_apart, with_retained, with_unreached
    from gomap.commands.written import write_bytes
    from gomap.views.census import Filter, census_lines, census_object
    from gomap.views.pprof import census_profile

    program = door.program()
    census = with_retained(take_census(program, door.progress), door.progress)
    census = with_unreached(program, census, door.progress)
    if options["pprof"]:
        write_bytes(options["pprof"], census_profile(with_apart(census, door.progress)))
    filter = Filter(options["sort"], options["type"], options["min"], options["limit"], options["each"])
    yield from (
        json_line(door, census_object(census, filter))
        if options["json"]
        else census_lines(census, filter, door.paint())
    )
    return INCOMPLETE if census.interrupted else 0
