"""Two pairs of Go and GDB that the face is tried with: between them both kinds of map and both debuggers.

(What depends on the Go version and on the way to the process is the truth tests' to cover.)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from tests.fixtures.builds import build
from tests.sessions.targets import Debugger, Stopped, bring_up, debugger

__all__ = ["CLASSIC", "PAIRS", "SWISS", "Pair", "header_of", "live", "truth"]


class Pair(NamedTuple):
    """A Go version, how it compiles, and a debugger."""

    go: str
    optimised: bool
    gdb: Debugger


#: Maps of buckets in the GDB that Debian ships, maps of tables in a newer one.
CLASSIC, SWISS = Pair("1.23.9", False, "system_gdb"), Pair("1.27.3", True, "gdb18")
#: For pytest.fixture(params=PAIRS).
PAIRS = [
    pytest.param(pair, id=f"go{pair.go}-{pair.gdb}", marks=pytest.mark.xdist_group(f"face-{pair.gdb}"))
    for pair in (CLASSIC, SWISS)
]


@contextmanager
def live(pair: Pair) -> Iterator[Stopped]:
    """The fixture program maps, running, stopped where all its maps are made."""
    binary = build("maps", pair.go, optimised=pair.optimised)
    with bring_up("live", debugger(pair.gdb), binary) as stopped:
        yield stopped


def truth(stopped: Stopped, name: str) -> dict[str, Any]:
    """What the program printed of the map that it calls NAME."""
    found = [each for each in stopped.printed["maps"] if each["name"] == name]
    assert found, f"the program printed no {name}"
    view: dict[str, Any] = found[0]
    return view


def header_of(stopped: Stopped, expression: str) -> tuple[int, str]:
    """Address and type of the map that gomap finds behind EXPRESSION."""
    answer = stopped.gdb.json(f"gomap-header -json {expression}")
    return int(answer["address"], 16), answer["type"]
