"""Sourced in GDB: the command ``ask-heap FILE ANSWERS``, which asks gomap's heap about the addresses in FILE.

There is one at the start of each line; their answers go to ANSWERS, as a list in JSON.
"""

from __future__ import annotations

import json
from typing import Any

import gdb

from gomap.gdb.target import live
from gomap.goruntime.answers import Answer, ModuleData, SpanSlot, StackAddress, Text
from gomap.goruntime.heap import Heap
from gomap.goruntime.wording import answer_text


def spelled_out(answer: Answer) -> dict[str, Any]:
    out: dict[str, Any] = {"is": type(answer).__name__, "says": answer_text(answer)}
    if isinstance(answer, SpanSlot):
        out |= {"offset": answer.offset, "room": answer.size, "tiny": answer.span.tiny}
    if isinstance(answer, StackAddress):
        out["goroutine"] = answer.goroutine
    if isinstance(answer, (ModuleData, Text)) and answer.symbol:
        out |= {"symbol": answer.symbol.name, "offset": answer.address - answer.symbol.address}
    return out


class AskHeap(gdb.Command):
    def __init__(self) -> None:
        super().__init__("ask-heap", gdb.COMMAND_DATA)

    def invoke(self, argument: str, from_tty: bool) -> None:
        source, answers = argument.split()
        heap = Heap(live().program)
        with open(source) as lines:
            found = [spelled_out(heap.at(int(line.split()[0], 16))) for line in lines]
        with open(answers, "w") as out:
            json.dump(found, out)


AskHeap()
