"""Findings, and the rules that they come from."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import NamedTuple, Union

from gomap.maps.recognised import Recognised

__all__ = ["RULES", "Finding", "InSlot", "Rule", "Severity", "Stray", "StrayWord", "rule"]


class Severity(enum.Enum):
    """How bad it is."""

    ERROR = "error"
    WARNING = "warning"


class Stray(NamedTuple):
    """A key that is out of place.

    Attributes:
        bucket, bucket_there: names of the bucket or group that it is in, and of the one where lookups begin.
        address: of the one that it is in.
        table, table_there: names of the tables, in a Swiss map.
    """

    bucket: str
    bucket_there: str
    address: int
    table: str = ""
    table_there: str = ""


class InSlot(NamedTuple):
    """A slot.

    Attributes:
        bucket: address of the bucket or group that it is in.
        number: its number there.
    """

    bucket: int
    number: int


class StrayWord(NamedTuple):
    """A word that is not what belongs there.

    Attributes:
        value: the word.
        looks: text, with what goes on behind the word; a number; or what the address in it is known to hold.
    """

    value: int
    looks: Union[bytes, float, Recognised]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, at one place.

    Attributes:
        rule: the invariant that does not hold.
        address: the byte or word that is wrong.
        text: what was found there, and what follows from it.
        transient: a write that was under way when the program stopped explains it.
        key_address: of one key in one slot: where that is; 0 for anything else.
        slot: of one key in one slot: the slot.
        twin: of a key that stands twice: where it stands, too.
        stray: of a key that is out of place: where it is, and where lookups begin.
        cause: number of the cause that it is counted under, if any.
        word: of a pointer or a count that can be none: what stands there, if that tells.
    """

    rule: Rule
    address: int
    text: str
    transient: bool = False
    key_address: int = 0
    slot: InSlot | None = None
    twin: int = 0
    stray: Stray | None = None
    cause: int | None = None
    word: StrayWord | None = None

    def in_passing(self) -> Finding:
        """The same, explained by a write under way if anything of that kind is."""
        return self if self.rule.lasting else replace(self, transient=True)


@dataclass(frozen=True)
class Rule:
    """An invariant.

    Attributes:
        name: as findings show it.
        severity: of its findings.
        demand: what holds in every healthy map.
        lasting: not even a write under way breaks it.
    """

    name: str
    severity: Severity
    demand: str
    lasting: bool = False

    def broken(
        self,
        address: int,
        text: str,
        *,
        key_address: int = 0,
        slot: InSlot | None = None,
        twin: int = 0,
        stray: Stray | None = None,
    ) -> Finding:
        """The finding that it does not hold at ADDRESS."""
        return Finding(self, address, text, key_address=key_address, slot=slot, twin=twin, stray=stray)


#: Every rule that there is, by name.
RULES: dict[str, Rule] = {}


def rule(name: str, demand: str, severity: Severity = Severity.ERROR, *, lasting: bool = False) -> Rule:
    """Make a rule known."""
    RULES[name] = made = Rule(name, severity, demand, lasting)
    return made
