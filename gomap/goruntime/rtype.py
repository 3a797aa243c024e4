"""GoType out of the type descriptors that the Go runtime itself works with.

An interface points at the descriptor of what it holds, and that may be a type that the debug information never names
(package reflect makes them at run time). How a descriptor is laid out comes from the binary's own DWARF: package
internal/abi (``Type``, ``StructType``, ...) from Go 1.21 on, package runtime (``_type``, ``structtype``, ...) before.
What the bits in it mean has not changed since Go 1.19; the source is internal/abi/type.go and runtime/type.go.

Types that are held by value (fields, an array's elements) are read at once, which proves that there is an end to
them; all others when they are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from gomap.goruntime.descriptors import Common, Descriptors
from gomap.goruntime.typenames import TypeNames
from gomap.program.gotypes import Field, GoType, Kind, LayoutError
from gomap.program.program import Program, while_files_stay
from gomap.program.structs import named_type, type_if_any
from gomap.program.target import Target

__all__ = ["MAP_HEADERS", "SLOTS", "RuntimeTypes", "map_header", "runtime_types"]

#: How deep one type may hold another by value: what goes deeper holds itself.
_DEEPEST = 100

#: Slots of a bucket, or of a group (internal/abi: MapBucketCount, MapGroupSlots).
SLOTS = 8
_INDIRECT_KEY, _INDIRECT_ELEM = 1 << 0, 1 << 1
#: The headers of maps, the new kind and the old: a program has one of them.
MAP_HEADERS = ("internal/runtime/maps.Map", "runtime.hmap")


class RuntimeTypes:
    """The types that descriptors in the target describe, each read once.

    Attributes:
        descriptors: how descriptors are read.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self.descriptors = Descriptors(target)
        self._types: dict[int, GoType] = {}
        self._names = TypeNames(self.descriptors)
        word = target.pointer_size
        integer = GoType(Kind.INT, word, "int")
        uint8 = GoType(Kind.UINT8, 1, "uint8")
        pointer = GoType(Kind.UNSAFE_POINTER, word, "unsafe.Pointer")
        self._uint8, self._integer, self._pointer = uint8, integer, pointer
        self._string = (Field("str", GoType(Kind.POINTER, word, "*uint8", elem=uint8), 0), Field("len", integer, word))

    def at(self, address: int) -> GoType:
        """The type whose descriptor is at ADDRESS.

        Raises LayoutError where there is none, or one that cannot be understood, and ReadError. What the type leads to
        other than by value (a pointer's element) is read when it is asked for, and raises the same.
        """
        return self._at(address, 0)

    def named_at(self, address: int) -> GoType:
        """The type whose descriptor is at ADDRESS: the debug information's if it has it, as that knows more.

        Raises LayoutError and ReadError.
        """
        type = self.at(address)
        if not self.descriptors.in_module(address):
            return type  # package reflect's own: a map of such a type hashes otherwise than one that the compiler knows
        named = self._target.type_named(type.name)
        return named if named is not None and (named.kind, named.size) == (type.kind, type.size) else type

    def made_by_reflect(self, type: GoType) -> bool:
        """Whether TYPE comes from a descriptor that package reflect made at run time. Raises ReadError, LayoutError."""
        address = next((address for address, known in self._types.items() if known is type), None)
        return address is not None and not self.descriptors.in_module(address)

    @property
    def laid_out(self) -> bool:
        """Whether the debug information says how descriptors are laid out: without that all of them are unknown."""
        return self.descriptors.laid_out

    def in_module(self, address: int) -> bool:
        """Whether ADDRESS is among the types that the compiler made."""
        return self.descriptors.in_module(address)

    def is_direct(self, address: int) -> bool:
        """Whether an interface's data word is itself the value of that type, rather than its address."""
        return self.descriptors.common(address).direct

    def in_itab(self, address: int) -> int:
        """The address of the descriptor that the itab at ADDRESS names: an interface's with methods."""
        return self.descriptors.in_itab(address)

    def _at(self, address: int, depth: int) -> GoType:
        found = self._types.get(address)
        if found is None:
            common = self.descriptors.common(address)
            found = self._types[address] = self._read(common, depth)
            found.regular_memory = common.regular_memory
        return found

    def _read(self, common: Common, depth: int) -> GoType:
        if depth > _DEEPEST:
            raise LayoutError(f"no type at {common.address:#x}: it holds itself")
        kind, size, name = common.kind, common.size, self._names.at(common.address)
        if kind in (Kind.POINTER, Kind.SLICE, Kind.CHAN):
            return self._leading_on(common, name)
        if kind is Kind.MAP:
            return self._map(common, name)
        if kind is Kind.STRUCT:
            return GoType(kind, size, name, fields=self._fields(common, depth))
        if kind is Kind.ARRAY:
            return self._array(common, name, depth)
        if kind is Kind.STRING:
            return GoType(kind, size, name, fields=self._string)
        if kind is Kind.INTERFACE:
            struct, buffer = self.descriptors.own(common)
            methods = any(True for _ in struct.items(buffer, "methods", "mhdr"))
            fields = (
                Field("tab" if methods else "_type", self._pointer, 0),
                Field("data", self._pointer, self._target.pointer_size),
            )
            return GoType(kind, size, name, fields=fields)
        return GoType(kind, size, name)

    def _leading_on(self, common: Common, name: str) -> GoType:
        struct, buffer = self.descriptors.own(common)
        elem = struct.number(buffer, "elem")
        self.descriptors.common(elem)
        if common.kind is Kind.CHAN:
            return GoType(
                Kind.CHAN,
                common.size,
                name,
                elem=lambda: self.at(elem),
                header=lambda: named_type(self._target, ("runtime.hchan",)),
            )
        if common.kind is Kind.POINTER:
            return GoType(Kind.POINTER, common.size, name, elem=lambda: self.at(elem))
        word = self._target.pointer_size

        def fields() -> Sequence[Field]:
            array = GoType(Kind.POINTER, word, f"*{self.at(elem).name}", elem=lambda: self.at(elem))
            return (
                Field("array", array, 0),
                Field("len", self._integer, word),
                Field("cap", self._integer, 2 * word),
            )

        return GoType(Kind.SLICE, common.size, name, elem=lambda: self.at(elem), fields=fields)

    def _array(self, common: Common, name: str, depth: int) -> GoType:
        struct, buffer = self.descriptors.own(common)
        elem = self._at(struct.number(buffer, "elem"), depth + 1)
        length = struct.number(buffer, "len")
        if length * elem.size != common.size:
            raise LayoutError(f"no type at {common.address:#x}: an array of {length} x {elem.size} bytes")
        return GoType(Kind.ARRAY, common.size, name, elem=elem, length=length)

    def _fields(self, common: Common, depth: int) -> Sequence[Field]:
        struct, buffer = self.descriptors.own(common)
        fields = []
        end = 0
        for item, items, at in struct.items(buffer, "fields"):
            offset = item.number(items, "offset", at=at)
            name = self.descriptors.name(item.number(items, "name", at=at))
            type = self._at(item.number(items, "typ", at=at), depth + 1)
            if not end <= offset <= common.size - type.size or not name.text:
                raise LayoutError(f"no type at {common.address:#x}: a field at {offset} of {common.size} bytes")
            fields.append(Field(name.text, type, offset, name.embedded))
            end = offset + type.size
        return fields

    def _map(self, common: Common, name: str) -> GoType:
        struct, buffer = self.descriptors.own(common)
        key, elem = struct.number(buffer, "key"), struct.number(buffer, "elem")
        self.descriptors.common(key)
        self.descriptors.common(elem)

        def bucket() -> GoType:
            if "group" in struct:
                return self.at(struct.number(buffer, "group"))
            return self._bucket(
                self._indirect(self.at(key), struct.number(buffer, "flags") & _INDIRECT_KEY),
                self._indirect(self.at(elem), struct.number(buffer, "flags") & _INDIRECT_ELEM),
                struct.number(buffer, "bucketsize"),
            )

        return GoType(
            Kind.MAP,
            common.size,
            name,
            key=lambda: self.at(key),
            elem=lambda: self.at(elem),
            header=lambda: named_type(self._target, MAP_HEADERS),
            bucket=bucket,
        )

    def _bucket(self, key: GoType, elem: GoType, size: int) -> GoType:
        """The bucket of a classic map: tophash, keys, elements and, at the very end, the overflow pointer.

        Its descriptor is of no use: package reflect makes one without fields.
        """
        name = f"bucket<{key.name},{elem.name}>"
        parts = [("tophash", self._uint8), ("keys", key), ("values", elem)]
        fields = []
        offset = 0
        for part, type in parts:
            length = SLOTS * type.size
            array = GoType(Kind.ARRAY, length, f"[{SLOTS}]{type.name}", elem=type, length=SLOTS)
            fields.append(Field(part, array, offset))
            offset += length
        overflow = size - self._target.pointer_size
        if overflow < offset:
            raise LayoutError(f"{name} has {size} bytes, too few for {SLOTS} slots")
        fields.append(Field("overflow", self._pointer, overflow))
        return GoType(Kind.STRUCT, size, name, fields=fields)

    def _indirect(self, type: GoType, flag: int) -> GoType:
        return GoType(Kind.POINTER, self._target.pointer_size, f"*{type.name}", elem=type) if flag else type


def map_header(target: Target) -> GoType | None:
    """The struct that maps have for a header; None if the debug information has none."""
    return type_if_any(target, MAP_HEADERS)


@while_files_stay
def runtime_types(program: Program) -> RuntimeTypes:
    """The types that the program's own descriptors describe."""
    return RuntimeTypes(program)
