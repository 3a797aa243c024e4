"""The Target protocol on GDB's API, and when what was read from it is forgotten.

There is one target per inferior. Memory is kept for one command, one print, one call of a function; types and symbols
while the program's files stay the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import gdb

from gomap.gdb.dwarf import DwarfTypes
from gomap.gdb.variables import PackageVariables, addresses_of
from gomap.goruntime.builds import elsewhere
from gomap.language import told_by_gdb
from gomap.language.spelling import as_linked, as_written
from gomap.program.frames import Captured, FrameVariable, Standing
from gomap.program.gotypes import GoType
from gomap.program.machine import alike, machine_called, machine_of
from gomap.program.mapped_files import MappedFile
from gomap.program.memory import Memory, ReadError
from gomap.program.program import Program, ProgramError
from gomap.program.signals import Signal
from gomap.program.target import Symbol, Thread, not_the_memory_of, taken_for_another

if TYPE_CHECKING:
    from gomap.elf.coredump import CoreDump
    from gomap.elf.elffile import ElfFile
    from gomap.elf.target import FileTarget
    from gomap.stripped.target import StrippedTarget

__all__ = ["GdbTarget", "current", "forget_memory", "is_core", "live", "unwatch"]

#: How GDB is told of a donor, and of a rebuild.
_REMEDIES = ("'set gomap donor FILE'", "'symbol-file FILE'")


class GdbTarget:
    """A program in GDB: one inferior, with the files that it has now.

    Args:
        inferior: it.
        described: whether it has debug information; what makes a Target of it without is StrippedTarget.

    Attributes:
        types: its types as DWARF has them.
        mistaken: what is wrong with what GDB shows by itself, if it takes the program for one of another architecture;
            else empty.
        program: what is worked out about it.

    Raises FileError if it has no debug information, and nothing is known in its place.
    """

    def __init__(self, inferior: gdb.Inferior, described: bool = True) -> None:
        self._inferior = inferior
        big = "big endian" in gdb.execute("show endian", to_string=True)
        taken_for = machine_called(inferior.architecture().name(), "big" if big else "little")
        # Where the file is not here GDB has it from elsewhere, and knows the machine.
        machine = machine_of(inferior.progspace.filename or "") or taken_for
        self.architecture, self.pointer_size, self.byte_order = machine
        self.mistaken = "" if alike(machine, taken_for) else taken_for_another(machine, taken_for)
        self.memory = Memory(self._read, self.pointer_size, self._left_out)
        self.types = DwarfTypes(self.pointer_size)
        self._symbols: dict[int, Symbol | None] = {}
        self._variables = PackageVariables(self.types)
        # Before it runs there is nothing to look at.
        self.program = Program(self if described or inferior.pid == 0 else self._stripped())

    def type_named(self, name: str) -> GoType | None:
        return self.types.named(name)

    def variable(self, name: str) -> tuple[int, GoType] | None:
        return self._variables.named(name)

    def constant(self, name: str) -> int | None:
        return _number(f"'{as_linked(name)}'")

    def symbol_at(self, address: int) -> Symbol | None:
        if address not in self._symbols:
            self._symbols[address] = _function_at(address) or self._in_symbol_table(address)
        return self._symbols[address]

    @property
    def variable_names(self) -> list[str]:
        return self._variables.names

    @property
    def signal(self) -> Signal | None:
        return self._core.signal if self._core is not None else None

    def variables(self) -> Iterator[tuple[str, int, GoType]]:
        return self._variables.all()

    def threads(self) -> list[Thread]:
        if gdb.selected_thread() is None:
            return []
        ids = {thread.num: thread.ptid[1] or thread.ptid[2] for thread in self._inferior.threads()}
        # By a command whose output is caught, since GDB warns of cores whose registers it does not like.
        said = gdb.execute(told_by_gdb.show_registers(self.architecture), to_string=True)
        return told_by_gdb.threads_told(said, ids, self.pointer_size)

    def mapped_files(self) -> Sequence[MappedFile]:
        if is_core(self._inferior):
            return self._core.mapped_files if self._core is not None else ()
        try:
            return told_by_gdb.files_in_mappings(gdb.execute("info proc mappings", to_string=True))
        except (gdb.error, UnicodeDecodeError):  # GDB is not told of any, or one has a name not in UTF-8
            return []

    def frame_variables(self, standing: Standing) -> Sequence[FrameVariable]:
        # GDB has no frames for goroutines that are on no thread, so its file is read here, as without GDB.
        return self._file.frame_variables(standing)

    def captured(self, entry: int) -> Sequence[Captured]:
        return self._file.captured(entry)

    @cached_property
    def _file(self) -> FileTarget:
        """The program's file."""
        from gomap.elf.target import open_program

        file = open_program(self._inferior.progspace.filename)
        here = self.variable("runtime.firstmoduledata")
        if here is not None:
            file.place("runtime.firstmoduledata", here[0])
        return file

    def _left_out(self, address: int) -> bool:
        return self._core is not None and self._core.left_out(address)

    @cached_property
    def _core(self) -> CoreDump | None:
        """The core, for what GDB does not say of it; None if there is none, or it has been moved away since."""
        from gomap.elf.coredump import core_at

        return core_at(_named_in_info_files("Local core dump file") if is_core(self._inferior) else None)

    def _stripped(self) -> StrippedTarget:
        """The Target that it makes without its debug information."""
        from gomap.elf.elffile import ElfFile
        from gomap.elf.loading import fits
        from gomap.elf.target import Opened
        from gomap.stripped.target import StrippedTarget

        # Of a C program that has a library of Go's it is that library.
        file = ElfFile(_functions()[1] or _named_in_info_files("Local exec file") or self._inferior.progspace.filename)
        bias = _bias(file)
        opened = Opened(
            *(file, self._read, bias, fits(file, self._read, bias), (), self._left_out, self.signal),
            mapped_files=self.mapped_files,
        )
        return StrippedTarget(opened, gdb.parameter("gomap donor") or None, _REMEDIES, self.threads)

    @cached_property
    def other_build(self) -> str | None:
        """Why the process or the core is of another build than the program; None if it is of this one, or may be."""
        symbols = self._inferior.progspace.filename
        # The program that runs, or left the core; its symbols may be another file's.
        executed = _named_in_info_files("Local exec file") or symbols
        if executed != symbols:
            from gomap.elf.layouts import symbols_misfit

            misfit = symbols_misfit(executed, symbols, self._read, _bias)
            if misfit:
                return misfit
        # The second way takes a third of a second in a program of 60 MB.
        if elsewhere(self, lambda name: _number(f"&'{name}'")) == []:
            return None
        places = elsewhere(self, self._addresses_of_runtime().get)
        if not places:
            return None
        from gomap.elf.loading import other_build_of_file

        differs = other_build_of_file(executed, self._read, lambda: self._file.bias, places)
        return not_the_memory_of(symbols, differs, "'file PROGRAM'")

    def _addresses_of_runtime(self) -> dict[str, int]:
        """Where the symbol table of the file that has the runtime has package runtime's symbols.

        With a plugin loaded there is more than one ``runtime.text``, of which GDB tells of any.
        """
        symbol = self._variables.symbol("runtime.firstmoduledata")
        if symbol is None or symbol.symtab.objfile.filename is None:
            return {}
        return addresses_of(told_by_gdb.OF_RUNTIME, symbol.symtab.objfile.filename)

    def _in_symbol_table(self, address: int) -> Symbol | None:
        """The function or variable that covers ADDRESS."""
        try:
            said = gdb.execute(f"info symbol {address:#x}", to_string=True)
        except (gdb.error, UnicodeDecodeError):  # a damaged symbol table's names may be no UTF-8
            return None
        return told_by_gdb.symbol_told(said, address, self._variables.size_of)

    def _read(self, address: int, length: int) -> bytes:
        if self._core is not None and self._core.foreign_files(address, length):
            raise ReadError(address, length)
        try:
            return bytes(self._inferior.read_memory(address, length))
        except gdb.error:  # and gdb.MemoryError, which is one
            raise ReadError(address, length) from None


_targets: dict[int, tuple[object, GdbTarget]] = {}


def current() -> GdbTarget:
    """The target of the selected inferior. Raises ProgramError if that is no Go program."""
    inferior = gdb.selected_inferior()
    # No event tells of a new core file or another connection, so both are looked at.
    connection = inferior.connection
    files = (
        inferior.progspace.filename,
        inferior.pid,
        connection and (connection.num, connection.type),
        gdb.parameter("gomap donor"),
    )
    known = _targets.get(inferior.num)
    if known is None or known[0] != files:
        known = _targets[inferior.num] = (files, GdbTarget(inferior, _is_described(inferior.progspace.filename)))
        if known[1].mistaken:
            gdb.write(f"warning: {known[1].mistaken}\n", gdb.STDERR)
    return known[1]


def is_core(inferior: gdb.Inferior) -> bool:
    """Whether what it has is a core, and no process."""
    return inferior.connection is not None and bool(inferior.connection.type == "core")


def live(force: bool = False) -> GdbTarget:
    """The current target, with a process or a core behind it.

    Raises ProgramError without, and unless told to FORCE it if that is of another build than the program.
    """
    target = current()
    if gdb.selected_inferior().pid == 0:
        raise ProgramError("no process: run the program, attach to it, or open a core file")
    other_build = None if force else target.program.other_build
    if other_build:
        raise ProgramError(f"{other_build}; with -force, gomap's commands look all the same")
    return target


def forget_memory() -> None:
    """Forget what was read: the program may have run since, or somebody may have written to it.

    All that GDB or a script may call begins with this, for no event tells that it ran on from a breakpoint whose
    condition was false, or whose stop method declined.
    """
    for _, target in _targets.values():
        target.program.moved()


def _forget_all(_event: object = None) -> None:
    """Forget targets with all that is known of them: files came or went."""
    _targets.clear()


#: The events that are listened to: files come or go. (An inferior's end and its new files come with new_objfile or
#: clear_objfiles; another inferior has another target.) Never those of a program that stops or goes on: a Ctrl-C that
#: comes while GDB tells Python of one is Python's, and lost, and people press it as a program goes on.
_EVENTS = [
    getattr(gdb.events, name)
    for name in ("new_objfile", "clear_objfiles", "free_objfile", "inferior_deleted")
    if hasattr(gdb.events, name)  # free_objfile came with GDB 13
]
for _event in _EVENTS:
    _event.connect(_forget_all)


def unwatch() -> None:
    """Let go of GDB's events: another load of gomap takes over."""
    _forget_all()
    for event in _EVENTS:
        event.disconnect(_forget_all)


def _named_in_info_files(what: str) -> str | None:
    """The path of that file as GDB has opened it."""
    return told_by_gdb.opened_file(gdb.execute("info files", to_string=True), what)


def _bias(file: ElfFile) -> int:
    """How much further up GDB has the program than its FILE says."""
    address, _ = _functions()
    table = next((section for section in file.sections if section.name.endswith(".gopclntab")), None)
    return address - table.address if address and table else 0


def _functions() -> tuple[int, str | None]:
    """Where GDB has the table of functions; of which file, if not the program's. 0 if there is none."""
    return told_by_gdb.function_table(gdb.execute("info files", to_string=True))


def _is_described(program: str | None) -> bool:
    """Whether a Go program has debug information. Raises ProgramError if it is none."""
    if gdb.lookup_static_symbol("runtime.g", gdb.SYMBOL_STRUCT_DOMAIN) or gdb.lookup_static_symbol("runtime.g"):
        return True
    if program is None:
        raise ProgramError("no program: name it with 'file PROGRAM', or start GDB with it")
    if _functions()[0]:
        return False
    raise ProgramError(f"{program} is not a Go program")


def _number(expression: str) -> int | None:
    """What EXPRESSION comes to; None where GDB cannot tell."""
    # Not by "info address": a command that fails while GDB evaluates a breakpoint's condition makes it read the next
    # one while the program runs on.
    try:
        return int(gdb.parse_and_eval(expression))
    except gdb.error:
        return None


def _function_at(address: int) -> Symbol | None:
    """The function that covers ADDRESS, from the debug information."""
    try:
        block = gdb.block_for_pc(address)
    except RuntimeError:  # an address wider than the machine's
        return None
    function = None
    while block is not None and not block.is_static and not block.is_global:
        # The outermost: an inlined function's block lies within its caller's.
        function, block = (block if block.function else function), block.superblock
    if function is None:
        return None
    try:
        return Symbol(as_written(function.function.name), function.start, function.end - function.start)
    except UnicodeDecodeError:  # damaged debug information
        return None
