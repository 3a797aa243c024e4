"""The Target protocol on files: a program with its core, with a running process's memory, or as it will begin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Literal, NamedTuple

from gomap.elf.coredump import CoreDump
from gomap.elf.dwarf import DebugInfo
from gomap.elf.elffile import CORE, LOAD, WRITABLE, ElfFile, FileError, StrPath
from gomap.elf.functions import FrameVariables, Parameter
from gomap.elf.gotypes import ElfTypes
from gomap.elf.layouts import rebuild_differs
from gomap.elf.loading import fits, load_bias, other_build
from gomap.elf.process import Process
from gomap.elf.space import Space
from gomap.elf.symbols import SymbolTable
from gomap.language.spelling import as_linked, as_written
from gomap.program.frames import Captured, FrameVariable, Standing
from gomap.program.gotypes import GoType
from gomap.program.mapped_files import MappedFile
from gomap.program.memory import Memory, RawRead
from gomap.program.signals import Signal
from gomap.program.target import Symbol, Thread, no_debug_information, not_laid_out_as, not_the_memory_of

__all__ = ["FileTarget", "Opened", "open_core", "open_program", "opened_core", "opened_process"]

#: DW_OP_addr: a variable is at the address that follows.
_AT_ADDRESS = 0x03
_LOCATION, _TYPE = 0x02, 0x49


#: How gomap's command line takes the program.
_REMEDY = "'gomap core PROGRAM CORE', or -program FILE"
#: And another build of it.
_REBUILT = "-symbols FILE ('gomap core -symbols FILE PROGRAM CORE', or 'gomap attach -symbols FILE PID')"


class FileTarget:
    """A program whose types and symbols come from its own file.

    Args:
        program: its file, a Go program with debug information, or that of a build that is laid out alike; FileError is
            raised otherwise.
        read: the memory.
        bias: how much further up it lies there than the file says.
        threads: where they stand.
        fits: whether the memory has just what the file has, as loading.fits says.
        left_out: as Memory takes it.
        signal: as in Target.
        mapped_files: says what Target.mapped_files does.

    Attributes:
        memory, pointer_size, byte_order, architecture, signal: as in Target.
        program, bias: as given.
    """

    def __init__(
        self,
        program: ElfFile,
        read: RawRead,
        *,
        bias: int = 0,
        threads: Sequence[Thread] = (),
        fits: bool | None = None,
        left_out: Callable[[int], bool] = lambda address: False,
        signal: Signal | None = None,
        mapped_files: Callable[[], Sequence[MappedFile]] = tuple,
    ) -> None:
        self.program = program
        self.bias = bias
        self._fits = fits
        self.pointer_size = program.pointer_size
        self.byte_order: Literal["little", "big"] = program.byte_order
        self.architecture = program.architecture
        self.memory = Memory(read, self.pointer_size, left_out)
        self.signal = signal
        self._threads = threads
        self._mapped_files = mapped_files
        self._symbols = SymbolTable(program)
        self._info = DebugInfo(program)
        self._types = ElfTypes(self._info, self.pointer_size)
        self._frame_variables = FrameVariables(program, self._info, self._types)
        if self._types.named("runtime.g") is None:
            raise self._unusable()

    def type_named(self, name: str) -> GoType | None:
        return self._types.named(name)

    def variable(self, name: str) -> tuple[int, GoType] | None:
        offset = self._info.variable_named(as_linked(name).encode())
        return None if offset is None else self._variable_at(offset)

    def constant(self, name: str) -> int | None:
        return self._info.constant_named(as_linked(name).encode())

    def symbol_at(self, address: int) -> Symbol | None:
        found = self._symbols.at(address - self.bias)
        return found and found.replace(address=found.address + self.bias)

    @property
    def variable_names(self) -> Sequence[str]:
        return self._symbols.variables

    @cached_property
    def other_build(self) -> str | None:
        differs = other_build(self, self.program, self.bias, self._fits, self.address_of)
        return differs and not_the_memory_of(str(self.program.path), differs, _REMEDY)

    def address_of(self, symbol: str) -> int | None:
        """Where the program's symbol of that name is, as the linker spells it."""
        found = self._symbols.address_of(symbol)
        return None if found is None else found + self.bias

    def variables(self) -> Iterator[tuple[str, int, GoType]]:
        packages = sorted(self._info.variables(), key=lambda package: package[0])
        for name, place in chain.from_iterable(sorted(variables.items()) for _, variables in packages):
            found = self._variable_at(place)
            if found is not None:
                yield _spelled(name), *found

    def variables_where(self, places: Mapping[str, int]) -> dict[str, tuple[int, GoType]] | None:
        """Address and type of all package variables, by name, in the memory that has those in PLACES there.

        None if that has none of them, or not all equally far up: the memory is another build's.
        """
        variables = list(self.variables())
        moved = {places[name] - address for name, address, _ in variables if name in places}
        if len(moved) != 1:
            return None
        (further,) = moved
        return {name: (address + further, type) for name, address, type in variables}

    def place(self, variable: str, address: int) -> None:
        """The program lies where it has VARIABLE, if there is one of that name, at ADDRESS."""
        known = self.variable(variable)
        if known is not None:
            self.bias += address - known[0]

    def threads(self) -> Sequence[Thread]:
        return self._threads

    def mapped_files(self) -> Sequence[MappedFile]:
        return self._mapped_files()

    def frame_variables(self, standing: Standing) -> Sequence[FrameVariable]:
        return self._frame_variables.at(standing, self.bias)

    def captured(self, entry: int) -> Sequence[Captured]:
        return self._frame_variables.captured(entry - self.bias)

    def parameters(self, entry: int) -> Sequence[Parameter]:
        """The arguments and results of the function that begins at ENTRY, as its debug information has them."""
        return self._frame_variables.parameters(entry - self.bias)

    def stand(self, threads: Sequence[Thread]) -> None:
        """The process has stopped anew, and THREADS stand there now."""
        self._threads = threads

    def _variable_at(self, offset: int) -> tuple[int, GoType] | None:
        entry = self._info.entry(offset)
        location = entry.attributes.get(_LOCATION)
        if not isinstance(location, bytes) or len(location) != 1 + self.pointer_size or location[0] != _AT_ADDRESS:
            return None
        address = int.from_bytes(location[1:], self.byte_order)
        return address + self.bias, self._types.at(entry.number(_TYPE))

    def _unusable(self) -> FileError:
        if "Go" in self.program.build_ids or self.program.section(".gopclntab") is not None:
            return FileError(no_debug_information(str(self.program.path), f"name that program with {_REBUILT}"))
        return self.program.error("is not a Go program")


class Opened(NamedTuple):
    """A program with the memory of a process or a core.

    Attributes:
        file: the program, or a build that is laid out alike and described.
        read, bias, threads, fits, left_out, signal, mapped_files: as FileTarget takes them.
        cut_short: as CoreDump says it.
    """

    file: ElfFile
    read: RawRead
    bias: int
    fits: bool | None
    threads: Sequence[Thread] = ()
    left_out: Callable[[int], bool] = lambda address: False
    signal: Signal | None = None
    cut_short: str | None = None
    mapped_files: Callable[[], Sequence[MappedFile]] = tuple

    def described(self) -> FileTarget:
        """The Target that its debug information makes of it. Raises FileError if it has none."""
        return FileTarget(
            self.file,
            self.read,
            bias=self.bias,
            threads=self.threads,
            fits=self.fits,
            left_out=self.left_out,
            signal=self.signal,
            mapped_files=self.mapped_files,
        )


def opened_core(
    program: StrPath, core: StrPath, progress: Callable[[str], None] | None = None, symbols: StrPath | None = None
) -> Opened:
    """The PROGRAM as it was when the CORE was written. Raises FileError.

    Args:
        progress: is told how far a core that is compressed is unpacked.
        symbols: another build of the program that has the debug information for it.
    """
    file, dump = _program(program), CoreDump(core, progress)
    if (dump.file.architecture, dump.file.byte_order) != (file.architecture, file.byte_order):
        raise dump.file.error(f"is a core of {dump.file.architecture}, but {program} is made for {file.architecture}")
    memory = dump.memory
    bias = load_bias(file, memory.read, dump.auxiliary, dump.mapped_files)
    fit = fits(file, memory.read, bias)
    # A core need not have what can be read from the program again: the kernel leaves it out.
    for segment in file.segments:
        if segment.type == LOAD and not segment.flags & WRITABLE:
            memory.add(segment.address + bias, segment.file_size, file, segment.offset)
    described = _described(file, symbols, memory.read, bias)
    return Opened(
        *(described, memory.read, bias, fit, dump.threads, dump.left_out, dump.signal, dump.cut_short),
        mapped_files=lambda: dump.mapped_files,
    )


def open_core(program: StrPath, core: StrPath, progress: Callable[[str], None] | None = None) -> FileTarget:
    """The PROGRAM, which has debug information, as it was when the CORE was written. Raises FileError.

    PROGRESS is told how far a core that is compressed is unpacked.
    """
    return opened_core(program, core, progress).described()


def opened_process(process: Process, program: StrPath | None = None, symbols: StrPath | None = None) -> Opened:
    """A running process; its own program unless another file is the PROGRAM. Raises FileError.

    Its memory changes as it runs: whoever wants to understand it stops it first, and says where its threads stand.

    SYMBOLS: as of a core.
    """
    file = _program(program or process.program)
    bias = load_bias(file, process.read, process.auxiliary(file.pointer_size, file.byte_order), process.mapped_files)
    described = _described(file, symbols, process.read, bias)
    fit = fits(file, process.read, bias)
    return Opened(described, process.read, bias, fit, mapped_files=process.mapped_now)


def open_program(program: StrPath) -> FileTarget:
    """A program that does not run, with the memory that it will begin with. Raises FileError."""
    file = _program(program)
    memory = Space()
    for segment in file.segments:
        if segment.type == LOAD:
            memory.add(segment.address, segment.file_size, file, segment.offset)
            memory.add(segment.address, segment.memory_size, None)
    return FileTarget(file, memory.read)


def _described(program: ElfFile, symbols: StrPath | None, read: RawRead, bias: int) -> ElfFile:
    """The file that has the debug information for the PROGRAM: itself, or the build SYMBOLS, which has to fit it.

    Raises FileError if it does not: something lies elsewhere in it, or the functions in memory are not its own.
    """
    if symbols is None:
        return program
    file = _program(symbols)
    differing = rebuild_differs(program, file, read, bias)
    if differing is not None:
        raise FileError(not_laid_out_as(str(program.path), str(symbols), differing))
    return file


def _spelled(name: bytes) -> str:
    return as_written(name.decode("utf-8", "backslashreplace"))


def _program(path: StrPath) -> ElfFile:
    file = ElfFile(path)
    if file.type == CORE:
        raise file.error("is a core dump, not a program: the program comes first, then its core")
    return file
