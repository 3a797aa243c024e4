"""The command that says what an address is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gomap.commands.command import FORCE, FRAME, GOROUTINE, JSON, Door, Options, command, json_line, scope_of


@command("gomap-whatis", options=(JSON, GOROUTINE, FRAME, FORCE), argument="ADDR")
def whatis(door: Door, options: Options, expression: str) -> Iterable[str]:
    """Say what an address is to the Go runtime: object, its span, allocated or free; stack; data; code.

    ADDR is an expression, as for print. Whether an address can be read says little: freed memory
    can. This asks the books that the runtime keeps of its heap, its stacks and its modules. What
    stands there is said as well where something tells: a type descriptor, an object whose type the
    allocator notes, a map's header; and what it was that told."""
    from gomap.expressions.evaluating import address_in, evaluate
    from gomap.goruntime.heap import heap_of
    from gomap.goruntime.wording import answer_text
    from gomap.maps.recognition import recognise
    from gomap.maps.wording import evidence_text, recognised_text

    address = address_in(evaluate(scope_of(door, options), expression))
    answer = heap_of(door.program()).at(address)
    found = recognise(door.program(), answer)
    what, by = (recognised_text(found), evidence_text(found.by)) if found else ("", "")
    if not options["json"]:
        return [f"{address:#x}: {answer_text(answer)}" + (f": {what}, {by}" if found else "")]
    shown: dict[str, Any] = {"command": "whatis", "address": f"{address:#x}"}
    shown |= {"is": type(answer).__name__, "text": answer_text(answer)}
    if found:
        shown["holds"] = {"text": what, "type": found.type and found.type.name, "by": by}
    return json_line(door, shown)
