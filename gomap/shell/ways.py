"""Ways to a program that need no debugger: by a core dump, or by the running process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from gomap.commands.command import Door
from gomap.commands.progress import progress_on_terminal
from gomap.elf.process import Process
from gomap.elf.ptrace import Stop, StopError
from gomap.elf.target import opened_core, opened_process
from gomap.program.program import Program, ProgramError
from gomap.shell.door import ShellDoor
from gomap.shell.session import FAILED, Session
from gomap.stripped.target import target_of

__all__ = ["attach", "core"]


def core(program: Path, core: Path, symbols: Path | None, donor: Path | None, command: Sequence[str]) -> int:
    """Run COMMAND, or the commands that are typed, on a CORE of PROGRAM; the exit status.

    Args:
        symbols: another build of it that has the debug information.
        donor: another program of the same Go that has debug information, which tells of the runtime.
    """
    progress = progress_on_terminal()
    try:
        found = opened_core(program, core, progress.at, symbols)
        opened = Program(target_of(found, donor))
    except ProgramError as error:
        return _fail(error)
    finally:
        progress.clear()
    if found.cut_short is not None:
        print(f"gomap: {found.cut_short}", file=sys.stderr)
    return _run(lambda: nullcontext(ShellDoor(opened)), command)


def attach(
    pid: int, program: Path | None, symbols: Path | None, donor: Path | None, stop: bool, command: Sequence[str]
) -> int:
    """Run COMMAND, or the commands that are typed, on the process PID; the exit status.

    The process runs on as soon as a command has ended; STOP: it stands still for the whole session. SYMBOLS, DONOR: as
    of a core.
    """
    try:
        process = Process(pid)
        target = target_of(opened_process(process, program, symbols), donor)
    except ProgramError as error:
        return _fail(error)
    attached = Program(target)

    @contextmanager
    def opened() -> Iterator[Door]:
        with Stop(pid) as stopped:
            target.stand(stopped.threads(target.architecture, target.byte_order))
            attached.moved()
            yield ShellDoor(attached, process)

    @contextmanager
    def standing() -> Iterator[Door]:
        process.demand()
        yield ShellDoor(attached, process)

    try:
        if not stop:
            return _run(opened, command)
        with opened():
            return _run(standing, command)
    except StopError as error:
        return _fail(error)


def _run(opened: Callable[[], AbstractContextManager[Door]], command: Sequence[str]) -> int:
    session = Session(opened)
    return session.run_words(command) if command else session.converse()


def _fail(error: Exception) -> int:
    print(f"gomap: {error}", file=sys.stderr)
    return FAILED
