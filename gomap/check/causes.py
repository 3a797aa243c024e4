"""The one cause of many findings: what has been damaged, where the findings say only what came of it.

A cause is told only with evidence: zeros that are there, keys of which each belongs where the other ones stand, hashes
that are wrong for all keys; in modules of their own, a bit that puts all right if it is flipped (flips), bytes that
begin in another object (overruns), keys that share their bytes (key_bytes). Findings stay as they are; each says which
cause it is counted under.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Union

from gomap.check.finding import RULES, Finding, Stray
from gomap.check.flips import Flip, flipped
from gomap.check.key_bytes import SharedBytes, shared_bytes
from gomap.check.keys import OF_CHANGED_KEYS, Keys
from gomap.check.overruns import Overrun, overruns
from gomap.check.scene import Scene
from gomap.check.stack_users import StackUsers
from gomap.maps.model import GoMap
from gomap.maps.swiss import SwissMap
from gomap.maps.wording import counted
from gomap.program.memory import Memory, ReadError

__all__ = ["Cause", "caused"]

#: Zero bytes that make a run, findings about what stood there, and runs that are looked for.
_ZEROS, _FEW, _MOST_RUNS = 32, 3, 64
#: How far a run is followed, in either direction; and how far in one read.
_FAR, _STEP = 1 << 20, 1 << 12
#: Keys of which nine in ten hash wrong before the seed is blamed.
_MANY = 8
#: Keys out of place on either side before buckets are said to be swapped; groups that they are in, before tables are.
_SWAPPED, _WHOLE = 2, 6


@dataclass(frozen=True)
class Cause:
    """What explains findings.

    Attributes:
        kind: ``seed``, ``zeroed``, ``swapped``, ``bit``, ``overrun`` or ``shared-bytes``.
        address: of what is damaged.
        text: what it is.
        findings: how many it explains.
        evidence: of a bit, an overrun or shared bytes: what was seen.
        users: of shared bytes: whose stacks have pointers to these; None: not looked for, or it is not known how far
            they reach.
    """

    kind: str
    address: int
    text: str
    findings: int
    evidence: Evidence = None
    users: StackUsers | None = None


def caused(
    map: GoMap, keys: Keys, findings: Sequence[Finding], scene: Scene | None = None
) -> tuple[list[Finding], list[Cause]]:
    """FINDINGS, with what each is counted under, and these causes.

    SCENE: None leaves out what is found out by looking at the map otherwise.
    """
    causes: list[Cause] = []
    result = list(findings)

    def count(found: Iterator[Found], few: int, rules: Container[str] = RULES) -> None:
        """Count under each cause that was FOUND what it explains, if these are not too FEW."""
        for kind, address, text, numbers, evidence in found:
            free = {at for at in numbers if result[at].cause is None and result[at].rule.name in rules}
            if len(free) < few:
                continue
            for number in free:
                result[number] = replace(findings[number], cause=len(causes))
            causes.append(Cause(kind, address, text, len(free), evidence))

    shared = None
    if scene:
        count(overruns(scene, result), 1)
        count(flipped(scene, result), 1)
        shared = shared_bytes(scene, result)
    changed = shared is not None and shared[-1].proved
    if shared and changed:
        count(iter([shared]), 1)
    # Of keys that were changed none tells of the seed.
    seed = iter(()) if changed else _seed_lost(map, keys, findings)
    for look in (seed, _zeroed(map.target.memory, findings), _swapped(map, findings)):
        count(((*one, None) for one in look), _FEW, OF_CHANGED_KEYS)
    if shared and not changed:
        count(iter([shared]), 1)
    return result, causes


#: What a bit, an overrun, or keys that share their bytes are told by.
Evidence = Union[Flip, Overrun, SharedBytes, None]
#: Kind, address and text of a cause, the numbers of the findings that it may explain, and what tells of it.
Found = tuple[str, int, str, Sequence[int], Evidence]
_Found = Iterator[tuple[str, int, str, Sequence[int]]]


def _seed_lost(map: GoMap, keys: Keys, findings: Sequence[Finding]) -> _Found:
    """All keys hash otherwise than it says beside them, and no seed that was tried makes it right."""
    # Keys that are equal prove no more than one of them does.
    again = sum(finding.rule.name == "duplicate-key" for finding in findings)
    if keys.wrong - again < _MANY or 10 * (keys.wrong - again) < 9 * (keys.hashed - again):
        return
    field = "hash0" if "hash0" in map.header else "seed"
    or_changed = ", or the bytes of nearly all keys changed after these were stored" if keys.behind else ""
    text = (
        f"{keys.wrong} of {keys.hashed} keys do not have the hash bits beside them by {field} {map.header[field]:#x}: "
        f"the seed is lost, or these are another map's keys{or_changed}; no seed that differs in one byte, and none of "
        "the maps in package variables, explains them"
    )
    yield "seed", map.field_address(field), text, range(len(findings))


def _zeroed(memory: Memory, findings: Sequence[Finding]) -> _Found:
    """Runs of zero bytes in which several keys are wrong."""
    order = sorted((finding.key_address, number) for number, finding in enumerate(findings) if finding.key_address)
    end, runs = 0, 0
    for address, _ in order:
        if address < end or runs == _MOST_RUNS:
            continue
        start, end = _zeros_around(memory, address)
        if end - start < _ZEROS:
            continue
        runs += 1
        inside = range(start, end)
        numbers = [
            number
            for number, finding in enumerate(findings)
            if finding.address in inside or finding.key_address in inside or finding.twin in inside
        ]
        yield "zeroed", start, f"{end - start} zero bytes from {start:#x} to {end:#x}", numbers


def _zeros_around(memory: Memory, address: int) -> tuple[int, int]:
    """First and end of the zero bytes that ADDRESS is among; twice ADDRESS if it is among none."""
    start = end = address
    try:
        while end - address < _FAR:
            data = memory.read(end, _STEP - end % _STEP)
            zeros = len(data) - len(data.lstrip(b"\0"))
            end += zeros
            if zeros < len(data):
                break
    except ReadError:
        pass
    try:
        while end > address and address - start < _FAR:
            data = memory.read(start - (start - 1) % _STEP - 1, (start - 1) % _STEP + 1)
            zeros = len(data) - len(data.rstrip(b"\0"))
            start -= zeros
            if zeros < len(data):
                break
    except ReadError:
        pass
    return start, end


def _swapped(map: GoMap, findings: Sequence[Finding]) -> _Found:
    """Tables, and buckets or groups, of which each has the keys of the other one."""
    # What is swapped takes its hash bits along: a key that does not fit these was changed.
    changed = {finding.slot for finding in findings if finding.rule.name == "hash-mismatch"}
    strays = {
        number: finding.stray
        for number, finding in enumerate(findings)
        if finding.stray and finding.slot not in changed
    }
    tables = {f"table {table.first}": table.address for table in map.tables} if isinstance(map, SwissMap) else {}
    yield from _pairs({number: stray for number, stray in strays.items() if stray.table}, tables)
    yield from _pairs(strays, None)


def _pairs(strays: dict[int, Stray], tables: dict[str, int] | None) -> _Found:
    """Pairs of places that have each other's keys: TABLES, by name with their addresses; None: buckets or groups."""
    ways: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    of_each: Counter[str] = Counter()
    addresses = dict(tables or {})
    for number, stray in strays.items():
        way = (stray.bucket, stray.bucket_there) if tables is None else (stray.table, stray.table_there)
        ways[way].append(number)
        of_each[way[0]] += 1
        addresses.setdefault(way[0], stray.address)
    order = {place: at for at, place in enumerate(of_each)}
    for (here, there), numbers in ways.items():
        back = ways.get((there, here), [])
        if not back or order[here] >= order[there]:
            continue
        both = [*numbers, *back]
        if tables is not None and len({strays[number].bucket for number in both}) < _WHOLE:
            continue
        # Nearly all keys that are out of place on either side belong on the other one.
        if min(len(numbers), len(back)) >= _SWAPPED and all(
            4 * len(some) >= 3 * of_each[side] for some, side in ((numbers, here), (back, there))
        ):
            keys = f"{counted(len(numbers), 'key')} of the first and {len(back)} of the second belong in the other one"
            yield "swapped", addresses[here], f"{here} and {there} are swapped: {keys}", both
