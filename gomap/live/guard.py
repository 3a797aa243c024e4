"""The first operation on a map that leaves it broken.

Each operation that changes a map sets a flag in its header first, and clears it last: hashWriting in hmap.flags
(runtime/map.go: mapassign, mapdelete, mapclear, and their variants), Map.writing (internal/runtime/maps/map.go and
runtime*.go). What changes the flag is stopped by a trap on its bytes. As it is cleared the map is as the operation
leaves it; as it is set, as whatever came since the last operation has left it: a wild pointer by which the program
writes to the map's memory, a key that was changed where it is stored. Lookups and iterations change other flags only.

Where the flag is changed by something other than a map function the header's memory is overwritten, or serves something
else by now, and what is there says nothing about the map.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gomap.check.checking import FREED, Report, check
from gomap.check.finding import Finding
from gomap.expressions.go_values import ExpressionError
from gomap.live.culprit import Culprit, culprit, other_writers
from gomap.live.traps import Suspicion, Trap
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["Guard", "Guarded", "Guarding", "Moment"]


class Moment(enum.Enum):
    """When a guard has looked."""

    BEFORE = "before an operation"
    AFTER = "after an operation"
    JOINED = "after the operation that was under way as the guard began"
    FOREIGN = "written by other code"
    GONE = "no longer in use"


@dataclass(frozen=True)
class Guarded:
    """What a guard has seen.

    Attributes:
        moment: when.
        name: of the guard.
        culprit: who struck the trap.
        map: as it is now; None if its header cannot be read any more.
        report: the check, with the findings that are new; None where the memory is no map's now.
        operations: how many operations have left the map as it was known to be, up to now.
        beside: goroutines that are inside a write to the map as well: which one broke it cannot be told then.
    """

    moment: Moment
    name: str
    culprit: Culprit
    map: GoMap | None
    report: Report | None
    operations: int
    beside: Sequence[int] = ()

    @property
    def stops(self) -> bool:
        return True


class Guarding:
    """Checks a map whenever an operation that changes it begins or ends; how it learns of that others say.

    Args:
        program: the program, which runs.
        name: of the guard, for a person.
        map: which map; what is wrong with it now is not told of again.
        quick: without hashes.

    Attributes:
        name: as given.
        first: the check of the map as it was found.

    Raises ExpressionError for a map that cannot be guarded.
    """

    def __init__(self, program: Program, name: str, map: GoMap, quick: bool = False) -> None:
        if not map.address:
            raise ExpressionError(f"{name}: a nil map, which nothing can change; guard it once it has been made")
        self.name = name
        self._program, self._quick = program, quick
        self._type, self._address = map.type, map.address
        self._operations = 0
        self._over = False
        #: In the middle of an operation what is wrong is not known for certain, so whose doing it is is not either.
        self._joined = map.being_written
        self.first = check(program, map, quick)
        self._known = {_identity(finding) for finding in self.first.findings if not finding.transient}

    def _new(self, map: GoMap, unchanged: bool = False) -> list[Finding]:
        """What is wrong with the map now, and was not when it was last told of; UNCHANGED as for a check."""
        self._report = check(self._program, map, self._quick, unchanged=unchanged)
        return [each for each in self._report.findings if not each.transient and _identity(each) not in self._known]

    def _told(self, moment: Moment, by: Culprit, map: GoMap, new: list[Finding]) -> Guarded:
        if self._joined:
            moment, self._joined = Moment.JOINED, False
        self._known.update(_identity(finding) for finding in new)
        beside = other_writers(self._program, by, self._address)
        report = replace(self._report, findings=new)
        return Guarded(moment, self.name, by, map, report, self._operations, beside)

    def _end(self, moment: Moment, by: Culprit, map: GoMap | None) -> Guarded:
        self._over = True
        return Guarded(moment, self.name, by, map, None, self._operations)


class Guard(Guarding):
    """Learns of operations by a trap on the flag that they set and clear. Raises ExpressionError as Guarding does."""

    def __init__(self, program: Program, name: str, map: GoMap, quick: bool = False) -> None:
        super().__init__(program, name, map, quick)
        if not map.writing_field or map.writing_field not in map.header:
            raise ExpressionError(f"{name}: a {map.type.name} has no flag in its header that is set during each write")
        self._trap = Trap(map.field_address(map.writing_field), map.field_size(map.writing_field))
        self._writing = map.being_written

    def traps(self) -> list[Trap]:
        return [] if self._over else [self._trap]

    def struck(self, trap: Trap, lwp: int, still: bool) -> Guarded | Suspicion | None:
        try:
            map = open_map(self._program, self._type, self._address)
        except ReadError:
            return self._end(Moment.GONE, culprit(self._program, lwp, trap), None) if still else Suspicion()
        before, self._writing = self._writing, map.being_written
        if self._writing == before:  # another of the flags, an iterator's
            return None
        new = self._new(map, unchanged=self._writing)
        if not new:
            self._operations += not self._writing
            self._joined = False
            return None
        if not still:
            self._writing = before
            return Suspicion()
        by = culprit(self._program, lwp, trap)
        if any(finding.rule is FREED for finding in new):
            return self._end(Moment.GONE, by, map)
        if not by.kind or not by.direct:
            return self._end(Moment.FOREIGN, by, map)
        return self._told(Moment.BEFORE if self._writing else Moment.AFTER, by, map, new)


def _identity(finding: Finding) -> tuple[str, int]:
    """What makes a finding the same one at the next check."""
    return finding.rule.name, finding.address
