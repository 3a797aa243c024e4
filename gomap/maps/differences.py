"""What differs between two snapshots: of one map at two times, or of two maps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from gomap.maps import classic, swiss
from gomap.maps.snapshots import Snapshot

__all__ = ["Changed", "Differences", "differences"]


class Changed(NamedTuple):
    """Something by name, as it was and as it is."""

    name: str
    before: str
    after: str


@dataclass
class Differences:
    """What differs.

    Attributes:
        same_map: both have one header.
        shared: buckets, groups, tables or nodes that both have, though they are not one map.
        header: fields.
        added, removed: keys with elements and places: name, element, place.
        changed: elements by key.
        places: keys that stand elsewhere now.
        evacuated: old buckets that have been evacuated.
        states: slots whose state is another, by the two states; slots of buckets that both have.
        moved: parts that are at another address.
        made, gone: parts that only the second, or only the first, has.
    """

    same_map: bool = False
    shared: list[str] = field(default_factory=list)
    header: list[Changed] = field(default_factory=list)
    added: list[Changed] = field(default_factory=list)
    removed: list[Changed] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    places: list[Changed] = field(default_factory=list)
    evacuated: list[str] = field(default_factory=list)
    states: Counter[tuple[str, str]] = field(default_factory=Counter)
    moved: list[Changed] = field(default_factory=list)
    made: list[Changed] = field(default_factory=list)
    gone: list[Changed] = field(default_factory=list)

    @property
    def equal_entries(self) -> bool:
        """Whether both have the same keys with the same elements."""
        return not (self.added or self.removed or self.changed)


def differences(first: Snapshot, second: Snapshot) -> Differences:
    """From FIRST to SECOND."""
    found = Differences(same_map=first.address == second.address and first.address != 0)
    if not found.same_map:
        there = {address for address, _ in first.parts.values()}
        found.shared = [name for name, (address, _) in second.parts.items() if address in there]
    for name in dict.fromkeys((*first.header, *second.header)):
        before, after = (_number(each, name) for each in (first, second))
        if before != after:
            found.header.append(Changed(name, before, after))
    _entries(first, second, found)
    _parts(first, second, found)
    return found


def _number(snapshot: Snapshot, name: str) -> str:
    value = snapshot.header.get(name)
    if value is None:
        return ""
    return f"{value:#x}" if name in snapshot.hexadecimal else str(value)


def _entries(first: Snapshot, second: Snapshot, found: Differences) -> None:
    for key, (elem, place) in first.entries.items():
        now = second.entries.get(key)
        if now is None:
            found.removed.append(Changed(key, elem, place))
        elif now[0] != elem:
            found.changed.append(Changed(key, elem, now[0]))
        if now is not None and now[1] != place:
            found.places.append(Changed(key, place, now[1]))
    for key, (elem, place) in second.entries.items():
        if key not in first.entries:
            found.added.append(Changed(key, elem, place))


def _parts(first: Snapshot, second: Snapshot, found: Differences) -> None:
    for name, (address, marks) in first.parts.items():
        now = second.parts.get(name)
        if now is None:
            found.gone.append(Changed(name, f"{address:#x}", ""))
            continue
        if now[0] != address:
            found.moved.append(Changed(name, f"{address:#x}", f"{now[0]:#x}"))
            continue
        old, new = (bytes.fromhex(each) for each in (marks, now[1]))
        if name.startswith("old bucket") and not _is_evacuated(old) and _is_evacuated(new):
            found.evacuated.append(name)
        for before, after in zip(old, new, strict=False):
            states = _state(first.kind, before), _state(second.kind, after)
            if states[0] != states[1]:
                found.states[states] += 1
    for name, (address, _) in second.parts.items():
        if name not in first.parts:
            found.made.append(Changed(name, "", f"{address:#x}"))


def _is_evacuated(marks: bytes) -> bool:
    return marks[:1] != b"" and classic.EVACUATED_X <= marks[0] <= classic.EVACUATED_EMPTY


def _state(kind: str, mark: int) -> str:
    if kind in ("classic", "readdirty"):
        return classic.STATES[mark]
    if kind == "swiss":
        return swiss.STATES[mark]
    return "entry" if mark else "indirect"
