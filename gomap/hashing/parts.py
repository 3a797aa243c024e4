"""How a type is taken apart for hashing: which of its bytes go through which hash function, one after the other.

Each part's hash is the seed of the next. There are three ways, and they give different hashes of the same struct:

- the hash functions that the compiler generates for map types (``generated``), up to Go 1.26: whatever is plain
  memory is hashed as one, and so are neighbouring plain fields of a struct, by memhash;
- the same from Go 1.27 on (``flattened``): structs and short arrays in structs are dissolved first, so that runs
  of plain memory reach across them; a run of 4 or 8 bytes goes through memhash32 or memhash64;
- runtime.typehash (``at_run_time``), which hashes what interfaces hold and all keys of maps that package reflect
  made: field by field, without runs.

All skip blank fields and padding. Sources: cmd/compile/internal/reflectdata/alg.go, types/alg.go, types/size.go and
compare/compare.go; runtime/alg.go.

Whether a type is plain memory the compiler decides for its own; typehash goes by a flag in the type's descriptor, and
package reflect does not set that for all types that could have it.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple

from gomap.program.gotypes import GoType, Kind, LayoutError

__all__ = ["Act", "HashedPart", "at_run_time", "flattened", "generated", "hashed_outside"]

#: A key of more parts is not hashed.
_MOST_PARTS = 1 << 14
#: How many bytes of an array's elements the compiler takes together in one pass of a loop.
_UNROLLED = 32

_PLAIN = {
    *(Kind.BOOL, Kind.INT, Kind.INT8, Kind.INT16, Kind.INT32, Kind.INT64),
    *(Kind.UINT, Kind.UINT8, Kind.UINT16, Kind.UINT32, Kind.UINT64, Kind.UINTPTR),
    *(Kind.POINTER, Kind.CHAN, Kind.UNSAFE_POINTER),
}


class Act(enum.Enum):
    """A hash function; the value is its name in package runtime."""

    WORD = "memhash32 or memhash64"
    MEMORY = "memhash"
    FLOAT = "f32hash or f64hash"
    STRING = "strhash"
    EFACE = "nilinterhash"
    IFACE = "interhash"


class HashedPart(NamedTuple):
    """Some bytes of a value and what hashes them."""

    act: Act
    offset: int
    size: int


def generated(type: GoType) -> Sequence[HashedPart]:
    """The parts of a map's key, up to Go 1.26. Raises LayoutError for types that are no keys."""
    if _is_memory(type):
        # Of no bytes at all the hash is the seed.
        return [_whole(type)] if type.size else []
    return _generated(type)


def flattened(type: GoType) -> Sequence[HashedPart]:
    """The parts of a map's key, from Go 1.27 on. Raises LayoutError for types that are no keys."""
    parts: list[HashedPart] = []
    may_grow = False
    for part in _flattened(type):
        if part is None:
            may_grow = False
        elif may_grow and part.act is Act.MEMORY and parts[-1].offset + parts[-1].size == part.offset:
            parts[-1] = parts[-1]._replace(size=parts[-1].size + part.size)
        else:
            parts.append(part)
            may_grow = part.act is Act.MEMORY
    return [part._replace(act=Act.WORD) if part.act is Act.MEMORY and part.size in (4, 8) else part for part in parts]


def at_run_time(type: GoType) -> Sequence[HashedPart]:
    """The parts of what an interface holds, and of keys of reflect's maps.

    Raises LayoutError for types that can't be compared.
    """
    regular = type.regular_memory
    if _is_memory(type) if regular is None else regular:
        return [_whole(type)]
    if type.kind is Kind.ARRAY:
        return _repeated(at_run_time(type.elem), type)
    if type.kind is Kind.STRUCT:
        fields = (field for field in type.fields if field.name != "_")
        return [_moved(part, field.offset) for field in fields for part in at_run_time(field.type)]
    return _single(type)


def hashed_outside(type: GoType) -> bool:
    """Whether values of TYPE are hashed by bytes that are not in them: a string's, those of what an interface holds."""
    if type.kind is Kind.STRUCT:
        return any(hashed_outside(field.type) for field in type.fields if field.name != "_")
    if type.kind is Kind.ARRAY:
        return bool(type.length) and hashed_outside(type.elem)
    return type.kind in (Kind.STRING, Kind.INTERFACE)


def _generated(type: GoType) -> Sequence[HashedPart]:
    if type.kind is Kind.ARRAY:
        return _repeated(_generated(type.elem), type)
    if type.kind is not Kind.STRUCT:
        return _single(type)
    parts: list[HashedPart] = []
    may_grow = False
    for field in type.fields:
        if field.name == "_":
            may_grow = False
        elif not _is_memory(field.type):
            parts += (_moved(part, field.offset) for part in _generated(field.type))
            may_grow = False
        elif may_grow and parts[-1].offset + parts[-1].size == field.offset:
            parts[-1] = parts[-1]._replace(size=parts[-1].size + field.type.size)
        else:
            parts.append(HashedPart(Act.MEMORY, field.offset, field.type.size))
            may_grow = True
    return parts


def _flattened(type: GoType) -> Sequence[HashedPart | None]:
    """All parts, plain memory in as many as it has; no run reaches across a None."""
    if type.kind is Kind.STRUCT:
        fields = (field for field in type.fields if field.name != "_")
        return [part and _moved(part, field.offset) for field in fields for part in _flattened(field.type)]
    if _is_memory(type):
        return [HashedPart(Act.MEMORY, 0, type.size)] if type.size else []
    if type.kind is not Kind.ARRAY:
        return _single(type)
    elem = _flattened(type.elem)
    if not type.elem.size or not elem:
        return []
    _bound(len(elem), type)
    together = max(1, _UNROLLED // type.elem.size)
    # What does not fill a pass of the loop comes first; a loop of a single pass is none.
    ahead = type.length % together
    if type.length - ahead == together:
        ahead = type.length
    parts: list[HashedPart | None] = []
    for number in range(type.length):
        if number >= ahead and (number - ahead) % together == 0:
            parts.append(None)
        parts += (part and _moved(part, number * type.elem.size) for part in elem)
    return [*parts, None] if type.length > ahead else parts


def _is_memory(type: GoType) -> bool:
    """Whether values are equal just when their bytes are. Raises LayoutError for types that can't be compared."""
    if type.kind in _PLAIN:
        return True
    if type.kind is Kind.ARRAY:
        return _is_memory(type.elem) or type.length == 0
    if type.kind is Kind.STRUCT:
        end = 0
        memory = True
        for field in type.fields:
            memory = _is_memory(field.type) and field.name != "_" and field.offset == end and memory
            end = field.offset + field.type.size
        return memory and end == type.size
    _single(type)
    return False


def _whole(type: GoType) -> HashedPart:
    return HashedPart(Act.WORD if type.size in (4, 8) else Act.MEMORY, 0, type.size)


def _single(type: GoType) -> Sequence[HashedPart]:
    """The parts of what is neither plain memory nor made of other types."""
    if type.kind in (Kind.FLOAT32, Kind.FLOAT64):
        return [HashedPart(Act.FLOAT, 0, type.size)]
    if type.kind in (Kind.COMPLEX64, Kind.COMPLEX128):
        half = type.size // 2
        return [HashedPart(Act.FLOAT, 0, half), HashedPart(Act.FLOAT, half, half)]
    if type.kind is Kind.STRING:
        return [HashedPart(Act.STRING, 0, type.size)]
    if type.kind is Kind.INTERFACE:
        return [HashedPart(Act.IFACE if type.find("tab") else Act.EFACE, 0, type.size)]
    raise LayoutError(f"{type.name} ({type.kind.value}) can't be hashed: it is no type that a map's key can have")


def _repeated(elem: Sequence[HashedPart], array: GoType) -> Sequence[HashedPart]:
    if not elem:
        return []
    _bound(len(elem), array)
    return [_moved(part, number * array.elem.size) for number in range(array.length) for part in elem]


def _bound(parts: int, array: GoType) -> None:
    if parts * array.length > _MOST_PARTS:
        raise LayoutError(f"{array.name} is too long to be hashed: more than {_MOST_PARTS} parts")


def _moved(part: HashedPart, offset: int) -> HashedPart:
    return part._replace(offset=part.offset + offset)
