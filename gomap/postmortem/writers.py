"""Which functions of a package write to maps of one type, by their code.

Where the other side of a race has moved on, it was one of those that write to such maps. Few packages have many, and
one that takes no lock where the others do is worth a look.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from gomap.goruntime.code import code_of
from gomap.goruntime.functions import Call, functions_of
from gomap.language.spelling import package_of_function
from gomap.postmortem.locks import takes_lock
from gomap.postmortem.sides import writes
from gomap.program.program import Program

__all__ = ["Writer", "writers"]

#: Functions of the package that are looked at, and calls that are told of.
_MOST_FUNCTIONS, _MOST = 5000, 8


class Writer(NamedTuple):
    """A call of a map function that writes.

    Attributes:
        call: where it is written, and in which function.
        locks: the code that it is part of takes a mutex.
    """

    call: Call
    locks: bool


def writers(program: Program, function: str, type_name: str) -> list[Writer]:
    """Where the package that has FUNCTION writes to maps of that type, a few of them. Raises LayoutError, ReadError."""
    package = package_of_function(function)
    # A call that is inlined in several functions is written once.
    found = {
        (each.call.name, each.call.file, each.call.line, each.locks): each
        for each in (_writers(program, package, type_name) if package else ())
    }
    return list(islice(found.values(), _MOST))


def _writers(program: Program, package: str, type_name: str) -> Iterator[Writer]:
    functions = functions_of(program)
    ours = (each for each in functions.all() if package_of_function(each.name) == package)
    for each in islice(ours, _MOST_FUNCTIONS):
        for site in writes(program, each.entry, type_name):
            calls = functions.calls(site.site.at)
            code = code_of(program, each.entry)
            if site.typed and calls and code is not None:
                yield Writer(calls[0], any(takes_lock(other.function.name) for other in code.calls))
