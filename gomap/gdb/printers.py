"""The pretty-printers: what ``print``, ``info locals``, MI and DAP show of a map, and of the strings in it.

It has to stand before the printers of Go's own runtime-gdb.py, which reads maps of Go 1.24 and later only in part. GDB
asks each objfile's printers first, so that is where gomap's entry stands, at the head of every list. Go's script
replaces its objfile's list by a new one when it is sourced; an entry that finds itself thrown away puts a successor at
the head of the new list.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Union

import gdb

from gomap.gdb.failing import failure
from gomap.views.printed import LONGEST, Shown, map_text, note_in_place

if TYPE_CHECKING:
    from gomap.gdb.target import GdbTarget
    from gomap.maps.model import GoMap

__all__ = ["MapPrinter", "register", "unregister"]

_NAME = "gomap"
_HEADERS = ("map<", "hash<")
_STRING_SIZES = (8, 16)
_Child = Union[str, "gdb.Value"]
#: The handlers that GDB's event has of ours.
_connected: list[Callable[[gdb.NewObjFileEvent], None]] = []


class MapPrinter:
    """One map."""

    def __init__(self, value: gdb.Value) -> None:
        self._value = value
        self._printed_by: tuple[int, int] | None = None

    def to_string(self) -> str:
        from gomap.gdb.target import forget_memory

        forget_memory()
        self._printed_by = _caller()
        try:
            return self._summary()
        except Exception as error:
            return f"<{failure(error)}>"

    def display_hint(self) -> str | None:
        # A print asks for the hint before to_string, a variable object of GDB 14 and later after it.
        self._printed_by = None
        return None if _asked_by_dap() else "map"

    def children(self) -> Iterable[tuple[str, _Child]]:
        """What is in it, made as it is asked for.

        DAP knows nothing of keys, so it gets the elements by name. All others get keys and elements in turn. Where
        to_string was called just before, by the same call of GDB's, it is a print: that gets text, which is many times
        as fast. MI's variable objects get values, as DAP does, which can be opened.
        """
        from gomap.gdb.target import forget_memory

        dap, printed = _asked_by_dap(), self._printed_by == _caller()
        if not printed:
            forget_memory()
        try:
            target, map = self._open()
        except Exception as error:
            # A print has said so already.
            return () if printed else note_in_place(failure(error), dap)
        from gomap.gdb.rendering import named_values, texts, values

        return _never_raising((named_values if dap else texts if printed else values)(target, map), dap)

    def _summary(self) -> str:
        from gomap.gdb.dwarf import written_name
        from gomap.gdb.staleness import staleness

        name = written_name(self._value.type)
        try:
            target, map = self._open()
        except Exception as error:
            return f"{name} <{failure(error)}>"
        return map_text(name, map, staleness(target.program, self._value))

    def _open(self) -> tuple[GdbTarget, GoMap]:
        from gomap.expressions.map_finding import map_behind
        from gomap.gdb.scope import live_scope
        from gomap.gdb.values import of_value

        scope = live_scope()
        return scope.target, map_behind(scope, of_value(scope.target, "the map", self._value))


def _shown_string(value: gdb.Value) -> Shown:
    """One string: to GDB it is a struct, of which a variable object would show {...} and no more."""
    try:
        return Shown(_string(value), "string")
    except (gdb.error, ValueError) as error:  # what is said in the place of a string is not to be quoted
        return Shown(f"<string: {error}>")


def _string(value: gdb.Value) -> object:
    """What GDB is to read. Raises gdb.error if a part of VALUE is optimized out or unreadable, ValueError if absurd."""
    length, pointer = int(value["len"]), value["str"]
    address = int(pointer)
    word = value["len"].type
    if pointer.type.sizeof < word.sizeof and pointer.address is not None:
        whole = int(pointer.address.cast(word.pointer()).dereference())
        if whole != address:
            raise ValueError(f"at {whole:#x}, which is no address to this GDB; use gdb-multiarch")
    if not 0 <= length < LONGEST:
        raise ValueError(f"length {length} at {address:#x}")
    return pointer.lazy_string("utf-8", length=length)


class PrinterEntry:
    """gomap's entry in an objfile's list of printers, which holds the only reference to it."""

    def __init__(self, objfile: gdb.Objfile) -> None:
        self.name = _NAME
        self.enabled = True
        self.subprinters = None
        self._objfile: gdb.Objfile | None = objfile

    def __call__(self, value: gdb.Value) -> object | None:
        try:
            return self._printer(value)
        except Exception:  # damaged debug information: GDB has its own way to show the value, and to say so
            return None

    def _printer(self, value: gdb.Value) -> object | None:
        named, type = value.type, value.type.strip_typedefs()
        if type.code == gdb.TYPE_CODE_PTR and named.code == gdb.TYPE_CODE_TYPEDEF:
            if (type.target().name or "").startswith(_HEADERS):
                return MapPrinter(value)
        elif type.code == gdb.TYPE_CODE_STRUCT and type.name == "sync.Map" and value.address is not None:
            return MapPrinter(value)
        nested = sys.modules.get("gomap.gdb.nested")  # not loaded, nothing is being laid out
        part = None if nested is None else nested.printer_of_part(value)
        if part is not None:
            return part
        if type.code == gdb.TYPE_CODE_STRUCT and (type.name or "").startswith(_HEADERS) and not value.is_optimized_out:
            from gomap.gdb.header_printer import HeaderPrinter

            return HeaderPrinter(value)
        if type.code == gdb.TYPE_CODE_STRUCT and type.sizeof in _STRING_SIZES:
            fields = type.fields()
            if [field.name for field in fields] == ["str", "len"] and fields[0].type.target().name == "uint8":
                return _shown_string(value)
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
        for entry in [printer for printer in objfile.pretty_printers if isinstance(printer, PrinterEntry)]:
            entry.retire()
            objfile.pretty_printers.remove(entry)


def _on_new_objfile(event: gdb.NewObjFileEvent) -> None:
    _insert(event.new_objfile)


def _insert(objfile: gdb.Objfile) -> None:
    printers = objfile.pretty_printers
    if not any(isinstance(printer, PrinterEntry) for printer in printers):
        printers.insert(0, PrinterEntry(objfile))


def _caller() -> tuple[int, int]:
    """The Python frame below a printer's method, and the instruction that it is at; (0, 0) if there is none.

    GDB calls to_string and children from C while such a frame, if any, is at one and the same instruction: that of its
    gdb.execute or format_string. Python code that calls the two itself is at another one for each.
    """
    frame = sys._getframe(1).f_back
    return (0, 0) if frame is None else (id(frame), frame.f_lasti)


def _never_raising(children: Iterable[tuple[str, _Child]], dap: bool) -> Iterator[tuple[str, _Child]]:
    """CHILDREN, and a note in the place of those that an error took: GDB would put a Python error among them."""
    try:
        yield from children
    except gdb.MemoryError:  # it was interrupted, which GDB has to know
        raise
    except Exception as error:
        yield from note_in_place(failure(error), dap)


def _asked_by_dap() -> bool:
    """Whether the Python frame below a printer's method is of GDB's own server of the Debug Adapter Protocol."""
    frame = sys._getframe(1).f_back
    return frame is not None and str(frame.f_globals.get("__name__")).startswith("gdb.dap.")
