"""What an entry of the debug information consists of: the tables of .debug_abbrev.

An entry begins with the number of an abbreviation, which says its tag, whether entries follow that belong to it, and
which attributes it has in which form (DWARF 4 and 5, section 7.5.3). A program has a hundred thousand entries and
more. Those that somebody asks for are decoded attribute by attribute; to get past the others, a table becomes one
regular expression that matches any entry but the rarest.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from gomap.elf.forms import IMPLICIT_CONSTANT, Form, Value, signed_leb128, unsigned_leb128

__all__ = ["Abbreviation", "Abbreviations", "Attribute"]

#: Of one abbreviation; Go's have up to nine.
_MOST_ATTRIBUTES = 64


class Attribute(NamedTuple):
    """One attribute: which, and how it is written; a constant may stand in the abbreviation itself."""

    name: int
    form: int
    constant: int | None


@dataclass(frozen=True)
class Abbreviation:
    """What the entries with that number look like."""

    code: int
    tag: int
    children: bool
    attributes: tuple[Attribute, ...]

    def form(self, name: int) -> int:
        """How they have that attribute written; 0 if they have it not."""
        return next((each.form for each in self.attributes if each.name == name), 0)

    def has(self, name: int) -> bool:
        """Whether they have that attribute."""
        return any(each.name == name for each in self.attributes)


class Abbreviations:
    """One table of abbreviations.

    Args:
        section: the bytes of .debug_abbrev.
        offset: where in them the table begins.
        forms: those that its units may use, by their numbers.

    Raises IndexError or KeyError if the table is damaged.
    """

    def __init__(self, section: bytes, offset: int, forms: dict[int, Form]) -> None:
        self._forms = forms
        self._by_code: dict[int, Abbreviation] = {}
        code, at = unsigned_leb128(section, offset)
        while code:
            tag, at = unsigned_leb128(section, at)
            children = section[at] != 0
            attributes, at = self._attributes(section, at + 1)
            self._by_code[code] = Abbreviation(code, tag, children, attributes)
            code, at = unsigned_leb128(section, at)

    def decode(self, data: bytes, at: int) -> tuple[Abbreviation | None, dict[int, Value], int]:
        """The entry that begins at AT: its abbreviation, its attributes by their numbers, and the place behind it.

        A null entry, which ends a list, has no abbreviation. Raises IndexError and KeyError if it is damaged.
        """
        values: dict[int, Value] = {}
        code, at = unsigned_leb128(data, at)
        if code == 0:
            return None, values, at
        abbreviation = self._by_code[code]
        for name, form, constant in abbreviation.attributes:
            if constant is not None:
                values[name] = constant
            else:
                values[name], at = self._forms[form].read(data, at)
        if at > len(data):
            raise IndexError(at)
        return abbreviation, values, at

    def pattern(
        self, sought: Callable[[Abbreviation], bool], *, named: bool = True
    ) -> tuple[re.Pattern[bytes], list[Abbreviation]]:
        """What any entry looks like, null entries too; and what to make of the one group that matches.

        Entries that are SOUGHT have a group, whose number is that of their abbreviation in the list, from 1 on: if they
        are NAMED, that is their name, which they must begin with as a string; else it is empty. The one group beyond
        the list is empty too, and says that the expression does not know an entry of this kind: it must be decoded.
        """
        alternatives = [rb"\0"]
        found = []
        for code, abbreviation in self._by_code.items():
            if code > 0x7F:
                continue  # a number of two bytes: such an entry is decoded
            written = [each.form for each in abbreviation.attributes if each.constant is None]
            looks = [self._forms[form].pattern for form in written]
            if sought(abbreviation):
                looks[: int(named)] = [rb"([^\0]*)\0" if named else rb"()"]
                found.append(abbreviation)
            alternatives.append(re.escape(bytes([code])) + b"".join(looks))
        alternatives.append(rb"()")
        return re.compile(b"|".join(alternatives), re.DOTALL), found

    def _attributes(self, section: bytes, at: int) -> tuple[tuple[Attribute, ...], int]:
        attributes: list[Attribute] = []
        while True:
            name, at = unsigned_leb128(section, at)
            form, at = unsigned_leb128(section, at)
            constant = None
            if form == IMPLICIT_CONSTANT:
                constant, at = signed_leb128(section, at)
            elif name == form == 0:
                return tuple(attributes), at
            elif form not in self._forms or len(attributes) >= _MOST_ATTRIBUTES:
                raise KeyError(form)
            attributes.append(Attribute(name, form, constant))
