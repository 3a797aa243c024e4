"""A map that other threads may be writing to while it is looked at, looked at several times.

Reading it takes a while. What is read first and what is read last may be of two moments: entries that growth moves
meanwhile are missed or come twice, pointers lead to what they led to before. That passes, and what is so stays so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.program.program import Program

__all__ = ["looks"]

#: How often a map is looked at, and seconds between two looks.
_LOOKS, _PAUSE = 5, 0.01


def looks(program: Program, map: GoMap) -> Iterator[GoMap]:
    """MAP as it was opened, then opened anew again and again, after a pause, with nothing that was read before known.

    Opening it may raise ReadError.
    """
    yield map
    for _ in range(_LOOKS - 1):
        time.sleep(_PAUSE)
        program.moved()
        yield open_map(program, map.type, map.address)
