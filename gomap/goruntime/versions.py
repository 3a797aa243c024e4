"""The version of Go that a program was built with, where that decides what leaves no trace in the debug information."""

from __future__ import annotations

import re

from gomap.program.gotypes import LayoutError
from gomap.program.target import Target

__all__ = ["go_version"]

_MOST_VERSION = 64


def go_version(target: Target) -> tuple[int, int]:
    """The version by runtime.buildVersion, such as (1, 27). Raises LayoutError where there is none, and ReadError."""
    found = target.variable("runtime.buildVersion")
    if found is None:
        raise LayoutError("no runtime.buildVersion: no Go program, or one without debug information")
    word, order, memory = target.pointer_size, target.byte_order, target.memory
    header = memory.read(found[0], 2 * word)
    address, length = int.from_bytes(header[:word], order), int.from_bytes(header[word:], order)
    text = memory.read(address, min(length, _MOST_VERSION)).decode("ascii", "replace")
    version = re.search(r"go(\d+)\.(\d+)", text)
    if version is None:
        raise LayoutError(f"runtime.buildVersion is {text!r}, which is no version of Go that gomap knows")
    return int(version[1]), int(version[2])
