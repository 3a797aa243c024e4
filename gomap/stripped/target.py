"""The Target protocol for a program that has neither symbols nor debug information, as ``-ldflags="-s -w"`` leaves it.

The layouts of the runtime's own types come from another program that the same Go built (a donor), or from those that
gomap brings of released versions. Functions come from the runtime's own table of them, the program's own types from the
descriptors that the linker lists, and the runtime's variables are found by what must be true of them. What nothing
proves is not there: the program's own package variables, local variables, types that no descriptor leads to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Literal

from gomap.elf.buildinfo import BuildInfo, build_info
from gomap.elf.elffile import LOAD, WRITABLE, ElfFile, FileError, StrPath
from gomap.elf.loading import other_build_id
from gomap.elf.target import FileTarget, Opened, open_program
from gomap.goruntime.functions import Functions
from gomap.program.frames import Captured, FrameVariable, Standing
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.mapped_files import MappedFile
from gomap.program.memory import Memory, ReadError
from gomap.program.program import Program
from gomap.program.target import SAME_LAYOUT, Symbol, Thread, not_the_memory_of
from gomap.stripped.arguments import located
from gomap.stripped.layouts import Layouts, Runtime, built_in
from gomap.stripped.moduledata import find_moduledata, function_tables
from gomap.stripped.recording import record
from gomap.stripped.sections import Sections
from gomap.stripped.types import ListedTypes
from gomap.stripped.variables import Variables

__all__ = ["StrippedTarget", "is_described", "target_of"]

_DONOR = 'package main; import "fmt"; func main() { fmt.Println(map[string]int{}) }'

#: How gomap's command line takes a donor, and a rebuild.
_REMEDIES = ("-donor FILE", "-symbols FILE")


class StrippedTarget:
    """A program of which only its code, its data and its memory are left.

    Args:
        opened: the program.
        donor: a program that has debug information, built by the same Go; None: the layouts that gomap brings.
        remedies: what the person is to type to name a donor, and to name another build of the program.
        threads: tells where the threads stand now; None: where they stood when it was opened.

    Attributes:
        memory, pointer_size, byte_order, architecture, signal: as in Target.
        info: the version of Go and the modules that it was built with.

    Raises FileError if it is no Go program, if nothing is known of its runtime, or if memory has nothing of it.
    """

    def __init__(
        self,
        opened: Opened,
        donor: StrPath | None = None,
        remedies: tuple[str, str] = _REMEDIES,
        threads: Callable[[], Sequence[Thread]] | None = None,
    ) -> None:
        file = opened.file
        self._file, self._bias, self._fits = file, opened.bias, opened.fits
        self._threads = threads or (lambda: opened.threads)
        self._mapped_files = opened.mapped_files
        self.signal = opened.signal
        self.pointer_size = file.pointer_size
        self.memory = Memory(opened.read, self.pointer_size, opened.left_out)
        self.byte_order: Literal["little", "big"] = file.byte_order
        self.architecture = file.architecture
        info = build_info(file)
        if info is None:
            raise file.error("is not a Go program, or one of a Go older than 1.18")
        self.info: BuildInfo = info
        self._layouts = Layouts(_runtime(file, info, donor, remedies), self.pointer_size)
        self._variables = Variables(self, self._layouts, info, self._moduledata())
        self._listed = ListedTypes(self)

    def type_named(self, name: str) -> GoType | None:
        return self._layouts.named(name) or self._listed.named(name)

    def variable(self, name: str) -> tuple[int, GoType] | None:
        address, type = self._variables.address_of(name), self._layouts.of_variable(name)
        return None if address is None or type is None else (address, type)

    def constant(self, name: str) -> int | None:
        return None

    def symbol_at(self, address: int) -> Symbol | None:
        try:
            function = self._functions.at(address)
        except (ReadError, LayoutError):
            return None
        return function and Symbol(function.name, function.entry, function.end - function.entry)

    @property
    def variable_names(self) -> Sequence[str]:
        return []

    @property
    def other_build(self) -> str | None:
        differs = None if self._fits else other_build_id(self._file, self.memory.read, self._bias)
        return differs and not_the_memory_of(str(self._file.path), differs, "that of the program that ran")

    def variables(self) -> Iterator[tuple[str, int, GoType]]:
        return iter(())

    def threads(self) -> Sequence[Thread]:
        return self._threads()

    def stand(self, threads: Sequence[Thread]) -> None:
        """The process has stopped anew, and THREADS stand there now."""
        self._threads = lambda: threads

    def mapped_files(self) -> Sequence[MappedFile]:
        return self._mapped_files()

    def captured(self, entry: int) -> Sequence[Captured]:
        return ()

    def frame_variables(self, standing: Standing) -> Sequence[FrameVariable]:
        """The arguments of a runtime function that has the same code in the donor; of others nothing is known."""
        try:
            function = self._functions.at(standing.inside)
            noted = self._layouts.runtime.functions.get(standing.name)
            if function is None or noted is None or standing.inlined or function.name != standing.name:
                return ()
            fingerprint, parameters = noted
            if self._functions.fingerprint(function) != fingerprint:
                return ()
        except ReadError:
            return ()
        places = [standing.inside - function.entry, standing.pc - function.entry]
        return [
            located(name, self._layouts.referred(type), parts, places, standing, self)
            for name, type, parts in parameters
        ]

    @cached_property
    def _functions(self) -> Functions:
        return Functions(Program(self))

    def _moduledata(self) -> int:
        type = self._layouts.of_variable("runtime.firstmoduledata")
        bounds = [
            (each.address + self._bias, each.address + self._bias + each.memory_size)
            for each in self._file.segments
            if each.type == LOAD and each.flags & WRITABLE
        ]
        sections = Sections(self.memory, self.pointer_size, bounds)
        tables = (table + self._bias for table in dict.fromkeys(function_tables(self._file)))
        found = type and find_moduledata(self, type, tables, sections)
        if not found:
            raise self._file.error(
                "has no debug information, and its runtime.moduledata is not in memory: the process, or the core, is "
                "of another build, or cut short, or has not begun to run"
            )
        return found


def target_of(
    opened: Opened,
    donor: StrPath | None,
    remedies: tuple[str, str] = _REMEDIES,
    threads: Callable[[], Sequence[Thread]] | None = None,
) -> FileTarget | StrippedTarget:
    """The Target for a program: by its own debug information, or as StrippedTarget if it has none or there is a DONOR.

    REMEDIES, THREADS: as StrippedTarget takes them. Raises FileError.
    """
    if donor is None and is_described(opened.file):
        return opened.described()
    if opened.file.section(".gopclntab") is None and build_info(opened.file) is None:
        return opened.described()  # which says that it is no Go program
    return StrippedTarget(opened, donor, remedies, threads)


def is_described(file: ElfFile) -> bool:
    """Whether FILE has debug information."""
    return any(file.section(name) for name in (".debug_info", ".zdebug_info"))


def _runtime(file: ElfFile, info: BuildInfo, donor: StrPath | None, remedies: tuple[str, str]) -> Runtime:
    """How the runtime of FILE is laid out. Raises FileError if the donor is another Go's, or nothing is known of it."""
    called = f"{info.version} on {file.architecture}"
    if donor is not None:
        target = open_program(donor)
        theirs = build_info(target.program)
        by = f"{theirs.version if theirs else 'another Go'} on {target.architecture}"
        if by != called:
            raise FileError(f"{donor} is no donor for {file.path}: it is built by {by}, and the program by {called}")
        return record(target)
    found = built_in(info.version, file.architecture)
    if found is None:
        raise file.error(
            f"has no debug information, and gomap brings nothing of the runtime of {called}: with that Go 'go build' "
            f"a program of three lines ({_DONOR}) and name it with {remedies[0]}; or {SAME_LAYOUT}, and name that with "
            f"{remedies[1]}"
        )
    return found
