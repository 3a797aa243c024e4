"""Runs inside GDB: executes commands one by one and measures what each costs.

Input is a JSON file, named by the environment's HOSTILE_COMMANDS: a list of commands. Before each a line goes to GDB's
standard output that names its number; the costs go to the same file with ``.costs`` behind its name.
"""

from __future__ import annotations

import json
import os
import resource

import gdb


def _memory(which: str) -> int:
    """Bytes of this process: VmRSS, now; VmHWM, at most since _forget_peak."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith(which))


def _forget_peak() -> None:
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def _processor() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    path = os.environ["HOSTILE_COMMANDS"]
    with open(path) as file:
        commands = json.load(file)
    costs = []
    for number, command in enumerate(commands):
        gdb.write(f"\n@@ {number}\n")
        gdb.flush()
        _forget_peak()
        memory, processor = _memory("VmRSS"), _processor()
        try:
            gdb.execute(command)
        except gdb.error as error:
            gdb.write(f"{error}\n", gdb.STDERR)
        gdb.flush()
        gdb.flush(gdb.STDERR)
        costs.append([_processor() - processor, _memory("VmHWM") - memory])
    with open(path + ".costs", "w") as file:
        json.dump(costs, file)


main()
