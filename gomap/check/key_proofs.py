"""What proves that keys changed after they were stored: which are equal now, and what some of them were before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from gomap.check.finding import Finding, InSlot
from gomap.check.key_strings import LONGEST, KeyString, first_bytes
from gomap.check.keys import OUT_OF_PLACE
from gomap.check.scene import Scene
from gomap.goruntime.answers import Answer, SpanSlot

__all__ = ["ODDS", "Equal", "equal_now", "former_contents"]

#: What was tried may fit one of a map's keys by chance once in so many cases.
ODDS = 1000
#: Keys of which the old value is looked for.
_SOUGHT = 4


class Equal(NamedTuple):
    """Keys that are one and the same now.

    Attributes:
        keys: how many.
        hashes: how many different bits of hashes are beside them.
        contents: the string in them.
    """

    keys: int
    hashes: int
    contents: bytes


def equal_now(scene: Scene, sharing: dict[InSlot, KeyString], in_place: Sequence[bytes]) -> Equal | None:
    """The most keys that are equal now although they were stored under several hashes; one IN_PLACE may be of them."""
    alike: defaultdict[int, list[InSlot]] = defaultdict(list)
    for slot in sharing:
        key_hash = scene.hash_of(scene.stored_key(slot)[1])
        if key_hash is not None:
            alike[key_hash].append(slot)
    fitting = {key_hash: key for key in in_place if (key_hash := scene.hash_of(key)) in alike}
    most: Equal | None = None
    for key_hash, slots in alike.items():
        marks = {scene.bytes_at(scene.mark_address(slot), 1) for slot in slots}
        if key_hash in fitting:
            marks.add(bytes([scene.mark_of(fitting[key_hash]) or 0]))
        if len(marks) > 1 and (most is None or len(slots) > most.keys):
            string = sharing[slots[0]]
            most = Equal(len(slots) + (key_hash in fitting), len(marks), first_bytes(scene, string))
    return most


def former_contents(
    scene: Scene, sharing: dict[InSlot, KeyString], every: Iterable[KeyString], where: Answer
) -> Iterator[tuple[int, bytes, str]]:
    """What some keys were: where each stands, what its hash fits, and where that was found."""
    for slot, string in list(sharing.items())[:_SOUGHT]:
        most = int(scene.hash_room(slot)[1]) // (ODDS * min(len(sharing), _SOUGHT))
        mark = scene.bytes_at(scene.mark_address(slot), 1)
        fits = [
            (contents, why)
            for other, contents, why in _others(scene, string, every, where, most)
            if mark and _fits(scene, slot, string, other, mark[0])
        ]
        if len(fits) == 1:
            yield scene.key_address(slot), *fits[0]


def _others(
    scene: Scene, string: KeyString, every: Iterable[KeyString], where: Answer, most: int
) -> Iterator[tuple[KeyString, bytes, str]]:
    """Up to MOST strings that a key may have been, with their bytes: different from what it is and from each other."""
    tried = {scene.bytes_at(string.data, string.length)}
    room = where.data + where.size - string.data if isinstance(where, SpanSlot) else string.length
    lengths = sorted(range(1, min(room, LONGEST) + 1), key=lambda length: abs(length - string.length))
    candidates = [
        *((other, "which another key holds") for other in every if other.word != string.word),
        *((string._replace(length=length), f"the first {length} bytes there") for length in lengths),
    ]
    for other, why in candidates:
        contents = scene.bytes_at(other.data, other.length) if other.length <= LONGEST else b""
        if len(tried) > most:
            return
        if contents and contents not in tried:
            tried.add(contents)
            yield other, contents, why


def _fits(scene: Scene, slot: InSlot, string: KeyString, other: KeyString, mark: int) -> bool:
    """Whether a slot's key has that MARK, and is in its place, if the string in it is another."""
    word, order = scene.map.target.pointer_size, scene.map.target.byte_order
    changed = {string.word: b"".join(each.to_bytes(word, order) for each in (other.data, other.length))}

    def is_misplaced(one: Finding) -> bool:
        return one.slot == slot and one.rule.name in OUT_OF_PLACE

    with scene.map.target.memory.supposing(changed):
        if scene.mark_of(scene.stored_key(slot)[1]) != mark:
            return False
    after = scene.supposing(changed, is_misplaced) if scene.can_suppose(1) else None
    return after is not None and not any(map(is_misplaced, after))
