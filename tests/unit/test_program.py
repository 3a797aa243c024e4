"""What a program remembers, and for how long."""

from __future__ import annotations

import pytest

from gomap.program.memory import ReadError
from gomap.program.program import Program, until_it_moves, while_files_stay
from tests.unit.image import Image


@while_files_stay
def first_byte_for_good(program: Program, address: int) -> int:
    return program.memory.read(address, 1)[0]


@until_it_moves
def first_byte(program: Program, address: int) -> int:
    return program.memory.read(address, 1)[0]


def test_an_answer_lasts_as_long_as_it_was_declared_to() -> None:
    image = Image({0x1000: b"\1\2"})
    program = Program(image)
    assert (first_byte(program, 0x1000), first_byte(program, 0x1001), first_byte_for_good(program, 0x1000)) == (1, 2, 1)
    image.write(0x1000, b"\7\7")
    assert (first_byte(program, 0x1000), first_byte_for_good(program, 0x1000)) == (1, 1), "it has not moved"
    program.moved()
    assert (first_byte(program, 0x1000), first_byte(program, 0x1001), first_byte_for_good(program, 0x1000)) == (7, 7, 1)


def test_each_program_remembers_for_itself() -> None:
    one, other = Program(Image({0x1000: b"\1"})), Program(Image({0x1000: b"\2"}))
    assert (first_byte_for_good(one, 0x1000), first_byte_for_good(other, 0x1000)) == (1, 2)


def test_a_failure_is_not_remembered() -> None:
    content: dict[int, bytes] = {0x2000: b"\1"}
    image = Image(content)
    program = Program(image)
    with pytest.raises(ReadError):
        first_byte(program, 0x1000)
    image._segments.insert(0, (0x1000, bytearray(b"\5")))
    assert first_byte(program, 0x1000) == 5
