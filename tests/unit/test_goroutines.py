"""runtime.allgs and runtime.allm in damaged memory: what can be no goroutine is none, and the search ends soon."""

from __future__ import annotations

import pytest

from gomap.goruntime.goroutines import Goroutines, threads
from gomap.goruntime.heap import Heap
from gomap.goruntime.wording import answer_text
from gomap.program.memory import Memory
from gomap.program.program import Program
from tests.unit import books as at
from tests.unit.books import Books
from tests.unit.deadline import soon

LO = at.AMD64.heap + 0x4000


@pytest.fixture
def books() -> Books:
    made = Books()
    made.goroutine(17, LO, LO + 0x800)
    return made


@pytest.mark.parametrize(
    ("lo", "hi"),
    [
        (0, 1 << 47),
        (LO, (1 << 64) - 8),
        (LO + 0x1000, LO),
        (LO + 0x1000, LO + 0x1900),
        (LO + 0x1008, LO + 0x1808),
        (LO + 0x1000, LO + 0x1400),
        (0, 1 << 31),
    ],
)
def test_a_stack_that_cannot_be_one_is_none(books: Books, lo: int, hi: int) -> None:
    books.goroutine(18, lo, hi)
    books.goroutine(19, LO + 0x2000, LO + 0x2800)
    assert [one.id for one in Goroutines(books.image).all()] == [17, 19]
    assert "goroutine 18" not in answer_text(Heap(Program(books.image)).at(1 << 46))


@pytest.mark.parametrize("status", [8, 0x1004, 0x1002])
def test_a_stack_that_is_being_copied_may_have_the_bounds_of_two(books: Books, status: int) -> None:
    """copystack enters lo first, and hi after it: in its own status, or while the collector has hold of it."""
    books.goroutine(18, LO + 0x8000, LO + 0x1000, status=status)
    assert [one.id for one in Goroutines(books.image).all()] == [17, 18]
    assert "goroutine 18" not in answer_text(Heap(Program(books.image)).at(LO + 0x2000))


def test_one_without_a_stack_has_ended(books: Books) -> None:
    books.goroutine(18, 0, 0, status=6)
    assert [(one.id, one.lo, one.hi) for one in Goroutines(books.image).all()] == [(17, LO, LO + 0x800), (18, 0, 0)]


def test_a_thread_whose_stack_is_half_of_all_memory_has_none(books: Books) -> None:
    books.write(books.g, at.G + 63 * 64, lo=0, hi=1 << 47)
    assert "m3" not in answer_text(Heap(Program(books.image)).at(1 << 46))


@pytest.mark.parametrize("length", [1 << 20, 1 << 47, (1 << 64) - 1])
def test_a_length_that_is_wild(books: Books, length: int) -> None:
    """All that follows is readable, and leads nowhere: some 100,000 reads that fail."""
    garbage = b"".join(books.image.word(0xDEAD_0000 + 4096 * number) for number in range(1 << 17))
    reads = CountedReads(books, {0x7000_0000: garbage})
    books.pointer(at.ALLGS, 0x7000_0000)
    books.pointer(at.ALLGS + 8, length)
    with soon():
        assert list(Goroutines(books.image).all()) == []
    assert reads.count < 500


def test_the_same_goroutine_all_over(books: Books) -> None:
    reads = CountedReads(books, {0x7000_0000: books.image.word(at.G) * (1 << 17)})
    books.pointer(at.ALLGS, 0x7000_0000)
    books.pointer(at.ALLGS + 8, 1 << 17)
    assert [one.id for one in Goroutines(books.image).all()] == [17]
    assert reads.count < 500


def test_a_few_bad_ones_hide_none(books: Books) -> None:
    for number in range(60):
        books.goroutine(0, number, 5)
    array = at.ALLGS + 64
    for number in range(1, 61):
        books.pointer(array + 8 * number, 0xDEAD_0000)
    books.goroutine(19, LO + 0x2000, LO + 0x2800)
    assert [one.id for one in Goroutines(books.image).all()] == [17, 19]


def test_a_chain_of_threads_that_is_a_circle(books: Books) -> None:
    books.write(books.m, at.M + 64, alllink=at.M + 64)
    with soon():
        assert list(threads(books.image, ["id"])) == [(3,)]


class CountedReads:
    """Puts more memory into the image, and counts how often the image is read.

    Attributes:
        count: so often.
    """

    def __init__(self, books: Books, more: dict[int, bytes]) -> None:
        self.count = 0
        self._before = books.image.memory
        self._more = more
        books.image.memory = Memory(self._read, 8)
        books.image.memory.clear()

    def _read(self, address: int, length: int) -> bytes:
        self.count += 1
        for start, content in self._more.items():
            if start <= address < start + len(content):
                return content[address - start : address - start + length]
        return self._before.read(address, length)
