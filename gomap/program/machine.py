"""For which machine a program is: what its ELF header says, whatever a debugger makes of it."""

from __future__ import annotations

import struct

__all__ = ["machine_of"]

#: e_machine in the ELF header (debug/elf/elf.go), and what GOARCH calls it.
_MACHINES = {
    3: "386",
    8: "mips",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    62: "amd64",
    183: "arm64",
    243: "riscv64",
    258: "loong64",
}
_CLASS64, _BIG_ENDIAN = 2, 2


def machine_of(path: str) -> str | None:
    """The GOARCH that the ELF file at PATH is for, as far as endianness and size go with it; None if it cannot be told.

    >>> machine_of("/dev/null") is None
    True
    """
    try:
        with open(path, "rb") as file:
            header = file.read(20)
    except OSError:
        return None
    if len(header) < 20 or header[:4] != b"\x7fELF":
        return None
    size, order = header[4], ">" if header[5] == _BIG_ENDIAN else "<"
    machine = _MACHINES.get(struct.unpack(order + "H", header[18:20])[0])
    if machine == "mips" and size == _CLASS64:
        machine = "mips64"
    if machine in ("mips", "mips64", "ppc64") and order == "<":
        machine += "le"
    return machine
