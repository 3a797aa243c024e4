"""Stacks are followed by the runtime's own tables, made here for the purpose: where they begin, and damaged tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from gomap.goruntime.hidden_stacks import functions_on_stacks
from gomap.program import program as owner
from gomap.program.gotypes import GoType, Kind
from gomap.program.target import Thread
from tests.unit.books import AMD64, ARM64, I386, Machine
from tests.unit.image import Image, basic, pointer_to, slice_of, struct_of

#: The runtime's variables and tables, the code of the program and of a plugin, and a stack.
MODULE, PLUGIN, HEADER, FTAB, PCLN, PCTAB, NAMES = 0x1000, 0x1200, 0x1F00, 0x2000, 0x3000, 0x4000, 0x5000
ALLGS, ALLM, G, M, TEXT, PLUGIN_TEXT, STACK = 0x6000, 0x6800, 0x7000, 0x8000, 0x40_0000, 0x50_0000, 0x9000
#: Bytes between the starts of two functions, and of code in each.
APART, LONG = 0x100, 0x80
#: What a frame's depth is at the instructions of each function: depths, and for how many bytes of code they hold.
FRAMES = {
    "runtime.goexit": [(0, LONG)],
    "main.main": [(0, 16), (48, 96), (0, 16)],
    # No table tells of a stack pointer that was moved at will.
    "runtime.abort": [],
    "runtime.sigtramp": [(0, LONG)],
    "gogo": [(0, LONG)],
    "runtime.sigreturn__sigaction": [(0, LONG)],
    "runtime.mapassign": [(0, 12), (200, 100), (0, 16)],
    "runtime.nilinterequal": [(0, 8), (8, 8), (24, 104), (0, 8)],
}


class Program:
    """The image of a program that has the functions of FRAMES, and a plugin with one more."""

    def __init__(self, machine: Machine = AMD64) -> None:
        self.machine = machine
        size = machine.pointer_size
        word, small, u32 = basic(Kind.UINTPTR, pointer_size=size), basic(Kind.UINT8), basic(Kind.UINT32)
        header = struct_of("runtime.pcHeader", ("magic", u32, 0), ("minLC", small, 6))
        functab = struct_of("runtime.functab", ("entryoff", u32, 0), ("funcoff", u32, 4))
        self._module = struct_of(
            "runtime.moduledata",
            ("pcHeader", pointer_to(header, pointer_size=size), 0),
            ("pctab", slice_of(small, pointer_size=size), 16),
            ("pclntable", slice_of(small, pointer_size=size), 48),
            ("ftab", slice_of(functab, pointer_size=size), 80),
            ("funcnametab", slice_of(small, pointer_size=size), 112),
            ("cutab", slice_of(u32, pointer_size=size), 144),
            ("filetab", slice_of(small, pointer_size=size), 176),
            *((name, word, 208 + 8 * i) for i, name in enumerate(("text", "etext", "gofunc", "next"))),
        )
        buffer = struct_of("runtime.gobuf", *((name, word, 8 * i) for i, name in enumerate(("lr", "pc", "sp"))))
        stack = struct_of("runtime.stack", ("lo", word, 0), ("hi", word, size))
        fields = [(name, word, 56 + 8 * i) for i, name in enumerate(("goid", "atomicstatus"))]
        self._g = struct_of("runtime.g", ("stack", stack, 0), ("sched", buffer, 32), *fields, size=96)
        self._m = struct_of("runtime.m", *((n, word, 8 * i) for i, n in enumerate(("vdsoPC", "vdsoSP", "alllink"))))
        to_g = pointer_to(self._g, pointer_size=size)
        numbers = [
            ("entryOff", u32, 0),
            ("nameOff", u32, 4),
            ("pcsp", u32, 8),
            ("args", small, 12),
            ("flag", small, 13),
        ]
        numbers.append(("nfuncdata", small, 15))
        self.start = {name: TEXT + APART * at for at, name in enumerate(FRAMES)} | {"plugin.Write": PLUGIN_TEXT}
        self.image = Image(
            {at: bytes(0x1000) for at in (MODULE, FTAB, PCLN, PCTAB, NAMES, ALLGS, G, M, STACK)},
            pointer_size=size,
            byte_order=machine.byte_order,
            types=[struct_of("runtime._func", *numbers)],
            variables=[
                ("runtime.firstmoduledata", MODULE, self._module),
                ("runtime.allgs", ALLGS, slice_of(to_g, pointer_size=size)),
                ("runtime.allm", ALLM, pointer_to(self._m, pointer_size=size)),
            ],
        )
        self.image.write(HEADER + 6, bytes([machine.quantum]))
        self._goroutines = self._functions = self._pairs = self._names = 0
        self._write_module(MODULE, TEXT, {name: FRAMES[name] for name in FRAMES}, PLUGIN)
        self._write_module(PLUGIN, PLUGIN_TEXT, {"plugin.Write": [(0, 4), (300, LONG)]}, 0)

    def goroutine(self, sp: int, at: tuple[str, int], lr: int = 0, hi: int = STACK + 0x1000) -> None:
        """One that left in g.sched that it stands there, in the function of that name."""
        g = G + 96 * self._goroutines
        for path, value in {
            "stack.lo": STACK,
            "stack.hi": hi,
            "goid": self._goroutines + 1,
            "sched.sp": sp,
            "sched.pc": self.place(*at),
            "sched.lr": lr,
        }.items():
            self._field(self._g, g, path, value)
        self.words(ALLGS + 64 + self._goroutines * self.machine.pointer_size, g)
        self._goroutines += 1
        self.words(ALLGS, ALLGS + 64, self._goroutines)

    def thread(self, **fields: int) -> None:
        """The only thread, with some of runtime.m's fields."""
        self.words(ALLM, M)
        for name, value in fields.items():
            self._field(self._m, M, name, value)

    def place(self, name: str, offset: int) -> int:
        return self.start[name] + offset

    def words(self, address: int, *words: int) -> None:
        for at, word in enumerate(words):
            self.image.write(address + at * self.machine.pointer_size, self.image.word(word))

    def stack(self, sp: int, frames: Mapping[int, tuple[str, int]]) -> None:
        """Put addresses to return to on the stack: where above SP, and in which function."""
        for offset, at in frames.items():
            self.words(sp + offset, self.place(*at))

    def _write_module(self, address: int, text: int, functions: Mapping[str, list[tuple[int, int]]], next: int) -> None:
        ftab = FTAB + 8 * self._functions
        entries = []
        for name, pairs in functions.items():
            func = PCLN + 16 * self._functions
            self._functions += 1
            self.image.write(func + 4, self._names.to_bytes(4, self.machine.byte_order))
            self.image.write(NAMES + self._names, name.encode() + b"\0")
            self._names += len(name) + 1
            if pairs:
                table, depth = b"", -1
                for new, length in pairs:
                    change, depth = new - depth, new
                    table += number(2 * change if change >= 0 else -2 * change - 1)
                    table += number(length // self.machine.quantum)
                self._pairs += 16
                self.image.write(PCTAB + self._pairs, table + b"\0")
                self.image.write(func + 8, self._pairs.to_bytes(4, self.machine.byte_order))
            entries.append((self.start[name] - text, func - PCLN))
        self._functions += 1
        end = APART * len(functions)
        for at, entry in enumerate([*entries, (end, 0)]):
            content = b"".join(part.to_bytes(4, self.machine.byte_order) for part in entry)
            self.image.write(ftab + 8 * at, content)
        fields = {"pcHeader": HEADER, "pctab.array": PCTAB, "pclntable.array": PCLN, "ftab.array": ftab}
        fields |= {"funcnametab.array": NAMES, "funcnametab.len": 0x1000}
        fields |= {"ftab.len": len(entries) + 1, "text": text, "etext": text + end, "next": next}
        for path, value in fields.items():
            self._field(self._module, address, path, value)

    def _field(self, type: GoType, address: int, path: str, value: int) -> None:
        for name in path.split("."):
            field = type.field(name)
            address, type = address + field.offset, field.type
        self.words(address, value)


def number(value: int) -> bytes:
    """As the line table has it: seven bits a byte, the lowest first."""
    return bytes([value & 0x7F | 0x80]) + number(value >> 7) if value > 0x7F else bytes([value])


@pytest.fixture
def program() -> Program:
    return Program()


def on_stacks(program: Program, threads: Sequence[Thread] = ()) -> list[str]:
    """The names, while THREADS stand where they do."""
    program.image.threads().extend(threads)
    stacks = functions_on_stacks(owner.Program(program.image))
    program.image.threads().clear()
    return [name for stack in stacks for name in stack]


WRITING = ["runtime.nilinterequal", "runtime.mapassign", "main.main", "runtime.goexit"]


@pytest.mark.parametrize("machine", [AMD64, I386], ids=["amd64", "386"])
@pytest.mark.parametrize(("offset", "depth"), [(0, 0), (7, 0), (8, 8), (15, 8), (16, 24), (119, 24), (120, 0)])
def test_a_caller_is_found_from_each_instruction(machine: Machine, offset: int, depth: int) -> None:
    program, word = Program(machine), machine.pointer_size
    sp = STACK + 0x100
    program.goroutine(sp, ("runtime.nilinterequal", offset))
    write(program, sp + depth + word)
    program.stack(sp, {depth: ("runtime.mapassign", 50)})
    assert on_stacks(program) == WRITING


@pytest.mark.parametrize(("offset", "depth"), [(0, 0), (16, 24)])
def test_the_link_register_counts_where_nothing_was_pushed_yet(offset: int, depth: int) -> None:
    """arm64: a function saves the link register at its stack pointer, once it has made room."""
    program = Program(ARM64)
    sp = STACK + 0x100
    caller = program.place("runtime.mapassign", 52)
    program.goroutine(sp, ("runtime.nilinterequal", offset), lr=caller if not depth else 0xBAD)
    program.words(sp, caller if depth else 0xBAD)
    program.stack(sp + depth, {0: ("main.main", 20), 200: ("runtime.goexit", 4)})
    assert on_stacks(program) == WRITING


def test_a_plugin_has_tables_of_its_own(program: Program) -> None:
    sp = STACK + 0x100
    program.goroutine(sp, ("runtime.mapassign", 0))
    program.stack(sp, {0: ("plugin.Write", 8), 8 + 300: ("runtime.goexit", 1)})
    assert on_stacks(program) == ["runtime.mapassign", "plugin.Write", "runtime.goexit"]


def test_a_goroutine_that_runs_or_has_ended_left_nothing(program: Program) -> None:
    write(program, STACK + 0x100)
    program.goroutine(0, ("runtime.mapassign", 50))
    program.goroutine(STACK + 0x100, ("runtime.mapassign", 50), hi=0)
    assert on_stacks(program) == []


def test_a_goroutine_that_goes_on_at_once(program: Program) -> None:
    """The thread has its stack pointer already, and g.sched has not any more."""
    write(program, STACK + 0x100)
    program.goroutine(0, ("runtime.mapassign", 50))
    elsewhere, there = (Thread(1, sp, program.place("gogo", 8)) for sp in (STACK - 8, STACK + 0x100))
    assert on_stacks(program, [elsewhere]) == ["gogo"]
    assert on_stacks(program, [elsewhere, there]) == ["gogo", "gogo", *WRITING[1:]]


def test_a_stack_that_moves_counts_where_the_old_one_is(program: Program) -> None:
    """copystack enters the new stack first, and then where the goroutine stands on it."""
    write(program, STACK + 0x100)
    program.goroutine(STACK + 0x100, ("runtime.mapassign", 50), hi=STACK + 0x8_0000)
    assert on_stacks(program) == WRITING[1:]


def test_who_asks_for_the_time(program: Program) -> None:
    write(program, STACK + 0x100)
    program.thread(vdsoSP=STACK + 0x100, vdsoPC=program.place("runtime.mapassign", 50))
    assert on_stacks(program) == WRITING[1:]


def test_threads_that_lead_back_to_each_other(program: Program) -> None:
    program.thread(alllink=M)
    assert on_stacks(program) == []


def test_a_thread_that_writes(program: Program) -> None:
    write(program, STACK + 0x100)
    thread = Thread(1, STACK + 0x100, program.place("runtime.mapassign", 50))
    assert on_stacks(program, [thread]) == WRITING[1:]


def test_what_a_signal_interrupted_on_amd64(program: Program) -> None:
    """Linux's struct sigcontext (asm/sigcontext.h): rsp and rip are its 16th and 17th words."""
    write(program, STACK + 0x100)
    context = STACK + 0x800
    program.words(context + 40 + 8 * 15, STACK + 0x100, program.place("runtime.mapassign", 50))
    in_handler, at_its_end = context - 8, context
    program.stack(in_handler, {0: ("runtime.sigreturn__sigaction", 0)})
    for thread in (
        Thread(1, in_handler, program.place("runtime.sigtramp", 0)),
        Thread(1, at_its_end, program.place("runtime.sigreturn__sigaction", 4)),
    ):
        assert on_stacks(program, [Thread(2, 0xBAD, 0xBAD), thread])[-3:] == WRITING[1:]


def test_what_a_signal_interrupted_in_a_program_with_cgo(program: Program) -> None:
    """Its handlers return to a function of the C library's, of which the runtime has no table."""
    write(program, STACK + 0x100)
    context = STACK + 0x800
    program.words(context + 40 + 8 * 15, STACK + 0x100, program.place("runtime.mapassign", 50))
    program.words(context - 8, 0x7F00_0000_1234)
    thread = Thread(1, context - 8, program.place("runtime.sigtramp", 0))
    assert on_stacks(program, [thread]) == ["runtime.sigtramp", *WRITING[1:]]


def test_a_signal_that_makes_the_goroutine_give_way(program: Program) -> None:
    """Its handler pushes the instruction on the goroutine's stack before it puts another in its place."""
    write(program, STACK + 0x100)
    context, at = STACK + 0x800, ("runtime.mapassign", 50)
    program.stack(STACK + 0x100 - 8, {0: at})
    program.words(context + 40 + 8 * 15, STACK + 0x100 - 8, program.place(*at))
    thread = Thread(1, context, program.place("runtime.sigreturn__sigaction", 0))
    assert on_stacks(program, [thread])[1:] == WRITING[1:]


def test_what_a_signal_interrupted_on_386() -> None:
    """The handler's arguments are on the stack; esp is sigcontext's 8th word, eip its 15th."""
    program = Program(I386)
    write(program, STACK + 0x100)
    context = STACK + 0x800
    program.words(STACK + 0x700, 23, STACK + 0x900, context)
    program.words(context + 20 + 4 * 7, STACK + 0x100)
    program.words(context + 20 + 4 * 14, program.place("runtime.mapassign", 50))
    thread = Thread(1, STACK + 0x700, program.place("runtime.sigreturn__sigaction", 0))
    assert on_stacks(program, [thread])[1:] == WRITING[1:]


def test_nothing_is_known_behind_a_function_without_a_table(program: Program) -> None:
    program.goroutine(STACK + 0x100, ("runtime.abort", 4))
    program.goroutine(STACK + 0x100, ("runtime.mapassign", 0))
    program.stack(STACK + 0x100, {0: ("runtime.abort", 4)})
    assert on_stacks(program) == ["runtime.abort", "runtime.mapassign", "runtime.abort"]


def test_a_stack_that_never_ends(program: Program) -> None:
    program.goroutine(STACK, ("runtime.goexit", 1))
    program.words(STACK, *[program.place("runtime.goexit", 1)] * 512)
    assert len(on_stacks(program)) == 64


@pytest.mark.parametrize("damaged", [MODULE, HEADER & ~0xFFF, FTAB, PCLN, PCTAB, NAMES, ALLGS, G, M, STACK], ids=hex)
@pytest.mark.parametrize("rubbish", [b"\0", b"\x80", b"\x81", b"\xff", b"\x7f"])
def test_damaged_books(program: Program, damaged: int, rubbish: bytes) -> None:
    """No traceback, and no more names than there are frames that are looked at."""
    write(program, STACK + 0x100)
    program.goroutine(STACK + 0x100, ("runtime.mapassign", 50))
    program.thread(vdsoSP=STACK + 0x100, vdsoPC=program.place("runtime.mapassign", 50))
    program.image.write(damaged, rubbish * 0x1000)
    assert len(on_stacks(program, [Thread(1, STACK, TEXT)])) <= 3 * 64


def write(program: Program, sp: int) -> None:
    """A stack on which main.main, called by runtime.goexit, has called runtime.mapassign: SP is that one's."""
    word = program.machine.pointer_size
    program.stack(sp, {200: ("main.main", 20), 200 + word + 48: ("runtime.goexit", 1)})
