"""Stopping a process of Linux's, asking where its threads stand, and letting it go on: ptrace(2), by ctypes.

Threads are seized and interrupted rather than sent SIGSTOP: the kernel then lets them go on by itself when the tracer
dies, however that happens, and the process never sees a signal.
"""

from __future__ import annotations

import ctypes
import errno
import os
import time
from types import TracebackType
from typing import Literal

from gomap.elf.registers import thread_in
from gomap.program.program import ProgramError
from gomap.program.target import Thread

__all__ = ["Stop", "StopError"]

# Requests, from linux/ptrace.h.
_DETACH, _GETREGSET, _SEIZE, _INTERRUPT = 17, 0x4204, 0x4206, 0x4207
_EVENT_STOP = 128
_NT_PRSTATUS = 1
_WALL = 0x40000000
#: Seconds for a thread to stop. One in uninterruptible sleep (a disk, NFS) stops only when it wakes up.
_PATIENCE = 5.0
#: More threads than any process is let have.
_MOST_THREADS = 1 << 16


class StopError(ProgramError):
    """A process could not be stopped; says why, and what to do."""


class _Vector(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Stop:
    """A process that stands still until this is left::

        with Stop(pid) as stop:
            stop.threads("amd64", "little")

    All calls must come from the thread of this program that made the stop.

    Raises StopError if the process is not there, or may not be traced.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
        self._libc.ptrace.restype = ctypes.c_long
        #: Threads that stand still, and the signal that was about to be delivered to each, or 0.
        self._still: dict[int, int] = {}
        try:
            self._stop_all()
        except BaseException:
            self.let_go()
            raise

    def __enter__(self) -> Stop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go()

    def threads(self, architecture: str, byte_order: Literal["little", "big"]) -> list[Thread]:
        """Where each thread of a process of that architecture stands; none where its registers are not known."""
        found = (thread_in(self._registers(thread), thread, architecture, byte_order) for thread in self._still)
        return [thread for thread in found if thread is not None]

    def let_go(self) -> None:
        """Every thread goes on from where it stood."""
        while self._still:
            thread, signal = self._still.popitem()
            self._ptrace(_DETACH, thread, data=signal)

    def _stop_all(self) -> None:
        """Threads may start others while they are being stopped, so look until there is none that runs."""
        seen: set[int] = set()
        while len(seen) < _MOST_THREADS:
            try:
                running = [thread for thread in map(int, os.listdir(f"/proc/{self._pid}/task")) if thread not in seen]
            except OSError:
                raise StopError(f"there is no process {self._pid}") from None
            if not running:
                break
            for thread in running:
                seen.add(thread)
                self._stop(thread)
        if not self._still:
            raise StopError(f"process {self._pid} has ended")

    def _stop(self, thread: int) -> None:
        error = self._ptrace(_SEIZE, thread)
        if error == errno.ESRCH:  # it has ended meanwhile
            return
        if error:
            raise StopError(self._refused(error))
        self._still[thread] = 0
        self._ptrace(_INTERRUPT, thread)
        patience = time.monotonic() + _PATIENCE
        while True:
            try:
                stopped, status = os.waitpid(thread, _WALL | os.WNOHANG)
            except ChildProcessError:
                stopped, status = thread, 0
            if stopped:
                if not os.WIFSTOPPED(status):  # it has ended instead
                    del self._still[thread]
                elif status >> 16 != _EVENT_STOP:
                    self._still[thread] = os.WSTOPSIG(status)
                return
            if time.monotonic() > patience:
                raise StopError(
                    f"thread {thread} of process {self._pid} does not stop: is it waiting for a disk or a network file "
                    "system (state D in ps)?"
                )
            time.sleep(0.0005)

    def _refused(self, error: int) -> str:
        tracer = _tracer(self._pid)
        if tracer:
            return f"process {self._pid} is being traced already, by process {tracer} (a debugger?)"
        return (
            f"process {self._pid} may not be stopped: {os.strerror(error)}; "
            "run gomap as root or as the process's user, and see /proc/sys/kernel/yama/ptrace_scope"
        )

    def _registers(self, thread: int) -> bytes:
        buffer = ctypes.create_string_buffer(1024)
        vector = _Vector(ctypes.cast(buffer, ctypes.c_void_p), len(buffer))
        error = self._ptrace(_GETREGSET, thread, _NT_PRSTATUS, ctypes.addressof(vector))
        return b"" if error else buffer.raw[: vector.length]

    def _ptrace(self, request: int, thread: int, address: int = 0, data: int = 0) -> int:
        """0, or the error's number."""
        return ctypes.get_errno() if self._libc.ptrace(request, thread, address, data) < 0 else 0


def _tracer(pid: int) -> int:
    """Who traces that process; 0 if nobody does, or it is gone."""
    try:
        with open(f"/proc/{pid}/status") as status:
            lines = dict(line.split(":", 1) for line in status)
        return int(lines.get("TracerPid", "0"))
    except (OSError, ValueError):
        return 0
