"""What stands in a word of a map that is a pointer or a count, where it can be neither: text, a float, an address.

It is told of a finding about one word, and what is told are facts: these bytes are text; this word is a number with few
digits as a float; what it leads to is an object of that type, and by what that is known. Which object, of what size and
whether it is in use, the finding itself says. Chance is reckoned with: of random words one in two thousand is text, and
of a million millions not one is such a float. A float that was computed has more digits as a rule, and is not told from
other bytes. Words below 64 bits are looked at for text together with what stands behind them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

from gomap.check.finding import Finding, StrayWord
from gomap.check.header import IMPLAUSIBLE
from gomap.check.overruns import TEXT
from gomap.goruntime.heap import Heap
from gomap.language.quoting import quote
from gomap.maps.model import GoMap
from gomap.maps.recognised import Recognised
from gomap.maps.recognition import recognise
from gomap.maps.wording import evidence_text, recognised_text
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["with_stray_words"]

#: Rules that tell of a pointer which stands at the finding's address, by the beginning of their names.
_OF_POINTERS = "dangling-"
#: Findings of which the word is looked at, and bytes that text must have.
_MOST, _LEAST = 20, 8
#: Floats that are told: their decimal digits at most, the smallest, and the first that is too large.
_DIGITS, _SMALL, _LARGE = 6, 1e-6, 1e15


def with_stray_words(program: Program, map: GoMap, heap: Heap | None, findings: Sequence[Finding]) -> list[Finding]:
    """FINDINGS, with what stands in the word that one is about, where no cause says more."""
    result, looked = list(findings), 0
    if not findings:
        return result
    words = {map.address + field.offset for field in map.fields() if field.type.size == program.pointer_size}
    for number, one in enumerate(findings):
        pointer = one.rule.name.startswith(_OF_POINTERS)
        if (
            one.cause is not None
            or one.transient
            or not (pointer or (one.rule is IMPLAUSIBLE and one.address in words))
        ):
            continue
        if looked == _MOST:
            break
        looked += 1
        word = _stray_word(program, heap if pointer else None, one.address)
        if word is not None:
            result[number] = replace(one, word=word, text=f"{one.text}; {_told(word)}")
    return result


def _stray_word(program: Program, heap: Heap | None, address: int) -> StrayWord | None:
    size, order = program.pointer_size, program.byte_order
    try:
        data = program.memory.read(address, size)
        around = data if size >= _LEAST else program.memory.read(address, _LEAST)
    except ReadError:
        return None
    value = int.from_bytes(data, order)
    if TEXT.fullmatch(around) and len(set(around)) > 1:
        return StrayWord(value, around)
    if size == 8:
        (number,) = struct.unpack("<d" if order == "little" else ">d", data)
        if isfinite(number) and _SMALL <= abs(number) < _LARGE and _digits(number) <= _DIGITS:
            return StrayWord(value, number)
    found = recognise(program, heap.at(value)) if heap and value else None
    return StrayWord(value, found) if found else None


def _digits(number: float) -> int:
    """How many decimal digits say a number: 2 say 0.25 and 2500."""
    mantissa = repr(abs(number)).partition("e")[0]
    return len(mantissa.replace(".", "").strip("0"))


def _told(word: StrayWord) -> str:
    match word.looks:
        case Recognised() as found:
            return f"it holds {recognised_text(found)}, {evidence_text(found.by)}"
        case bytes() as text:
            return f"the bytes there are text: {quote(text)}"
        case number:
            return f"the word there is {number!r} as a float64, and {word.value:#x} can be no address or count"
