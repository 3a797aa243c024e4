"""How a type is spelled, put together from the runtime's descriptors: ``%T``, but with whole package paths.

The runtime's own text knows only the package's name (``map[http.Header]int``), and for a type that package reflect
made it is hidden behind ``runtime.reflectOffs``. Named types say their package's path, the rest is spelled by its
parts. Source of the spelling: cmd/compile/internal/types/fmt.go.
"""

from __future__ import annotations

from gomap.goruntime.descriptors import Common, Descriptors
from gomap.program.gotypes import Kind, LayoutError

__all__ = ["TypeNames"]

#: No type is spelled deeper than this within another, nor longer: what is refers to itself.
_DEEPEST = 100
_LONGEST = 1 << 16

_RECV_DIR, _SEND_DIR, _BOTH_DIR = 1, 2, 3
_ARROWS = {_RECV_DIR: "<-chan ", _SEND_DIR: "chan<- ", _BOTH_DIR: "chan "}


class TypeNames:
    """Names by the address of the descriptor, each put together once."""

    def __init__(self, descriptors: Descriptors) -> None:
        self._descriptors = descriptors
        self._names: dict[int, str] = {}
        self._spell = {
            Kind.ARRAY: self._array,
            Kind.CHAN: self._chan,
            Kind.FUNC: self._func,
            Kind.INTERFACE: self._interface,
            Kind.MAP: self._map,
            Kind.POINTER: self._pointer,
            Kind.SLICE: self._slice,
            Kind.STRUCT: self._struct,
        }

    def at(self, address: int, depth: int = 0) -> str:
        """The name of the type whose descriptor is at ADDRESS, DEPTH levels down in another's.

        Raises LayoutError, ReadError.
        """
        found = self._names.get(address)
        if found is not None:
            return found
        common = self._descriptors.common(address)
        if depth > _DEEPEST:
            raise LayoutError(f"no type at {address:#x}: its name has no end")
        if common.named:
            found = self._named(common)
        elif common.kind in self._spell:
            found = self._spell[common.kind](common, depth + 1)
        else:
            raise LayoutError(f"no type at {address:#x}: {common.kind.value} without a name")
        if len(found) > _LONGEST:
            raise LayoutError(f"no type at {address:#x}: its name has {len(found)} characters")
        self._names[address] = found
        return found

    def _named(self, common: Common) -> str:
        text = self._descriptors.text(common)
        package = self._descriptors.package(common)
        if not package or "." not in text or text.startswith(f"{package}."):
            return text
        # The first dot ends the package's name: type arguments come after it, and have their paths already.
        return package + text[text.index(".") :]

    def _pointer(self, common: Common, depth: int) -> str:
        return "*" + self._part(common, "elem", depth)

    def _slice(self, common: Common, depth: int) -> str:
        return "[]" + self._part(common, "elem", depth)

    def _array(self, common: Common, depth: int) -> str:
        return f"[{self._number(common, 'len')}]{self._part(common, 'elem', depth)}"

    def _map(self, common: Common, depth: int) -> str:
        return f"map[{self._part(common, 'key', depth)}]{self._part(common, 'elem', depth)}"

    def _chan(self, common: Common, depth: int) -> str:
        direction = self._number(common, "dir")
        if direction not in _ARROWS:
            raise LayoutError(f"no type at {common.address:#x}: a chan of direction {direction}")
        elem = self._part(common, "elem", depth)
        if direction == _BOTH_DIR and elem.startswith("<-"):
            elem = f"({elem})"  # else the arrow would belong to the first chan
        return _ARROWS[direction] + elem

    def _func(self, common: Common, depth: int) -> str:
        return "func" + self._signature(common, depth)

    def _signature(self, common: Common, depth: int) -> str:
        taken, given, variadic = self._descriptors.parameters(common)
        parameters = [self.at(address, depth) for address in taken]
        if variadic and parameters:
            parameters[-1] = "..." + parameters[-1].removeprefix("[]")
        results = ", ".join(self.at(address, depth) for address in given)
        if len(given) > 1:
            results = f"({results})"
        return f"({', '.join(parameters)}) {results}".rstrip()

    def _struct(self, common: Common, depth: int) -> str:
        struct, buffer = self._descriptors.own(common)
        fields = []
        for item, items, at in struct.items(buffer, "fields"):
            name = self._descriptors.name(item.number(items, "name", at=at))
            field = self.at(item.number(items, "typ", at=at), depth)
            if not name.embedded:
                field = f"{name.text} {field}"
            if name.tag:
                field = f"{field} {_quoted(name.tag)}"
            fields.append(field)
        return _in_braces("struct", fields)

    def _interface(self, common: Common, depth: int) -> str:
        struct, buffer = self._descriptors.own(common)
        path = struct.number(buffer, "pkgpath")
        methods = []
        for item, items, at in struct.items(buffer, "methods", "mhdr"):
            encoded = self._descriptors.name_at_offset(common.address, item.number(items, "name", at=at))
            name = encoded.text
            if not name[:1].isupper():
                package = encoded.package or (self._descriptors.name(path).text if path else "")
                name = f"{package}.{name}"
            type = self._descriptors.at_offset(common.address, item.number(items, "typ", "ityp", at=at))
            method = self._descriptors.common(type)
            if method.kind is not Kind.FUNC:
                raise LayoutError(f"no type at {common.address:#x}: its method {name} is no func")
            methods.append(name + self._signature(method, depth))
        return _in_braces("interface", methods)

    def _part(self, common: Common, field: str, depth: int) -> str:
        return self.at(self._number(common, field), depth)

    def _number(self, common: Common, field: str) -> int:
        struct, buffer = self._descriptors.own(common)
        return struct.number(buffer, field)


def _in_braces(keyword: str, parts: list[str]) -> str:
    return f"{keyword} {{ {'; '.join(parts)} }}" if parts else f"{keyword} {{}}"


def _quoted(tag: str) -> str:
    escaped = tag.encode("unicode_escape").decode().replace('"', '\\"')
    return f'"{escaped}"'
