"""Keys whose bytes changed after they were stored: strings made from buffers that were then used again.

The program says so with unsafe.String, or a []byte that it turned into a string without a copy. The map keeps the
pointer, and the hash of what the buffer held then. What can be seen later: keys that are out of place, and that have
their bytes in one object; or in several, where each connection has a buffer of its own. That is told where it is no
chance, as it would be of a map that has all its keys in one object, or out of place; of several objects, where it is
proved. Proof is either of two things:

- keys that are equal now, and have bits of different hashes beside them: under any seed a key has one hash;
- what such a key was, looked for among other lengths of the same buffer and what other keys hold now. It is told where
  its hash fits the key's place, and few enough were tried for that not to be by chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import comb
from typing import NamedTuple, Union

from gomap.check.finding import Finding, InSlot
from gomap.check.key_proofs import ODDS, Equal, equal_now, former_contents
from gomap.check.key_strings import MOST_STRINGS, KeyString, every_string, first_bytes, strings_in
from gomap.check.keys import DUPLICATE, OUT_OF_PLACE
from gomap.check.scene import Scene
from gomap.goruntime.answers import Answer, Foreign, FreeObject, HeapObject, ModuleData, SpanSlot, UnmarkedObject
from gomap.goruntime.wording import answer_text
from gomap.hashing.parts import hashed_outside
from gomap.language.quoting import quote
from gomap.maps.classic import ClassicMap
from gomap.maps.wording import counted

__all__ = ["SharedBytes", "shared_bytes"]

#: Misplaced keys that are looked at.
_MOST_KEYS = 1000
#: Keys in an object for it to be one of several.
_FEWEST = 3
#: Bytes of a key that are shown.
_SHOWN = 48

#: Where an object starts; the path of a mapped file; empty: outside of Go's memory, and no file that is known.
_Place = Union[int, str]


class SharedBytes(NamedTuple):
    """Misplaced keys that have their bytes in one object, or in few.

    Attributes:
        where: the object that most have them in, or what else is there.
        objects: in how many they are.
        keys: how many have.
        misplaced: how many there are in all, as far as the map was checked.
        in_place: how many keys in their places have their bytes there too; None: not counted.
        equal: those of them that are equal now, with bits of several hashes beside them.
        before: what some of these keys were: their addresses, and what their hashes fit.
        headers: where the strings of the map's keys stand that have their bytes there.
        lost: these bytes are zeros outside of Go's memory, which may be the core's for what could not be read.
    """

    where: Answer
    objects: int
    keys: int
    misplaced: int
    in_place: int | None
    equal: Equal | None
    before: Sequence[tuple[int, bytes]]
    headers: frozenset[int]
    lost: bool

    @property
    def proved(self) -> bool:
        """Whether it is beyond doubt that the bytes changed after the keys were stored."""
        return self.equal is not None or bool(self.before)

    def telling(self, entries: int) -> bool:
        """Whether misplaced keys of a map of so many ENTRIES would hardly be so many in one object by chance.

        That it would be this object is not asked: there may be as many like it as its share of the keys goes into all.
        """
        if self.in_place is None:
            return False
        share = min((self.in_place + self.keys) / max(entries, 1), 1)
        return comb(self.misplaced, self.keys) * share ** (self.keys - 1) <= 1 / ODDS


def shared_bytes(scene: Scene, findings: Sequence[Finding]) -> tuple[str, int, str, Sequence[int], SharedBytes] | None:
    """The object that most of the misplaced keys have their bytes in, if there are several; as Found of causes.py."""
    if not scene.heap or not scene.hasher or not hashed_outside(scene.map.places.key):
        return None
    slots = _misplaced(findings)
    there, answers = _by_place(scene, list(slots)[:_MOST_KEYS])
    if not there:
        return None
    place = max(there, key=lambda one: len(there[one]))
    places = {place}
    if 2 * len(there[place]) < len(slots):
        places |= {one for one, keys in there.items() if isinstance(one, int) and len(keys) >= _FEWEST}
    sharing = {slot: string for one in places for slot, string in there[one].items()}
    if len(sharing) < 2 or 2 * len(sharing) < len(slots):
        return None
    every = dict(every_string(scene))
    misplaced = {string.word for string in sharing.values()}
    there_too = {string.word for string in every if _place_of(scene.heap.at(string.data)) in places}
    in_place = {one.word: key for one, key in every.items() if one.word in there_too and one.word not in misplaced}
    # What else has its bytes there is the likeliest, and not many can be tried.
    nearest = sorted(every, key=lambda one: one.word not in there_too)
    # A core may have zeros where nothing of a file could be read: that keys are equal then proves nothing.
    lost = isinstance(place, str) and not any(any(first_bytes(scene, one)) for one in sharing.values())
    several = len(places) > 1
    before = [] if lost or several else list(former_contents(scene, sharing, nearest, answers[place]))
    # Which of the others are in place is not known of a map that was not all checked.
    equal = None if lost else equal_now(scene, sharing, [] if scene.cut else list(in_place.values())[:_MOST_KEYS])
    found = SharedBytes(
        *(answers[place], len(places), len(sharing), len(slots)),
        len(in_place) if len(every) < MOST_STRINGS and not scene.cut else None,
        *(equal, [one[:2] for one in before], frozenset(there_too | misplaced), lost),
    )
    if not found.proved and (several or not found.telling(scene.entries)):
        return None
    data = {string.data for string in there[place].values()}
    start = place if isinstance(place, int) else min(data)
    text = _told(scene, found, len(there[place]), data, before)
    return "shared-bytes", start, text, _about(scene, findings, slots, sharing), found


def _misplaced(findings: Sequence[Finding]) -> dict[InSlot, list[int]]:
    """The slots of keys that are out of place, each with the numbers of the findings that say so."""
    slots: dict[InSlot, list[int]] = defaultdict(list)
    for number, one in enumerate(findings):
        if one.slot and one.cause is None and one.rule.name in OUT_OF_PLACE and not one.transient:
            slots[one.slot].append(number)
    return slots


def _by_place(
    scene: Scene, slots: Sequence[InSlot]
) -> tuple[Mapping[_Place, Mapping[InSlot, KeyString]], Mapping[_Place, Answer]]:
    """Of each place where keys in SLOTS have bytes, the first string of each key there; and what is at that place."""
    there: defaultdict[_Place, dict[InSlot, KeyString]] = defaultdict(dict)
    answers: dict[_Place, Answer] = {}
    for slot in slots:
        for string in strings_in(scene, *scene.stored_key(slot)):
            answer = scene.heap.at(string.data) if scene.heap else None
            place = None if answer is None else _place_of(answer)
            if answer is not None and place is not None:
                there[place].setdefault(slot, string)
                answers.setdefault(place, answer)
    return there, answers


def _about(
    scene: Scene, findings: Sequence[Finding], slots: Mapping[InSlot, Sequence[int]], sharing: Mapping[InSlot, object]
) -> list[int]:
    """The findings about keys in the slots SHARING: those of SLOTS, and that such a key stands twice."""
    numbers = [number for slot in sharing for number in slots[slot]]
    keys = {scene.key_address(slot) for slot in sharing}
    return numbers + [
        number
        for number, one in enumerate(findings)
        if one.rule is DUPLICATE and one.cause is None and (one.slot in sharing or one.twin in keys)
    ]


def _told(scene: Scene, found: SharedBytes, most: int, data: set[int], before: Sequence[tuple[int, bytes, str]]) -> str:
    """In words. MOST: how many keys have their bytes in the object that most have them in; DATA: where there."""
    where = found.where
    if isinstance(where, SpanSlot):
        state = "in use" if isinstance(where, HeapObject) else answer_text(where)
        place = f"one {where.size}-byte object at {where.data:#x} ({state})"
    elif isinstance(where, ModuleData):
        place = answer_text(where)
    elif isinstance(where, Foreign) and where.file is not None:
        there = [scene.heap.at(at) for at in data] if scene.heap else []
        offsets = sorted(one.file.offset for one in there if isinstance(one, Foreign) and one.file is not None)
        last = f"s {offsets[0]:#x} to {offsets[-1]:#x}" if len(offsets) > 1 else f" {offsets[0]:#x}"
        place = f"the mapped file {where.file.path}, at offset{last}"
    else:
        place = "memory outside of Go's heap, stacks and data: C's, or a mapped file"
    misplaced = counted(found.misplaced, "misplaced key")
    if scene.cut:
        misplaced = f"the first {misplaced}"
    text = f"{'all' if scene.cut and found.keys == found.misplaced else found.keys} of {misplaced} have their bytes in "
    text += place if found.objects == 1 else f"{found.objects} objects, {most} of these in {place}"
    if len(data) == 1 and found.objects == 1:
        text += f", all at {min(data):#x}"
    if found.in_place is not None:
        theirs = "has its" if found.in_place == 1 else "have theirs"
        text += f"; of the keys in place {found.in_place or 'none'} {theirs} there"
    if found.lost:
        return f"{text}; these are all zeros, which a core also has where a mapped file was cut short"
    if not found.proved:
        return f"{text}; bytes that change after a key was stored leave it where no lookup goes"
    proof = []
    if found.equal is not None:
        equal = found.equal
        shown = f"{quote(equal.contents[:_SHOWN])}{'...' if len(equal.contents) > _SHOWN else ''}"
        bits = "tophash bytes" if isinstance(scene.map, ClassicMap) else "values of H2"
        proof.append(
            f"{equal.keys} are equal now ({shown}) with {equal.hashes} different {bits} beside them, and no seed gives "
            "one key several"
        )
    proof += [f"the key at {address:#x} has the hash of {quote(contents)}, {why}" for address, contents, why in before]
    return f"bytes of keys changed after these were stored: {'; '.join(proof)}; {text}"


def _place_of(answer: Answer) -> _Place | None:
    """What tells the object from others; None where nothing does."""
    if isinstance(answer, (HeapObject, FreeObject, UnmarkedObject)):
        return answer.data
    if isinstance(answer, ModuleData):
        return answer.symbol.address if answer.symbol else None
    if isinstance(answer, Foreign):
        return answer.file.path if answer.file is not None else ""
    return None
