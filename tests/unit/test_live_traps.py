"""A trap's pieces are what a processor watches at one place: aligned, together exactly the trap's bytes, and few."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomap.live.traps import MOST_WATCHED, NoWatchpointError, Trap, demand_room


@given(st.integers(0, 1 << 48), st.integers(0, 100))
def test_pieces_cover_the_bytes(address: int, size: int) -> None:
    pieces = Trap(address, size).pieces
    assert [at for piece in pieces for at in range(piece.address, piece.address + piece.size)] == list(
        range(address, address + size)
    )
    for piece in pieces:
        assert piece.size in (1, 2, 4, 8)
        assert piece.address % piece.size == 0


def test_an_aligned_trap_has_as_few_as_can_be() -> None:
    assert Trap(0x1000, 24).pieces == [Trap(0x1000, 8), Trap(0x1008, 8), Trap(0x1010, 8)]
    assert Trap(0x1004, 12).pieces == [Trap(0x1004, 4), Trap(0x1008, 8)]
    assert Trap(0x1001, 3).pieces == [Trap(0x1001, 1), Trap(0x1002, 2)]
    assert Trap(0x1000).pieces == []


def test_a_trap_needs_a_watchpoint_for_each_of_its_pieces() -> None:
    demand_room(Trap(0x1000, 16), MOST_WATCHED - 2)
    with pytest.raises(NoWatchpointError, match=r"^3 of 4 hardware watchpoints are in use, and this takes 2 more; "):
        demand_room(Trap(0x1000, 16), 3)
    demand_room(Trap(0x401000), MOST_WATCHED)  # an instruction takes none
