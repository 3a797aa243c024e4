"""Floating-point numbers as Go's fmt prints them with %v: the fewest digits that tell a number from its neighbours.

Exponents are written below 1e-04 and from 1e+06 on, where Python's repr waits for 1e+16; the source is
internal/strconv/ftoa.go.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Literal

from gomap.program.gotypes import Kind

__all__ = ["FLOATS", "complex_text", "float32_text", "float64_text", "float_bytes", "integer_bytes"]

#: Kinds that consist of floating-point numbers, and of which, as package struct spells them.
FLOATS = {Kind.FLOAT32: "f", Kind.FLOAT64: "d", Kind.COMPLEX64: "ff", Kind.COMPLEX128: "dd"}

_FLOAT32 = struct.Struct("<f")


def float64_text(number: float) -> str:
    """A float64.

    >>> float64_text(1e6), float64_text(0.1), float64_text(float("inf"))
    ('1e+06', '0.1', '+Inf')
    """
    if 1e-4 <= number < 1e6 or -1e6 < number <= -1e-4 or number == 0:
        return repr(number).removesuffix(".0")
    return _special(number) or _spelled(repr(number))


def float32_text(number: float) -> str:
    """A float32, widened.

    >>> float32_text(0.10000000149011612)
    '0.1'
    """
    return _special(number) or _spelled(("-" if math.copysign(1, number) < 0 else "") + _shortest_float32(abs(number)))


def complex_text(number: tuple[float, float], part: Callable[[float], str]) -> str:
    """A complex number given as its two parts, which PART writes.

    >>> complex_text((1, -2), float64_text)
    '(1-2i)'
    """
    real, imaginary = number
    text = part(imaginary)
    sign = "" if text[0] in "+-" else "+"
    return f"({part(real)}{sign}{text}i)"


def float_bytes(kind: Kind, parts: list[float], byte_order: Literal["little", "big"]) -> bytes:
    """A value of a KIND in FLOATS as memory has it: the number, or both of a complex one.

    >>> float_bytes(Kind.FLOAT32, [1.5], "big").hex()
    '3fc00000'
    """
    return struct.pack(("<" if byte_order == "little" else ">") + FLOATS[kind], *parts)


def integer_bytes(number: int, size: int, byte_order: Literal["little", "big"]) -> bytes:
    """The SIZE lowest bytes of an integer as memory has it, with a sign or without.

    >>> integer_bytes(-2, 2, "little").hex()
    'feff'
    """
    return (number % (1 << 8 * size)).to_bytes(size, byte_order)


def _special(number: float) -> str:
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "+Inf" if number > 0 else "-Inf"
    return ""


def _shortest_float32(number: float) -> str:
    """The fewest digits that read back as the same float32: nine always do."""
    for digits in range(8):
        nearest = f"{number:.{digits}e}"
        mantissa, _, power = nearest.partition("e")
        # Below a power of two the next float is nearer than above it: there the nearest decimal can be too far away,
        # and the one after it not.
        after = f"{int(mantissa.replace('.', '')) + 1}e{int(power) - digits}"
        for text in (nearest, after):
            if _reads_as(text, number):
                return text
    return f"{number:.8e}"


def _reads_as(text: str, number: float) -> bool:
    try:
        return bool(_FLOAT32.unpack(_FLOAT32.pack(float(text)))[0] == number)
    except OverflowError:  # rounded up past the largest float32
        return False


def _spelled(text: str) -> str:
    """TEXT, a number as Python writes it, with an exponent where Go writes one."""
    sign = "-" if text.startswith("-") else ""
    mantissa, _, power = text.removeprefix("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    exponent = int(power or 0) + len(digits) - len(fraction) - 1
    digits = digits.rstrip("0") or "0"
    if -4 <= exponent < 6 or digits == "0":
        return sign + _fixed(digits, exponent)
    point = "." if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{point}{digits[1:]}e{exponent:+03d}"


def _fixed(digits: str, exponent: int) -> str:
    if digits == "0":
        return digits
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    fraction = digits[exponent + 1 :]
    return f"{whole}.{fraction}" if fraction else whole
