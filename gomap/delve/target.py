"""The Target protocol over a Delve server: memory and threads from there, types and symbols from the program's file.

Delve tells the types of variables, but not where their fields are; the file's debug information does. Where it has none
Delve still gives memory and registers, which is all that StrippedTarget needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from gomap.delve.rpc import INNERMOST, LARGEST_READ, Rpc
from gomap.elf.elffile import POSITION_INDEPENDENT, ElfFile, FileError
from gomap.elf.loading import fits, load_bias, other_build
from gomap.elf.process import Process
from gomap.elf.target import FileTarget, Opened, opened_core
from gomap.program.frames import Captured, FrameVariable, Standing
from gomap.program.gotypes import GoType
from gomap.program.machine import GENERAL_REGISTERS
from gomap.program.mapped_files import MappedFile
from gomap.program.memory import Memory, ReadError
from gomap.program.program import ProgramError
from gomap.program.signals import Signal
from gomap.program.target import Symbol, Target, Thread, not_the_memory_of
from gomap.stripped.target import StrippedTarget, is_described, target_of

__all__ = ["reads_core", "served_target"]

#: The lowest page is mapped nowhere; Delve's numbers end where Go's int64 does.
_LOWEST, _HIGHEST = 4096, 1 << 63
#: Names of the registers that matter, as Delve has them.
_SP, _PC, _LR = ("rsp", "esp", "sp"), ("rip", "eip", "pc"), ("x30", "lr")

#: Bytes of a stack that show whether a process is the one that the server debugs.
_COMPARED = 128

#: What to say where nothing tells where a program lies.
_ANYWHERE = (
    "has no debug information and is built to lie anywhere, and this Delve does not tell where it lies: use "
    "'gomap core' or 'gomap attach'"
)
#: How a donor and a rebuild are named.
_REMEDIES = ("-donor FILE ('gomap dlv -donor FILE ...', 'gomap connect -donor FILE ...')", "-program FILE")


def served_target(rpc: Rpc, program: Path | None = None, core: Path | None = None, donor: Path | None = None) -> Target:
    """The program that a server debugs.

    Args:
        rpc: the connection.
        program: its file, where it is not at the path that the server knows.
        core: the core that the server reads, where that is known: the server does not tell.
        donor: as StrippedTarget takes it.

    Raises ProgramError if there is no such file here, or it is not what the server has opened.
    """
    if core is not None and not reads_core(rpc):
        raise ProgramError(f"this Delve debugs a process, not a core such as {core}: leave -core out")
    path = program or _program_of(rpc)
    served = _Served(rpc, ElfFile(path).architecture)
    # Of a core Delve takes each mapped file for the program's own, so it is read here if it can be.
    opened = served.opened(path) if core is None else opened_core(path, core)
    theirs = {thread.id for thread in opened.threads}
    if theirs and not theirs.issuperset(thread["id"] for thread in served.listed_threads()):
        raise ProgramError(f"{core} is not the core that this Delve reads: its threads are others")
    target = target_of(opened, donor, _REMEDIES, served.threads)
    return target if isinstance(target, StrippedTarget) else DelveTarget(served, target)


class _Served:
    """What a server tells of any program: its memory, and where its threads stand."""

    def __init__(self, rpc: Rpc, architecture: str) -> None:
        self.rpc, self._architecture = rpc, architecture

    def opened(self, path: Path) -> Opened:
        """The program with that memory. Raises FileError."""
        file = ElfFile(path)
        bias = 0 if file.type != POSITION_INDEPENDENT or is_described(file) else self._bias(file)
        return Opened(file, self.read, bias, fits(file, self.read, bias), mapped_files=self._mapped_files)

    def _bias(self, file: ElfFile) -> int:
        """How much further up FILE lies, by what this machine's system says of the process.

        Delve tells where functions and variables are, but not without debug information. Raises ProgramError where
        nothing else does.
        """
        if not reads_core(self.rpc):
            with suppress(FileError):  # of another machine
                process = Process(self.rpc.call("State", NonBlocking=True)["State"]["Pid"])
                auxiliary = process.auxiliary(file.pointer_size, file.byte_order)
                bias = load_bias(file, self.read, auxiliary, process.mapped_files)
                if fits(file, self.read, bias):
                    return bias
        raise file.error(_ANYWHERE)

    def _mapped_files(self) -> Sequence[MappedFile]:
        """The files in the process's memory, if it runs on this machine; the server does not tell of any."""
        if reads_core(self.rpc):
            return ()
        try:
            process = Process(self.rpc.call("State", NonBlocking=True)["State"]["Pid"])
        except FileError:
            return ()
        try:
            # Of another machine's process the number may be another one's here, which has another stack.
            stack = self._thread(self.listed_threads()[0]["id"]).sp
            here = process.read(stack, _COMPARED) == self.read(stack, _COMPARED)
            return process.mapped_now() if here else ()
        except (IndexError, ReadError):
            return ()
        finally:
            process.close()

    def read(self, address: int, length: int) -> bytes:
        if address < _LOWEST or address + length > _HIGHEST:
            raise ReadError(address, length)
        end = address + length
        ranges = [(at, min(LARGEST_READ, end - at)) for at in range(address, end, LARGEST_READ)]
        content = b"".join(piece or b"" for piece in self.rpc.memory(ranges))
        if len(content) != length:  # one of them could not be read, or only in part
            raise ReadError(address, length)
        return content

    def threads(self) -> list[Thread]:
        return [self._thread(thread["id"]) for thread in self.listed_threads()]

    def listed_threads(self) -> Sequence[Any]:
        return self.rpc.call("ListThreads")["Threads"] or ()

    def _thread(self, id: int) -> Thread:
        registers = self.rpc.call("ListRegisters", ThreadID=id, IncludeFp=False)["Regs"]
        values = {each["Name"].lower(): _number(each["Value"]) for each in registers}

        def first(names: Sequence[str]) -> int:
            return next((values[name] for name in names if name in values), 0)

        numbered = {
            number: values[name]
            for number, name in enumerate(GENERAL_REGISTERS.get(self._architecture, ()))
            if name in values
        }
        return Thread(id, first(_SP), first(_PC), first(_LR) if self._architecture == "arm64" else 0, numbered)


class DelveTarget:
    """A program that has debug information.

    Args:
        served: what the server tells of it.
        file: the same of its file.
    """

    def __init__(self, served: _Served, file: FileTarget) -> None:
        self._served, self._file = served, file
        there = served.rpc.call("Eval", Scope=INNERMOST, Expr="&runtime.firstmoduledata", Cfg=_BRIEF)["Variable"]
        file.place("runtime.firstmoduledata", there["children"][0]["addr"])
        self.pointer_size = file.pointer_size
        self.byte_order: Literal["little", "big"] = file.byte_order
        self.architecture = file.architecture
        self.memory: Memory = file.memory

    def type_named(self, name: str) -> GoType | None:
        return self._file.type_named(name)

    def variable(self, name: str) -> tuple[int, GoType] | None:
        return self._file.variable(name)

    def constant(self, name: str) -> int | None:
        return self._file.constant(name)

    def symbol_at(self, address: int) -> Symbol | None:
        return self._file.symbol_at(address)

    @property
    def variable_names(self) -> Sequence[str]:
        return self._file.variable_names

    @cached_property
    def other_build(self) -> str | None:
        fit = fits(self._file.program, self._served.read, self._file.bias)
        differs = other_build(self, self._file.program, self._file.bias, fit, self._file.address_of)
        return differs and not_the_memory_of(str(self._file.program.path), differs, "-program FILE")

    @property
    def signal(self) -> Signal | None:
        return self._file.signal

    def variables(self) -> Iterator[tuple[str, int, GoType]]:
        return self._file.variables()

    def threads(self) -> list[Thread]:
        return self._served.threads()

    def mapped_files(self) -> Sequence[MappedFile]:
        return self._file.mapped_files()

    def frame_variables(self, standing: Standing) -> Sequence[FrameVariable]:
        return self._file.frame_variables(standing)

    def captured(self, entry: int) -> Sequence[Captured]:
        return self._file.captured(entry)


_BRIEF = {
    "FollowPointers": False,
    "MaxVariableRecurse": 0,
    "MaxStringLen": 0,
    "MaxArrayValues": 0,
    "MaxStructFields": 0,
}


def reads_core(rpc: Rpc) -> bool:
    """Whether the server reads a core. Of which program, and where that core is, it does not tell."""
    backend: str = rpc.call("GetVersion")["Backend"]
    return backend == "core"


def _program_of(rpc: Rpc) -> Path:
    """The file of the server's program, as far as this machine has it. Raises ProgramError."""
    if reads_core(rpc):  # whose process is gone; its number may be another one's now
        raise ProgramError(
            "this Delve reads a core, and does not tell of which program: name both with -program FILE -core FILE"
        )
    state: dict[str, Any] = rpc.call("State", NonBlocking=True)["State"]
    named = state.get("TargetCommandLine", "")
    pid = state.get("Pid", 0)
    command = re.match(r'"((?:[^"\\]|\\.)*)"|(\S+)', named)
    candidates = [Path(command[1] or command[2])] if command else []
    candidates.append(Path(f"/proc/{pid}/exe"))
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise ProgramError(
        f"the program that Delve debugs ({named or 'of an unknown path'}) is not on this machine; "
        "copy it here and name it with -program FILE"
    )


def _number(text: str) -> int:
    """``0x000000c0000061c0``, of a register."""
    found = re.match(r"0x[0-9a-fA-F]+", text)
    return int(found[0], 16) if found else 0
