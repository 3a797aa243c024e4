"""Go types out of the debug information that Go's linker writes (cmd/link/internal/ld/dwarf.go).

Of each type it says the kind as package reflect numbers them; a typedef without a kind only gives its name to a type
that has one. What Go's linker makes up itself, the structs behind maps and chans and pointers to them, has none either,
and is what its tag says. References may lead in circles, in damaged files also among typedefs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from gomap.elf.dwarf import DebugEntry, DebugInfo, Tag
from gomap.language.spelling import as_linked, as_written
from gomap.language.types_by_name import TypesByName
from gomap.program.gotypes import Field, GoType, Kind, LayoutError, Lazy

__all__ = ["ElfTypes"]

#: DW_AT_byte_size, DW_AT_type, DW_AT_data_member_location, DW_AT_count.
_BYTE_SIZE, _TYPE, _MEMBER_LOCATION, _COUNT = 0x0B, 0x49, 0x38, 0x37
#: DW_AT_go_kind, DW_AT_go_key, DW_AT_go_elem, DW_AT_go_embedded_field.
_GO_KIND, _GO_KEY, _GO_ELEM, _GO_EMBEDDED = 0x2900, 0x2901, 0x2902, 0x2903
#: reflect.Kind by its number, 1 (bool) to 26 (unsafe.Pointer).
_KINDS = dict(enumerate(Kind, 1))
_BY_TAG = {
    Tag.ARRAY: Kind.ARRAY,
    Tag.FUNCTION_TYPE: Kind.FUNC,
    Tag.POINTER: Kind.POINTER,
    Tag.STRUCT: Kind.STRUCT,
}
_NOTHING: Lazy[GoType | None] = None
#: A typedef of a typedef and so on: more than this is a circle.
_MOST_TYPEDEFS = 64


class ElfTypes(TypesByName):
    """The types of one program, each translated once.

    Args:
        info: its debug information.
        pointer_size: 4 or 8.
    """

    def __init__(self, info: DebugInfo, pointer_size: int) -> None:
        super().__init__(pointer_size)
        self._info = info
        self._known: dict[int, GoType] = {}

    def at(self, offset: int) -> GoType:
        """The type whose entry is at OFFSET. Raises LayoutError for what is no Go type, FileError."""
        known = self._known.get(offset)
        if known is None:
            entry = self._behind_typedefs(offset)
            known = self._known.get(entry.offset)
            if known is None:
                # Only the type itself is made here: all that it leads to is lazy, and may lead back to it.
                known = self._known[entry.offset] = self._translate(entry)
            self._known[offset] = known
        return known

    def _found(self, name: str) -> GoType | None:
        # As it stands first: a name that the compiler made up has dots that only look like those of a package's name.
        for linked in dict.fromkeys((name, as_linked(name))):
            offset = self._info.type_named(linked.encode())
            if offset is not None:
                return self.at(offset)
        return None

    def _behind_typedefs(self, offset: int) -> DebugEntry:
        for _ in range(_MOST_TYPEDEFS):
            entry = self._info.entry(offset)
            if entry.tag != Tag.TYPEDEF or entry.number(_GO_KIND):
                return entry
            offset = entry.number(_TYPE)
        raise LayoutError(f"the debug information has no end of the type at {offset:#x}")

    def _translate(self, entry: DebugEntry) -> GoType:
        kind = _KINDS.get(entry.number(_GO_KIND)) or _BY_TAG.get(entry.tag)
        name = as_written(entry.name.decode("utf-8", "backslashreplace"))
        if kind is None:
            raise LayoutError(f"{name or 'what the debug information refers to'} is not a Go type")
        if kind is Kind.POINTER and not entry.number(_TYPE):
            kind, name = Kind.UNSAFE_POINTER, Kind.UNSAFE_POINTER.value
        size = kind.fixed_size(self._pointer_size) or entry.number(_BYTE_SIZE)
        fields: Lazy[Sequence[Field]] = ()
        key = elem = header = _NOTHING
        length = 0
        if kind in (Kind.STRUCT, Kind.STRING, Kind.SLICE):
            fields = partial(self._fields, entry)
        elif kind is Kind.INTERFACE:
            fields = partial(self._fields_of_header, entry)
        elif kind is Kind.ARRAY:
            length = next((each.number(_COUNT) for each in self._info.children(entry) if each.tag == Tag.SUBRANGE), 0)
        if kind in (Kind.ARRAY, Kind.POINTER):
            elem = partial(self._referred, entry, _TYPE)
        elif kind in (Kind.SLICE, Kind.CHAN, Kind.MAP):
            elem = partial(self._referred, entry, _GO_ELEM)
        if kind is Kind.MAP:
            key = partial(self._referred, entry, _GO_KEY)
        if kind in (Kind.CHAN, Kind.MAP):
            header = partial(self._header, entry)
        return GoType(kind, size, name, fields=fields, elem=elem, key=key, length=length, header=header)

    def _referred(self, entry: DebugEntry, attribute: int) -> GoType:
        return self.at(entry.number(attribute))

    def _header(self, entry: DebugEntry) -> GoType:
        """What a map or chan points to."""
        return self._referred(entry, _TYPE).elem

    def _fields(self, entry: DebugEntry) -> list[Field]:
        return [
            Field(
                as_written(member.name.decode("utf-8", "backslashreplace")),
                self._referred(member, _TYPE),
                member.number(_MEMBER_LOCATION),
                embedded=bool(member.number(_GO_EMBEDDED)),
            )
            for member in self._info.children(entry)
            if member.tag == Tag.MEMBER
        ]

    def _fields_of_header(self, interface: DebugEntry) -> Sequence[Field]:
        """Those of runtime.iface or runtime.eface."""
        return self._referred(interface, _TYPE).fields
