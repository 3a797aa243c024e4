"""Values as Go literals: what fmt's %#v prints, except where a debugger's user needs something else.

The deliberate differences:

- unsigned integers are decimal, only uintptr and the items of byte slices and byte arrays are hexadecimal, and a
  slice of bytes is ``[]byte`` at every depth;
- a nil interface is ``nil``; what another holds shows its type (``int(5)``, ``main.Name("x")``), which %#v leaves
  out, but for ``bool`` and ``string``; one pointer in it is followed (``&errors.errorString{s:"boom"}``), which %#v
  does for the outermost value only;
- a func is its function's symbol: ``main.main.func1``;
- maps come in storage order, and no GoString method is called;
- what is cut says so: ``"abc"... (1048576 bytes)``, ``[]int{1, 2, ... 998 more}``, ``main.T{...}`` if it is too deep;
- where Limits ask for it, runs of equal items are shown as GDB does (``[64]uint8{0x0 <repeats 64 times>}``), and bytes
  that hold text have it beside them (``[]byte{0x68, 0x69} "hi"``);
- what cannot be read or be true is put in angle brackets, in the place of that part only: ``<unreadable 0x1234>``,
  ``<string: length -1 at 0x1234>``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from gomap.goruntime.rtype import RuntimeTypes
from gomap.language.json_values import Plain, PlainValues
from gomap.language.limits import Limits
from gomap.language.names import shown_name
from gomap.language.numbers import complex_text, float32_text, float64_text
from gomap.language.quoting import quote
from gomap.language.references import Contents, Items, MapReader, UnshownError, unreadable
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = ["Literals", "Speller"]

#: Spells the value at an offset in a buffer: gives its literal.
Speller = Callable[[bytes, int], str]

_FORMATS = {
    Kind.INT8: "b",
    Kind.INT16: "h",
    Kind.INT32: "i",
    Kind.INT64: "q",
    Kind.UINT8: "B",
    Kind.UINT16: "H",
    Kind.UINT32: "I",
    Kind.UINT64: "Q",
}
_BY_SIZE = {Kind.INT: {4: "i", 8: "q"}, Kind.UINT: {4: "I", 8: "Q"}}
_LIMITS = Limits()
_COMPOSITES = {Kind.ARRAY, Kind.MAP, Kind.SLICE, Kind.STRUCT}
#: Kinds whose literal does not tell an ``int8`` from an ``int16``.
_UNTOLD = {*_FORMATS, Kind.INT, Kind.UINT, Kind.UINTPTR, Kind.FLOAT32, Kind.FLOAT64, Kind.COMPLEX64, Kind.COMPLEX128}


class Literals:
    """Makes texts of values. What depends on the type alone is done once per type.

    Args:
        target: whose memory the values refer to.
        types: for what is in interfaces.
        limits: how much of a value is shown.
        maps: opens the maps in values; without it they are shown by address.

    Attributes:
        types: the same.
    """

    def __init__(
        self, target: Target, types: RuntimeTypes, limits: Limits = _LIMITS, maps: MapReader | None = None
    ) -> None:
        self.types = types
        self._contents = contents = Contents(target, types, limits, maps)
        self._plain = PlainValues(contents)
        self._texts: dict[GoType, Speller] = {}
        self._held_texts: dict[GoType, Speller] = {}
        self._behind_pointer = False
        self._compile: dict[Kind, Callable[[GoType], Speller]] = {
            Kind.BOOL: self._bool,
            Kind.UINTPTR: self._uintptr,
            Kind.FLOAT32: self._float32,
            Kind.FLOAT64: self._float64,
            Kind.COMPLEX64: self._complex64,
            Kind.COMPLEX128: self._complex128,
            Kind.ARRAY: self._array,
            Kind.CHAN: self._pointer,
            Kind.FUNC: self._func,
            Kind.INTERFACE: self._interface,
            Kind.MAP: self._map,
            Kind.POINTER: self._pointer,
            Kind.SLICE: self._slice,
            Kind.STRING: self._string,
            Kind.STRUCT: self._struct,
            Kind.UNSAFE_POINTER: self._pointer,
        }

    def text(self, type: GoType) -> Speller:
        """What makes the literal of a value of that type, given a buffer of bytes and the value's offset in it.

        It raises nothing, as long as the value lies within the buffer.
        """
        found = self._texts.get(type)
        if found is None:
            try:
                found = self._compile.get(type.kind, self._integer)(type)
            except (LayoutError, ReadError) as error:
                return _constant(f"<{shown_name(type.name)}: {error}>")
            self._texts[type] = found
        return found

    def plain(self, type: GoType) -> Plain:
        """What makes a value of that type one that JSON can carry; see gomap.language.json_values."""
        return self._plain.of(type)

    def _bool(self, type: GoType) -> Speller:
        # Go knows no third bool; corrupt memory does.
        words = ("false", "true", *(f"<bool: {byte}>" for byte in range(2, 256)))
        return lambda buffer, offset: words[buffer[offset]]

    def _integer(self, type: GoType) -> Speller:
        format = _FORMATS.get(type.kind) or _BY_SIZE.get(type.kind, {}).get(type.size)
        if format is None:
            raise LayoutError(f"{type.kind.value} of {type.size} bytes")
        unpack = struct.Struct(self._contents.order + format).unpack_from
        return lambda buffer, offset: str(unpack(buffer, offset)[0])

    def _uintptr(self, type: GoType) -> Speller:
        pointer = self._contents.pointer
        return lambda buffer, offset: hex(pointer(buffer, offset))

    def _float32(self, type: GoType) -> Speller:
        unpack = struct.Struct(self._contents.order + "f").unpack_from
        return lambda buffer, offset: float32_text(unpack(buffer, offset)[0])

    def _float64(self, type: GoType) -> Speller:
        unpack = struct.Struct(self._contents.order + "d").unpack_from
        return lambda buffer, offset: float64_text(unpack(buffer, offset)[0])

    def _complex64(self, type: GoType) -> Speller:
        unpack = struct.Struct(self._contents.order + "ff").unpack_from
        return lambda buffer, offset: complex_text(unpack(buffer, offset), float32_text)

    def _complex128(self, type: GoType) -> Speller:
        unpack = struct.Struct(self._contents.order + "dd").unpack_from
        return lambda buffer, offset: complex_text(unpack(buffer, offset), float64_text)

    def _string(self, type: GoType) -> Speller:
        string = self._contents.string

        def text(buffer: bytes, offset: int) -> str:
            try:
                body, length = string(buffer, offset)
            except UnshownError as reason:
                return f"<{reason}>"
            if len(body) == length:
                return quote(body)
            return f"{quote(body)}... ({length} bytes)"

        return text

    def _pointer(self, type: GoType) -> Speller:
        pointer, name = self._contents.pointer, shown_name(type.name)

        def text(buffer: bytes, offset: int) -> str:
            address = pointer(buffer, offset)
            return f"({name})({address:#x})" if address else f"({name})(nil)"

        return text

    def _func(self, type: GoType) -> Speller:
        function, name = self._contents.function, shown_name(type.name)

        def text(buffer: bytes, offset: int) -> str:
            address, symbol = function(buffer, offset)
            if address == 0:
                return f"({name})(nil)"
            return symbol or f"({name})({address:#x})"

        return text

    def _array(self, type: GoType) -> Speller:
        array, name = self._contents.array, shown_name(type.name)
        item = self._item(type)
        return self._nested(name, lambda buffer, offset: _in_braces(name, array(type, buffer, offset), item))

    def _slice(self, type: GoType) -> Speller:
        slice, name = self._contents.slice, "[]byte" if type.name == "[]uint8" else shown_name(type.name)
        item: Speller | None = None

        def text(buffer: bytes, offset: int) -> str:
            nonlocal item
            try:
                items = slice(type, buffer, offset)
            except UnshownError as reason:
                return f"<{reason}>"
            if items is None:
                return f"{name}(nil)"
            # Not before: a slice's item may be such a slice.
            item = item or self._item(type)
            return _in_braces(name, items, item)

        return self._nested(name, text)

    def _item(self, type: GoType) -> Speller:
        """The text of the items of a slice or array."""
        if type.elem.kind is Kind.UINT8:
            return lambda buffer, offset: hex(buffer[offset])
        return self.text(type.elem)

    def _struct(self, type: GoType) -> Speller:
        name = shown_name(type.name)
        fields = [(f"{field.name}:", field.offset, self.text(field.type)) for field in type.fields]

        def text(buffer: bytes, offset: int) -> str:
            return f"{name}{{{', '.join([label + field(buffer, offset + at) for label, at, field in fields])}}}"

        return self._nested(name, text)

    def _map(self, type: GoType) -> Speller:
        contents, name = self._contents, shown_name(type.name)

        def text(buffer: bytes, offset: int) -> str:
            try:
                opened = contents.map(type, buffer, offset)
            except UnshownError as reason:
                return f"<{reason}>"
            if isinstance(opened, int):
                return f"({name})({opened:#x})" if opened else f"{name}(nil)"
            key, elem = self.text(opened.key), self.text(opened.elem)
            parts = []
            for entry in contents.entries(opened):
                if isinstance(entry, tuple):
                    parts.append(":".join(_cell(cell, part) for cell, part in zip(entry, (key, elem), strict=True)))
                else:
                    parts.append(f"<{entry.text}>")
            more = contents.more_entries(opened)
            if more:
                parts.append(f"... {more} more")
            return f"{name}{{{', '.join(parts)}}}"

        return self._nested(name, text)

    def _interface(self, type: GoType) -> Speller:
        held_in = self._contents.held

        def text(buffer: bytes, offset: int) -> str:
            try:
                held = held_in(type, buffer, offset)
            except UnshownError as reason:
                return f"<{reason}>"
            if held is None:
                return "nil"
            shown = self._held_texts.get(held.type)
            if shown is None:
                shown = self._held_texts[held.type] = self._telling_type(held.type)
            return shown(held.buffer, held.offset)

        return text

    def _telling_type(self, type: GoType) -> Speller:
        """The text of a value of which nothing around it says the type."""
        text, name = self.text(type), shown_name(type.name)
        if type.kind is Kind.POINTER:
            return self._followed(type, text)
        if type.kind in (Kind.COMPLEX64, Kind.COMPLEX128):
            return lambda buffer, offset: name + text(buffer, offset)  # which has its parentheses
        if type.kind in _UNTOLD or (type.kind in (Kind.BOOL, Kind.STRING) and name != type.kind.value):
            return lambda buffer, offset: f"{name}({text(buffer, offset)})"
        return text

    def _followed(self, type: GoType, unfollowed: Speller) -> Speller:
        """The text of a pointer with what it points to: once, not from pointer to pointer."""
        contents, name = self._contents, shown_name(type.name)

        def text(buffer: bytes, offset: int) -> str:
            address = contents.pointer(buffer, offset)
            if address == 0 or self._behind_pointer:
                return unfollowed(buffer, offset)
            try:
                elem = type.elem
                if elem.kind not in _COMPOSITES:
                    return unfollowed(buffer, offset)
                pointee = contents.read(address, elem.size)
            except (UnshownError, LayoutError, ReadError) as reason:
                return f"({name})({address:#x} <{reason}>)"
            self._behind_pointer = True
            try:
                return "&" + self.text(elem)(pointee, 0)
            finally:
                self._behind_pointer = False

        return text

    def _nested(self, name: str, inner: Speller) -> Speller:
        """INNER as long as depth allows, ``NAME{...}`` from there on."""
        enter, leave = self._contents.enter, self._contents.leave

        def text(buffer: bytes, offset: int) -> str:
            if not enter():
                return f"{name}{{...}}"
            try:
                return inner(buffer, offset)
            finally:
                leave()

        return text


def _in_braces(name: str, items: Items, item: Speller) -> str:
    parts = [item(items.buffer, offset) for offset in items.offsets]
    if items.times:
        parts = [
            part if times == 1 else f"{part} <repeats {times} times>"
            for part, times in zip(parts, items.times, strict=True)
        ]
    if items.failed is not None:
        parts.append(f"<{items.failed}>")
    if items.more:
        parts.append(f"... {items.more} more")
    text = "" if items.text is None else f" {quote(items.text[0])}{'' if items.text[1] else '...'}"
    return f"{name}{{{', '.join(parts)}}}{text}"


def _cell(cell: tuple[bytes, int, int] | ReadError, text: Speller) -> str:
    if isinstance(cell, ReadError):
        return f"<{unreadable(cell)}>"
    return text(cell[0], cell[1])


def _constant(text: str) -> Speller:
    return lambda buffer, offset: text
