"""The slots of a bucket or group: which are in a state; their keys and elements, wherever these are."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from gomap.maps.layout import Places
from gomap.maps.model import Cell, Entry, MaybeCell
from gomap.program.memory import ReadError
from gomap.program.target import Target

__all__ = ["SlotReader", "all_marks", "row_sums", "slots_in"]


class SlotReader:
    """Makes the entries of one map's slots."""

    def __init__(self, target: Target, places: Places) -> None:
        self._memory = target.memory
        self._order = target.byte_order
        self._pointer = target.pointer_size
        self._places = places

    def entry(self, buffer: bytes, offset: int, address: int) -> Callable[[int], Entry]:
        """What gives the entry of a slot, by its number, of the bucket at OFFSET in BUFFER that came from ADDRESS."""
        places = self._places
        keys, key_stride = places.keys, places.key_stride
        elems, elem_stride = places.elems, places.elem_stride
        new = tuple.__new__

        def direct(number: int) -> Entry:
            key = keys + number * key_stride
            elem = elems + number * elem_stride
            # What Entry(Cell(...), Cell(...)) does, a third faster: a map may have millions.
            return new(
                Entry,
                (new(Cell, (buffer, offset + key, address + key)), new(Cell, (buffer, offset + elem, address + elem))),
            )

        def indirect(number: int) -> Entry:
            key = keys + number * key_stride
            elem = elems + number * elem_stride
            key_cell = Cell(buffer, offset + key, address + key)
            elem_cell = Cell(buffer, offset + elem, address + elem)
            return Entry(
                self._follow(key_cell, places.key.size) if places.indirect_key else key_cell,
                self._follow(elem_cell, places.elem.size) if places.indirect_elem else elem_cell,
            )

        return indirect if places.indirect_key or places.indirect_elem else direct

    def _follow(self, cell: Cell, size: int) -> MaybeCell:
        pointer = int.from_bytes(cell.buffer[cell.offset : cell.offset + self._pointer], self._order)
        try:
            return Cell(self._memory.read(pointer, size), 0, pointer)
        except ReadError as error:
            return error


@lru_cache(maxsize=8192)
def slots_in(state: int, states: bytes) -> tuple[int, ...]:
    """Which slots are in STATE; few patterns of STATES occur, and each is judged once."""
    return tuple(number for number, one in enumerate(states) if one == state)


def all_marks(buffer: bytes, places: Places, reverse: bool) -> bytes:
    """The tophash or control bytes of all slots of the buckets or groups in BUFFER, in the order of the slots.

    REVERSE: slot 0 has the last of them, as in a control word whose lowest byte comes last.
    """
    slots, size = places.slots, places.size
    marks = bytearray(len(buffer) // size * slots)
    for slot in range(slots):
        marks[slot::slots] = buffer[places.marks + (slots - 1 - slot if reverse else slot) :: size]
    return bytes(marks)


def row_sums(flags: bytes, each: int) -> bytes:
    """How many of EACH flags in a row are 1, for all rows: each sum is one byte of a large integer.

    >>> list(row_sums(bytes([1, 0, 1, 1]), 2))
    [1, 2]
    """
    total = sum(int.from_bytes(flags[number::each], "little") for number in range(each))
    return total.to_bytes(len(flags) // each, "little")
