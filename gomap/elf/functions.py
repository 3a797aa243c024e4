"""The variables of functions on a stack, by the debug information: in which blocks they are, and where.

A function's entry has those of its arguments and variables in it, those of blocks with theirs, and those of calls that
were inlined, again with theirs. Each may say of which addresses it is, and an address decides which of them count.
Where a variable is depends on the address as well. Go's functions save no register for their callers: what was in one
when another function was called may be anything since.

Sources: DWARF 4 and 5, sections 3.3 and 7.25 to 7.29; cmd/internal/dwarf for what Go writes.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from gomap.elf.dwarf import DebugEntry, DebugInfo, DebugInfoError, Tag, Unit
from gomap.elf.elffile import ElfFile
from gomap.elf.expressions import IN_REGISTER, OPTIMIZED_OUT, pieces_or_why
from gomap.elf.gotypes import ElfTypes
from gomap.elf.lists import ListedRange, ListReader
from gomap.goruntime.functions import printed_name
from gomap.language.spelling import as_written
from gomap.program.frames import Captured, FrameVariable, Standing
from gomap.program.gotypes import GoType, LayoutError

__all__ = ["FrameVariables", "Parameter"]

#: DW_AT_location, DW_AT_low_pc, DW_AT_high_pc, DW_AT_abstract_origin, DW_AT_type, DW_AT_ranges, DW_AT_addr_base,
#: DW_AT_loclists_base.
_LOCATION, _LOW_PC, _HIGH_PC, _ORIGIN, _TYPE, _RANGES = 0x02, 0x11, 0x12, 0x31, 0x49, 0x55
_ADDR_BASE, _LOCLISTS_BASE = 0x73, 0x8C
_DECLARED_LINE = 0x3B  # DW_AT_decl_line
_GO_DICT_INDEX, _GO_CLOSURE_OFFSET = 0x2906, 0x2907  # DW_AT_go_dict_index, DW_AT_go_closure_offset
#: DW_FORM_addr; addrx and its like; loclistx.
_FORM_ADDR, _FORMS_ADDRX, _FORM_LOCLISTX = 0x01, {0x1B, 0x29, 0x2A, 0x2B, 0x2C}, 0x22
#: Entries that lead to one another by DW_AT_abstract_origin: more is a circle.
_MOST_ORIGINS = 4
#: Blocks and calls in one another.
_DEEPEST = 256

_ADVICE = "try another frame, or build with -gcflags='-N -l'"


class _Span(NamedTuple):
    start: int
    end: int
    what: int


class Parameter(NamedTuple):
    """An argument or a result of a function's.

    Attributes:
        name, type: as declared.
        parts: where it is, from which to which byte of the function's code.
    """

    name: str
    type: GoType
    parts: Sequence[ListedRange]


class FrameVariables:
    """The variables that functions of one file have on a stack.

    Args:
        file: the program.
        info: its debug information.
        types: its types.
    """

    def __init__(self, file: ElfFile, info: DebugInfo, types: ElfTypes) -> None:
        self._file, self._info, self._types = file, info, types
        self._functions: dict[int, list[_Span]] = {}
        self._contents: dict[str, bytes] = {}

    def at(self, standing: Standing, bias: int) -> list[FrameVariable]:
        """The variables and arguments that can be named where a function stands, the innermost block's first.

        BIAS: how much further up the program lies in memory than its file says. Where there is no debug information on
        the function there are none. Raises DebugInfoError.
        """
        try:
            function = self._function(standing.inside - bias)
            if function is None:
                return []
            level = self._level(function, standing.inside - bias, standing.inlined, standing.name)
            entries = self._in_scope([entry for _, entry in level], standing.line)
            return [self._variable(entry, standing, bias) for entry in entries]
        except IndexError as error:
            raise DebugInfoError(f"{self._file.path} has damaged debug information: {error}") from None

    def parameters(self, entry: int) -> list[Parameter]:
        """The arguments and results of the function that begins at ENTRY, as they are declared.

        Raises DebugInfoError.
        """
        function = self._function(entry)
        found = []
        for child in () if function is None else self._info.children(function):
            if child.tag != Tag.PARAMETER:
                continue
            declared, location = self._declared(child), child.attributes.get(_LOCATION)
            if isinstance(location, bytes):
                parts = [ListedRange(0, 1 << 32, location)]
            else:
                parts = [
                    ListedRange(part.start - entry, part.end - entry, part.expression)
                    for part in self._parts(child, location)
                ]
            name = as_written(declared.name.decode("utf-8", "backslashreplace"))
            found.append(Parameter(name, self._types.at(declared.number(_TYPE)), parts))
        return found

    def captured(self, entry: int) -> list[Captured]:
        """What the function that begins at ENTRY has caught, from Go 1.23 on. Raises DebugInfoError."""
        function = self._function(entry)
        found = []
        for child in () if function is None else self._info.children(function):
            if child.tag == Tag.VARIABLE and _GO_CLOSURE_OFFSET in child.attributes:
                declared = self._declared(child)
                name = as_written(declared.name.decode("utf-8", "backslashreplace"))
                found.append(Captured(name, self._types.at(declared.number(_TYPE)), child.number(_GO_CLOSURE_OFFSET)))
        return found

    def _level(self, function: DebugEntry, address: int, inlined: int, name: str) -> list[tuple[int, DebugEntry]]:
        """The variables of the call that is INLINED so far in the function: how deep in blocks, the deepest first.

        NAME: that call's function; there are none if the debug information has another one there.
        """
        found: list[tuple[int, DebugEntry]] = []
        # By depth: of which call the entries there are, or None if what they belong to is elsewhere.
        calls: list[int | None] = [0]
        if inlined == 0 and printed_name(self._name(function)) != name:
            return []
        for depth, entry in self._info.descendants(function):
            if depth >= _DEEPEST:
                break
            del calls[depth + 1 :]
            call = calls[depth] if depth < len(calls) else None
            if entry.tag in (Tag.BLOCK, Tag.INLINED):
                inside = call is not None and self._covers(entry, address)
                within = call + (entry.tag == Tag.INLINED) if call is not None and inside else None
                if entry.tag == Tag.INLINED and within == inlined and printed_name(self._name(entry)) != name:
                    within = None
                calls.append(within)
            else:
                calls.append(None)
                if call == inlined and entry.tag in (Tag.VARIABLE, Tag.PARAMETER):
                    found.append((depth, entry))
        return sorted(found, key=lambda each: -each[0])

    def _in_scope(self, entries: list[DebugEntry], line: int) -> list[DebugEntry]:
        """ENTRIES without those that hide others of their name, but are declared further down than LINE.

        A block has its variables from its beginning on, so far as the debug information says.
        """
        named = [(entry, self._declared(entry)) for entry in entries]
        sooner = {_plain(each) for _, each in named if line and each.number(_DECLARED_LINE) <= line}
        return [entry for entry, each in named if _plain(each) not in sooner or each.number(_DECLARED_LINE) <= line]

    def _variable(self, entry: DebugEntry, standing: Standing, bias: int) -> FrameVariable:
        declared = self._declared(entry)
        name = as_written(declared.name.decode("utf-8", "backslashreplace"))
        argument = declared.tag == Tag.PARAMETER
        type = self._types.at(declared.number(_TYPE))
        # At the call it may have been in a register; what follows it may still have a copy on the stack.
        expressions = (
            self._expression(entry, address - bias) for address in dict.fromkeys((standing.inside, standing.pc))
        )
        order = self._file.byte_order
        pieces, lost = pieces_or_why(expressions, standing, bias, self._file.pointer_size, order)
        if lost == IN_REGISTER or not lost:
            lost = f"{lost or OPTIMIZED_OUT}; {_ADVICE}"
        generic = self._info.entry(declared.number(_TYPE))
        parameter = generic.number(_GO_DICT_INDEX) if _GO_DICT_INDEX in generic.attributes else -1
        return FrameVariable(name, type, argument, pieces, "" if pieces else lost, parameter)

    def _expression(self, entry: DebugEntry, address: int) -> bytes | None:
        """Where the variable is while its function is at ADDRESS; None if nowhere."""
        location = entry.attributes.get(_LOCATION)
        if location is None or isinstance(location, bytes):
            return location
        parts = self._parts(entry, location)
        return next((part.expression for part in parts if part.start <= address < part.end), None)

    def _parts(self, entry: DebugEntry, location: Any) -> Iterator[ListedRange]:
        """The parts of the list of LOCATIONS that an entry names; none if it names none."""
        if location is None:
            return iter(())
        unit = self._info.unit_at(entry.offset)
        if entry.abbreviation is not None and entry.abbreviation.form(_LOCATION) == _FORM_LOCLISTX:
            start = self._unit_entry(unit).number(_LOCLISTS_BASE)
            section = self._section(".debug_loclists")
            place = start + location * unit.offset_size
            location = start + int.from_bytes(section[place : place + unit.offset_size], self._file.byte_order)
        return self._list(unit, location, True)

    def _function(self, address: int) -> DebugEntry | None:
        """The entry of the function whose code has ADDRESS."""
        unit = _containing(self._units, address)
        if unit is None:
            return None
        if unit not in self._functions:
            self._functions[unit] = sorted(
                _Span(start, end, entry.offset)
                for entry in self._info.functions_in(self._info.unit_at(unit))
                for start, end, _ in self._ranges(entry)
            )
        offset = _containing(self._functions[unit], address)
        return None if offset is None else self._info.entry(offset)

    @cached_property
    def _units(self) -> list[_Span]:
        """Where the code of each unit is."""
        return sorted(
            _Span(part.start, part.end, unit.start)
            for unit in self._info.units
            for part in self._ranges(self._unit_entry(unit))
        )

    def _covers(self, entry: DebugEntry, address: int) -> bool:
        return any(part.start <= address < part.end for part in self._ranges(entry))

    def _ranges(self, entry: DebugEntry) -> Iterator[ListedRange]:
        """Of which addresses an entry is."""
        if entry.abbreviation is None:
            return
        unit = self._info.unit_at(entry.offset)
        if _RANGES in entry.attributes:
            yield from self._list(unit, entry.number(_RANGES), False)
        elif entry.abbreviation.has(_LOW_PC) and entry.abbreviation.has(_HIGH_PC):
            start = self._address(unit, entry, _LOW_PC)
            high = entry.abbreviation.form(_HIGH_PC)
            absolute = high == _FORM_ADDR or high in _FORMS_ADDRX
            end = self._address(unit, entry, _HIGH_PC) if absolute else start + entry.number(_HIGH_PC)
            yield ListedRange(start, end, b"")

    def _list(self, unit: Unit, at: int, located: bool) -> Iterator[ListedRange]:
        first = self._unit_entry(unit)
        base = self._address(unit, first, _LOW_PC)
        reader = ListReader(unit.address_size, self._file.byte_order, base, lambda number: self._indexed(unit, number))
        if unit.version >= 5:
            return reader.new(self._section(".debug_loclists" if located else ".debug_rnglists"), at, located)
        return reader.old(self._section(".debug_loc" if located else ".debug_ranges"), at, located)

    def _address(self, unit: Unit, entry: DebugEntry, attribute: int) -> int:
        value = entry.number(attribute)
        form = entry.abbreviation.form(attribute) if entry.abbreviation is not None else 0
        return self._indexed(unit, value) if form in _FORMS_ADDRX else value

    def _indexed(self, unit: Unit, number: int) -> int:
        """The address of that number in .debug_addr."""
        size, start = unit.address_size, self._unit_entry(unit).number(_ADDR_BASE)
        section = self._section(".debug_addr")
        at = start + number * size
        if at + size > len(section):
            raise IndexError(at)
        return int.from_bytes(section[at : at + size], self._file.byte_order)

    def _section(self, name: str) -> bytes:
        if name not in self._contents:
            self._contents[name] = self._file.contents(name)
        return self._contents[name]

    def _unit_entry(self, unit: Unit) -> DebugEntry:
        return self._info.entry(unit.first)

    def _declared(self, entry: DebugEntry) -> DebugEntry:
        """The entry that says what one is: itself, or what it is an instance of."""
        for _ in range(_MOST_ORIGINS):
            if entry.name or _ORIGIN not in entry.attributes:
                return entry
            entry = self._info.entry(entry.number(_ORIGIN))
        raise LayoutError(f"the debug information has no end of the origins at {entry.offset:#x}")

    def _name(self, entry: DebugEntry) -> str:
        return as_written(self._declared(entry).name.decode("utf-8", "backslashreplace"))


def _plain(entry: DebugEntry) -> bytes:
    """A variable's name, also of one that escaped to the heap."""
    return entry.name.removeprefix(b"&")


def _containing(spans: list[_Span], address: int) -> int | None:
    """What the one of SPANS is of that has ADDRESS in it."""
    place = bisect.bisect_right(spans, address, key=lambda span: span.start) - 1
    return spans[place].what if place >= 0 and address < spans[place].end else None
