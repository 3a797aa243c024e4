"""What both kinds of sync.Map share: which types are one, their headers, slots that say more than a byte can.

A sync.Map is a struct, not a pointer: its address is that of the variable or field itself. Up to Go 1.23 it consists of
two plain maps (gomap.maps.read_dirty), from Go 1.24 on of a tree of hashes (gomap.maps.hash_trie); builds of 1.24 and
1.25 with GOEXPERIMENT=nosynchashtriemap have the former. Neither counts its entries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gomap.maps.model import Bucket, Entry, Slot
from gomap.program.gotypes import Field, GoType, Kind, LayoutError
from gomap.program.target import Target

__all__ = ["LOCKED", "BucketOfSlots", "boxed_pointer", "flattened", "interface_type", "is_sync_map", "trie_of"]

#: Of a Mutex's state the bit that says that it is locked (internal/sync/mutex.go; sync/mutex.go up to Go 1.23).
LOCKED = 1


def is_sync_map(type: GoType) -> bool:
    """Whether a value of TYPE is a sync.Map."""
    return type.kind is Kind.STRUCT and type.name == "sync.Map"


def trie_of(type: GoType) -> Field | None:
    """The HashTrieMap of a sync.Map of Go 1.24 and later; None of one that has read and dirty maps."""
    return next((field for field in type.fields if field.type.find("root") and field.type.find("keyHash")), None)


class BucketOfSlots(Bucket):
    """A bucket or a node whose slots are all made: what is in them does not follow from a byte beside them."""

    __slots__ = ("_slots",)

    def __init__(
        self,
        role: str,
        index: int,
        address: int,
        slots: Sequence[Slot],
        place: str,
        overflow: int = 0,
        evacuated: bool = False,
    ) -> None:
        marks = bytes(slot.mark for slot in slots)
        super().__init__(role, index, address, marks, (), (), _no_entry, overflow, evacuated, place)
        self._slots = slots

    @property
    def slots(self) -> Sequence[Slot]:
        return self._slots

    @property
    def states(self) -> Sequence[str]:
        return [slot.state for slot in self._slots]

    def entries(self) -> Iterator[Entry]:
        return (slot.entry for slot in self._slots if slot.entry is not None)


def _no_entry(number: int) -> Entry:
    raise IndexError(number)


def flattened(type: GoType, base: int = 0) -> GoType:
    """TYPE, a struct, with the numbers of the structs in it as its own fields: ``inited``, ``initMu.state``, ``root``.

    Structs around a single number (``atomic.Pointer``) leave no trace in the names, an ``atomic.Value`` is where its
    data is. Functions and maps are pointers here. BASE: where in a larger struct it begins; offsets count from there.
    """
    return GoType(type.kind, type.size + base, type.name, fields=list(_flat(type, "", base)))


def _flat(type: GoType, name: str, offset: int) -> Iterator[Field]:
    inside = [field for field in type.fields if field.type.size]
    if type.kind is Kind.INTERFACE:
        yield Field(name, inside[1].type, offset + inside[1].offset)
    elif type.kind is Kind.STRUCT:
        for field in inside:
            # The only field of a struct that has a name already is what the name means.
            inner = name if name and len(inside) == 1 else f"{name}.{field.name}" if name else field.name
            yield from _flat(field.type, inner, offset + field.offset)
    elif type.kind in (Kind.FUNC, Kind.MAP):
        yield Field(name, GoType(Kind.UNSAFE_POINTER, type.size, type.name), offset)
    else:
        yield Field(name, type, offset)


def boxed_pointer(type: GoType) -> GoType:
    """What an ``atomic.Pointer`` leads to, which it says with an array of no such pointers. Raises LayoutError."""
    for field in type.fields:
        if field.type.kind is Kind.ARRAY and not field.type.size and field.type.elem.kind is Kind.POINTER:
            return field.type.elem.elem
    raise LayoutError(f"{type.name} does not say what it points to")


def interface_type(target: Target) -> GoType:
    """``interface {}``, the type of a sync.Map's keys and values. Raises LayoutError."""
    found = target.type_named("interface {}")
    if found is None:
        raise LayoutError("the debug information has no interface {}, the type of a sync.Map's keys and values")
    return found
