"""The raw material of rtype.py: the runtime's type descriptors as numbers and strings, each checked before use.

A word that claims to be a type may be anything. What does not look like a descriptor in every respect that can be
checked is refused with LayoutError, at the cost of a read or two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gomap.goruntime.moduledata import modules
from gomap.program.gotypes import Kind, LayoutError
from gomap.program.structs import Struct, named_type
from gomap.program.target import Target

__all__ = ["COMMON", "Common", "Descriptors", "EncodedName"]

#: As the runtime counts them, from 1.
_KINDS = (
    *(Kind.BOOL, Kind.INT, Kind.INT8, Kind.INT16, Kind.INT32, Kind.INT64),
    *(Kind.UINT, Kind.UINT8, Kind.UINT16, Kind.UINT32, Kind.UINT64, Kind.UINTPTR),
    *(Kind.FLOAT32, Kind.FLOAT64, Kind.COMPLEX64, Kind.COMPLEX128),
    *(Kind.ARRAY, Kind.CHAN, Kind.FUNC, Kind.INTERFACE, Kind.MAP, Kind.POINTER),
    *(Kind.SLICE, Kind.STRING, Kind.STRUCT, Kind.UNSAFE_POINTER),
)
_KIND_MASK = (1 << 5) - 1
_KIND_DIRECT_IFACE = 1 << 5  # in the kind up to Go 1.25, in TFlag from 1.26 on; free in the other one

_TFLAG_UNCOMMON = 1 << 0
_TFLAG_EXTRA_STAR = 1 << 1
_TFLAG_NAMED = 1 << 2
_TFLAG_REGULAR_MEMORY = 1 << 3

_NAME_HAS_TAG = 1 << 1
_NAME_HAS_PACKAGE = 1 << 2
_NAME_EMBEDDED = 1 << 3

#: What a kind's descriptor is called, new to old. Kinds that are not listed have no more than the common part.
COMMON = ("internal/abi.Type", "runtime._type")
_NAMES = {
    Kind.ARRAY: ("internal/abi.ArrayType", "runtime.arraytype"),
    Kind.CHAN: ("internal/abi.ChanType", "runtime.chantype"),
    Kind.FUNC: ("internal/abi.FuncType", "runtime.functype"),
    Kind.INTERFACE: ("internal/abi.InterfaceType", "runtime.interfacetype"),
    Kind.MAP: (
        "internal/abi.MapType",
        "internal/abi.SwissMapType",
        "internal/abi.OldMapType",
        "runtime.maptype",
    ),
    Kind.POINTER: ("internal/abi.PtrType", "runtime.ptrtype"),
    Kind.SLICE: ("internal/abi.SliceType", "runtime.slicetype"),
    Kind.STRUCT: ("internal/abi.StructType", "runtime.structtype"),
}
_UNCOMMON = ("internal/abi.UncommonType", "runtime.uncommontype")
_METHOD = ("internal/abi.Method", "runtime.method")
_ITAB = ("internal/abi.ITab", "runtime.itab")

_LARGEST = 1 << 47
_LONGEST_NAME = 1 << 16
_MOST_ITEMS = 1 << 14


class Common(NamedTuple):
    """What all descriptors begin with, checked for what can be checked.

    Attributes:
        address: of the descriptor.
        kind, size: of the type.
        pointers: its values hold pointers that the collector follows.
        named: the type has a name; otherwise it is spelled by its parts.
        direct: an interface holds such a value itself, not a pointer to it.
        uncommon: an UncommonType follows the kind's own part.
        regular_memory: its values are compared and hashed by their bytes alone.
        text, extra_star: the name's offset, and whether what it names has a ``*`` too many.
    """

    address: int
    kind: Kind
    size: int
    pointers: bool
    named: bool
    direct: bool
    uncommon: bool
    regular_memory: bool
    text: int
    extra_star: bool


class EncodedName(NamedTuple):
    """A name as the descriptors have it.

    Attributes:
        text: the name.
        tag: of a struct's field.
        package: path of its package, if the name itself says so.
        embedded: of a struct's field.
    """

    text: str
    tag: str
    package: str
    embedded: bool


class Descriptors:
    """Reads descriptors. Everything that it reads raises ReadError or LayoutError."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._structs: dict[tuple[str, ...], Struct] = {}
        self._modules: list[tuple[int, int]] = []

    @property
    def laid_out(self) -> bool:
        """Whether the debug information has what every descriptor begins with, and itabs."""
        return all(any(map(self._target.type_named, names)) for names in (COMMON, _ITAB))

    def common(self, address: int) -> Common:
        """The common part of the descriptor at ADDRESS."""
        if address <= 0 or address % self._target.pointer_size:
            raise LayoutError(f"no type at {address:#x}")
        struct = self._struct(COMMON)
        buffer = self._target.memory.read(address, struct.size)
        kind = struct.number(buffer, "kind")
        size = struct.number(buffer, "size")
        tflag = struct.number(buffer, "tflag")
        pointers = struct.number(buffer, "ptrbytes", "ptrdata")
        alignments = struct.number(buffer, "align"), struct.number(buffer, "fieldalign")
        number = kind & _KIND_MASK
        if (
            not 1 <= number <= len(_KINDS)
            or size >= _LARGEST
            or pointers > size
            or any(align not in (1, 2, 4, 8, 16) or size % align for align in alignments)
            or _KINDS[number - 1].fixed_size(self._target.pointer_size) not in (0, size)
        ):
            raise LayoutError(f"no type at {address:#x}")
        return Common(
            address,
            _KINDS[number - 1],
            size,
            bool(pointers),
            named=bool(tflag & _TFLAG_NAMED),
            direct=bool((kind | tflag) & _KIND_DIRECT_IFACE),
            uncommon=bool(tflag & _TFLAG_UNCOMMON),
            regular_memory=bool(tflag & _TFLAG_REGULAR_MEMORY),
            text=struct.number(buffer, "str"),
            extra_star=bool(tflag & _TFLAG_EXTRA_STAR),
        )

    def maps_in(self, buffer: bytes) -> Iterator[int]:
        """Where in BUFFER, which begins at a whole word, descriptors of maps may begin: by their common part alone."""
        struct, word = self._struct(COMMON), self._target.pointer_size
        begin = [b"."] * struct.size
        for names in (("size",), ("ptrbytes", "ptrdata"), ("align",), ("fieldalign",)):
            field = struct.field(*names)
            for at, byte in enumerate(word.to_bytes(field.type.size, self._target.byte_order), field.offset):
                begin[at] = re.escape(bytes([byte]))
        number = _KINDS.index(Kind.MAP) + 1
        kinds = bytes(byte for byte in range(256) if byte & _KIND_MASK == number)
        begin[struct.field("kind").offset] = b"[" + re.escape(kinds) + b"]"
        # What only looks like one may reach into the next: no more than the first word of it is passed over.
        pattern = b"".join(begin[:word]) + b"(?=" + b"".join(begin[word:]) + b")"
        return (found.start() for found in re.finditer(pattern, buffer, re.DOTALL) if not found.start() % word)

    def own(self, common: Common) -> tuple[Struct, bytes]:
        """The whole descriptor with the part that its kind adds."""
        struct = self._struct(_NAMES.get(common.kind, COMMON))
        return struct, self._target.memory.read(common.address, struct.size)

    def text(self, common: Common) -> str:
        """A type as the runtime spells it, with the package's name: ``http.Header``."""
        text = self.name_at_offset(common.address, common.text).text
        return text[1:] if common.extra_star else text

    def package(self, common: Common) -> str:
        """Path of the package that declares the type; empty for predeclared types."""
        if not common.uncommon:
            return ""
        struct = self._struct(_UNCOMMON)
        buffer = self._target.memory.read(common.address + self.size_of(common.kind), struct.size)
        offset = struct.number(buffer, "pkgpath")
        return self.name_at_offset(common.address, offset).text if offset else ""

    def parameters(self, common: Common) -> tuple[list[int], list[int], bool]:
        """Of a func: the descriptors of what it takes and of what it gives, and whether it is variadic."""
        struct, buffer = self.own(common)
        taken = struct.number(buffer, "incount")
        given = struct.number(buffer, "outcount")
        variadic, given = bool(given & 1 << 15), given & (1 << 15) - 1
        if taken + given > _MOST_ITEMS:
            raise LayoutError(f"no type at {common.address:#x}: a func of {taken} parameters and {given} results")
        start = common.address + self.size_of(common.kind)
        if common.uncommon:
            start += self._struct(_UNCOMMON).size
        word = self._target.pointer_size
        words = self._target.memory.read(start, (taken + given) * word)
        types = [int.from_bytes(words[at : at + word], self._target.byte_order) for at in range(0, len(words), word)]
        return types[:taken], types[taken:], variadic

    def size_of(self, kind: Kind) -> int:
        """How many bytes the descriptors of types of that kind have, without what stands behind them."""
        return self._struct(_NAMES.get(kind, COMMON)).size

    def extent(self, common: Common) -> int:
        """How many bytes the descriptor takes, with all that stands behind it (DescriptorSize in internal/abi)."""
        size, word = self.size_of(common.kind), self._target.pointer_size
        if common.uncommon:
            uncommon = self._struct(_UNCOMMON)
            methods = uncommon.number(self._target.memory.read(common.address + size, uncommon.size), "mcount")
            size += uncommon.size + methods * self._struct(_METHOD).size
        if common.kind is Kind.FUNC:
            taken, given, _ = self.parameters(common)
            size += (len(taken) + len(given)) * word
        elif common.kind in (Kind.INTERFACE, Kind.STRUCT):
            struct, buffer = self.own(common)
            names = ("fields",) if common.kind is Kind.STRUCT else ("methods", "mhdr")
            size += sum(item.size for item, _, _ in struct.items(buffer, *names))
        return size

    def in_itab(self, address: int) -> int:
        """The type word in the itab at ADDRESS."""
        struct = self._struct(_ITAB)
        return struct.number(self._target.memory.read(address, struct.size), "type", "_type")

    def name(self, address: int) -> EncodedName:
        """The name at ADDRESS: a byte of flags, name and tag with their lengths before them, its package's offset."""
        flags = self._target.memory.read(address, 1)[0]
        text, end = self._counted(address + 1)
        tag, end = self._counted(end) if flags & _NAME_HAS_TAG else ("", end)
        package = ""
        if flags & _NAME_HAS_PACKAGE:
            offset = int.from_bytes(self._target.memory.read(end, 4), self._target.byte_order)
            package, _ = self._counted(self.at_offset(address, offset) + 1)
        return EncodedName(text, tag, package, bool(flags & _NAME_EMBEDDED))

    def name_at_offset(self, origin: int, offset: int) -> EncodedName:
        """The name at that offset of the module that ORIGIN lies in."""
        return self.name(self.at_offset(origin, offset))

    def at_offset(self, origin: int, offset: int) -> int:
        """The address that a nameOff or typeOff found at ORIGIN stands for."""
        start, end = self._module(origin)
        if not 0 <= offset < end - start:
            raise LayoutError(f"no type at {origin:#x}: {offset:#x} is no offset into its module's types")
        return start + offset

    def in_module(self, address: int) -> bool:
        """Whether the compiler made the descriptor at ADDRESS; those that package reflect made are in the heap."""
        return self._module_of(address) is not None

    def _counted(self, address: int) -> tuple[str, int]:
        """Text behind a varint that says its length, and where it ends."""
        memory = self._target.memory
        length = shift = 0
        at = address
        while True:
            byte = memory.read(at, 1)[0]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift > 21:
                raise LayoutError(f"no name at {address:#x}")
        if length > _LONGEST_NAME:
            raise LayoutError(f"no name at {address:#x}: {length} bytes")
        try:
            return memory.read(at, length).decode(), at + length
        except UnicodeDecodeError:
            raise LayoutError(f"no name at {address:#x}: not UTF-8") from None

    def _module(self, address: int) -> tuple[int, int]:
        """Where the types of the module begin and end that ADDRESS lies in."""
        found = self._module_of(address)
        if found is None:
            raise LayoutError(f"no type at {address:#x}: in no module's types")
        return found

    def _module_of(self, address: int) -> tuple[int, int] | None:
        for start, end in self._modules:
            if start <= address < end:
                return start, end
        # A plugin may have come since.
        self._modules = [(start, end) for start, end in modules(self._target, "types", "etypes")]
        return next(((start, end) for start, end in self._modules if start <= address < end), None)

    def _struct(self, names: tuple[str, ...]) -> Struct:
        if names not in self._structs:
            found = named_type(self._target, names, ": a Go version not known, or -w?")
            self._structs[names] = Struct(found, self._target)
        return self._structs[names]
