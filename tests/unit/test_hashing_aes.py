"""The AES round against the example in FIPS 197, appendix B: states before and after each step of its rounds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gomap.hashing.aes import add, column, from_columns, last_round, mixed_round, needed_for, to_columns

#: Round keys 1 to 3 of the example's key, and the state at the start of rounds 1 to 4.
ROUND_KEYS = (
    "a0fafe1788542cb123a339392a6c7605",
    "f2c295f27a96b9435935807a7359f67f",
    "3d80477d4716fe3e1e237e446d7a883b",
)
STARTS = (
    "193de3bea0f4e22b9ac68d2ae9f84808",
    "a49c7ff2689f352b6b5bea43026a5049",
    "aa8f5f0361dde3ef82d24ad26832469a",
    "486c4eee671d9d0d4de3b138d65f58e7",
)
#: The first state after SubBytes and ShiftRows.
SHIFTED = "d4bf5d30e0b452aeb84111f11e2798e5"


def test_rounds_of_the_example() -> None:
    for start, key, end in zip(STARTS, ROUND_KEYS, STARTS[1:], strict=False):
        assert _bytes(add(mixed_round(_state(start), 1), _state(key)), 1) == [bytes.fromhex(end)]


def test_round_without_mixing() -> None:
    assert _bytes(last_round(_state(STARTS[0]), 1), 1) == [bytes.fromhex(SHIFTED)]


def test_states_side_by_side_do_not_touch() -> None:
    three = _state(*STARTS[:3])
    ends = [bytes.fromhex(end) for end in STARTS[1:]]
    assert _bytes(add(mixed_round(three, 3), _state(*ROUND_KEYS)), 3) == ends


@pytest.mark.parametrize("wanted", [(0,), (0, 1, 2, 3), tuple(range(8)), (5, 14)])
def test_only_what_is_wanted_is_made_of_what_it_needs(wanted: Sequence[int]) -> None:
    start = bytearray.fromhex(STARTS[0])
    for byte in set(range(16)) - set(needed_for(wanted)):
        start[byte] ^= 0xFF
    made = add(mixed_round(_state(start.hex()), 1, wanted), _state(ROUND_KEYS[0]))
    end = bytes.fromhex(STARTS[1])
    assert [made[byte] for byte in wanted] == [end[byte] for byte in wanted]


def test_integers_go_to_columns_and_back() -> None:
    numbers = (0x0123456789ABCDEF, 0, 1 << 63)
    columns = to_columns(numbers, 8, 3)
    assert columns[0] == column(b"\xef\0\0")
    assert columns[7] == column(b"\x01\0\x80")
    assert from_columns(columns, 3) == numbers
    assert from_columns(to_columns(7, 4, 2), 2) == (7, 7)


def _state(*states: str) -> list[int]:
    rows = [bytes.fromhex(state) for state in states]
    return [column(bytes(row[byte] for row in rows)) for byte in range(16)]


def _bytes(state: Sequence[int], count: int) -> list[bytes]:
    columns = [one.to_bytes(count, "little") for one in state]
    return [bytes(one[number] for one in columns) for number in range(count)]
