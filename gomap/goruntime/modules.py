"""What of the program's own image an address lies in: code, data, read-only data, by runtime.moduledata.

runtime.firstmoduledata heads a chain with one moduledata for the program and one for each plugin or shared library
(runtime/symtab.go). A section stands in it as two fields, ``data`` and ``edata``; which there are differs from version
to version, so those are taken that the binary has.
"""

from __future__ import annotations

from typing import NamedTuple, Union

from gomap.goruntime.answers import ModuleData, Text
from gomap.goruntime.moduledata import first_module, modules
from gomap.program.memory import ReadError
from gomap.program.printable import printable
from gomap.program.target import Target

__all__ = ["Modules"]

_SECTIONS = ("text", "noptrdata", "data", "bss", "noptrbss", "covctrs")
_LONGEST_NAME = 4096


class _Section(NamedTuple):
    name: str
    start: int
    end: int
    module: str


class Modules:
    """The chain of modules, read when it is first asked about. Raises LayoutError if its type is not as expected."""

    def __init__(self, target: Target) -> None:
        self._target = target
        _, module = first_module(target)
        self._names = [name for name in _SECTIONS if module.find(name) and module.find("e" + name)]
        bounds = [prefix + name for name in self._names for prefix in ("", "e")]
        self._modules = modules(target, "modulename.str", "modulename.len", "types", "rodata", *bounds)
        self._sections: list[_Section] | None = None

    def at(self, address: int) -> Union[ModuleData, Text, None]:
        """The part of a module that ADDRESS lies in, or None. A chain that cannot be read ends where it breaks."""
        if self._sections is None:
            self._sections = self._read()
        for name, start, end, module in self._sections:
            if start <= address < end:
                symbol = self._target.symbol_at(address)
                if name == "text":
                    return Text(address, module, symbol)
                return ModuleData(address, module, name, symbol)
        return None

    def _read(self) -> list[_Section]:
        sections: list[_Section] = []
        for text, length, types, rodata, *bounds in self._modules:
            name = self._name(text, length)
            ranges = dict(zip(self._names, zip(bounds[::2], bounds[1::2], strict=True), strict=True))
            sections += [_Section(section, start, end, name) for section, (start, end) in ranges.items()]
            # What is read-only (types, strings, line tables) has no end of its own: the data follows it.
            if "noptrdata" in ranges:
                sections.append(_Section("rodata", min(types, rodata), ranges["noptrdata"][0], name))
        return sections

    def _name(self, text: int, length: int) -> str:
        try:
            name = self._target.memory.read(text, min(length, _LONGEST_NAME))
            return printable(name.decode("utf-8", "surrogateescape"))
        except ReadError:
            return f"?{text:#x}"
