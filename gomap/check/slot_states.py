"""The states of a classic map's slots, judged for all buckets of a block at once.

Most buckets of most maps are as they must be. Slot by slot, the states of all buckets become the bytes of a big
integer, and the rules a few operations on those; only what they leave is looked at one by one.
"""

from __future__ import annotations

from functools import lru_cache

from gomap.maps.classic import EMPTY_REST, EVACUATED_EMPTY, EVACUATED_X

__all__ = ["odd_buckets", "sound"]

#: All bits for a state behind which nothing may be, and for those that entries leave behind when they move.
_IS_REST = bytes(0xFF if state == EMPTY_REST else 0 for state in range(256))
_IS_EVACUATED = bytes(0xFF if EVACUATED_X <= state <= EVACUATED_EMPTY else 0 for state in range(256))


@lru_cache(maxsize=4096)
def sound(states: bytes, old: bool) -> bool:
    """Whether a bucket in use, or with all that hangs on it, can have these states; OLD: an old one."""
    return not odd_buckets(states, len(states), old)


def odd_buckets(states: bytes, slots: int, old: bool) -> int:
    """Which buckets cannot have their states: a byte each, the first the lowest, that is 0 for those that can.

    Behind an emptyRest there is nothing else; no bucket in use is evacuated, and old ones in all slots or in none.
    """
    columns = [states[slot::slots] for slot in range(slots)]
    odd = some = 0
    every = -1
    for one, next_ in zip(columns, [*columns[1:], b""], strict=True):
        odd |= int.from_bytes(one.translate(_IS_REST), "little") & int.from_bytes(next_, "little")
        evacuated = int.from_bytes(one.translate(_IS_EVACUATED), "little")
        some |= evacuated
        every &= evacuated
    return odd | (some ^ every if old else some)
