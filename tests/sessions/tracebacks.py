"""What the runtime itself prints of all goroutines as a program dies under GOTRACEBACK=crash, taken apart."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["PrintedCall", "PrintedGoroutine", "goroutines_in"]

_HEADER = re.compile(r"^goroutine (\d+)(?: gp=\S+ m=(?P<m>\S+)(?: mp=\S+)?)? \[(?P<status>.*)\]:$")
_PLACE = re.compile(r"^\t(?P<file>.*):(?P<line>\d+)(?: \+0x[0-9a-f]+)?(?: fp=\S+ sp=0x(?P<sp>\S+) pc=0x(?P<pc>\S+))?$")


class PrintedCall(NamedTuple):
    """One call; an inlined one has no stack pointer and instruction of its own."""

    function: str
    file: str
    line: int
    sp: int | None
    pc: int | None


class PrintedGoroutine(NamedTuple):
    """One goroutine: its status and its calls, the innermost first."""

    id: int
    status: str
    calls: list[PrintedCall]
    #: Whether frames of it are left out.
    cut: bool


def goroutines_in(text: str) -> dict[int, PrintedGoroutine]:
    """The goroutines that TEXT is about, by their numbers; those without a stack are left out."""
    found: dict[int, PrintedGoroutine] = {}
    one: PrintedGoroutine | None = None
    function = ""
    for line in text.splitlines():
        header, place = _HEADER.match(line), _PLACE.match(line)
        if header:
            one = PrintedGoroutine(int(header[1]), header["status"].partition(",")[0], [], False)
        elif one is None:
            continue
        elif "frames elided" in line:
            one = one._replace(cut=True)
            found[one.id] = one
        elif not line or line.startswith("created by "):
            one = None
        elif place and function:
            sp, pc = (None if place[name] is None else int(place[name], 16) for name in ("sp", "pc"))
            one.calls.append(PrintedCall(function, place["file"], int(place["line"]), sp, pc))
            found[one.id] = one
            function = ""
        else:
            function = line[: line.rindex("(")] if line.endswith(")") else ""
    return found
