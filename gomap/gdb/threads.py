"""Where the threads of the process stand, by their registers."""

from __future__ import annotations

import re

import gdb

from gomap.program.machine import GENERAL_REGISTERS
from gomap.program.target import Thread

__all__ = ["threads_of"]

#: The register that holds the address to return to, where the machine has one.
_LINK = {"arm64": "$x30"}
_STANDS = re.compile(r"^\d+(?: \d+){3,}$", re.MULTILINE)


def threads_of(inferior: gdb.Inferior, architecture: str, pointer_size: int) -> list[Thread]:
    """All threads of INFERIOR, the selected one. The selected thread and frame stay."""
    if gdb.selected_thread() is None:
        return []
    ids = {thread.num: thread.ptid[1] or thread.ptid[2] for thread in inferior.threads()}
    general = GENERAL_REGISTERS.get(architecture, ())
    asked = ["$_thread", "$sp", "$pc", _LINK.get(architecture, "0"), *(f"${name}" for name in general)]
    # As a command whose output is caught, since GDB warns of cores whose registers it does not like.
    shown = f'printf "{" ".join(["%lu"] * len(asked))}\\n", {", ".join(asked)}'
    said = gdb.execute(f"thread apply all -s -q frame apply 1 -s -q {shown}", to_string=True)
    threads = []
    for line in _STANDS.findall(said):
        # To GDB most registers of 386 are numbers with a sign, which %lu widens.
        number, sp, pc, lr, *values = (int(word) % (1 << 8 * pointer_size) for word in line.split())
        threads.append(Thread(ids.get(number, 0), sp, pc, lr, dict(enumerate(values))))
    return threads
