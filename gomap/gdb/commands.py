"""gomap's commands: each parses nothing and decides nothing, but asks the floors below and prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import gdb

from gomap.commands.options import Option, number, number_or_unlimited
from gomap.gdb.command import COMMANDS, JSON, TYPE, Options, command


@command("gomap", argument="")
def overview(_options: Options, _rest: str) -> Iterable[str]:
    """Show what gomap can do: see inside Go maps.

    Lists the commands, the convenience functions and the settings of gomap."""
    from gomap import __version__
    from gomap.gdb.functions import FUNCTIONS

    yield f"gomap {__version__} shows what is inside Go maps, live and in core dumps. Its commands:"
    width = max(map(len, [*COMMANDS, *FUNCTIONS])) + 1
    for name, each in COMMANDS.items():
        yield f"  {name:{width}} {each.summary}"
    yield "Functions, for print, conditions and scripts:"
    for name, summary in FUNCTIONS.items():
        yield f"  {name:{width}} {summary}"
    yield "print, info locals and IDEs show maps by their contents."
    yield "'help COMMAND' says more; 'show gomap' lists the settings."


@command("gomap-header", options=(JSON, TYPE))
def header(options: Options, expression: str) -> Iterable[str]:
    """Show every field of a Go map's header, and what follows from it.

    Fields have their names in Go's sources; flags are decoded. Then come the load and the state of
    growth that they amount to, and a note on any value that cannot be right."""
    from gomap.expressions.finding import find_map
    from gomap.gdb.scope import live_scope
    from gomap.gdb.styling import paint
    from gomap.views.jsonview import header_object
    from gomap.views.text import header_lines

    map = find_map(live_scope(), expression, options["type"])
    return _json(header_object(map)) if options["json"] else header_lines(map, paint())


#: No limit that could be given: the one that 'set gomap limit' set.
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
            Without it, 'show gomap limit' says how many.""",
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
        JSON,
        TYPE,
    ),
)
def walk(options: Options, expression: str) -> Iterable[str]:
    """Show a Go map's buckets or groups, slot by slot, in storage order.

    Each slot has its number, its tophash or control byte, its state as the runtime spells it, and
    the key and element if it holds a live entry. Overflow chains are followed."""
    from gomap.expressions.finding import find_map
    from gomap.gdb.rendering import literals
    from gomap.gdb.scope import live_scope
    from gomap.gdb.styling import paint
    from gomap.gdb.target import live
    from gomap.maps.model import Selection
    from gomap.views.jsonview import walk_object
    from gomap.views.text import walk_lines

    map = find_map(live_scope(), expression, options["type"])
    everything = options["all"]
    table, bucket = options["bucket"] or (None, None)
    selection = Selection(table=table, bucket=bucket, old=options["old"] or everything, unused=everything)
    limit = options["limit"]
    if limit == _AS_SET:
        limit = None if everything else gdb.parameter("gomap limit")
    if options["json"]:
        return _json(walk_object(map, literals(live()), selection, limit))
    return walk_lines(map, literals(live()), selection, limit, everything, paint())


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
    ),
    instead="all",
)
def check(options: Options, expression: str) -> Iterable[str]:
    """Say what is wrong with a Go map: one finding a line; a clean map is said to be so.

    Each finding has a severity, the rule that is broken, the address of what is wrong, and what
    follows from it. Hashes are computed here, not in the process, which is only read. What a
    write under way explains is marked transient."""
    from gomap.expressions.finding import find_map
    from gomap.gdb import checks
    from gomap.gdb.scope import live_scope
    from gomap.gdb.styling import paint
    from gomap.gdb.target import live
    from gomap.views.findings import check_all_lines, check_all_object, check_lines, check_object

    limit = options["limit"]
    if not options["all"]:
        report = checks.check(live(), find_map(live_scope(), expression, options["type"]), options["quick"])
        yield from _json(check_object(report)) if options["json"] else check_lines(report, limit, paint())
        return
    reports = (
        (name, map if isinstance(map, str) else checks.check(live(), map, options["quick"]))
        for name, map in checks.package_maps(live())
    )
    yield from _json(check_all_object(reports)) if options["json"] else check_all_lines(reports, limit, paint())


@command("gomap-whatis", options=(JSON,), argument="ADDR")
def whatis(options: Options, expression: str) -> Iterable[str]:
    """Say what an address is to the Go runtime: object, its span, allocated or free; stack; data; code.

    ADDR is an expression, as for print. Whether an address can be read says little: freed memory
    can. This asks the books that the runtime keeps of its heap, its stacks and its modules."""
    from gomap.expressions.evaluating import address_in, evaluate
    from gomap.gdb.scope import live_scope
    from gomap.gdb.target import live

    address = address_in(evaluate(live_scope(), expression))
    answer = live().heap.at(address)
    if options["json"]:
        return _json(
            {"command": "whatis", "address": f"{address:#x}", "is": type(answer).__name__, "text": answer.describe()}
        )
    return [f"{address:#x}: {answer.describe()}"]


def _json(object: dict[str, Any]) -> Iterable[str]:
    import json

    yield json.dumps(object)
