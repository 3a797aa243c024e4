"""Which values the garbage collector scans: those with a pointer into Go's heap; and where in them these are.

Source: abi.Type.Pointers in internal/abi/type.go, and what the compiler counts as a pointer (cmd/compile's types).
"""

from __future__ import annotations

from collections.abc import Iterator

from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError

__all__ = ["has_pointers", "pointer_places"]

#: What the collector follows, or finds a pointer in.
_POINTERS = {
    Kind.CHAN,
    Kind.FUNC,
    Kind.INTERFACE,
    Kind.MAP,
    Kind.POINTER,
    Kind.SLICE,
    Kind.STRING,
    Kind.UNSAFE_POINTER,
}
#: Where that type is: new to old.
_NOT_IN_HEAP = ("internal/runtime/sys.NotInHeap", "runtime/internal/sys.NotInHeap")


def has_pointers(type: GoType) -> bool:
    """Whether a value of that type holds a pointer that the collector follows (abi.Type.Pointers)."""
    if type.kind is Kind.ARRAY:
        return type.length > 0 and has_pointers(type.elem)
    if type.kind is Kind.STRUCT:
        return any(has_pointers(field.type) for field in type.fields)
    return type.kind in _POINTERS and not (type.kind is Kind.POINTER and _leaves_the_heap(type))


def pointer_places(type: GoType, offset: int = 0) -> Iterator[int]:
    """Where in a value of that type at OFFSET the collector finds pointers, in bytes.

    An interface's type word is none to it (typebits.Set in cmd/compile).
    """
    if not has_pointers(type):
        return
    if type.kind is Kind.ARRAY:
        for number in range(type.length):
            yield from pointer_places(type.elem, offset + number * type.elem.size)
    elif type.kind is Kind.STRUCT:
        for field in type.fields:
            yield from pointer_places(field.type, offset + field.offset)
    else:
        yield offset + (type.size // 2 if type.kind is Kind.INTERFACE else 0)


def _leaves_the_heap(pointer: GoType) -> bool:
    """Whether what it points to is never in Go's heap, so that the collector takes it for a number: C's structs.

    The compiler knows by a field of type NotInHeap, which the structs have that cgo knows by name only; up to Go 1.19
    by a comment, of which nothing is left, so their name has to tell.
    """
    try:
        return _not_in_heap(pointer.elem)
    except (LayoutError, ReadError):  # void *, or a descriptor that is gone
        return False


def _not_in_heap(type: GoType) -> bool:
    if type.kind is Kind.ARRAY:
        return _not_in_heap(type.elem)
    if type.kind is not Kind.STRUCT:
        return False
    if type.name in _NOT_IN_HEAP or ("._Ctype_struct_" in type.name and not type.fields):
        return True
    return any(_not_in_heap(field.type) for field in type.fields)
