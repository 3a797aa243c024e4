"""What the program's code is called and where it was written, by the table that the runtime has of its functions.

runtime.moduledata.ftab has an entry for each function, in ascending order, which leads to its runtime._func
(runtime/symtab.go: findfunc). That says where the function's name is in funcnametab, and where in pctab those of its
tables begin that have a number for each instruction: how deep the frame is (pcsp), which file (pcfile, by way of cutab
to filetab) and line (pcln) it comes from, and whether it is that of a call that the compiler has put in place of a
function's code (PCDATA_InlTreeIndex, by way of FUNCDATA_InlTree to runtime.inlinedCall). A table is pairs of numbers:
by how much its value changes, and for how many instructions it stays so (step).

The linker writes all this into every program, with debug information or without.
"""

from __future__ import annotations

import bisect
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from gomap.goruntime.moduledata import first_module, modules
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.printable import printable
from gomap.program.program import Program, until_it_moves
from gomap.program.structs import Struct
from gomap.program.target import Target

__all__ = ["Call", "Function", "Functions", "functions_of", "printed_name"]

#: internal/abi/symtab.go (runtime/symtab.go up to Go 1.20); none has changed since.
_PCDATA_INL_TREE_INDEX, _FUNCDATA_INL_TREE = 2, 3
_FUNC_FLAG_TOP_FRAME, _FUNC_FLAG_SP_WRITE = 1, 2
#: More than this are not looked at: functions of a module, bytes of a function's pairs and of a name, calls put in
#: place of one another.
_MOST_FUNCTIONS, _LONGEST_TABLE, _LONGEST_NAME, _MOST_INLINED = 1 << 24, 1 << 16, 1 << 12, 100
_NOWHERE = 0xFFFF_FFFF


class _Module(NamedTuple):
    """Where the functions of the program or of a plugin are, and the tables about them."""

    text: int
    etext: int
    ftab: int
    functions: int
    pclntable: int
    pctab: int
    names: int
    names_size: int
    cutab: int
    cutab_length: int
    files: int
    files_size: int
    gofunc: int
    #: What the tables count instructions in: the length of the shortest one.
    quantum: int


class Function(NamedTuple):
    """A function, as its code lies in memory.

    Attributes:
        name: as the runtime prints it: ``main.(*Server).put``, ``main.sum[...]``.
        entry: address of its first instruction.
        end: where the next function's are.
        args: bytes that its arguments take on its caller's stack, or would if they were not in registers.
        outermost: nothing called it (FuncFlagTopFrame).
        moves_stack: it moves the stack pointer in ways that no table tells (FuncFlagSPWrite).
        record: address of its runtime._func.
        module: what it is part of.
    """

    name: str
    entry: int
    end: int
    args: int
    outermost: bool
    moves_stack: bool
    record: int
    module: _Module

    @property
    def quantum(self) -> int:
        """Length of the shortest instruction; 1 where a call pushes the address to return to."""
        return self.module.quantum


class Call(NamedTuple):
    """One of the calls that an instruction is in the middle of; there are several where some are inlined.

    Attributes:
        name: the function's, as the runtime prints it.
        file: path as the compiler had it; ``?`` where the tables do not tell.
        line: in it; 0 where they do not tell.
        inlined: it has no frame of its own, but is part of the one that follows.
    """

    name: str
    file: str
    line: int
    inlined: bool


class Functions:
    """The tables of one program. Raises LayoutError if the runtime's types are not as expected.

    What is asked raises ReadError where the tables cannot be read.
    """

    def __init__(self, target: Target) -> None:
        self._memory, self._order = target.memory, target.byte_order
        _, module = first_module(target)
        func = target.type_named("runtime._func")
        if func is None:
            raise LayoutError("no type runtime._func")
        functab = module.field("ftab").type.field("array").type.elem
        self._functab, self._functab_size = Struct(functab, target).some("entryoff", "funcoff"), functab.size
        self._func = Struct(func, target)
        # Two rows follow the struct: where the tables of PCDATA are, and where FUNCDATA is.
        self._rows = func.field("nfuncdata").offset + 1
        inlined = target.type_named("runtime.inlinedCall")
        self._inlined = None if inlined is None else Struct(inlined, target)
        self._modules = list(self._tables(target, module.field("pcHeader").type.elem.field("minLC").offset))
        self._found: dict[int, Function | None] = {}
        self._depths: dict[int, int | None] = {}
        self._calls: dict[int, Sequence[Call]] = {}

    def at(self, pc: int) -> Function | None:
        """The function that the instruction at PC is part of; None where Go has no code."""
        if pc not in self._found:
            module = self._module(pc)
            self._found[pc] = module and self._find(module, pc)
        return self._found[pc]

    def all(self) -> Iterator[Function]:
        """The functions of the program itself, by their addresses. Raises ReadError."""
        for module in self._modules[:1]:
            rows = self._memory.read(module.ftab, module.functions * self._functab_size)
            for at in range(0, len(rows) - self._functab_size, self._functab_size):
                function = self.at(module.text + int.from_bytes(rows[at : at + 4], self._order))
                if function is not None:
                    yield function

    def fingerprint(self, function: Function) -> int:
        """A number that two functions share if their code is the same but for the addresses in it.

        It is made of how long they are, and of how deep their stack is and of which line their code is, instruction by
        instruction. Raises ReadError.
        """
        func = self._memory.read(function.record, self._func.size)
        told = [function.end - function.entry]
        for table in ("pcsp", "pcln"):
            numbers = self._numbers(function.module.pctab + self._func.number(func, table))
            end = function.entry
            for change, length in zip(numbers, numbers, strict=False):
                told += (change, length)
                end += length * function.quantum
                if end >= function.end or (change == 0 and len(told) > 3):
                    break
        return zlib.crc32(repr(told).encode())

    def depth(self, pc: int) -> int | None:
        """How far the stack has grown at that instruction since its function was called; None if no table tells."""
        if pc not in self._depths:
            function = self.at(pc)
            self._depths[pc] = function and self._table(function, "pcsp", pc)
        return self._depths[pc]

    def calls(self, pc: int) -> Sequence[Call]:
        """The calls that the instruction at PC is in the middle of, the innermost first; all but the last are inlined.

        For a frame that has called another one, PC must lie in the call: before the address to return to.
        """
        if pc not in self._calls:
            function = self.at(pc)
            # (Thousands of goroutines stand at few instructions.)
            self._calls[pc] = self._calls_in(function, pc) if function is not None else ()
        return self._calls[pc]

    def _calls_in(self, function: Function, pc: int) -> Sequence[Call]:
        calls = []
        for _ in range(_MOST_INLINED):
            record = None
            with suppress(ReadError):  # its own frame can still be told
                record = self._inlined_at(function, pc)
            file, line = self._place(function, pc)
            if record is None or self._inlined is None:
                break
            name = self._name(function.module, self._inlined.number(record, "nameoff", "func"))
            calls.append(Call(name, file, line, True))
            pc = function.entry + self._inlined.number(record, "parentpc")
        return [*calls, Call(function.name, file, line, False)]

    def pcdata(self, function: Function, number: int, pc: int) -> int | None:
        """What the function's table NUMBER of PCDATA has for the instruction at PC; None if nothing.

        Raises ReadError.
        """
        func = self._memory.read(function.record, self._func.size)
        if number >= self._func.number(func, "npcdata"):
            return None
        return self._value(function, self._u32(function.record + self._rows + 4 * number), pc)

    def funcdata(self, function: Function, number: int) -> int:
        """The address of the function's FUNCDATA of that number; 0 if it has none. Raises ReadError."""
        func = self._memory.read(function.record, self._func.size)
        if number >= self._func.number(func, "nfuncdata"):
            return 0
        tables = self._func.number(func, "npcdata")
        offset = self._u32(function.record + self._rows + 4 * (tables + number))
        return 0 if offset == _NOWHERE else function.module.gofunc + offset

    def _module(self, pc: int) -> _Module | None:
        return next((module for module in self._modules if module.text <= pc < module.etext), None)

    def _find(self, module: _Module, pc: int) -> Function | None:
        def entry(number: int) -> int:
            return self._functab.read(self._memory, module.ftab + number * self._functab_size)[0]

        number = bisect.bisect_right(range(module.functions), pc - module.text, key=entry) - 1
        if number < 0:
            return None
        start, at = self._functab.read(self._memory, module.ftab + number * self._functab_size)
        # Behind the last function's entry is one that only says where that function ends.
        end, _ = self._functab.read(self._memory, module.ftab + (number + 1) * self._functab_size)
        record = module.pclntable + at
        func = self._memory.read(record, self._func.size)
        flags = self._func.number(func, "flag")
        return Function(
            self._name(module, self._func.number(func, "nameoff")),
            module.text + start,
            module.text + end,
            max(self._func.number(func, "args"), 0),
            bool(flags & _FUNC_FLAG_TOP_FRAME),
            bool(flags & _FUNC_FLAG_SP_WRITE),
            record,
            module,
        )

    def _inlined_at(self, function: Function, pc: int) -> bytes | None:
        """The runtime.inlinedCall of the innermost call at PC; None if that is the function itself."""
        tree = self.funcdata(function, _FUNCDATA_INL_TREE)
        index = self.pcdata(function, _PCDATA_INL_TREE_INDEX, pc) if self._inlined is not None and tree else None
        if self._inlined is None or index is None or index < 0:
            return None
        return self._memory.read(tree + index * self._inlined.size, self._inlined.size)

    def _place(self, function: Function, pc: int) -> tuple[str, int]:
        """File and line."""
        try:
            number, line = (self._table(function, table, pc) for table in ("pcfile", "pcln"))
            if number is None or line is None or number < 0 or line < 0:
                return "?", 0
            module = function.module
            func = self._memory.read(function.record, self._func.size)
            unit = self._func.number(func, "cuoffset") + number
            file = self._u32(module.cutab + 4 * unit) if unit < module.cutab_length else _NOWHERE
            return (self._text(module.files + file) if file < module.files_size else "?"), line
        except ReadError:
            return "?", 0

    def _table(self, function: Function, name: str, pc: int) -> int | None:
        func = self._memory.read(function.record, self._func.size)
        return self._value(function, self._func.number(func, name), pc)

    def _value(self, function: Function, table: int, pc: int) -> int | None:
        """What the table that begins so far into pctab has for the instruction at PC; None if nothing."""
        if table == 0:
            return None
        numbers = self._numbers(function.module.pctab + table)
        value, end = -1, function.entry
        for change, length in zip(numbers, numbers, strict=False):
            if change == 0 and end != function.entry:
                return None
            value += change >> 1 ^ -(change & 1)
            end += length * function.quantum
            if pc < end:
                return value
        return None

    def _numbers(self, address: int) -> Iterator[int]:
        """Numbers of seven bits a byte, the lowest first; all bytes but a number's last have the eighth set."""
        number = shift = 0
        for at in range(address, address + _LONGEST_TABLE):
            byte = self._memory.read(at, 1)[0]
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                yield number
                number = shift = 0

    def _name(self, module: _Module, offset: int) -> str:
        return printed_name(self._text(module.names + offset)) if 0 <= offset < module.names_size else "?"

    def _text(self, address: int) -> str:
        """Text up to its NUL; cut short where it is longer than any name."""
        text = b""
        while len(text) < _LONGEST_NAME and b"\0" not in text:
            piece = self._memory.read(address + len(text), min(64, self._memory.readable(address + len(text), 64) or 1))
            text += piece
        return printable(text.partition(b"\0")[0].decode("utf-8", "backslashreplace"))

    def _u32(self, address: int) -> int:
        return int.from_bytes(self._memory.read(address, 4), self._order)

    def _tables(self, target: Target, quantum: int) -> Iterator[_Module]:
        """The tables of each module; QUANTUM: offset of minLC in the header of a line table."""
        slices = ("ftab", "funcnametab", "cutab", "filetab")
        paths = [f"{name}.{part}" for name in slices for part in ("array", "len")]
        for header, text, etext, pclntable, pctab, gofunc, ftab, functions, *rest in modules(
            target, "pcHeader", "text", "etext", "pclntable.array", "pctab.array", "gofunc", *paths
        ):
            names, names_size, cutab, cutab_length, files, files_size = rest
            length = self._memory.read(header + quantum, 1)[0]
            functions = min(functions, _MOST_FUNCTIONS)
            yield _Module(
                text, etext, ftab, functions, pclntable, pctab, names, names_size, cutab, cutab_length, files,
                files_size, gofunc, length,
            )  # fmt: skip


@until_it_moves  # it may load a plugin then, with functions of its own
def functions_of(program: Program) -> Functions:
    """The program's functions. Raises LayoutError, ReadError."""
    return Functions(program)


def printed_name(name: str) -> str:
    """A function's name as a traceback has it: without its type arguments (funcNameForPrint).

    >>> printed_name("main.(*Set[go.shape.int]).Add")
    'main.(*Set[...]).Add'
    """
    shown, depth = "", 0
    for letter in name:
        if letter == "[":
            shown += "" if depth else "[..."
            depth += 1
        depth -= letter == "]"
        shown += "" if depth else letter
    return shown if not depth else name
