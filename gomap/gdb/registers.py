"""Variables that were in registers when their function called another one.

Go's functions save no register for their callers, so the call may have put anything into it. GDB goes by where the
debug information has the variable up to the call, and shows what is in the register now. From the return address on
the same information may have a copy on the stack.
"""

from __future__ import annotations

import re

import gdb

__all__ = ["LostError", "copy_of"]

#: ``info address``: ``Range 0x401000-0x401020: a variable in $rbx``.
_RANGE = re.compile(r"Range (0x[0-9a-f]+)-(0x[0-9a-f]+): ")
#: Go's frame base is the frame's address (CFA), so a variable at its very beginning may be said to stand there.
_ON_STACK = re.compile(
    r"a complex DWARF expression:\s+0: (?:DW_OP_fbreg (?P<offset>-?\d+)|DW_OP_call_frame_cfa)\s+\.?\s*$"
)


class LostError(Exception):
    """The value that a variable had is in no place that is known."""


def copy_of(name: str, frame: gdb.Frame) -> int | None:
    """Where the variable of that name has a copy on the stack, if FRAME, the selected one, had it in a register.

    None if it had not. Raises LostError if there is no copy.
    """
    if not _has_called(frame):
        return None
    pc = frame.pc()
    if " in $" not in _place(name, pc - 1):
        return None
    found = _ON_STACK.match(_place(name, pc))
    if found is None:
        raise LostError
    while frame.type() == gdb.INLINE_FRAME:
        frame = frame.older()
    # The base of Go's frames is where the caller's stack ends.
    return int(frame.older().read_register("sp")) + int(found["offset"] or 0)


def _has_called(frame: gdb.Frame) -> bool:
    """Whether a function that FRAME called is running; one that is inlined in it is not called."""
    newer = frame.newer()
    while newer is not None and newer.type() == gdb.INLINE_FRAME:
        newer = newer.newer()
    return newer is not None and newer.type() == gdb.NORMAL_FRAME


def _place(name: str, pc: int) -> str:
    """Where a variable is while its function is at PC, in GDB's words; empty if always at the same place."""
    said = gdb.execute(f"info address {name}", to_string=True)
    _, *ranges = _RANGE.split(said)
    for first, end, place in zip(ranges[::3], ranges[1::3], ranges[2::3], strict=True):
        if int(first, 16) <= pc < int(end, 16):
            return place
    return ""
