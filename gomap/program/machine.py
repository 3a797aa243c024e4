"""Machines that Go compiles for: what a program's ELF header says of its own, whatever a debugger makes of it."""

from __future__ import annotations

import struct
from typing import Literal, NamedTuple

__all__ = ["GENERAL_REGISTERS", "Machine", "alike", "goarch", "machine_called", "machine_of"]

_ORDERS: dict[int, Literal["little", "big"]] = {1: "little", 2: "big"}
#: GOARCH by e_machine (debug/elf/elf.go), and by pointer size and byte order where these tell.
_GOARCH = {
    (3, 4, "little"): "386",
    (40, 4, "little"): "arm",
    (62, 8, "little"): "amd64",
    (183, 8, "little"): "arm64",
    (21, 8, "little"): "ppc64le",
    (21, 8, "big"): "ppc64",
    (22, 8, "big"): "s390x",
    (243, 8, "little"): "riscv64",
    (258, 8, "little"): "loong64",
    (8, 4, "big"): "mips",
    (8, 4, "little"): "mipsle",
    (8, 8, "big"): "mips64",
    (8, 8, "little"): "mips64le",
}
#: What GDB calls the architectures (bfd's printable names), and what GOARCH does.
_CALLED = (("i386:x86-64", "amd64"), ("i386", "386"), ("aarch64", "arm64"))
#: Those whose pointers have 4 bytes.
_NARROW = ("386", "arm")
#: By GOARCH, the registers that variables may be in, in the order in which DWARF numbers them, from 0 on (the psABI
#: supplements of each; cmd/internal/obj/*/a.out.go).
GENERAL_REGISTERS = {
    "amd64": ("rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", *(f"r{number}" for number in range(8, 16))),
    "386": ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"),
    "arm64": (*(f"x{number}" for number in range(31)), "sp"),
}


class Machine(NamedTuple):
    """What a program is for.

    Attributes:
        architecture: as GOARCH names it; ``machine 99`` where Go has no name for it.
        pointer_size: 4 or 8.
        byte_order: as int.from_bytes takes it.
    """

    architecture: str
    pointer_size: int
    byte_order: Literal["little", "big"]


def goarch(machine: int, pointer_size: int, byte_order: str) -> str:
    """The architecture whose e_machine is MACHINE."""
    return _GOARCH.get((machine, pointer_size, byte_order), f"machine {machine}")


def machine_of(path: str) -> Machine | None:
    """The machine that the ELF file at PATH is for; None if there is no such file.

    >>> machine_of("/dev/null") is None
    True
    """
    try:
        with open(path, "rb") as file:
            header = file.read(20)
    except OSError:
        return None
    if len(header) < 20 or header[:4] != b"\x7fELF" or header[4] not in (1, 2) or header[5] not in _ORDERS:
        return None
    pointer_size, order = 4 * header[4], _ORDERS[header[5]]
    (machine,) = struct.unpack("<H" if order == "little" else ">H", header[18:20])
    return Machine(goarch(machine, pointer_size, order), pointer_size, order)


def machine_called(name: str, byte_order: Literal["little", "big"]) -> Machine:
    """The machine that GDB calls NAME; of those that it has other names for than Go, only amd64, 386 and arm64.

    >>> machine_called("i386:x86-64:intel", "little")
    Machine(architecture='amd64', pointer_size=8, byte_order='little')
    """
    architecture = next((goarch for prefix, goarch in _CALLED if name.startswith(prefix)), name)
    return Machine(architecture, 4 if architecture in _NARROW else 8, byte_order)


def alike(machine: Machine, called: Machine) -> bool:
    """Whether MACHINE, a program's own, can be the one that GDB takes it for, as machine_called has that."""
    known = {goarch for _, goarch in _CALLED}
    return machine.architecture == called.architecture or not known & {machine.architecture, called.architecture}
