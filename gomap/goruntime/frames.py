"""Which functions are on a stack, by the table that the runtime itself unwinds its stacks with.

runtime.moduledata.ftab has an entry for each function, in ascending order, which leads to its runtime._func. There,
pcsp leads to pairs of numbers in pctab: by how much the depth of the function's frame changes, and for how many
instructions it stays so (runtime/symtab.go: findfunc, step). From the depth at an instruction follows where the address
to return to is, so a stack can be followed from wherever it was left: from a function's first instructions too, where
the frame pointer is still the caller's and leads past it.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from typing import NamedTuple

from gomap.goruntime.moduledata import first_module, modules
from gomap.program.gotypes import LayoutError
from gomap.program.structs import Struct
from gomap.program.target import Target, pointer_at

__all__ = ["Frames"]

#: More than this are not looked at: frames of a stack, functions of a module, bytes of a function's pairs.
_MOST_FRAMES, _MOST_FUNCTIONS, _LONGEST = 64, 1 << 24, 1 << 16


class _Module(NamedTuple):
    """Where the functions of the program or of a plugin are, and the tables about them."""

    text: int
    etext: int
    ftab: int
    functions: int
    pclntable: int
    pctab: int
    #: What the tables count instructions in: the length of the shortest one.
    quantum: int


class Frames:
    """How stacks are followed. Raises LayoutError if the runtime's types are not as expected, and ReadError."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._memory, self._order, self._word = target.memory, target.byte_order, target.pointer_size
        _, module = first_module(target)
        func = target.type_named("runtime._func")
        if func is None:
            raise LayoutError("no type runtime._func")
        functab = module.field("ftab").type.field("array").type.elem
        self._functab, self._functab_size = Struct(functab, target).some("entryoff", "funcoff"), functab.size
        self._pcsp = func.field("pcsp")
        self._modules = list(self._tables(module.field("pcHeader").type.elem.field("minLC").offset))
        self._depths: dict[int, int | None] = {}

    def on(self, sp: int, pc: int, lr: int = 0) -> Iterator[tuple[int, int]]:
        """Stack pointer and instruction in each function on a stack, from the innermost on. Raises ReadError.

        Args:
            sp, pc: those of the innermost one.
            lr: the link register, on machines that have one.
        """
        for _ in range(_MOST_FRAMES):
            module = next((module for module in self._modules if module.text <= pc < module.etext), None)
            depth = module and self._depth(module, pc)
            if module is None or depth is None:
                return
            yield sp, pc
            if module.quantum == 1:  # amd64 and 386: a call pushes the address to return to
                sp += depth + self._word
                pc = pointer_at(self._target, sp - self._word)
            else:
                pc, lr = lr if lr and not depth else pointer_at(self._target, sp), 0
                sp += depth

    def _depth(self, module: _Module, pc: int) -> int | None:
        """How far the stack has grown at that instruction since its function was called."""
        if pc not in self._depths:
            self._depths[pc] = self._depth_by_table(module, pc)
        return self._depths[pc]

    def _depth_by_table(self, module: _Module, pc: int) -> int | None:
        def entry(function: int) -> int:
            return self._functab.read(self._memory, module.ftab + function * self._functab_size)[0]

        function = bisect.bisect_right(range(module.functions), pc - module.text, key=entry) - 1
        if function < 0:
            return None
        start, at = self._functab.read(self._memory, module.ftab + function * self._functab_size)
        pcsp = self._memory.read(module.pclntable + at + self._pcsp.offset, self._pcsp.type.size)
        if not any(pcsp):
            return None
        numbers = self._numbers(module.pctab + int.from_bytes(pcsp, self._order))
        depth, end = -1, module.text + start
        for change, length in zip(numbers, numbers, strict=False):
            depth += change >> 1 ^ -(change & 1)
            end += length * module.quantum
            if pc < end:
                return depth
        return None

    def _numbers(self, address: int) -> Iterator[int]:
        """Numbers of seven bits a byte, the lowest first; all bytes but a number's last have the eighth set."""
        number = shift = 0
        for at in range(address, address + _LONGEST):
            byte = self._memory.read(at, 1)[0]
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                yield number
                number = shift = 0

    def _tables(self, quantum: int) -> Iterator[_Module]:
        """The tables of each module; QUANTUM: offset of minLC in the header of a line table."""
        paths = ("pcHeader", "text", "etext", "ftab.array", "ftab.len", "pclntable.array", "pctab.array")
        for header, text, etext, ftab, functions, pclntable, pctab in modules(self._target, *paths):
            length = self._memory.read(header + quantum, 1)[0]
            yield _Module(text, etext, ftab, min(functions, _MOST_FUNCTIONS), pclntable, pctab, length)
