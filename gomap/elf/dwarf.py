"""Entries of the debug information: by their offset, and by the name of a type, package variable or constant.

The section is a row of units, one for each package; Go's linker puts all types into that of package runtime. To find
a name, the bytes of the whole section are searched for it, which takes milliseconds; the units that it is seen in are
then gone through entry by entry, as only that tells an entry from what happens to look like one. What a unit has is
kept. Units of other languages than Go are passed by.

Sources: DWARF 4 and 5, section 7.5; cmd/internal/dwarf and cmd/link/internal/ld/dwarf.go for what Go writes.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from gomap.elf.abbrevs import Abbreviation, Abbreviations
from gomap.elf.elffile import ElfFile, FileError
from gomap.elf.forms import STRING, Value, forms
from gomap.program.gotypes import LayoutError

__all__ = ["DebugEntry", "DebugInfo", "DebugInfoError", "Tag", "Unit"]


class DebugInfoError(FileError, LayoutError):
    """Debug information that is damaged."""


class Tag:
    """DW_TAG_... of the entries that matter here."""

    ARRAY = 0x01
    POINTER = 0x0F
    MEMBER = 0x0D
    STRUCT = 0x13
    FUNCTION_TYPE = 0x15
    TYPEDEF = 0x16
    SUBRANGE = 0x21
    BASE = 0x24
    CONSTANT = 0x27
    VARIABLE = 0x34
    PARAMETER = 0x05
    BLOCK = 0x0B
    INLINED = 0x1D
    FUNCTION = 0x2E


#: DW_AT_name, DW_AT_location, DW_AT_language, DW_AT_external.
_NAME, _LOCATION, _LANGUAGE, _EXTERNAL = 0x03, 0x02, 0x13, 0x3F
_LOW_PC, _CONST_VALUE = 0x11, 0x1C
_GO = 0x16
_TYPES = {Tag.ARRAY, Tag.POINTER, Tag.STRUCT, Tag.FUNCTION_TYPE, Tag.TYPEDEF, Tag.BASE}
#: DW_UT_compile: the kind of unit that there are others of since DWARF 5.
_COMPILE = 1


class DebugEntry(NamedTuple):
    """One entry.

    Attributes:
        offset: in .debug_info.
        tag: one of Tag, or another.
        attributes: by their numbers.
        end: where the next entry begins.
        children: whether entries follow that belong to it.
        abbreviation: how it is written; None of what ends a list.
    """

    offset: int
    tag: int
    attributes: dict[int, Value]
    end: int
    children: bool
    abbreviation: Abbreviation | None

    @property
    def name(self) -> bytes:
        """Its name; empty if it has none."""
        name = self.attributes.get(_NAME)
        return name if isinstance(name, bytes) else b""

    def number(self, attribute: int) -> int:
        """The attribute, if it is a number; 0 otherwise."""
        value = self.attributes.get(attribute)
        return value if isinstance(value, int) else 0


@dataclass(frozen=True)
class _Layout:
    """What units of one table of abbreviations have in common.

    Attributes:
        entry: what an entry looks like, and of which of them the name is a group.
        variables: the numbers of the groups that are names of package variables; all others are types'.
        codes: the bytes that entries begin with that have a name for a group.
    """

    abbreviations: Abbreviations
    entry: re.Pattern[bytes]
    groups: int
    variables: frozenset[int]
    codes: bytes


class Unit(NamedTuple):
    """A unit's header: where in .debug_info it is, where its first entry begins, and what its entries depend on."""

    start: int
    end: int
    first: int
    abbreviations: int
    address_size: int
    offset_size: int
    version: int


class DebugInfo:
    """The debug information of one file. Raises FileError if it cannot be read.

    Attributes:
        units: its units, but for those of other kinds than a package's.
    """

    def __init__(self, file: ElfFile) -> None:
        self._file = file
        self._info = file.contents(".debug_info")
        self._abbrevs = file.contents(".debug_abbrev")
        self.units = list(self._read_units())
        self._starts = [unit.start for unit in self.units]
        self._layouts: dict[tuple[int, int, int], _Layout] = {}
        self._names: dict[int, tuple[dict[bytes, int], dict[bytes, int]]] = {}

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.units)

    def entry(self, offset: int) -> DebugEntry:
        """The entry that begins at OFFSET. Raises DebugInfoError."""
        return self._entry(self.unit_at(offset), offset)

    def children(self, entry: DebugEntry) -> Iterator[DebugEntry]:
        """The entries that belong to ENTRY; of what belongs to those, none. Raises DebugInfoError."""
        return (child for depth, child in self.descendants(entry) if depth == 0)

    def descendants(self, entry: DebugEntry) -> Iterator[tuple[int, DebugEntry]]:
        """All entries that belong to ENTRY, those in one another too: how deep, from 0 on. Raises DebugInfoError."""
        if not entry.children:
            return
        unit = self.unit_at(entry.offset)
        depth, at = 0, entry.end
        while depth >= 0:
            child = self._entry(unit, at)
            if child.tag == 0:
                depth -= 1
            else:
                yield depth, child
                depth += child.children
            at = child.end

    def functions_in(self, unit: Unit) -> Iterator[DebugEntry]:
        """The entries of functions that UNIT has the code of. Raises DebugInfoError."""
        if self._entry(unit, unit.first).number(_LANGUAGE) != _GO:
            return
        pattern, sought = self._layout(unit).abbreviations.pattern(_has_code, named=False)
        for match, _ in self._scan(unit, pattern, len(sought) + 1):
            yield self._entry(unit, match.start())

    def type_named(self, name: bytes) -> int | None:
        """Where the type of exactly that name is, or None. Raises DebugInfoError."""
        return self._find(name, 0)

    def variable_named(self, name: bytes) -> int | None:
        """Where the package variable of exactly that name is, or None. Raises DebugInfoError."""
        return self._find(name, 1)

    def constant_named(self, name: bytes) -> int | None:
        """The value of the package's constant of exactly that name, or None.

        There are thousands, of which one or two are asked for: where the name stands behind what such an entry begins
        with, it is one.
        """
        at = self._info.find(name + b"\0")
        while at > 0:
            with suppress(DebugInfoError):
                entry = self.entry(at - 1)
                if entry.tag == Tag.CONSTANT and entry.name == name:
                    return entry.number(_CONST_VALUE)
            at = self._info.find(name + b"\0", at + 1)
        return None

    def variables(self) -> Iterator[tuple[bytes, dict[bytes, int]]]:
        """Each package with its variables: where they are, by name. Raises DebugInfoError."""
        return ((self._entry(unit, unit.first).name, self._names_in(unit)[1]) for unit in self.units)

    def _find(self, name: bytes, which: int) -> int | None:
        wanted = name + b"\0"
        at = self._info.find(wanted)
        while at > 0:
            unit = self._unit_around(at)
            if unit is not None and (unit.start in self._names or self._info[at - 1] in self._layout(unit).codes):
                found = self._names_in(unit)[which].get(name)
                if found is not None:
                    return found
                at = unit.end - 1
            at = self._info.find(wanted, at + 1)
        return None

    def _names_in(self, unit: Unit) -> tuple[dict[bytes, int], dict[bytes, int]]:
        """The unit's types and package variables: where they are, by name."""
        if unit.start not in self._names:
            self._names[unit.start] = ({}, {})
            if self._entry(unit, unit.first).number(_LANGUAGE) == _GO:
                self._go_through(unit, *self._names[unit.start])
        return self._names[unit.start]

    def _go_through(self, unit: Unit, types: dict[bytes, int], variables: dict[bytes, int]) -> None:
        layout = self._layout(unit)
        of_variables = layout.variables
        for match, group in self._scan(unit, layout.entry, layout.groups + 1):
            names = variables if group in of_variables else types
            names.setdefault(match[group], match.start())

    def _scan(self, unit: Unit, entry: re.Pattern[bytes], undecided: int) -> Iterator[tuple[re.Match[bytes], int]]:
        """Where the pattern ENTRY finds a group in a unit, and which; entries with that of UNDECIDED are got past."""
        at = unit.first
        while at < unit.end:
            for match in entry.finditer(self._info, at, unit.end):
                group = match.lastindex
                if group is None:
                    continue
                if group == undecided:
                    at = match.start()
                    break
                yield match, group
            else:
                return
            if at < unit.end:
                at = self._entry(unit, at).end

    def _entry(self, unit: Unit, offset: int) -> DebugEntry:
        if not unit.first <= offset < unit.end:
            raise self._damaged(offset)
        abbreviations = self._layout(unit).abbreviations
        try:
            abbreviation, attributes, end = abbreviations.decode(self._info, offset)
        except (IndexError, KeyError):
            raise self._damaged(offset) from None
        if end > unit.end:
            raise self._damaged(offset)
        if abbreviation is None:
            return DebugEntry(offset, 0, attributes, end, False, None)
        return DebugEntry(offset, abbreviation.tag, attributes, end, abbreviation.children, abbreviation)

    def _layout(self, unit: Unit) -> _Layout:
        key = unit.abbreviations, unit.address_size, unit.offset_size
        if key not in self._layouts:
            known = forms(unit.address_size, unit.offset_size, self._file.byte_order)
            try:
                table = Abbreviations(self._abbrevs, unit.abbreviations, known)
            except (IndexError, KeyError):
                raise self._damaged(unit.abbreviations, ".debug_abbrev") from None
            entry, named = table.pattern(_is_named)
            variables = frozenset(number for number, each in enumerate(named, 1) if each.tag == Tag.VARIABLE)
            codes = bytes(each.code for each in named)
            self._layouts[key] = _Layout(table, entry, len(named), variables, codes)
        return self._layouts[key]

    def unit_at(self, offset: int) -> Unit:
        """The unit that OFFSET is in. Raises DebugInfoError."""
        unit = self._unit_around(offset)
        if unit is None:
            raise self._damaged(offset)
        return unit

    def _unit_around(self, offset: int) -> Unit | None:
        """The unit that OFFSET is in; None where there is something else, such as a unit of another kind."""
        place = bisect.bisect_right(self._starts, offset) - 1
        return self.units[place] if place >= 0 and offset < self.units[place].end else None

    def _read_units(self) -> Iterator[Unit]:
        info, order = self._info, self._file.byte_order

        def number(at: int, size: int) -> int:
            return int.from_bytes(info[at : at + size], order)

        at = 0
        while at < len(info):
            start, size = at, 4
            length = number(at, 4)
            if length == 0xFFFFFFFF:
                at, size = at + 4, 8
                length = number(at, 8)
            at += size
            end = at + length
            version = number(at, 2)
            if end > len(info) or length < 16:
                raise self._damaged(start)
            if version >= 5:
                kind, address_size, abbreviations = number(at + 2, 1), number(at + 3, 1), number(at + 4, size)
                first = at + 4 + size
            else:
                kind, address_size, abbreviations = _COMPILE, number(at + 2 + size, 1), number(at + 2, size)
                first = at + 3 + size
            if 2 <= version <= 5 and kind == _COMPILE:
                yield Unit(start, end, first, abbreviations, address_size, size, version)
            at = end

    def _damaged(self, offset: int, section: str = ".debug_info") -> DebugInfoError:
        return DebugInfoError(f"{self._file.path} has {section} damaged at {offset:#x}")


def _has_code(abbreviation: Abbreviation) -> bool:
    """Whether entries like that are functions, and say where their code is."""
    return abbreviation.tag == Tag.FUNCTION and abbreviation.has(_LOW_PC)


def _is_named(abbreviation: Abbreviation) -> bool:
    """Whether entries like that are types or package variables, with their name first, as Go's linker writes them."""
    first = next(iter(abbreviation.attributes), None)
    if first is None or first != (_NAME, STRING, None):
        return False
    if abbreviation.tag == Tag.VARIABLE:
        return abbreviation.has(_LOCATION) and abbreviation.has(_EXTERNAL)
    return abbreviation.tag in _TYPES
