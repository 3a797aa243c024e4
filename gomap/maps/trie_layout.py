"""Where things lie in a ``HashTrieMap``, its indirect nodes and its entries.

Source: internal/sync/hashtriemap.go.
"""

from __future__ import annotations

import struct

from gomap.maps.layout import Places
from gomap.maps.syncmap import boxed_pointer, flattened, interface_type, trie_of
from gomap.program.facts import Facts
from gomap.program.gotypes import GoType, LayoutError, kept_with_type
from gomap.program.structs import Struct
from gomap.program.target import Target

__all__ = ["BITS", "TrieLayout", "trie_layout"]

#: nChildrenLog2: bits of the hash that choose a child.
BITS = 4


class TrieLayout(Facts):
    """The header, as if its structs' fields were its own; the indirect node likewise; and an entry.

    Attributes:
        header, indirect: by the names of their numbers.
        children: offset of the sixteen pointers in an indirect node.
        pointers: what unpacks these.
        entry: an entry as a record of one slot.
        overflow: offset in an entry of the pointer to the next.
    """

    header: Struct
    indirect: Struct
    children: int
    pointers: struct.Struct
    entry: Places
    overflow: int


@kept_with_type
def trie_layout(type: GoType, target: Target) -> TrieLayout:
    """The layout of a sync.Map of that TYPE. Raises LayoutError."""
    trie = trie_of(type)
    if trie is None:
        raise LayoutError(f"{type.name} has no field with root and keyHash")
    indirect = boxed_pointer(trie.type.field("root").type)
    entry = _entry_type(target, indirect)
    key, value, word = entry.field("key"), entry.field("value"), target.pointer_size
    children, any_type = indirect.field("children"), interface_type(target)
    for stored in (key, value):
        if stored.type.size != any_type.size:
            raise LayoutError(f"{entry.name}.{stored.name} is {stored.type.name}, not an interface")
    if children.type.size != word << BITS:
        raise LayoutError(f"{indirect.name}.children is {children.type.name}, not {1 << BITS} pointers")
    places = Places(
        size=entry.size,
        slots=1,
        marks=0,
        keys=key.offset,
        key_stride=key.type.size,
        elems=value.offset,
        elem_stride=value.type.size,
        key=any_type,
        elem=any_type,
        indirect_key=False,
        indirect_elem=False,
    )
    return TrieLayout(
        Struct(flattened(trie.type, trie.offset), target, ("inited", "root", "keyHash", "seed")),
        Struct(flattened(indirect), target, ("node", "dead", "mu.state", "parent")),
        children.offset,
        struct.Struct(f"{'<' if target.byte_order == 'little' else '>'}{1 << BITS}{'Q' if word == 8 else 'I'}"),
        places,
        entry.field("overflow").offset,
    )


def _entry_type(target: Target, indirect: GoType) -> GoType:
    """The struct of an entry. No field leads there; the compiler names it by the shapes of its types.

    Raises LayoutError.
    """
    package, _, arguments = indirect.name.partition("indirect[")
    types = arguments.rstrip("]").split(",")
    names = [f"{package}entry[{prefix}{types[0]},{prefix}{types[-1]}]" for prefix in ("", "go.shape.")]
    for name in names:
        found = target.type_named(name)
        if found is not None:
            return found
    raise LayoutError(f"the debug information has neither {' nor '.join(names)}, which a sync.Map's entries are")
