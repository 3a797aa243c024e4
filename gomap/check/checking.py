"""One check of one map: which invariants apply, and what they found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from gomap.check.causes import Cause, caused
from gomap.check.classic.buckets import ClassicCheck
from gomap.check.finding import Finding, Severity, rule
from gomap.check.header import WRITING
from gomap.check.key_bytes import SharedBytes
from gomap.check.keys import Keys
from gomap.check.pointers import Pointers
from gomap.check.scene import Enough, Scene
from gomap.check.seed import Others, Seed
from gomap.check.stack_users import stack_users
from gomap.check.stray_words import with_stray_words
from gomap.check.subject import Subject
from gomap.check.swiss.directory import SwissCheck
from gomap.check.sync.halves import HalvesCheck
from gomap.check.sync.trie import TrieCheck
from gomap.check.values import Values
from gomap.goruntime.heap import Heap, heap_of
from gomap.goruntime.writers import somebody_deletes_in_trie, somebody_in_sync_map, somebody_writes
from gomap.hashing import KeyHasher
from gomap.language import Limits, Literals
from gomap.language.equality import Comparables
from gomap.maps.classic import ClassicMap
from gomap.maps.hash_trie import HashTrie
from gomap.maps.hashers import hasher_of
from gomap.maps.model import GoMap
from gomap.maps.opening import literals_of, package_maps
from gomap.maps.read_dirty import ReadDirty
from gomap.maps.swiss import SwissMap
from gomap.maps.syncmap import is_sync_map
from gomap.maps.wording import counted
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["FREED", "Report", "check", "check_map"]

FREED = rule("header-freed", "the variable that leads to a map is in use", Severity.WARNING)

#: Keys are named in findings, one to a line.
_LIMITS = Limits(elements=64, depth=4, repeats=10, bytes_as_text=True)
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


def check_map(
    map: GoMap,
    literals: Literals,
    heap: Heap | None,
    hasher: KeyHasher | None,
    somebody_writes: Callable[[], bool],
    without: Sequence[str] = (),
    others: Others = tuple,
    progress: Callable[[str], None] | None = None,
    somebody_deletes: Callable[[], bool] | None = None,
) -> Report:
    """Check MAP against every invariant that applies.

    Args:
        literals: how keys are shown.
        heap: the runtime's bookkeeping; None: pointers are judged by whether they can be read.
        hasher: computes hashes of the map's keys; None: hashes are not checked.
        somebody_writes: tells whether a thread or goroutine is inside a map write; asked if the map's flag says so.
        without: what HEAP or HASHER being None leaves out, and why.
        others: the program's maps, for a header that has another one's buckets.
        progress: told how far the check is. With it an interruption ends the check, not the report.
        somebody_deletes: tells whether one of them is a deletion from a sync.Map; None: any may be.
    """
    deletes = somebody_writes if somebody_deletes is None else somebody_deletes
    means = _Means(literals, heap, hasher, somebody_writes, deletes, others, progress)
    report, keys = _checked(map, means, without)
    if not report.findings or keys is None:
        return report

    def again(other: GoMap, enough: Enough) -> tuple[Sequence[Finding], int]:
        supposed = replace(means, somebody_writes=lambda: report.written, others=None, progress=None)
        found, _ = _checked(other, supposed, enough=enough)
        return found.findings, found.buckets

    if progress is not None:
        progress(f"{counted(len(report.findings), 'finding')}; looking for what they come from")
    slots = report.buckets * map.places.slots
    scene = Scene(map, heap, hasher, literals.types, keys.seed, report.entries, slots, again)
    try:
        findings, causes = caused(map, keys, report.findings, None if report.written else scene)
    except KeyboardInterrupt:
        if progress is None:
            raise
        return replace(report, interrupted=True)
    return replace(report, findings=findings, causes=causes)


@dataclass(frozen=True)
class _Means:
    """What a check works with: what check_map was given; others None: the seed is believed."""

    literals: Literals
    heap: Heap | None
    hasher: KeyHasher | None
    somebody_writes: Callable[[], bool]
    somebody_deletes: Callable[[], bool]
    others: Others | None
    progress: Callable[[str], None] | None


def _checked(
    map: GoMap, means: _Means, without: Sequence[str] = (), enough: Enough | None = None
) -> tuple[Report, Keys | None]:
    """What is found, up to the finding that is ENOUGH, without causes; and the keys, if any were looked at."""
    if not map.address:
        return Report(map, [], 0, 0, 0, False, False, without), None
    pointers = Pointers(means.heap, map.target.memory, map.address)
    if pointers.dead:
        dead = FREED.broken(
            map.address, f"the map's header at {map.address:#x} is {pointers.dead}: its variable is out of use here"
        )
        return Report(map, [dead], 0, 0, 0, False, False, without), None
    written = map.being_written and means.somebody_writes()
    judged = 0

    def judging(entries: int) -> None:
        nonlocal judged
        if means.progress is not None:
            means.progress(f"{judged} of {map.count} entries checked")
        judged += entries

    keys = Keys(map.target, map.places, means.literals, means.hasher, map.seed)
    values = Values(map.target, map.places, means.heap, means.literals.types)
    seed = Seed(map, keys, means.others) if means.others else None
    subject = Subject(pointers, keys, values, seed, written, judging)
    check: ClassicCheck | SwissCheck | TrieCheck | HalvesCheck
    if isinstance(map, ClassicMap):
        check = ClassicCheck(map, subject)
    elif isinstance(map, SwissMap):
        check = SwissCheck(map, subject)
    elif isinstance(map, HashTrie):
        check = TrieCheck(map, subject, means.somebody_deletes)
    elif isinstance(map, ReadDirty):
        of_halves = without = [*without]

        def check_half(half: GoMap) -> Report:
            report, _ = _checked(half, replace(means, others=tuple))
            if report.interrupted:
                raise KeyboardInterrupt
            of_halves.extend(report.without)
            return report

        comparable = Comparables(map.target, means.literals.types).of(map.key)
        check = HalvesCheck(map, subject, check_half, means.literals.text(map.key), comparable)
    else:
        raise TypeError(f"no invariants are known for a {map.kind} map")
    findings: list[Finding] = []
    cut = interrupted = False
    try:
        for finding in _marked(check.findings(), written):
            cut = len(findings) == _MOST
            if cut:
                break
            findings.append(finding)
            if enough and enough(finding):
                break
    except KeyboardInterrupt:
        if means.progress is None:
            raise
        interrupted = True
    if keys.unhashed:
        unhashed = counted(keys.unhashed, "key has", "keys have")
        without = [*without, f"{unhashed} no hash here, and may be sound: {keys.why_unhashed}"]
    report = Report(
        *(map, findings, check.entries, check.buckets, keys.hashed, cut, written, without), interrupted=interrupted
    )
    return report, keys


def _marked(findings: Iterator[Finding], written: bool) -> Iterator[Finding]:
    """With a write under way, everything that is not as it must be may be so for a moment only."""
    for finding in findings:
        yield finding.in_passing() if written else finding


def check(
    program: Program,
    map: GoMap,
    quick: bool = False,
    progress: Callable[[str], None] | None = None,
    unchanged: bool = False,
) -> Report:
    """Check MAP with all that is known of its program. What cannot be looked at is said in the report.

    QUICK: without hashes. PROGRESS: as for check_map. UNCHANGED: a write that is under way is known to have changed
    nothing yet but the map's flag, which is not held against it.
    """
    without = []
    heap: Heap | None = None
    hasher: KeyHasher | None = None
    try:
        heap = heap_of(program)
    except (LayoutError, ReadError) as error:
        without.append(f"pointers are judged by whether they can be read, not by the heap's books: {error}")
    if not quick:
        try:
            hasher = hasher_of(program, map)
        except (LayoutError, ReadError) as error:
            without.append(f"hashes are not checked: {error}")

    def somebody() -> bool:
        return somebody_writes(program) or (is_sync_map(map.type) and somebody_in_sync_map(program))

    report = check_map(
        *(map, literals_of(program, _LIMITS), heap, hasher),
        somebody if not unchanged else lambda: False,
        without,
        lambda: package_maps(program),
        progress,
        lambda: somebody_deletes_in_trie(program),
    )
    report = _with_users(program, report, progress)
    findings = with_stray_words(program, map, heap, report.findings)
    if unchanged:
        findings = [each for each in findings if each.rule is not WRITING]
    return replace(report, findings=findings)


def _with_users(program: Program, report: Report, progress: Callable[[str], None] | None) -> Report:
    """REPORT, with whose stacks have pointers to the bytes of keys that changed."""
    causes = list(report.causes)
    try:
        for number, cause in enumerate(causes):
            if isinstance(cause.evidence, SharedBytes):
                causes[number] = replace(cause, users=stack_users(program, cause.evidence, progress))
    except KeyboardInterrupt:
        if progress is None:
            raise
        return replace(report, interrupted=True)
    return replace(report, causes=causes)
