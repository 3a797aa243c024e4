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
from collections.abc import Iterable, Iterator, Sequence
from math import comb
from typing import NamedTuple, Union

from gomap.check.finding import Finding, InSlot
from gomap.check.keys import DUPLICATE
from gomap.check.leaves import leaves
from gomap.check.scene import Scene
from gomap.goruntime.answers import Answer, Foreign, FreeObject, HeapObject, ModuleData, SpanSlot, UnmarkedObject
from gomap.goruntime.wording import answer_text
from gomap.language.quoting import quote
from gomap.maps.classic import ClassicMap
from gomap.maps.model import Cell, Entry
from gomap.maps.wording import counted
from gomap.program.gotypes import Kind, LayoutError
from gomap.program.memory import ReadError

__all__ = ["OF_CHANGED_KEYS", "Equal", "SharedBytes", "shared_bytes"]

#: Rules that tell of a key that is not where its hash leads.
_MISPLACED = {"hash-mismatch", "key-misplaced", "probe-broken"}
#: All rules that a key breaks whose bytes have changed, all else being sound.
OF_CHANGED_KEYS = {*_MISPLACED, "duplicate-key"}
#: Keys that are looked at, entries of the map, keys of which the old value is looked for, and bytes of one.
_MOST_KEYS, _MOST_ENTRIES, _SOUGHT, _LONGEST = 1000, 20_000, 4, 256
#: Keys in an object for it to be one of several.
_FEWEST = 3
#: What was tried may fit one of a map's keys by chance once in so many cases, and misplaced keys be in one object.
_ODDS = 1000
#: Bytes of a key that are shown.
_SHOWN = 48


#: Where an object starts; the path of a mapped file; empty: outside of Go's memory, and no file that is known.
_Place = Union[int, str]


class _String(NamedTuple):
    """A string in a key, or in an interface there: where its header stands, where its bytes are, and how many."""

    word: int
    data: int
    length: int


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
        return comb(self.misplaced, self.keys) * share ** (self.keys - 1) <= 1 / _ODDS


def shared_bytes(scene: Scene, findings: Sequence[Finding]) -> tuple[str, int, str, Sequence[int], SharedBytes] | None:
    """The object that most of the misplaced keys have their bytes in, if there are several; as Found of causes.py."""
    offsets = [leaf.offset for leaf in leaves(scene.map.places.key) if leaf.type.kind in (Kind.STRING, Kind.INTERFACE)]
    if not scene.heap or not scene.hasher or not offsets:
        return None
    slots: dict[InSlot, list[int]] = defaultdict(list)
    for number, one in enumerate(findings):
        if one.slot and one.cause is None and one.rule.name in _MISPLACED and not one.transient:
            slots[one.slot].append(number)
    there: defaultdict[_Place, dict[InSlot, _String]] = defaultdict(dict)
    answers: dict[_Place, Answer] = {}
    for slot in list(slots)[:_MOST_KEYS]:
        for string in _strings_in(scene, *scene.stored_key(slot)):
            answer = scene.heap.at(string.data)
            place = _place_of(answer)
            if place is not None:
                there[place].setdefault(slot, string)
                answers.setdefault(place, answer)
    if not there:
        return None
    place = max(there, key=lambda one: len(there[one]))
    places = {place}
    if 2 * len(there[place]) < len(slots):
        places |= {one for one, keys in there.items() if isinstance(one, int) and len(keys) >= _FEWEST}
    sharing = {slot: string for one in places for slot, string in there[one].items()}
    if len(sharing) < 2 or 2 * len(sharing) < len(slots):
        return None
    every = dict(_every_string(scene))
    misplaced = {string.word for string in sharing.values()}
    there_too = {string.word for string in every if _place_of(scene.heap.at(string.data)) in places}
    in_place = {one.word: key for one, key in every.items() if one.word in there_too and one.word not in misplaced}
    # What else has its bytes there is the likeliest, and not many can be tried.
    nearest = sorted(every, key=lambda one: one.word not in there_too)
    # A core may have zeros where nothing of a file could be read: that keys are equal then proves nothing.
    contents = (scene.bytes_at(one.data, min(one.length, _LONGEST)) for one in sharing.values())
    lost = isinstance(place, str) and not any(map(any, contents))
    several = len(places) > 1
    before = [] if lost or several else list(_sought(scene, sharing, nearest, answers[place]))
    # Which of the others are in place is not known of a map that was not all checked.
    equal = None if lost else _equal(scene, sharing, [] if scene.cut else list(in_place.values())[:_MOST_KEYS])
    found = SharedBytes(
        *(answers[place], len(places), len(sharing), len(slots)),
        len(in_place) if len(every) < _MOST_ENTRIES and not scene.cut else None,
        *(equal, [one[:2] for one in before], frozenset(there_too | misplaced), lost),
    )
    if not found.proved and (several or not found.telling(scene.entries)):
        return None
    numbers = [number for slot in sharing for number in slots[slot]]
    places = {scene.key_address(slot) for slot in sharing}
    numbers += [
        number
        for number, one in enumerate(findings)
        if one.rule is DUPLICATE and one.cause is None and (one.slot in sharing or one.twin in places)
    ]
    data = {string.data for string in there[place].values()}
    start = place if isinstance(place, int) else min(data)
    return "shared-bytes", start, _told(scene, found, len(there[place]), data, before), numbers, found


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


def _strings_in(scene: Scene, address: int, key: bytes) -> Iterator[_String]:
    """The strings of a key that have bytes."""
    word, order = scene.map.target.pointer_size, scene.map.target.byte_order
    for leaf in leaves(scene.map.places.key) if key else ():
        first, second = (
            int.from_bytes(key[at : at + word], order) for at in (leaf.offset, leaf.offset + word)
        )  # of a leaf of one word the second is another's
        if leaf.type.kind is Kind.STRING:
            yield from _with_bytes(scene, address + leaf.offset, first, second)
        elif leaf.type.kind is Kind.INTERFACE and first and second and _is_string(scene, leaf.type.find("tab"), first):
            header = [scene.word_at(at) for at in (second, second + word)]
            yield from _with_bytes(scene, second, *header)


def _with_bytes(scene: Scene, header: int, data: int, length: int) -> Iterator[_String]:
    if data and 0 < length < 1 << 8 * scene.map.target.pointer_size - 1:
        yield _String(header, data, length)


def _is_string(scene: Scene, tab: object, word: int) -> bool:
    """Whether an interface with that first word holds a string."""
    try:
        return scene.types.at(scene.types.in_itab(word) if tab is not None else word).kind is Kind.STRING
    except (LayoutError, ReadError):
        return False


def _every_string(scene: Scene) -> Iterator[tuple[_String, bytes]]:
    """The strings of the map's keys, as many as are looked at, and the key of each."""
    left = _MOST_ENTRIES
    for entry in scene.map.entries():
        if isinstance(entry, Entry) and isinstance(entry.key, Cell):
            buffer, at, address = entry.key
            key = buffer[at : at + scene.map.places.key.size]
            for string in _strings_in(scene, address, key):
                if not left:
                    return
                left -= 1
                yield string, key


def _equal(scene: Scene, sharing: dict[InSlot, _String], in_place: Sequence[bytes]) -> Equal | None:
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
            contents = scene.bytes_at(string.data, min(string.length, _LONGEST))
            most = Equal(len(slots) + (key_hash in fitting), len(marks), contents)
    return most


def _sought(
    scene: Scene, sharing: dict[InSlot, _String], every: Iterable[_String], where: Answer
) -> Iterator[tuple[int, bytes, str]]:
    """What some keys were: where each stands, what its hash fits, and where that was found."""
    for slot, string in list(sharing.items())[:_SOUGHT]:
        most = int(scene.hash_room(slot)[1]) // (_ODDS * min(len(sharing), _SOUGHT))
        mark = scene.bytes_at(scene.mark_address(slot), 1)
        fits = [
            (contents, why)
            for other, contents, why in _others(scene, string, every, where, most)
            if mark and _fits(scene, slot, string, other, mark[0])
        ]
        if len(fits) == 1:
            yield scene.key_address(slot), *fits[0]


def _others(
    scene: Scene, string: _String, every: Iterable[_String], where: Answer, most: int
) -> Iterator[tuple[_String, bytes, str]]:
    """Up to MOST strings that a key may have been, with their bytes: different from what it is and from each other."""
    tried = {scene.bytes_at(string.data, string.length)}
    room = where.data + where.size - string.data if isinstance(where, SpanSlot) else string.length
    lengths = sorted(range(1, min(room, _LONGEST) + 1), key=lambda length: abs(length - string.length))
    candidates = [
        *((other, "which another key holds") for other in every if other.word != string.word),
        *((string._replace(length=length), f"the first {length} bytes there") for length in lengths),
    ]
    for other, why in candidates:
        contents = scene.bytes_at(other.data, other.length) if other.length <= _LONGEST else b""
        if len(tried) > most:
            return
        if contents and contents not in tried:
            tried.add(contents)
            yield other, contents, why


def _fits(scene: Scene, slot: InSlot, string: _String, other: _String, mark: int) -> bool:
    """Whether a slot's key has that MARK, and is in its place, if the string in it is another."""
    word, order = scene.map.target.pointer_size, scene.map.target.byte_order
    changed = {string.word: b"".join(each.to_bytes(word, order) for each in (other.data, other.length))}

    def is_misplaced(one: Finding) -> bool:
        return one.slot == slot and one.rule.name in _MISPLACED

    with scene.map.target.memory.supposing(changed):
        if scene.mark_of(scene.stored_key(slot)[1]) != mark:
            return False
    after = scene.supposing(changed, is_misplaced) if scene.can_suppose(1) else None
    return after is not None and not any(map(is_misplaced, after))
