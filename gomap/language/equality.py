"""When two keys are the same key, as Go's == has it: for keys that have the same hash.

A literal does not tell: it may be cut short, and types in interfaces may have the same name, for it leaves out the
package's path and the function. Such keys have the same hash too, as a value in an interface hashes like any other.
"""

from __future__ import annotations

import struct
from collections.abc import Hashable

from gomap.language.numbers import FLOATS
from gomap.program.gotypes import GoType, Kind
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = ["identity"]


def identity(target: Target, type: GoType, key: bytes, literal: str) -> Hashable:
    """What differs between keys of TYPE that differ.

    Args:
        key: its bytes, as many as the type has.
        literal: the key as text, which tells values of one type in an interface apart.
    """
    if type.kind is Kind.STRING:
        return _text(target, key)
    if type.kind in FLOATS:  # +0 and -0 are equal
        return struct.unpack(("<" if target.byte_order == "little" else ">") + FLOATS[type.kind], key)
    if type.kind is Kind.INTERFACE:
        return key[: target.pointer_size], literal
    if type.kind is Kind.ARRAY:
        parts = [(type.elem, at * type.elem.size) for at in range(type.length)]
    elif type.kind is Kind.STRUCT:
        parts = [(field.type, field.offset) for field in type.fields if field.name != "_"]
    else:
        return key
    return tuple(identity(target, part, key[start : start + part.size], literal) for part, start in parts)


def _text(target: Target, header: bytes) -> bytes:
    """A string's bytes; the pointer and length where they cannot be read."""
    word, order = target.pointer_size, target.byte_order
    address, length = int.from_bytes(header[:word], order), int.from_bytes(header[word:], order)
    try:
        return target.memory.read(address, length)
    except ReadError:
        return header
