"""Notes how the runtime is laid out in a program with debug information, for programs of the same Go without it."""

from __future__ import annotations

from typing import Any

from gomap.elf.target import FileTarget
from gomap.goruntime.functions import Functions
from gomap.maps.operations import of_map_code
from gomap.program.gotypes import Field, GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.structs import Struct
from gomap.stripped.layouts import Runtime

__all__ = ["record"]

#: The types that gomap asks a program for by name; those that they lead to are noted too. No runtime has all of them.
_TYPES = (
    *("runtime._func", "runtime.inlinedCall", "runtime.stackmap", "runtime.special", "runtime.spanInlineMarkBits"),
    *("runtime.hmap", "runtime.hiter", "runtime.hchan", "runtime.linknameIter", "reflect.hiter", "runtime.sudog"),
    *("internal/runtime/maps.Map", "internal/runtime/maps.table", "internal/runtime/maps.Iter"),
    *("internal/abi.Type", "internal/abi.ArrayType", "internal/abi.ChanType", "internal/abi.FuncType"),
    *("internal/abi.InterfaceType", "internal/abi.MapType", "internal/abi.SwissMapType", "internal/abi.OldMapType"),
    *("internal/abi.PtrType", "internal/abi.SliceType", "internal/abi.StructType", "internal/abi.UncommonType"),
    *("internal/abi.Method", "internal/abi.ITab", "internal/abi.Imethod"),
    *("runtime._type", "runtime.arraytype", "runtime.chantype", "runtime.functype", "runtime.interfacetype"),
    *("runtime.maptype", "runtime.ptrtype", "runtime.slicetype", "runtime.structtype", "runtime.uncommontype"),
    *("runtime.method", "runtime.itab", "runtime.imethod", "runtime.eface", "runtime.iface", "interface {}"),
    *("sync.Mutex", "sync.RWMutex", "sync.readOnly", "sync.entry", "sync.Map", "string", "error"),
)
#: The variables that gomap asks for likewise; and tables, which hold the same in all programs with that runtime.
_VARIABLES = (
    *("runtime.firstmoduledata", "runtime.mheap_", "runtime.allgs", "runtime.allm", "runtime.buildVersion"),
    *("runtime.modinfo", "runtime.hashkey", "runtime.useAeshash", "runtime.aeskeysched"),
    *("internal/runtime/maps.hashkey", "internal/runtime/maps.UseAeshash", "internal/runtime/maps.aeskeysched"),
)
_TABLES = (
    *("runtime.class_to_size", "internal/runtime/gc.SizeClassToSize"),
    *("runtime.gStatusStrings", "runtime.waitReasonStrings"),
)
#: A string in such a table that claims to have more bytes is none.
_LONGEST = 1 << 12


def record(target: FileTarget) -> Runtime:
    """What is to be noted of the runtime of the program TARGET, which does not run. Raises LayoutError, ReadError."""
    recorder = _Recorder()
    for name in _TYPES:
        type = target.type_named(name)
        if type is not None:
            recorder.name_of(type)
    variables, contents = {}, {}
    for name in (*_VARIABLES, *_TABLES):
        found = target.variable(name)
        if found is None:
            continue
        variables[name] = recorder.name_of(found[1])
        if name in _TABLES:
            contents[name] = _content(target, *found)
    functions = _functions(target, recorder)
    return Runtime(recorder.types(), variables, contents, functions)


def _functions(target: FileTarget, recorder: _Recorder) -> dict[str, list[Any]]:
    """Of each function that operates on maps its fingerprint and where its arguments are, as Runtime has it."""
    functions, found = Functions(target), {}
    for function in functions.all():
        if not of_map_code(function.name):
            continue
        parameters = [
            [
                each.name,
                recorder.name_of(each.type),
                [[start, min(end, function.end - function.entry), part.hex()] for start, end, part in each.parts],
            ]
            for each in target.parameters(function.entry)
        ]
        if parameters:
            found[function.name] = [functions.fingerprint(function), parameters]
    return found


class _Recorder:
    """Gives types the names that others refer to them with, and notes the definitions of all that were named."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._types: dict[str, GoType] = {}
        self._todo: list[str] = []

    def name_of(self, type: GoType) -> str:
        """The name to refer to TYPE with: its own, with a number behind it where another type has that name."""
        if id(type) not in self._names:
            name, number = type.name, 1
            while name in self._types:
                number += 1
                name = f"{type.name} {number}"
            self._names[id(type)] = name
            self._types[name] = type
            self._todo.append(name)
        return self._names[id(type)]

    def types(self) -> dict[str, Any]:
        """The definitions of all types that ``name_of`` was asked about, and of those that they lead to, by name."""
        definitions = {}
        while self._todo:
            name = self._todo.pop()
            definitions[name] = self._definition(self._types[name])
        return definitions

    def _definition(self, type: GoType) -> list[Any]:
        kind = type.kind
        elem = kind in (Kind.ARRAY, Kind.POINTER, Kind.SLICE, Kind.CHAN, Kind.MAP)
        return [
            kind.value,
            type.size,
            type.name,
            [self._field(each) for each in type.fields],
            self._name_of_part(type, "elem") if elem else "",
            self._name_of_part(type, "key") if kind is Kind.MAP else "",
            type.length,
            self._name_of_part(type, "header") if kind in (Kind.CHAN, Kind.MAP) else "",
        ]

    def _field(self, field: Field) -> list[Any]:
        return [field.name, self.name_of(field.type), field.offset, int(field.embedded)]

    def _name_of_part(self, type: GoType, part: str) -> str:
        try:
            return self.name_of(getattr(type, part))
        except LayoutError:  # what is no Go type: C's void
            return ""


def _content(target: FileTarget, address: int, type: GoType) -> Any:
    """What the table at ADDRESS holds: its strings, or else its bytes. Raises ReadError."""
    data = target.memory.read(address, type.size)
    if type.elem.kind is not Kind.STRING:
        return data.hex()
    string = Struct(type.elem, target)
    texts = []
    for at in range(0, type.size, string.size):
        text, length = string.number(data, "str", at=at), string.number(data, "len", at=at)
        if not 0 <= length <= _LONGEST:
            raise ReadError(address + at, string.size)
        texts.append(target.memory.read(text, length).decode() if length else "")
    return texts
