"""Memory: the same bytes whatever way they are asked for, few calls to the debugger, errors with the right address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomap.program.memory import Memory, ReadError
from tests.unit.image import Image

_PAGE = 4096
_START = 0x10000
_CONTENT = bytes(number * 7 % 251 for number in range(40 * _PAGE + 100))


class _Debugger:
    """Memory from _START on that ends in the middle of a page, and a list of what was asked for."""

    def __init__(self, content: bytes = _CONTENT) -> None:
        self.content = content
        self.asked: list[tuple[int, int]] = []

    def read(self, address: int, length: int) -> bytes:
        self.asked.append((address, length))
        start = address - _START
        if start < 0 or start + length > len(self.content):
            raise ReadError(address, length)
        return self.content[start : start + length]


@given(st.integers(0, len(_CONTENT) - 1), st.integers(0, len(_CONTENT)))
def test_a_read_gives_the_bytes_that_are_there(start: int, length: int) -> None:
    length = min(length, len(_CONTENT) - start)
    assert Memory(_Debugger().read, 8).read(_START + start, length) == _CONTENT[start : start + length]


def test_scattered_small_reads_ask_for_each_page_once() -> None:
    debugger = _Debugger()
    memory = Memory(debugger.read, 8)
    for offset in range(0, 4 * _PAGE, 10):
        memory.read(_START + offset, 10)
    assert debugger.asked == [(_START + page * _PAGE, _PAGE) for page in range(5)]


def test_large_reads_go_through_in_one_piece_and_are_not_kept() -> None:
    debugger = _Debugger()
    memory = Memory(debugger.read, 8)
    for _ in range(2):
        assert memory.read(_START + 8, 30 * _PAGE) == _CONTENT[8 : 8 + 30 * _PAGE]
    assert debugger.asked == [(_START + 8, 30 * _PAGE)] * 2


def test_very_large_reads_go_through_in_pieces() -> None:
    """So that Ctrl-C is answered between two of them."""
    debugger = _Debugger(bytes(9 << 20))
    assert Memory(debugger.read, 8).read(_START, 9 << 20) == bytes(9 << 20)
    assert [length for _, length in debugger.asked] == [4 << 20, 4 << 20, 1 << 20]


def test_what_was_read_is_kept_until_it_is_cleared() -> None:
    debugger = _Debugger(b"before" + bytes(_PAGE))
    memory = Memory(debugger.read, 8)
    assert memory.read(_START, 6) == b"before"
    debugger.content = b"after!" + bytes(_PAGE)
    assert memory.read(_START, 6) == b"before"
    memory.clear()
    assert memory.read(_START, 6) == b"after!"


def test_the_last_bytes_before_a_ragged_end_can_be_read() -> None:
    memory = Memory(_Debugger().read, 8)
    assert memory.read(_START + 40 * _PAGE, 100) == _CONTENT[-100:]


@pytest.mark.parametrize(
    ("address", "length", "failing"),
    [
        (_START - 1, 2, _START - 1),
        (_START + len(_CONTENT), 1, _START + len(_CONTENT)),
        (_START + 40 * _PAGE - 8, 200, _START + 40 * _PAGE),  # its first page is there
        (0, 1, 0),
        (-8, 16, -8),
        ((1 << 64) - 4, 8, (1 << 64) - 4),
    ],
)
def test_an_error_says_where(address: int, length: int, failing: int) -> None:
    with pytest.raises(ReadError) as raised:
        Memory(_Debugger().read, 8).read(address, length)
    assert raised.value.address == failing
    assert f"{failing:#x}" in str(raised.value)


def test_no_read_leaves_the_address_space() -> None:
    debugger = _Debugger()
    with pytest.raises(ReadError):
        Memory(debugger.read, 4).read(0xFFFFFFFC, 8)
    assert debugger.asked == []


def test_nothing_can_be_read_anywhere() -> None:
    memory = Memory(_Debugger().read, 8)
    for _ in range(2):
        assert (memory.read(0, 0), memory.read(_START, 0), memory.read(_START, -5)) == (b"", b"", b"")
        memory.read(_START, 1)


def test_readable_finds_the_byte() -> None:
    memory = Memory(_Debugger().read, 8)
    assert memory.readable(_START, 10) == 10
    assert memory.readable(_START + len(_CONTENT) - 37, 4096) == 37
    assert memory.readable(_START, 1 << 30) == len(_CONTENT)
    assert memory.readable(0, 10) == 0


def test_ctrl_c_is_not_taken_for_bad_memory() -> None:
    def interrupted(address: int, length: int) -> bytes:
        raise KeyboardInterrupt

    memory = Memory(interrupted, 8)
    for read in (lambda: memory.read(_START, 8), lambda: memory.readable(_START, 8)):
        with pytest.raises(KeyboardInterrupt):
            read()


def test_what_would_be_if_other_bytes_stood_there() -> None:
    image = Image({0x1000: bytes(range(256)) * 64})
    memory = image.memory
    assert memory.read(0x1FFE, 4) == b"\xfe\xff\x00\x01"
    with memory.supposing({0x1FFF: b"\xaa\xbb", 0x10_0000: bytes(4095) + b"\x55"}):
        assert memory.read(0x1FFE, 4) == b"\xfe\xaa\xbb\x01"
        assert memory.read(0x1000, 0x4000)[0xFFF:0x1001] == b"\xaa\xbb"
        assert memory.read(0x10_0FFF, 1) == b"\x55"
    assert memory.read(0x1FFE, 4) == b"\xfe\xff\x00\x01"
    with pytest.raises(ReadError):
        memory.read(0x10_0FFF, 1)
    with pytest.raises(KeyboardInterrupt), memory.supposing({0x1FFF: b"\xaa"}):
        raise KeyboardInterrupt
    assert memory.read(0x1FFE, 4) == b"\xfe\xff\x00\x01"
