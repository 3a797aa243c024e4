"""The arguments of the runtime's own functions on a stack, by where a donor's debug information has them."""

from __future__ import annotations

from collections.abc import Sequence

from gomap.elf.expressions import pieces_or_why
from gomap.program.frames import FrameVariable, Standing
from gomap.program.gotypes import GoType
from gomap.program.target import Target

__all__ = ["located"]

_OPTIMIZED_OUT = "is optimized out here"


def located(
    name: str,
    type: GoType,
    parts: Sequence[tuple[int, int, str]],
    places: Sequence[int],
    standing: Standing,
    target: Target,
) -> FrameVariable:
    """The argument NAME where a function stands.

    Args:
        type: its type.
        parts: from which to which byte of the function's code it is where: an expression of DWARF in hexadecimal.
        places: how far into its code the function stands: in the call, and behind it.
        standing: the same in full.
        target: the program.
    """
    expressions = (
        next((bytes.fromhex(each) for start, end, each in parts if start <= place < end), None)
        for place in dict.fromkeys(places)
    )
    pieces, lost = pieces_or_why(expressions, standing, 0, target.pointer_size, target.byte_order)
    return FrameVariable(name, type, True, pieces, "" if pieces else lost or _OPTIMIZED_OUT)
