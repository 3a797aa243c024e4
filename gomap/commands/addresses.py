"""The command that says what an address is."""

from __future__ import annotations

from collections.abc import Iterable

from gomap.commands.command import FORCE, JSON, Door, Options, command, json_line


@command("gomap-whatis", options=(JSON, FORCE), argument="ADDR")
def whatis(door: Door, options: Options, expression: str) -> Iterable[str]:
    """Say what an address is to the Go runtime: object, its span, allocated or free; stack; data; code.

    ADDR is an expression, as for print. Whether an address can be read says little: freed memory
    can. This asks the books that the runtime keeps of its heap, its stacks and its modules."""
    from gomap.expressions.evaluating import address_in, evaluate
    from gomap.goruntime.heap import heap_of

    address = address_in(evaluate(door.scope(), expression))
    answer = heap_of(door.program()).at(address)
    if options["json"]:
        return json_line(
            door,
            {"command": "whatis", "address": f"{address:#x}", "is": type(answer).__name__, "text": answer.describe()},
        )
    return [f"{address:#x}: {answer.describe()}"]
