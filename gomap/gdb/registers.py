"""Variables that were in registers when their function called another one.

Go's functions save no register for their callers, so the call may have put anything into it. GDB goes by where the
debug information has the variable up to the call, and shows what is in the register now. From the return address on
the same information may have a copy on the stack.
"""

from __future__ import annotations

import gdb

from gomap.language.told_by_gdb import in_register, offset_on_stack, place_at

__all__ = ["LostError", "copy_of"]


class LostError(Exception):
    """The value that a variable had is in no place that is known."""


def copy_of(name: str, frame: gdb.Frame) -> int | None:
    """Where the variable of that name has a copy on the stack, if FRAME, the selected one, had it in a register.

    None if it had not. Raises LostError if there is no copy.
    """
    if not _has_called(frame):
        return None
    pc = frame.pc()
    said = gdb.execute(f"info address {name}", to_string=True)
    if not in_register(place_at(said, pc - 1)):
        return None
    offset = offset_on_stack(place_at(said, pc))
    if offset is None:
        raise LostError
    while frame.type() == gdb.INLINE_FRAME:
        frame = frame.older()
    # The base of Go's frames is where the caller's stack ends.
    return int(frame.older().read_register("sp")) + offset


def _has_called(frame: gdb.Frame) -> bool:
    """Whether a function that FRAME called is running; one that is inlined in it is not called."""
    newer = frame.newer()
    while newer is not None and newer.type() == gdb.INLINE_FRAME:
        newer = newer.newer()
    return newer is not None and newer.type() == gdb.NORMAL_FRAME
