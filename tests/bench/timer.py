"""Run in GDB: bench-time COMMAND runs a command and says on the standard error what it took."""

import sys
import time

import gdb


class Time(gdb.Command):
    """Time a command."""

    def __init__(self) -> None:
        super().__init__("bench-time", gdb.COMMAND_DATA)

    def invoke(self, command: str, _from_tty: bool) -> None:
        memory, processor, start = _peak(), time.process_time(), time.perf_counter()
        gdb.execute(command)
        gdb.flush()
        taken, worked, more = time.perf_counter() - start, time.process_time() - processor, _peak() - memory
        print(
            f"\nbench: {taken:.4f} s, {worked:.4f} s of processor, {more} bytes more", file=sys.__stderr__, flush=True
        )


def _peak() -> int:
    """GDB's peak of resident memory, in bytes."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))


Time()
