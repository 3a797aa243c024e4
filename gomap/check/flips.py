"""One flipped bit that explains what a check found: memory that failed, or a store that set it where it should not.

A bit is named only if, with it flipped back, the same check finds nothing new and more than half of what it found is
gone, and if no other single bit that was tried does as much. What is tried: each bit of the word that a finding is
about; of a key that is in the wrong place the bits of the key, of its string, and of the tophash or control byte; and
the header's small fields.

Chance is reckoned with. A hash leaves seven or eight bits beside its key, and others in where the key is: with so many
bits of a key that could have flipped one may fit though all of the key is another. What counts is how many would fit so
of all that are tried, in a map whose key was overwritten. And of two objects of the heap the addresses are often one
bit apart: a pointer to another object may have been stored as it is; and strings often have a copy of their bytes close
by, to which the pointer would lead with one bit flipped. What fits so easily is not told; nor is anything said of a
tophash or control byte that is a state and no hash any more, as a byte that is stored whole makes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gomap.check.finding import Finding
from gomap.check.leaves import leaves
from gomap.check.scene import Scene
from gomap.goruntime.answers import FreePages, SpanSlot
from gomap.goruntime.spans import PAGE
from gomap.maps.classic import ClassicMap, unknown_flags
from gomap.maps.model import Table
from gomap.maps.swiss import SwissMap
from gomap.maps.wording import counted
from gomap.program.gotypes import Field, Kind

__all__ = ["Flip", "flipped"]

#: Findings that are begun with: what explains most of them explains one of the first.
_TRIED = 3
#: Bytes of a string, or of a key behind a pointer, of which each bit is tried.
_LONGEST = 64
#: How often at most a key that was overwritten would look like one with a flipped bit: once in so many cases.
_ODDS = 1000
#: Numbers that are wrong by less are so for another reason: racing writers lose and double updates.
_COUNTS, _FEW = {"count", "used", "noverflow", "growthLeft", "localDepth", "index"}, 16
#: Entries that prove with their places what a header's small fields must be.
_TELLING = 8
#: Rules about a pointer that stands at the finding's address, by the beginning of their names.
_OF_POINTERS = ("dangling-", "chain-", "overflow-loop", "node-")
#: Rules that tell of a pointer to what is in order, and has another owner.
_OF_OTHERS = {"storage-shared", "table-shared", "groups-shared"}
#: Fields of headers that one bit says all of: the runtime itself sets them so.
_SWITCHES = {"writing", "tombstonePossible", "clearSeq", "inited"}


class Flip(NamedTuple):
    """A bit that is another than it was.

    Attributes:
        address: of the byte that it is in.
        bit: its number in that, 0 for the lowest.
        now, before: the byte.
        part: what the byte is part of.
        of_string: it is in bytes that the key leads to, not in the map.
        tried: how many single bits were.
    """

    address: int
    bit: int
    now: int
    before: int
    part: str
    of_string: bool
    tried: int


class _Part(NamedTuple):
    """Bytes of which each bit is tried.

    Attributes:
        name: what they are.
        start, size: where.
        kind: ``mark``, ``key``, ``string`` or ``word``.
        chance: how many of its bits fit by chance if a key was overwritten; 0: as good as none.
        leaf: of a string: where in the key it is.
        sound: of a key: which bytes of it are not tried.
    """

    name: str
    start: int
    size: int
    kind: str = "word"
    chance: float = 0
    leaf: int = 0
    sound: frozenset[int] = frozenset()


def flipped(scene: Scene, findings: Sequence[Finding]) -> Iterator[tuple[str, int, str, Sequence[int], Flip]]:
    """The one bit that explains most of FINDINGS, if there is one; with the numbers of those that it explains."""
    wanted = {number for number, one in enumerate(findings) if not one.transient and one.cause is None}
    if not scene.hasher or not wanted:
        return
    tried: set[tuple[int, int]] = set()
    fields = list(_small_fields(scene))
    chance = 0.0
    for number in sorted(wanted)[:_TRIED]:
        parts = [*_parts(scene, findings[number]), *fields]
        if not tried.isdisjoint((part.start, part.size) for part in parts if part not in fields):
            continue
        tried |= {(part.start, part.size) for part in parts}
        chance += sum(part.chance for part in parts)
        found = _only_bit(scene, parts, findings, wanted, number)
        fields = []
        if found is not None:
            flip, of_key, gone = found
            if of_key and chance * _ODDS > 1:
                return
            other = f"of {counted(flip.tried, 'bit')} tried no other does so"
            odds = f"; a key that was overwritten would look so in 1 of {1 / chance:.0f} cases" if of_key else ""
            text = (
                f"one flipped bit explains this: bit {flip.bit} of {flip.part}, {flip.now:#04x} now, "
                f"{flip.before:#04x} before; with it flipped back a check finds none of it ({other}{odds})"
            )
            if flip.of_string:
                text += "; a buffer that was used again for a string so similar would look the same"
            yield "bit", flip.address, text, sorted(gone), flip
            return


def _only_bit(
    scene: Scene, parts: Sequence[_Part], findings: Sequence[Finding], wanted: set[int], number: int
) -> tuple[Flip, bool, set[int]] | None:
    """The bit that explains finding NUMBER and most that are WANTED, if just one does; whether it may do so by chance;
    what is gone.
    """
    told = {(one.rule.name, one.address) for one in findings}
    candidates = [(part, *one) for part in parts for one in _candidates(scene, part, findings[number])]
    if not scene.can_suppose(len(candidates)):
        return None
    fits: list[tuple[_Part, int, int, set[int]]] = []
    for part, address, bit in candidates:
        if not scene.can_suppose(1):
            return None
        (now,) = scene.bytes_at(address, 1)
        after = scene.supposing(
            {address: bytes([now ^ 1 << bit])}, lambda one: (one.rule.name, one.address) not in told
        )
        if after is None:
            continue
        left = {(one.rule.name, one.address) for one in after}
        gone = {one for one in wanted if (findings[one].rule.name, findings[one].address) not in left}
        if left <= told and number in gone:
            fits.append((part, address, bit, gone))
    if not fits:
        return None
    part, address, bit, gone = max(fits, key=lambda fit: len(fit[3]))
    if 2 * len(gone) <= len(wanted) or sum(fit[3] >= gone for fit in fits) > 1:
        return None
    # One that explains what this one does not would be as good an answer.
    if not all(fit[3] <= gone for fit in fits):
        return None
    (now,) = scene.bytes_at(address, 1)
    tried = 8 * sum(one.size - sum(at < one.size for at in one.sound) for one in parts)
    return Flip(address, bit, now, now ^ 1 << bit, part.name, part.kind == "string", tried), part.chance > 0, gone


def _small_fields(scene: Scene) -> Iterator[_Part]:
    """Fields of the header that are one byte: what they say shows far from where they stand."""
    # An empty map has no keys to say that another header would be wrong too.
    for field in scene.map.fields() if scene.map.count >= _TELLING else ():
        if field.type.size == 1 and field.type.kind is not Kind.BOOL and field.name not in _SWITCHES:
            yield _Part(field.name, scene.map.address + field.offset, 1)


def _parts(scene: Scene, finding: Finding) -> Iterator[_Part]:
    """What a finding may come from."""
    map, word = scene.map, scene.map.target.pointer_size
    if finding.rule.name in _OF_OTHERS:
        return
    header = next(
        (one for one in map.fields() if 0 <= finding.address - map.address - one.offset < one.type.size), None
    )
    if header is not None:
        size = header.type.size
        if (header.name not in _SWITCHES and header.type.kind is not Kind.BOOL and size > 1) or header.name == "seed":
            yield _Part(header.name, map.address + header.offset, size)
    elif finding.slot is not None and isinstance(map, (ClassicMap, SwissMap)):
        yield from _of_slot(scene, finding)
    elif finding.rule.name.startswith(_OF_POINTERS):
        yield _Part("the pointer", finding.address, word)
    elif isinstance(map, SwissMap):
        for table in map.tables:
            if 0 <= finding.address - table.address < map.layout.table.size:
                yield from _of_table(map, table, finding.address - table.address)


def _of_table(map: SwissMap, table: Table, offset: int) -> Iterator[_Part]:
    fields = map.layout.table.type.fields
    named = next((field for field in fields if 0 <= offset - field.offset < field.type.size), None)
    if named is None:
        return
    yield _part_of(table.address, 0, named)
    if named.name == "capacity":
        # The two go together, and only one of them is named.
        yield _part_of(table.address, map.layout.groups_offset, map.layout.groups.type.field("lengthMask"))


def _part_of(address: int, offset: int, field: Field) -> _Part:
    return _Part(f"the table's {field.name}", address + offset + field.offset, field.type.size)


def _of_slot(scene: Scene, finding: Finding) -> Iterator[_Part]:
    """The mark beside a key, the key, and the strings in it."""
    slot, places = finding.slot, scene.map.places
    if slot is None:
        return
    marked, room = scene.hash_room(slot)
    where = f"slot {slot.number} of {slot.bucket:#x}"
    yield _Part(f"the {_mark_name(scene)} of {where}", scene.mark_address(slot), 1, "mark", marked / room)
    start, key = scene.stored_key(slot)
    if not key:
        return
    sound: set[int] = set()
    word, order = scene.map.target.pointer_size, scene.map.target.byte_order
    for leaf in leaves(places.key):
        if leaf.type.kind not in (Kind.STRING, Kind.INTERFACE):
            continue
        first, second = (int.from_bytes(key[at : at + word], order) for at in (leaf.offset, leaf.offset + word))
        if leaf.type.kind is Kind.INTERFACE:
            if scene.bytes_at(second, 1):
                sound |= set(range(leaf.offset + word, leaf.offset + 2 * word))
        elif scene.bytes_at(first, 1):
            sound |= set(range(leaf.offset, leaf.offset + word))
            if 0 < second <= _LONGEST and len(scene.bytes_at(first, second)) == second:
                name = f"the string of the key in {where}"
                yield _Part(name, first, second, "string", 8 * second / room, leaf.offset)
    size = min(len(key), _LONGEST)
    tried = size - sum(at < size for at in sound)
    yield _Part(f"the key in {where}", start, size, "key", 8 * tried / room, sound=frozenset(sound))


def _candidates(scene: Scene, part: _Part, finding: Finding) -> Iterator[tuple[int, int]]:
    """The bits of PART that deserve a whole check: address and number."""
    data = scene.bytes_at(part.start, part.size)
    if part.name == "seed" or part.name == "hash0":
        # Each bit has been tried where the seed was found to be wrong.
        apart = scene.seed ^ int.from_bytes(data, scene.map.target.byte_order)
        if apart and not apart & apart - 1:
            number = apart.bit_length() - 1
            byte = number // 8
            yield part.start + (byte if scene.map.target.byte_order == "little" else part.size - 1 - byte), number % 8
        return
    low = 0 if scene.map.target.byte_order == "little" else part.size - 1
    bits = [(at, bit) for at in range(len(data)) if at not in part.sound for bit in range(8)]
    if part.kind in ("key", "string") and finding.slot is not None:
        (mark,) = scene.bytes_at(scene.mark_address(finding.slot), 1) or (None,)
        changed = [data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :] for at, bit in bits]
        key = scene.stored_key(finding.slot)[1]
        marks = (
            scene.marks_of([one + key[len(one) :] for one in changed])
            if part.kind == "key"
            else scene.marks_with(key, part.leaf, changed)
        )
        yield from ((part.start + at, bit) for (at, bit), one in zip(bits, marks, strict=True) if one == mark)
        return
    exact = {scene.map.field_address(name) for name in ("count", "used", "dirLen") if name in scene.map.header}
    for at, bit in bits:
        # The runtime itself sets and clears flags that it knows: no bit need have failed.
        if part.name == "flags" and not unknown_flags(1 << bit):
            continue
        if part.name.rpartition(" ")[2] in _COUNTS and at == low and 1 << bit < _FEW:
            continue
        if part.start in exact and not _can_be(scene, part, data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]):
            continue
        if part.size == scene.map.target.pointer_size and _may_be_stored(scene, data, at, bit):
            continue
        if part.kind != "mark" or _goes_with_key(scene, data[at] ^ 1 << bit, finding):
            yield part.start + at, bit


def _can_be(scene: Scene, part: _Part, data: bytes) -> bool:
    """Whether a field of the header can have that value: a count that of the entries, dirLen a power of two."""
    value = int.from_bytes(data, scene.map.target.byte_order)
    return not value & value - 1 if part.name == "dirLen" else value == scene.entries


def _may_be_stored(scene: Scene, data: bytes, at: int, bit: int) -> bool:
    """Whether a word is a pointer to where an object or bucket begins, and with that bit flipped is another such."""
    order, size = scene.map.target.byte_order, scene.map.places.size
    now = int.from_bytes(data, order)
    apart = 1 << 8 * (at if order == "little" else len(data) - 1 - at) + bit
    here = scene.heap.at(now) if scene.heap else None
    if isinstance(here, SpanSlot):
        among = now ^ apart in range(here.span.start, here.span.start + here.span.size)
        return now in (here.start, here.data) or (among and apart % size == 0)
    return isinstance(here, FreePages) and now % PAGE == 0


def _goes_with_key(scene: Scene, mark: int, finding: Finding) -> bool:
    """Whether a tophash or control byte is that of the key beside it."""
    return finding.slot is not None and scene.mark_of(scene.stored_key(finding.slot)[1]) == mark


def _mark_name(scene: Scene) -> str:
    return "tophash" if isinstance(scene.map, ClassicMap) else "control byte"
