"""The commands that say what an address is, and who points to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gomap.commands.command import FORCE, FRAME, GOROUTINE, JSON, Door, Options, command, json_line, scope_of
from gomap.commands.options import limit


@command("gomap-whatis", options=(JSON, GOROUTINE, FRAME, FORCE), argument="ADDR")
def whatis(door: Door, options: Options, expression: str) -> Iterable[str]:
    """Say what an address is to the Go runtime: object, its span, allocated or free; stack; data; code.

    ADDR is an expression, as for print. Whether an address can be read says little: freed memory
    can. This asks the books that the runtime keeps of its heap, its stacks and its modules. A mapped
    file is named, with the offset in it. What stands there is said as well where something tells: a
    type descriptor, an object whose type the allocator notes, a map's header; and what it was that
    told."""
    from gomap.expressions.evaluating import address_in, evaluate
    from gomap.goruntime.answers import Foreign, NotInCore, UnreadableFile
    from gomap.goruntime.heap import heap_of
    from gomap.goruntime.wording import answer_text
    from gomap.maps.recognition import recognise
    from gomap.maps.wording import evidence_text, recognised_text
    from gomap.views.jsonview import file_object

    address = address_in(evaluate(scope_of(door, options), expression))
    answer = heap_of(door.program()).at(address)
    file = answer.file if isinstance(answer, (Foreign, NotInCore, UnreadableFile)) else None
    found = recognise(door.program(), answer)
    what, by = (recognised_text(found), evidence_text(found.by)) if found else ("", "")
    if not options["json"]:
        return [f"{address:#x}: {answer_text(answer)}" + (f": {what}, {by}" if found else "")]
    shown: dict[str, Any] = {"command": "whatis", "address": f"{address:#x}"}
    shown |= {"is": type(answer).__name__, "text": answer_text(answer)}
    if file is not None:
        shown["file"] = file_object(file)
    if found:
        shown["holds"] = {"text": what, "type": found.type and found.type.name, "by": by}
    return json_line(door, shown)


@command(
    "gomap-refs",
    options=(
        limit("lines at most", 10, "Pointers in items of one slice share a line; with unlimited each has its own."),
        JSON,
        GOROUTINE,
        FRAME,
        FORCE,
    ),
    argument="ADDR",
)
def refs(door: Door, options: Options, expression: str) -> Iterable[str]:
    """Say who points to an address: from which variable, slot of a map, object or stack, and how one gets there.

    ADDR is an expression, as for print: an address, a pointer, or a map, whose header is meant then;
    an address within an object of the heap means the object, one within a mapped file all of that
    mapping. Each pointer has a line with its path from a root, those with the fewest steps first, and
    of one in a map its slot and key; of one on a stack its frame, where it may be left over from a
    call that has ended. What the collector does not take for a pointer does not count. Ctrl-C shows
    what was found so far."""
    from gomap.census.referrers import MapSlot, referrers, sought
    from gomap.census.survey import survey
    from gomap.expressions.evaluating import address_in, evaluate
    from gomap.maps.opening import literals_of
    from gomap.views.paint import Paint
    from gomap.views.referrers import referrers_lines, referrers_object
    from gomap.views.text import cell_text

    program = door.program()
    address = address_in(evaluate(scope_of(door, options), expression))
    made = survey(program, door.progress)
    what = sought(program, made, address)
    found, complete = referrers(program, made, what, door.progress)

    def key_text(slot: MapSlot) -> str:
        if slot.place is None:
            return ""
        text = literals_of(program, door.limits()).text(slot.map.key)
        return cell_text(slot.place.entry.key, text, Paint())

    limit = options["limit"]
    if options["json"]:
        return json_line(door, referrers_object(what, found, complete, limit, key_text))
    return referrers_lines(what, found, complete, limit, key_text, door.paint())
