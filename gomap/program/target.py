"""The protocol between gomap and a debugger: what GDB, or an image in a test, has to offer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

from gomap.program.facts import Facts
from gomap.program.frames import Captured, FrameVariable, Standing
from gomap.program.gotypes import GoType
from gomap.program.machine import Machine
from gomap.program.mapped_files import MappedFile
from gomap.program.memory import Memory
from gomap.program.printable import printable
from gomap.program.signals import Signal

__all__ = [
    "SAME_LAYOUT",
    "Symbol",
    "Target",
    "Thread",
    "no_debug_information",
    "not_laid_out_as",
    "not_the_memory_of",
    "pointer_at",
    "taken_for_another",
]

#: How to come by debug information for a program that has none. A program has the flags in it that it was built with,
#: which move its variables if they are of another length. To Go's linker -f means to ignore other versions; there are
#: none.
SAME_LAYOUT = "build the same source with -f in place of each -w and -s among -ldflags"


class Symbol(Facts):
    """A package variable or a function that stands at an address; its name is made printable."""

    name: str
    address: int
    size: int

    def __init__(self, name: str, address: int, size: int) -> None:
        super().__init__(printable(name), address, size)


class Thread(NamedTuple):
    """A thread of the operating system's, and where it stands.

    Attributes:
        id: the system's number for it (LWP).
        sp, pc: stack pointer and instruction.
        lr: the link register; 0 on machines that have none.
        registers: the general ones, as far as they are known, by the numbers that DWARF has for them.
    """

    id: int
    sp: int
    pc: int
    lr: int = 0
    registers: Mapping[int, int] = MappingProxyType({})


class Target(Protocol):
    """A program that stands still: live and stopped, or a core dump.

    Attributes:
        memory: its bytes.
        pointer_size: 4 or 8.
        byte_order: as int.from_bytes takes it.
        architecture: as GOARCH names it: ``amd64``, ``386``, ``arm64``.
    """

    memory: Memory
    pointer_size: int
    byte_order: Literal["little", "big"]
    architecture: str

    def type_named(self, name: str) -> GoType | None:
        """The type of that full name (``internal/abi.Type``, ``map[string]int``) from the debug information."""
        ...

    def variable(self, name: str) -> tuple[int, GoType] | None:
        """Address and type of a package variable by its full name (``runtime.mheap_``)."""
        ...

    def constant(self, name: str) -> int | None:
        """The value of a package's integer constant by its full name; None if no debug information has it."""
        ...

    def symbol_at(self, address: int) -> Symbol | None:
        """The function or package variable that covers ADDRESS, from the symbol table."""
        ...

    @property
    def variable_names(self) -> Sequence[str]:
        """The full names of all package variables, in alphabetical order."""
        ...

    @property
    def other_build(self) -> str | None:
        """Why the memory is that of another build than the program; None if it is this one's, or may be."""
        ...

    @property
    def signal(self) -> Signal | None:
        """The signal that a core is of; None of a process, and where the core does not say."""
        ...

    def variables(self) -> Iterator[tuple[str, int, GoType]]:
        """Every package variable: full name, address and type; package by package, in alphabetical order."""
        ...

    def threads(self) -> Sequence[Thread]:
        """All threads of the process; none where there is no process."""
        ...

    def mapped_files(self) -> Sequence[MappedFile]:
        """The files that lie in its memory, in the order of their addresses; none where nothing tells of any."""
        ...

    def frame_variables(self, standing: Standing) -> Sequence[FrameVariable]:
        """The variables and arguments of a function on a stack, the innermost block's first.

        Raises LayoutError where that is damaged.
        """
        ...

    def captured(self, entry: int) -> Sequence[Captured]:
        """The variables of others that the function which begins at ENTRY has caught, as far as that is told.

        Raises LayoutError where that is damaged.
        """
        ...


def no_debug_information(program: str, remedy: str) -> str:
    """What to say of a Go program that has none; REMEDY: what to do with another build of it."""
    return (
        f"{program} has no debug information (built with -ldflags=-w or -s, or stripped?): gomap needs it; "
        f"{SAME_LAYOUT}, and {remedy}"
    )


def not_laid_out_as(executed: str, symbols: str, differing: str) -> str:
    """What to say of debug information in the file SYMBOLS that does not fit what runs, the file EXECUTED.

    DIFFERING: in what they differ.
    """
    return (
        f"{symbols} is not laid out as {executed}, so its debug information does not fit ({differing}): "
        f"{SAME_LAYOUT}, in the same folder with the same Go"
    )


def not_the_memory_of(program: str | None, differs: str, remedy: str) -> str:
    """What to say of memory that is not that of the file PROGRAM.

    DIFFERS: what shows that; a sentence without its subject. REMEDY: how another file is named.
    """
    return (
        f"the memory is not that of {program}: the process, or the core, {differs}; "
        f"name the right program with {remedy}"
    )


def pointer_at(target: Target, address: int) -> int:
    """The pointer that stands at ADDRESS. Raises ReadError."""
    return int.from_bytes(target.memory.read(address, target.pointer_size), target.byte_order)


def taken_for_another(machine: Machine, called: Machine) -> str:
    """What to say where GDB, which falls back to an architecture that it knows, takes a program's MACHINE for another.

    CALLED: that one.
    """
    return (
        f"this GDB does not know {machine.architecture}, which the program is for, and takes it for "
        f"{called.architecture}: what it shows by itself is wrong, registers, threads and strings among it; use "
        "gdb-multiarch, or 'gomap core PROGRAM CORE' without GDB"
    )
