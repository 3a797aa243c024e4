"""The arguments of the runtime's own functions on a stack: they are where a donor's debug information says."""

from __future__ import annotations

from collections.abc import Sequence

from gomap.elf.expressions import OPTIMIZED_OUT, pieces_or_why
from gomap.program.frames import FrameVariable, Standing
from gomap.program.gotypes import GoType
from gomap.program.target import Target

__all__ = ["located"]


def located(
    name: str,
    type: GoType,
    parts: Sequence[tuple[int, int, str]],
    places: Sequence[int],
    standing: Standing,
    target: Target,
) -> FrameVariable:
    """The argument NAME of a function that is on a stack; where it cannot be had, the variable says why.

    Args:
        type: its type.
        parts: where it is while the function executes which bytes of its code: from the first byte, to the byte behind
            the last, and a DWARF expression in hexadecimal.
        places: offsets into the function's code at which to look it up, the first that has it counts: in the call
            that the function has made, and behind it.
        standing: where the function stands, with its registers.
        target: the program.
    """
    expressions = (
        next((bytes.fromhex(each) for start, end, each in parts if start <= place < end), None)
        for place in dict.fromkeys(places)
    )
    pieces, lost = pieces_or_why(expressions, standing, 0, target.pointer_size, target.byte_order)
    return FrameVariable(name, type, True, pieces, "" if pieces else lost or OPTIMIZED_OUT)
