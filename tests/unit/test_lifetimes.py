"""What was read is not read again in the same stop, and nothing that moves outlives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gomap.goruntime.answers import FreeObject, HeapObject
from gomap.goruntime.functions import functions_of
from gomap.goruntime.heap import heap_of
from gomap.goruntime.hidden_stacks import functions_on_stacks
from gomap.goruntime.positions import positions_of
from gomap.goruntime.writers import somebody_in_sync_map, somebody_writes
from gomap.program.gotypes import Kind
from gomap.program.memory import Memory
from gomap.program.program import Program
from tests.unit import test_hidden_stacks as stacks
from tests.unit.books import FOREIGN, PAGE, Books
from tests.unit.image import array_of, basic
from tests.unit.test_hidden_stacks import MODULE, PLUGIN, PLUGIN_TEXT, STACK


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The addresses that anybody reads at, kept by the memory already or not."""
    addresses: list[int] = []
    read = Memory.read

    def counted(self: Memory, address: int, length: int) -> bytes:
        addresses.append(address)
        return read(self, address, length)

    monkeypatch.setattr(Memory, "read", counted)
    return addresses


@pytest.fixture
def made() -> stacks.Program:
    """Somebody is inside a map write."""
    made = stacks.Program()
    stacks.write(made, STACK + 0x100)
    made.goroutine(STACK + 0x100, ("runtime.mapassign", 50))
    return made


def _twice(program: Program, ask: Callable[[Program], object], reads: list[int]) -> Iterator[int]:
    """How often memory is read for the answer, the first time and the second."""
    for _ in range(2):
        reads.clear()
        ask(program)
        yield len(reads)


@pytest.mark.parametrize("ask", [functions_on_stacks, positions_of, functions_of, somebody_writes])
def test_nothing_is_read_twice_in_one_stop(
    made: stacks.Program, reads: list[int], ask: Callable[[Program], object]
) -> None:
    first, second = _twice(Program(made.image), ask, reads)
    assert first > 0 and second == 0


def test_two_questions_about_the_stacks_follow_them_once(made: stacks.Program, reads: list[int]) -> None:
    program = Program(made.image)
    assert somebody_writes(program) and reads
    reads.clear()
    assert not somebody_in_sync_map(program)
    assert reads == []


def test_after_a_step_the_stacks_are_followed_anew(made: stacks.Program) -> None:
    program = Program(made.image)
    assert somebody_writes(program)
    made.stack(STACK + 0x100, {0: ("main.main", 20), 48: ("runtime.goexit", 4)})
    made._field(made._g, stacks.G, "sched.pc", made.place("main.main", 20))
    assert somebody_writes(program), "it has not moved yet"
    program.moved()
    assert not somebody_writes(program)
    assert not any("runtime.mapassign" in stack for stack in functions_on_stacks(program))


def test_a_plugin_that_came_since_has_its_functions(made: stacks.Program) -> None:
    program = Program(made.image)
    made._field(made._module, MODULE, "next", 0)
    assert functions_of(program).at(PLUGIN_TEXT + 8) is None
    made._field(made._module, MODULE, "next", PLUGIN)
    program.moved()
    found = functions_of(program).at(PLUGIN_TEXT + 8)
    assert found is not None and found.name == "plugin.Write"


def test_size_classes_stay_and_objects_move(reads: list[int]) -> None:
    books, classes = Books(), [0, 8, 16, 48]
    table = array_of(len(classes), basic(Kind.UINT16))
    books.image._variables["runtime.class_to_size"] = FOREIGN, table
    books.image.write(FOREIGN, b"".join(size.to_bytes(2, "little") for size in classes))
    mspan = books.span(2, freeindex=1)
    program, second = Program(books.image), books.heap + 2 * PAGE + 48
    heap = heap_of(program)
    assert heap.allocator is not None and heap.allocator.taken(20, False) == 48
    assert isinstance(heap.at(second), FreeObject)
    books.bits(mspan, "allocBits", 1)
    program.moved()
    reads.clear()
    heap = heap_of(program)
    assert heap.allocator is not None and heap.allocator.taken(20, False) == 48
    assert FOREIGN not in reads
    assert isinstance(heap.at(second), HeapObject)


def test_size_classes_that_could_not_be_read_are_tried_again_after_a_stop() -> None:
    books = Books()
    books.span(2)
    program = Program(books.image)
    assert heap_of(program).allocator is None
    books.image._variables["runtime.class_to_size"] = FOREIGN, array_of(2, basic(Kind.UINT16))
    books.image.write(FOREIGN, bytes([0, 0, 8, 0]))
    program.moved()
    assert heap_of(program).allocator is not None
