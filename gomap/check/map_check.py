"""One check of one map, which goes on as what it asks about is judged: which invariants apply, and what they found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Union

from gomap.check.causes import Cause, caused
from gomap.check.classic.buckets import ClassicCheck
from gomap.check.finding import Finding, Severity, rule
from gomap.check.judging import Answer, Judged, Slots, Steps, run_together
from gomap.check.key_bytes import SharedBytes
from gomap.check.keys import Keys
from gomap.check.pointers import Pointers
from gomap.check.scene import Enough, Scene
from gomap.check.seed import Others, Seed
from gomap.check.subject import Subject
from gomap.check.swiss.directory import SwissCheck
from gomap.check.sync.halves import HalvesCheck
from gomap.check.sync.trie import TrieCheck
from gomap.check.values import Values
from gomap.goruntime.heap import Heap
from gomap.hashing import KeyHasher
from gomap.language import Literals
from gomap.language.equality import Comparables
from gomap.maps.classic import ClassicMap
from gomap.maps.hash_trie import HashTrie
from gomap.maps.model import GoMap
from gomap.maps.read_dirty import ReadDirty
from gomap.maps.swiss import SwissMap
from gomap.maps.wording import counted
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.memory import ReadError

__all__ = ["FREED", "MapCheck", "Means", "Report"]

FREED = rule("header-freed", "the variable that leads to a map is in use", Severity.WARNING)

#: Findings after which a check ends: the map is rubbish, and more of the same says nothing new.
_MOST = 1000


@dataclass(frozen=True)
class Report:
    """What a check found.

    Attributes:
        map: the map.
        findings: all of them, in the order in which they were found.
        entries, buckets, hashes: how many were looked at.
        cut: the check ended early, since there were so many findings.
        written: a write was under way, which explains findings that are marked transient.
        without: what was not looked at, and why.
        causes: what explains several findings; these have its number.
        interrupted: the check was, so that there may be more findings.
    """

    map: GoMap
    findings: list[Finding]
    entries: int
    buckets: int
    hashes: int
    cut: bool
    written: bool
    without: Sequence[str] = ()
    causes: Sequence[Cause] = ()
    interrupted: bool = False

    @property
    def shared_bytes(self) -> SharedBytes | None:
        """What tells that keys changed after they were stored, if that is one of the causes."""
        return next((cause.evidence for cause in self.causes if isinstance(cause.evidence, SharedBytes)), None)


@dataclass(frozen=True)
class Means:
    """What checks of maps of one type work with.

    Attributes:
        literals: how keys are shown.
        heap: the runtime's bookkeeping; None: pointers are judged by whether they can be read.
        hasher: computes hashes of the maps' keys; None: hashes are not checked.
        somebody_writes: tells whether a thread or goroutine is inside a map write; asked if a map's flag says so.
        somebody_deletes: tells whether one of them is a deletion from a sync.Map.
        others: the program's maps, for a header that has another one's buckets; None: the seed is believed.
    """

    literals: Literals
    heap: Heap | None
    hasher: KeyHasher | None
    somebody_writes: Callable[[], bool]
    somebody_deletes: Callable[[], bool]
    others: Others | None
    _values: dict[GoType, Values] = field(default_factory=dict)

    def values_of(self, map: GoMap) -> Values:
        """What judges the keys and elements of MAP, and of others of its type."""
        if map.type not in self._values:
            self._values[map.type] = Values(map.target, map.places, self.heap, self.literals.types)
        return self._values[map.type]


class MapCheck:
    """One check of one map, which goes on as what it asks about is judged; see gomap.check.judging.

    Args:
        map: the map.
        means: what the check works with.
        without: what is not looked at, and why.
        progress: told how far it is; None where an interruption is to end more than the check.
        enough: whether a finding is the last that is wanted; None: all are.

    Attributes:
        progress: as given.
        asks: the slots that it waits to hear about; None before its beginning, and at its end.
        error: what ended it, where that was not the end of the map.
    """

    def __init__(
        self,
        map: GoMap,
        means: Means,
        without: Sequence[str] = (),
        progress: Callable[[str], None] | None = None,
        enough: Enough | None = None,
    ) -> None:
        self.asks: Slots | None = None
        self.error: LayoutError | ReadError | None = None
        self._map = map
        self._means = means
        self._without = [*without]
        self.progress = progress
        self._enough = enough
        self._findings: list[Finding] = []
        self._keys: Keys | None = None
        self._check: _Check | None = None
        self._written = self._cut = self._ended = False
        self._judged = 0
        self._steps = self._begun()

    def go_on(self, answer: Answer | None = None) -> None:
        """Check up to what must be judged next, or to the end."""
        self.asks = None
        try:
            if isinstance(answer, Exception):
                raise answer
            self._ended = self._goes_on(answer)
        except (LayoutError, ReadError) as error:
            self.error, self._ended = error, True
        if self._ended:
            self._steps.close()

    def _goes_on(self, answer: Judged | None) -> bool:
        """Check on with the ANSWER, up to the next question; whether the check has come to its end instead."""
        while True:
            try:
                step = self._steps.send(answer) if answer is not None else next(self._steps)
            except StopIteration:
                return True
            answer = None
            if isinstance(step, Slots):
                self.asks = step
                return False
            if len(self._findings) == _MOST:
                self._cut = True
                return True
            # With a write under way, everything that is not as it must be may be so for a moment only.
            finding = step.in_passing() if self._written else step
            self._findings.append(finding)
            if self._enough is not None and self._enough(finding):
                return True

    def _begun(self) -> Steps:
        map, means = self._map, self._means
        if not map.address:
            return
        pointers = Pointers(means.heap, map.target.memory, map.address)
        if pointers.dead:
            yield FREED.broken(
                map.address, f"the map's header at {map.address:#x} is {pointers.dead}: its variable is out of use here"
            )
            return
        self._written = map.being_written and means.somebody_writes()
        self._keys = keys = Keys(map.target, map.places, means.literals, means.hasher, map.seed)
        seed = Seed(map, keys, means.others) if means.others else None
        subject = Subject(pointers, keys, means.values_of(map), seed, self._written, self._judging)
        self._check = self._check_of(map, subject)
        yield from self._check.findings()

    def _judging(self, entries: int) -> None:
        if self.progress is not None:
            self.progress(f"{self._judged} of {self._map.count} entries checked")
        self._judged += entries

    def _check_of(self, map: GoMap, subject: Subject) -> _Check:
        if isinstance(map, ClassicMap):
            return ClassicCheck(map, subject)
        if isinstance(map, SwissMap):
            return SwissCheck(map, subject)
        if isinstance(map, HashTrie):
            return TrieCheck(map, subject, self._means.somebody_deletes)
        if isinstance(map, ReadDirty):
            literals = self._means.literals
            comparable = Comparables(map.target, literals.types).of(map.key)
            return HalvesCheck(map, subject, self._half, literals.text(map.key), comparable)
        raise TypeError(f"no invariants are known for a {map.kind} map")

    def _half(self, half: GoMap) -> Report:
        means = replace(self._means, others=tuple)
        report = _all_of(MapCheck(half, means, progress=self.progress))
        self._without += report.without
        return report

    @property
    def heap(self) -> Heap | None:
        """The runtime's bookkeeping, if it is known."""
        return self._means.heap

    def report(self) -> Report:
        """What was found so far, without causes. Raises the error that ended the check."""
        if self.error is not None:
            raise self.error
        keys, check, without = self._keys, self._check, self._without
        if keys is not None and keys.unhashed:
            unhashed = counted(keys.unhashed, "key has", "keys have")
            without = [*without, f"{unhashed} no hash here, and may be sound: {keys.why_unhashed}"]
        return Report(
            self._map,
            self._findings,
            check.entries if check else 0,
            check.buckets if check else 0,
            keys.hashed if keys else 0,
            self._cut,
            self._written,
            without,
            interrupted=not self._ended,
        )

    def explained(self) -> Report:
        """What was found so far, with causes. An interruption of their search ends it where one of the check would."""
        report, means, keys, map = self.report(), self._means, self._keys, self._map
        if not report.findings or keys is None:
            return report

        def again(other: GoMap, enough: Enough) -> tuple[Sequence[Finding], int]:
            supposed = replace(means, somebody_writes=lambda: report.written, others=None, _values={})
            found = _all_of(MapCheck(other, supposed, enough=enough))
            return found.findings, found.buckets

        if self.progress is not None:
            self.progress(f"{counted(len(report.findings), 'finding')}; looking for what they come from")
        slots = report.buckets * map.places.slots
        scene = Scene(
            map, means.heap, means.hasher, means.literals.types, keys.seed, report.entries, slots, again, report.cut
        )
        try:
            findings, causes = caused(map, keys, report.findings, None if report.written else scene)
        except KeyboardInterrupt:
            if self.progress is None:
                raise
            return replace(report, interrupted=True)
        return replace(report, findings=findings, causes=causes)


#: What goes through one kind of map.
_Check = Union[ClassicCheck, SwissCheck, TrieCheck, HalvesCheck]


def _all_of(check: MapCheck) -> Report:
    """What one check alone finds, without causes. Raises LayoutError and ReadError."""
    run_together([check])
    return check.report()
