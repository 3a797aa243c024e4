"""The command that tells the whole story of a program that died, or hangs."""

from __future__ import annotations

from collections.abc import Generator

from gomap.commands.command import FORCE, INCOMPLETE, Door, Options, command
from gomap.commands.options import Option, UsageError


@command(
    "gomap-postmortem",
    options=(
        Option("json", "FILE", "Write it to FILE as well, as one JSON object."),
        Option(
            "html",
            "FILE",
            """Write it to FILE as well, as a page for a browser: with the maps concerned slot by slot, what is wrong
            with them marked, all goroutines and maps, and a search.""",
        ),
        FORCE,
    ),
    argument="",
)
def postmortem(door: Door, options: Options, _rest: str) -> Generator[str, None, int]:
    """Tell the whole story: what killed the program, whether a map is to blame, and where the memory went.

    First what gomap-why says: the error, with the address of a fault and what that is; the verdict
    with its evidence; the map, and who was at it. Then every map that the process has is checked,
    those with findings are named, and the largest are listed. Then goroutines inside map operations,
    and the header of the map concerned. A program that no map has brought down is said to be so.

    Ctrl-C ends the search, and shows what was found so far."""
    from gomap.commands.goroutines import shown_goroutines
    from gomap.commands.why import arguments_of
    from gomap.commands.written import write_json, write_page
    from gomap.postmortem.examination import examine
    from gomap.views.paint import Paint
    from gomap.views.postmortem import page_of, postmortem_lines, postmortem_object

    program = door.program()
    examination = examine(program, door.progress)
    shown = shown_goroutines(door, examination.verdict.traces)
    arguments = arguments_of(door, examination.verdict)
    # Files first: whoever pipes the text may have seen enough of it, and leave.
    written: list[str] = []
    failed: UsageError | None = None
    try:
        if options["json"] is not None:
            object = postmortem_object(examination, shown)
            write_json(options["json"], object | ({"otherBuild": program.other_build} if program.other_build else {}))
            written.append(f"-> {options['json']}")
        if options["html"] is not None:
            title, drawn, tables = page_of(examination, shown)
            lines = list(postmortem_lines(examination, shown, arguments, Paint()))
            write_page(door, options["html"], title, lines, drawn, tables)
            written.append(f"-> {options['html']}")
    except UsageError as error:
        failed = error
    yield from postmortem_lines(examination, shown, arguments, door.paint())
    yield from written
    if failed is not None:
        raise failed
    return INCOMPLETE if examination.interrupted else int(examination.found)
