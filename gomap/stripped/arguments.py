"""The arguments of the runtime's own functions on a stack, by where a donor's debug information has them."""

from __future__ import annotations

from collections.abc import Sequence

from gomap.elf.expressions import InRegisterError, UnknownExpressionError, pieces_of
from gomap.program.frames import FrameVariable, Standing
from gomap.program.gotypes import GoType
from gomap.program.target import Target

__all__ = ["located"]

_IN_REGISTER = "was in a register, which a call has overwritten since"
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
    lost = _OPTIMIZED_OUT
    for place in dict.fromkeys(places):
        expression = next((bytes.fromhex(each) for start, end, each in parts if start <= place < end), b"")
        try:
            pieces = pieces_of(expression, standing.base, standing.registers, 0, target.pointer_size, target.byte_order)
        except InRegisterError:
            lost = _IN_REGISTER
            continue
        except UnknownExpressionError as error:
            lost = f"is where gomap cannot tell: {error}"
            continue
        if pieces:
            return FrameVariable(name, type, True, pieces)
    return FrameVariable(name, type, True, (), lost)
