"""Findings, and the rules that they come from."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

__all__ = ["RULES", "Finding", "Rule", "Severity", "rule"]


class Severity(enum.Enum):
    """How bad it is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, at one place.

    Attributes:
        rule: the invariant that does not hold.
        address: the byte or word that is wrong.
        text: what was found there, and what follows from it.
        transient: a write that was under way when the program stopped explains it.
    """

    rule: Rule
    address: int
    text: str
    transient: bool = False

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

    def broken(self, address: int, text: str) -> Finding:
        """The finding that it does not hold at ADDRESS."""
        return Finding(self, address, text)


#: Every rule that there is, by name.
RULES: dict[str, Rule] = {}


def rule(name: str, demand: str, severity: Severity = Severity.ERROR, *, lasting: bool = False) -> Rule:
    """Make a rule known."""
    RULES[name] = made = Rule(name, severity, demand, lasting)
    return made
