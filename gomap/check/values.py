"""Whether keys and elements are values that a program can have made, and whether what they lead to is in use.

A store into an element is the program's own, and the map's flag does not tell of it: the program may have stopped when
a length or a type was stored and the pointer beside it was not. What can be such a half is said to be transient. Keys
are stored while the flag says that the map is being written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from gomap.check.finding import Finding, InSlot, Rule, rule
from gomap.check.leaves import Leaf, LeafJudge, Odd, leaves
from gomap.check.slot_batch import SlotBatch
from gomap.goruntime.heap import Heap
from gomap.goruntime.rtype import RuntimeTypes
from gomap.goruntime.wording import answer_text
from gomap.hashing.packed_values import PackedValues, words
from gomap.maps.layout import Places
from gomap.program.gotypes import GoType
from gomap.program.target import Target

__all__ = ["FREED_KEY", "IMPOSSIBLE_KEY", "KEY_FOLLOWS", "Values"]

FREED_KEY = rule("freed-key", "what a key points to is in use")
FREED_ELEM = rule("freed-elem", "what an element points to is in use")
IMPOSSIBLE_KEY = rule("impossible-key", "a key is a value that a program can have made")
IMPOSSIBLE_ELEM = rule("impossible-elem", "an element is a value that a program can have made")
#: What follows from a key that is none.
KEY_FOLLOWS = "lookups that meet it, and growth, can fault"


class _Side(NamedTuple):
    """The keys or the elements of a map.

    Attributes:
        what: how findings call them.
        freed, impossible: their rules.
        follows: from one that is impossible.
        halves: whether stores into them can be seen half done, with the map's flag not set.
        type, indirect, start, stride: where they lie; see Places.
        leaves: those that are looked at.
    """

    what: str
    freed: Rule
    impossible: Rule
    follows: str
    halves: bool
    type: GoType
    indirect: bool
    start: int
    stride: int
    leaves: Sequence[Leaf]

    def slot(self, batch: SlotBatch, number: int) -> InSlot | None:
        """The slot that a finding about live slot NUMBER is of, if it is about the key."""
        return batch.slot(number) if self.freed is FREED_KEY else None


class Values:
    """The keys and elements of one map.

    Args:
        target: the program.
        places: where they lie in a bucket or group.
        heap: the runtime's bookkeeping; None: whether what they lead to is in use is not looked at.
        types: the types of what interfaces hold.
    """

    def __init__(self, target: Target, places: Places, heap: Heap | None, types: RuntimeTypes) -> None:
        self._memory = target.memory
        self._word = target.pointer_size
        self._order = target.byte_order
        self._heap = heap
        self._judge = LeafJudge(target, heap, types)
        keys = _Side(
            *("key", FREED_KEY, IMPOSSIBLE_KEY, KEY_FOLLOWS, False),
            *(places.key, places.indirect_key, places.keys, places.key_stride),
            leaves(places.key),
        )
        elems = _Side(
            *("element", FREED_ELEM, IMPOSSIBLE_ELEM, "whoever reads it faults", True),
            *(places.elem, places.indirect_elem, places.elems, places.elem_stride),
            # Of an element outside of its bucket the pointer is judged, not what it leads to: that is much to read.
            () if places.indirect_elem else leaves(places.elem),
        )
        self._sides = [side for side in (keys, elems) if side.indirect or side.leaves]

    def findings(self, batch: SlotBatch) -> Iterator[tuple[int, Finding]]:
        """What is wrong with keys and elements, each with the number of the live slot that it is about."""
        for side in self._sides:
            values = PackedValues(batch.packed(side.start, side.stride), 0, side.stride, batch.count, side.type.size)
            addresses: Sequence[int] | None = None
            if side.indirect:
                pointers = words(values.part(0, self._word), self._order)
                yield from self._told(batch, side, None, 0, pointers, self._judge.outside(pointers))
                if side.leaves:
                    addresses, values = pointers, self._behind(pointers, side.type.size)
            for leaf in side.leaves:
                yield from self._told(batch, side, addresses, leaf.offset, *self._judge.judged(leaf, values))

    def _told(
        self,
        batch: SlotBatch,
        side: _Side,
        addresses: Sequence[int] | None,
        offset: int,
        pointers: Sequence[int],
        odd: Iterable[Odd],
    ) -> Iterator[tuple[int, Finding]]:
        """Findings for what is ODD at OFFSET of the values at ADDRESSES, and for POINTERS there to what is not in use.

        ADDRESSES: None where the values are in the batch.
        """

        def address(number: int) -> int:
            return (addresses[number] if addresses else batch.address(number, side.start, side.stride)) + offset

        for number, what, half in odd:
            text = f"{side.what} at {address(number):#x}: {what}; {side.follows}"
            if half and side.halves:
                text += ", unless a thread is just storing it"
            impossible = side.impossible.broken(address(number), text, slot=side.slot(batch, number))
            yield number, replace(impossible, transient=half and side.halves)
        freed = {answer.address: answer for answer in self._heap.freed(pointers)} if self._heap else {}
        for number, pointer in enumerate(pointers) if freed else ():
            if pointer in freed:
                text = f"{side.what} at {address(number):#x} -> {pointer:#x}: {answer_text(freed[pointer])}"
                yield number, side.freed.broken(address(number), text, slot=side.slot(batch, number))

    def _behind(self, pointers: Sequence[int], size: int) -> PackedValues:
        """The values that POINTERS lead to, SIZE bytes each; zeros where they cannot be read."""
        contents, failures = self._memory.read_each(pointers, [size] * len(pointers))
        return PackedValues.of([bytes(size) if at in failures else one for at, one in enumerate(contents)], size)
