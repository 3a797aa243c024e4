"""What an address is to the runtime, by books made for the purpose: each state of an object, and damaged books."""

from __future__ import annotations

import random

import pytest

from gomap.goruntime.answers import (
    Foreign,
    FreeObject,
    FreePages,
    HeapObject,
    ManualSpan,
    ModuleData,
    NotMapped,
    SpanSlot,
    SpanTail,
    StackAddress,
    SystemStack,
    Text,
    Unknown,
    UnmarkedObject,
    UnreadableFile,
)
from gomap.goruntime.heap import Heap
from gomap.goruntime.span_damage import InlineMarksUnknown, ObjectsImpossible
from gomap.goruntime.wording import answer_text
from gomap.program.gotypes import Kind, LayoutError
from gomap.program.mapped_files import FilePlace, MappedFile
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.target import Symbol
from tests.unit import books as at
from tests.unit.books import AMD64, I386, MACHINES, PAGE, Books, Machine
from tests.unit.image import Image, array_of, basic, struct_of

#: mspan.sweepgen while the heap's is 20.
SWEPT, CACHED, UNSWEPT, CACHED_UNSWEPT, SWEEPING = 20, 23, 18, 21, 19


@pytest.fixture
def books() -> Books:
    return Books()


def states(books: Books, count: int, page: int = 2) -> str:
    """A letter for each of a span's first objects: A allocated, f free, u unreached."""
    heap = Heap(Program(books.image))
    letters: dict[type, str] = {HeapObject: "A", FreeObject: "f", UnmarkedObject: "u"}
    return "".join(letters[type(heap.at(books.heap + page * PAGE + 48 * index))] for index in range(count))


@pytest.mark.parametrize(
    ("sweepgen", "expected"),
    [
        # Objects 0, 1, 2 are below freeindex; 3 and 5 have their bit in allocBits, 0, 3 and 4 in gcmarkBits.
        (SWEPT, "AAAAfAf"),
        (CACHED, "AAAAfAf"),
        (UNSWEPT, "AuuAfuf"),
        (CACHED_UNSWEPT, "AuuAfuf"),
        (SWEEPING, "AuuAfuf"),
    ],
)
def test_an_object_is_allocated_free_or_unreached_by_bits_and_sweepgen(
    books: Books, sweepgen: int, expected: str
) -> None:
    mspan = books.span(2, freeindex=3, sweepgen=sweepgen)
    books.bits(mspan, "allocBits", 3, 5)
    books.bits(mspan, "gcmarkBits", 0, 3, 4)
    assert states(books, 7) == expected


def test_marks_may_stand_in_the_span_itself(books: Books) -> None:
    mspan = books.span(2, nelems=167, freeindex=4, sweepgen=UNSWEPT)
    books.inline_marks(2, 0, 2)
    assert states(books, 6) == "AuAuff"
    # The sweep has moved some of them already.
    books.bits(mspan, "gcmarkBits", 1)
    assert states(books, 6) == "AAAuff"


def test_a_span_whose_neighbour_has_inline_marks_has_none(books: Books) -> None:
    books.span(2, freeindex=2, sweepgen=UNSWEPT)
    books.inline_marks(3, 0, 1)
    books.image.write(books.heap + 3 * PAGE - 64, b"\xff" * 64)
    assert states(books, 2) == "uu"


def test_inline_marks_that_the_binary_does_not_describe_are_not_guessed() -> None:
    books = Books(green_tea=False)
    books.span(2)
    books.inline_marks(2)
    answer = Heap(Program(books.image)).at(books.heap + 2 * PAGE)
    assert isinstance(answer, Unknown) and answer.why == InlineMarksUnknown(books.heap + 2 * PAGE)


def test_a_span_that_the_sweep_has_just_finished_goes_by_its_new_bits(books: Books) -> None:
    mspan = books.span(2, freeindex=0, allocCount=2, sweepgen=SWEEPING)
    books.bits(mspan, "allocBits", 1, 3)
    assert states(books, 5) == "fAfAf"


def test_a_span_of_which_nothing_was_reached_is_dead_while_the_sweep_counts(books: Books) -> None:
    mspan = books.span(2, freeindex=0, allocCount=0, sweepgen=SWEEPING)
    books.bits(mspan, "allocBits", 1, 3)
    assert states(books, 5) == "fufuf"


def test_a_span_of_which_nothing_was_reached_is_dead_before_the_sweep_counts(books: Books) -> None:
    mspan = books.span(2, freeindex=2, allocCount=2, sweepgen=SWEEPING)
    books.bits(mspan, "allocBits", 0, 1)
    assert states(books, 3) == "uuf"


def test_a_span_of_several_pages_has_no_inline_marks(books: Books) -> None:
    books.span(2, pages=2, freeindex=2, sweepgen=UNSWEPT)
    books.inline_marks(2, 0, 1)
    assert states(books, 3) == "uuf"


def test_the_sweepgen_wraps_around(books: Books) -> None:
    books.write(books.mheap, at.MHEAP, sweepgen=0)
    books.span(2, freeindex=2, sweepgen=2**32 - 2)
    assert states(books, 3) == "uuf"


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_the_arena_is_found_on_every_machine(machine: Machine) -> None:
    books = Books(machine)
    books.span(3, freeindex=9)
    heap = Heap(Program(books.image))
    answer = heap.at(books.heap + 3 * PAGE + 48 * 8 + 5)
    assert isinstance(answer, HeapObject)
    assert (answer.start, answer.index, answer.offset) == (books.heap + 3 * PAGE + 384, 8, 5)
    assert isinstance(heap.at(books.heap + 3 * PAGE + 48 * 9), FreeObject)
    assert heap.at(books.heap) == FreePages(books.heap)
    assert not isinstance(heap.at(books.heap - 1), (FreePages, SpanSlot))


def test_what_is_said_of_objects(books: Books) -> None:
    books.span(2, freeindex=24)
    books.span(3, freeindex=1, elemsize=16, spanclass=2 << 1)
    books.span(4, pages=9, freeindex=1, elemsize=9 * PAGE, spanclass=0)
    books.span(20, freeindex=24, sweepgen=UNSWEPT)
    heap = Heap(Program(books.image))
    said = [answer_text(heap.at(books.heap + offset)) for offset in (0x4450, 0x4460, 0x4480, 0x4490, 0x6008, 0x8000)]
    assert said == [
        "allocated object at 0xc000004450 (48-byte class, span 0xc000004000, slot 23)",
        "byte 16 of allocated object at 0xc000004450 (48-byte class, span 0xc000004000, slot 23)",
        "freed object (48-byte class, span 0xc000004000, slot 24)",
        "byte 16 of freed object (48-byte class, span 0xc000004000, slot 24)",
        "byte 8 of allocated object at 0xc000006000 "
        "(16-byte class, perhaps shared by tiny values, span 0xc000006000, slot 0)",
        "allocated object at 0xc000008000 (large, 73728 bytes, span 0xc000008000)",
    ]
    assert answer_text(heap.at(books.heap + 20 * PAGE)) == (
        "unreachable object, not swept yet (48-byte class, span 0xc000028000, slot 0)"
    )


def test_where_a_variable_may_begin(books: Books) -> None:
    books.span(2, freeindex=24)
    books.span(8, pages=4, state=at.MANUAL, elemsize=1)
    books.goroutine(17, books.heap + 8 * PAGE, books.heap + 9 * PAGE)
    heap, first = Heap(Program(books.image)), books.heap + 2 * PAGE
    assert heap.may_hold(first + 48, 48)
    assert not heap.may_hold(first + 48, 49)
    assert not heap.may_hold(first + 56, 8)  # in an object, but not at its beginning
    assert not heap.may_hold(first + 24 * 48, 48)  # a free one
    assert heap.may_hold(books.heap + 8 * PAGE + 64, 48)
    assert not heap.may_hold(0x1234, 48)


@pytest.mark.parametrize(
    ("machine", "elemsize", "scan", "header"),
    [
        (AMD64, 512, True, 0),
        (AMD64, 576, True, 8),
        (AMD64, 576, False, 0),
        (I386, 128, True, 0),
        (I386, 144, True, 8),
        (I386, 144, False, 0),
    ],
)
def test_objects_with_pointers_beyond_a_size_begin_with_a_header(
    machine: Machine, elemsize: int, scan: bool, header: int
) -> None:
    books = Books(machine)
    books.span(2, scan=scan, freeindex=2, elemsize=elemsize)
    slot = Heap(Program(books.image)).at(books.heap + 2 * PAGE + elemsize)
    assert isinstance(slot, HeapObject)
    assert (slot.start, slot.data, slot.size) == (slot.address, slot.address + header, elemsize - header)
    assert slot.offset == -header


def test_before_go_1_22_no_object_has_a_header() -> None:
    books = Books(headers=False)
    books.span(2, scan=True, freeindex=2, elemsize=576)
    slot = Heap(Program(books.image)).at(books.heap + 2 * PAGE)
    assert isinstance(slot, HeapObject) and slot.data == slot.start


def test_a_large_object_has_no_header(books: Books) -> None:
    books.span(2, pages=5, scan=True, freeindex=1, elemsize=5 * PAGE, spanclass=0)
    slot = Heap(Program(books.image)).at(books.heap + 6 * PAGE)
    assert isinstance(slot, HeapObject) and (slot.data, slot.offset) == (books.heap + 2 * PAGE, 4 * PAGE)


def test_past_the_last_object_is_the_spans_tail(books: Books) -> None:
    books.span(2, nelems=100)
    answer = Heap(Program(books.image)).at(books.heap + 2 * PAGE + 4800)
    assert isinstance(answer, SpanTail)
    assert answer_text(answer) == "past the last object of a span (48-byte class, span 0xc000004000)"


def test_a_span_that_is_dead_or_serves_elsewhere_does_not_count(books: Books) -> None:
    books.span(2, state=0)
    elsewhere = books.span(5, freeindex=1)
    books.page(9, elsewhere)
    heap = Heap(Program(books.image))
    assert heap.at(books.heap + 2 * PAGE) == FreePages(books.heap + 2 * PAGE)
    assert heap.at(books.heap + 9 * PAGE) == FreePages(books.heap + 9 * PAGE)
    assert isinstance(heap.at(books.heap + 5 * PAGE), HeapObject)


def test_a_stack_is_its_goroutines(books: Books) -> None:
    books.span(2, pages=4, state=at.MANUAL, elemsize=1)
    lo = books.heap + 2 * PAGE
    books.goroutine(17, lo, lo + 0x800)
    books.goroutine(18, lo + 0x1000, lo + 0x1800, status=0x1000 | 4)
    books.goroutine(19, lo + 0x2000, lo + 0x2800, status=0x1000 | 6)
    heap = Heap(Program(books.image))
    assert heap.at(lo) == StackAddress(lo, 17, lo, lo + 0x800)
    assert answer_text(heap.at(lo + 0x7FF)) == "stack of goroutine 17 (0xc000004000 to 0xc000004800)"
    assert heap.at(lo + 0x1234) == StackAddress(lo + 0x1234, 18, lo + 0x1000, lo + 0x1800)
    assert answer_text(heap.at(lo + 0x2000)) == "stack of dead goroutine 19 (0xc000006000 to 0xc000006800)"
    between = heap.at(lo + 0x800)
    assert isinstance(between, ManualSpan)
    assert answer_text(between) == "the runtime's own memory (manual span 0xc000004000, no goroutine's stack)"


def test_outside_of_the_heap(books: Books) -> None:
    heap = Heap(Program(books.image))
    main, counts = Symbol("main.main", at.TEXT + 0x100, 0x40), Symbol("main.counts", at.BSS + 16, 8)
    assert heap.at(at.TEXT + 0x110) == Text(at.TEXT + 0x110, "", main)
    assert answer_text(heap.at(at.TEXT + 0x110)) == "code: main.main + 0x10"
    assert heap.at(at.BSS + 16) == ModuleData(at.BSS + 16, "", "bss", counts)
    assert answer_text(heap.at(at.BSS + 16)) == "bss: main.counts"
    assert heap.at(at.TEXT + 0x1000) == ModuleData(at.TEXT + 0x1000, "", "rodata", None)
    assert answer_text(heap.at(at.SYSTEM_STACK + 8)) == "g0 stack of thread m3 (0x38000000 to 0x38004000)"
    assert isinstance(heap.at(at.SYSTEM_STACK + 8), SystemStack)
    assert heap.at(at.FOREIGN + 1) == Foreign(at.FOREIGN + 1)
    assert heap.at(0x1234) == NotMapped(0x1234)
    assert answer_text(heap.at(0)) == "nil"


def test_in_a_mapped_file(books: Books) -> None:
    # The second page of it cannot be read.
    books.image.files = [MappedFile(at.FOREIGN, at.FOREIGN + 0x2000, 0x6000, "/a \x1b[2J")]
    heap = Heap(Program(books.image))
    place = FilePlace(r"/a \x1b[2J", 0x6001, at.FOREIGN, at.FOREIGN + 0x2000)
    assert heap.at(at.FOREIGN + 1) == Foreign(at.FOREIGN + 1, place)
    assert answer_text(heap.at(at.FOREIGN + 1)) == r"offset 0x6001 of the mapped file /a \x1b[2J (readable)"
    beyond = heap.at(at.FOREIGN + 0x1800)
    assert beyond == UnreadableFile(at.FOREIGN + 0x1800, place.replace(offset=0x7800))
    assert answer_text(beyond) == r"offset 0x7800 of the mapped file /a \x1b[2J, which cannot be read"
    assert heap.at(at.FOREIGN + 0x2000) == NotMapped(at.FOREIGN + 0x2000)


@pytest.mark.parametrize("address", [-1, 1 << 47, (1 << 64) - 1, 1 << 64, 1 << 200])
def test_an_address_that_no_heap_can_have_is_not_mapped(books: Books, address: int) -> None:
    assert Heap(Program(books.image)).at(address) == NotMapped(address)


def test_a_plugin_is_a_module_with_a_name(books: Books) -> None:
    plugin, name = at.MODULE + 0x400, at.MODULE + 0x800
    books.write(books.module, at.MODULE, next=plugin)
    books.write(books.module, plugin, data=0x6000_0000, edata=0x6000_1000, next=at.MODULE)
    books.pointer(plugin + books.module.field("modulename").offset, name)
    books.pointer(plugin + books.module.field("modulename").offset + 8, 6)
    books.image.write(name, b"plug\x1bn")
    answer = Heap(Program(books.image)).at(0x6000_0010)
    assert isinstance(answer, ModuleData) and (answer.module, answer.section) == ("plug\\x1bn", "data")


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("startAddr", 0xC000004001, "mspan at 0x30000000 claims 1 pages at 0xc000004001"),
        ("npages", 0, "mspan at 0x30000000 claims 0 pages at 0xc000004000"),
        ("npages", 1 << 60, f"mspan at 0x30000000 claims {1 << 60} pages at 0xc000004000"),
        ("nelems", 0, "mspan at 0x30000000 claims 0 objects of 48 bytes in 8192 bytes"),
        ("nelems", 65535, "mspan at 0x30000000 claims 65535 objects of 48 bytes in 8192 bytes"),
        ("elemsize", 0, "mspan at 0x30000000 claims 170 objects of 0 bytes in 8192 bytes"),
        ("elemsize", 1 << 63, f"mspan at 0x30000000 claims 170 objects of {1 << 63} bytes in 8192 bytes"),
        ("state", 77, "mspan at 0x30000000 has state 77, which there is not"),
        ("sweepgen", 77, "mspan at 0x30000000 has sweepgen 77, which does not go with the heap's 20"),
        ("allocBits", 0xDEAD, "cannot read 22 bytes at 0xdead"),
    ],
)
def test_a_damaged_span_says_what_is_wrong(books: Books, field: str, value: int, why: str) -> None:
    mspan = books.span(2, freeindex=1)
    books.write(books.mspan, mspan, **{field: value})
    address = books.heap + 2 * PAGE
    answer = Heap(Program(books.image)).at(address)
    assert isinstance(answer, Unknown)
    assert answer_text(answer) == f"unknown: {why}"


def test_more_objects_than_any_class_has_are_not_believed(books: Books) -> None:
    books.span(2, elemsize=1, nelems=PAGE)
    answer = Heap(Program(books.image)).at(books.heap + 2 * PAGE)
    assert isinstance(answer, Unknown) and isinstance(answer.why, ObjectsImpossible)
    assert (answer.why.objects, answer.why.elemsize) == (PAGE, 1)


def test_a_table_that_leads_nowhere_says_so(books: Books) -> None:
    books.page(2, 0xDEAD_BEE0)
    address = books.heap + 2 * PAGE
    answer = Heap(Program(books.image)).at(address)
    assert isinstance(answer, Unknown) and isinstance(answer.why, ReadError)
    assert 0xDEAD_BEE0 <= answer.why.address < 0xDEAD_BEE0 + PAGE
    books.pointer(books.entry, 0xBAD)
    answer = Heap(Program(books.image)).at(address)
    assert isinstance(answer, Unknown) and answer_text(answer).startswith("unknown: cannot read 8 bytes at 0x")


def test_with_the_heaps_table_gone_stacks_and_data_are_still_told(books: Books) -> None:
    books.pointer(at.MHEAP + 16, 0xBAD)
    books.goroutine(17, books.heap, books.heap + 0x800)
    heap = Heap(Program(books.image))
    assert isinstance(heap.at(at.BSS), ModuleData)
    assert isinstance(heap.at(books.heap), StackAddress)
    assert isinstance(heap.at(books.heap + 0x800), Unknown)


def test_lists_without_an_end_are_left(books: Books) -> None:
    books.goroutine(17, books.heap, books.heap + 0x800)
    books.pointer(at.ALLGS + 8, 1 << 62)
    books.write(books.m, at.M + 64, alllink=at.M + 64)
    books.write(books.module, at.MODULE, next=at.MODULE)
    books.span(0, state=at.MANUAL, elemsize=1)
    heap = Heap(Program(books.image))
    assert isinstance(heap.at(books.heap), StackAddress)
    assert heap.at(0x1234) == NotMapped(0x1234)


def test_no_damage_makes_it_raise(books: Books) -> None:
    """Books with random bytes in random places: an answer to every question, each with a description."""
    ways = random.Random(18)
    mspan = books.span(2, pages=2, freeindex=3, sweepgen=UNSWEPT)
    books.bits(mspan, "gcmarkBits", 2)
    books.span(5, state=at.MANUAL, elemsize=1)
    books.goroutine(17, books.heap + 5 * PAGE, books.heap + 6 * PAGE)
    places = [(at.MHEAP, 32), (books.entry, 8), (at.ARENA, 64), (mspan, 128), (at.ALLGS, 96), (at.G, 64), (at.M, 128)]
    places += [(at.MODULE, 256), (at.ARENA + books.arena.field("spans").offset, 64)]
    questions = [books.heap + page * PAGE + 100 for page in range(8)]
    questions += [at.TEXT, at.BSS, at.SYSTEM_STACK, at.FOREIGN, 0, 1 << 63]
    seen = set()
    for _ in range(2000):
        healthy = [(start, books.image.memory.read(start, size)) for start, size in places]
        for _ in range(ways.choice([1, 2, 8])):
            start, size = ways.choice(places)
            byte = ways.choice([0, 1, 0x7F, 0x80, 0xFF, ways.randrange(256)])
            books.image.write(start + ways.randrange(size), bytes([byte]))
        heap = Heap(Program(books.image))
        for question in questions:
            answer = heap.at(question)
            assert answer.address == question and answer_text(answer)
            seen.add(type(answer))
        for start, content in healthy:
            books.image.write(start, content)
    assert {HeapObject, UnmarkedObject, FreeObject, FreePages, StackAddress, ManualSpan, Unknown, Foreign} <= seen


def test_what_was_read_is_kept_as_long_as_the_heap_is(books: Books) -> None:
    mspan = books.span(2, freeindex=1)
    heap = Heap(Program(books.image))
    second = books.heap + 2 * PAGE + 48
    assert isinstance(heap.at(second), FreeObject)
    books.write(books.mspan, mspan, freeindex=2)
    assert isinstance(heap.at(second), FreeObject)
    assert isinstance(Heap(Program(books.image)).at(second), HeapObject)


def test_ten_thousand_addresses_cost_few_reads(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    for page in range(60):
        books.span(page, freeindex=100)
    calls = 0
    raw = books.image.memory._raw

    def counted(address: int, length: int) -> bytes:
        nonlocal calls
        calls += 1
        return raw(address, length)

    monkeypatch.setattr(books.image.memory, "_raw", counted)
    heap = Heap(Program(books.image))
    for number in range(10_000):
        assert isinstance(heap.at(books.heap + number * 48), SpanSlot | SpanTail)
    assert calls < 40


@pytest.mark.parametrize(
    ("variable", "type", "message"),
    [
        ("runtime.mheap_", None, "runtime.mheap_ was not found: where there is no debug information"),
        (
            "runtime.mheap_",
            struct_of("runtime.mheap", ("x", basic(Kind.UINT8), 0)),
            "runtime.mheap has no field arenas",
        ),
        (
            "runtime.mheap_",
            struct_of("runtime.mheap", ("arenas", array_of(1, basic(Kind.UINT64)), 0)),
            "uint64 (uint64) has no element type",
        ),
        ("runtime.allgs", basic(Kind.UINT64), "uint64 has no field array"),
        ("runtime.firstmoduledata", struct_of("runtime.moduledata"), "runtime.moduledata has no field pcHeader"),
    ],
)
def test_a_layout_that_is_not_known_says_what_is_missing(
    books: Books, variable: str, type: object, message: str
) -> None:
    there = {
        name: found
        for name in ("runtime.mheap_", "runtime.allgs", "runtime.allm", "runtime.firstmoduledata")
        if (found := books.image.variable(name))
    }
    if type is None:
        del there[variable]
    else:
        there[variable] = (there[variable][0], type)  # type: ignore[assignment]
    image = Image({}, variables=[(name, address, of) for name, (address, of) in there.items()])
    with pytest.raises(LayoutError) as error:
        Heap(Program(image))
    assert str(error.value).startswith(message)
