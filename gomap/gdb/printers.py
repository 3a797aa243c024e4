"""The pretty-printers: what ``print``, ``info locals``, MI and DAP show of a map, and of the strings in it.

It has to stand before the printers of Go's own runtime-gdb.py, which reads maps of Go 1.24 and later only in part. GDB
asks each objfile's printers first, so that is where gomap's entry stands, at the head of every list. Go's script
replaces its objfile's list by a new one when it is sourced; an entry that finds itself thrown away puts a successor at
the head of the new list.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Union

import gdb

if TYPE_CHECKING:
    from gomap.gdb.target import GdbTarget
    from gomap.maps.model import GoMap

__all__ = ["MapPrinter", "register", "unregister"]

_NAME = "gomap"
_HEADERS = ("map<", "hash<")
_STRING_SIZES = (8, 16)
#: A string that claims to be longer is corrupt.
_LONGEST = 1 << 47
_Child = Union[str, "gdb.Value"]
#: The handlers that GDB's event has of ours.
_connected: list[Callable[[gdb.NewObjFileEvent], None]] = []


class MapPrinter:
    """One map."""

    def __init__(self, value: gdb.Value) -> None:
        self._value = value
        self._printed_by: tuple[int, int] | None = None

    def to_string(self) -> str:
        from gomap.gdb.dwarf import written_name
        from gomap.gdb.target import forget_memory

        forget_memory()
        self._printed_by = _caller()
        name = written_name(self._value.type)
        try:
            _, map = self._open()
        except Exception as error:
            return f"{name} <{_line(error)}>"
        if map.address == 0:
            return f"{name}(nil)"
        return f"{name} with {map.count} {'entry' if map.count == 1 else 'entries'}"

    def display_hint(self) -> str:
        # A print asks for the hint before to_string, a variable object of GDB 14 and later after it.
        self._printed_by = None
        return "map"

    def children(self) -> Iterable[tuple[str, _Child]]:
        """Keys and elements in turn, made as they are asked for.

        Where to_string was called just before, by the same call of GDB's, it is a print: that gets text, which is many
        times as fast. MI's variable objects and DAP get values, which can be opened.
        """
        printed = self._printed_by == _caller()
        try:
            target, map = self._open()
        except Exception as error:
            return () if printed else (("[0]", "<note>"), ("[1]", f"<{_line(error)}>"))
        from gomap.gdb.rendering import texts, values

        return texts(target, map) if printed else values(target, map)

    def _open(self) -> tuple[GdbTarget, GoMap]:
        from gomap.expressions.finding import map_behind
        from gomap.gdb.scope import live_scope
        from gomap.gdb.values import of_value

        scope = live_scope()
        target = scope.target
        value = of_value(target, target.types.of(self._value.type), "the map", self._value)
        return target, map_behind(scope, value)


class StringPrinter:
    """One string: to GDB it is a struct, of which a variable object would show {...} and no more."""

    def __init__(self, value: gdb.Value) -> None:
        self._value = value

    def to_string(self) -> object:
        length = int(self._value["len"])
        if not 0 <= length < _LONGEST:
            return f"<string: length {length} at {int(self._value['str']):#x}>"
        return self._value["str"].lazy_string("utf-8", length=length)

    def display_hint(self) -> str:
        return "string"


class Entry:
    """gomap's entry in an objfile's list of printers, which holds the only reference to it."""

    def __init__(self, objfile: gdb.Objfile) -> None:
        self.name = _NAME
        self.enabled = True
        self.subprinters = None
        self._objfile: gdb.Objfile | None = objfile

    def __call__(self, value: gdb.Value) -> MapPrinter | StringPrinter | None:
        named, type = value.type, value.type.strip_typedefs()
        if type.code == gdb.TYPE_CODE_PTR:
            is_map = named.code == gdb.TYPE_CODE_TYPEDEF and (type.target().name or "").startswith(_HEADERS)
            return MapPrinter(value) if is_map else None
        if type.code == gdb.TYPE_CODE_STRUCT and type.sizeof in _STRING_SIZES:
            fields = type.fields()
            if [field.name for field in fields] == ["str", "len"] and fields[0].type.target().name == "uint8":
                return StringPrinter(value)
        return None

    def __del__(self) -> None:
        # The list was replaced, or GDB let go of the objfile, or of all of Python.
        if self._objfile is not None and not sys.is_finalizing() and self._objfile.is_valid():
            _insert(self._objfile)

    def retire(self) -> None:
        """Go without a successor."""
        self._objfile = None


def register() -> None:
    """Stand at the head of every objfile's printers, of those to come too."""
    gdb.events.new_objfile.connect(_on_new_objfile)
    _connected.append(_on_new_objfile)
    for objfile in gdb.objfiles():
        _insert(objfile)


def unregister() -> None:
    """Stand nowhere."""
    while _connected:
        gdb.events.new_objfile.disconnect(_connected.pop())
    for objfile in gdb.objfiles():
        for entry in [printer for printer in objfile.pretty_printers if isinstance(printer, Entry)]:
            entry.retire()
            objfile.pretty_printers.remove(entry)


def _on_new_objfile(event: gdb.NewObjFileEvent) -> None:
    _insert(event.new_objfile)


def _insert(objfile: gdb.Objfile) -> None:
    printers = objfile.pretty_printers
    if not any(isinstance(printer, Entry) for printer in printers):
        printers.insert(0, Entry(objfile))


def _caller() -> tuple[int, int]:
    """The Python frame below a printer's method, and the instruction that it is at; (0, 0) if there is none.

    GDB calls to_string and children from C while such a frame, if any, is at one and the same instruction: that of its
    gdb.execute or format_string. Python code that calls the two itself is at another one for each.
    """
    frame = sys._getframe(1).f_back
    return (0, 0) if frame is None else (id(frame), frame.f_lasti)


def _line(error: Exception) -> str:
    from gomap.gdb.command import failure

    return failure(error)
