"""``python3 -m gomap``, or ``gomap`` where it is installed: the way in without a debugger, and into one."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from gomap import __version__

__all__ = ["main"]

_EPILOG = """\
COMMAND is one of gomap's with its options: header, walk, check, whatis ... ('gomap core PROGRAM CORE help' lists them).
Without one there is a prompt, or the commands come from the standard input.
Exit status: 0 clean, 1 there are findings, 2 it could not be done.
"""


_WAYS = ("core", "attach", "gdb", "dlv", "connect", "gdbinit", "doctor")
#: Ways whose arguments are another program's.
_AS_THEY_ARE = (["gdb"], ["dlv"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run gomap with ARGUMENTS, or those of the command line; the exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments and (command := _command(arguments[0])):
        ways = f"gomap core PROGRAM CORE {command}, or gomap attach PID {command}"
        print(f"gomap: {command} is a command, and what it looks at comes first: {ways}", file=sys.stderr)
        return 2
    given = _parser().parse_args(arguments[:1] if arguments[:1] in _AS_THEY_ARE else arguments)
    given.arguments = arguments[1:]
    try:
        status: int = given.run(given)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # head, say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    except KeyboardInterrupt:
        print("gomap: interrupted", file=sys.stderr)
        return 2


def _command(word: str) -> str:
    """The command that WORD names without a way to a program; empty if it names none."""
    if word.startswith("-") or word in _WAYS:
        return ""
    from gomap.commands import COMMANDS

    name = f"gomap-{word.removeprefix('gomap-')}"
    return name.removeprefix("gomap-") if name in COMMANDS else ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gomap",
        description="See inside Go maps, in core dumps and running programs, and be told what is wrong with them.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"gomap {__version__}")
    ways = parser.add_subparsers(title="ways to a program", required=True, metavar="WAY")

    core = ways.add_parser("core", help="the core dump of a program; nothing but Python is needed")
    core.add_argument("program", type=Path, metavar="PROGRAM", help="the program")
    core.add_argument("core", type=Path, metavar="CORE")
    core.set_defaults(run=_core)

    attach = ways.add_parser("attach", help="a running process, stopped for the time of each command")
    attach.add_argument("-stop", "--stop", action="store_true", help="stop it for the whole session")
    attach.add_argument("-program", "--program", type=Path, metavar="FILE", help="where its debug information is")
    attach.add_argument("pid", type=int, metavar="PID")
    attach.set_defaults(run=_attach)

    for way in (core, attach):
        way.add_argument(
            "-symbols", "--symbols", type=Path, metavar="FILE", help="another build of it that has debug information"
        )
        command = way.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND ...", help="what to do")
        command.required = False  # so that it is not among what is said to be missing

    for name, run, text in (
        ("gdb", _gdb, "start GDB ($GDB, or gdb) with gomap loaded; ARGS are GDB's"),
        (
            "dlv",
            _dlv,
            "start Delve ($DLV, or dlv) with gomap's commands in it; ARGS are Delve's (exec, core, attach ...), "
            "behind -donor FILE if at all",
        ),
    ):
        ways.add_parser(name, help=text, add_help=False).set_defaults(run=run)

    connect = ways.add_parser("connect", help="a Delve that serves already, for an IDE say (--accept-multiclient)")
    connect.add_argument(
        "-program", "--program", type=Path, metavar="FILE", help="the program, if it lies elsewhere here"
    )
    connect.add_argument("-core", "--core", type=Path, metavar="FILE", help="the core that it reads, if it does")
    connect.add_argument("address", metavar="HOST:PORT")
    connect.set_defaults(run=_connect)

    for way in (core, attach, connect):
        way.add_argument(
            "-donor",
            "--donor",
            type=Path,
            metavar="FILE",
            help="another program of the same Go that has debug information",
        )

    gdbinit = ways.add_parser("gdbinit", help="print the line by which every GDB loads gomap")
    gdbinit.add_argument(
        "-install", "--install", action="store_true", help="write it to your gdbinit, after asking, if it is not there"
    )
    gdbinit.set_defaults(run=_gdbinit)

    doctor = ways.add_parser("doctor", help="what this machine has for gomap, and what to do about what it lacks")
    doctor.add_argument("-json", "--json", action="store_true", help="as one JSON object")
    doctor.set_defaults(run=_doctor)
    return parser


def _core(given: argparse.Namespace) -> int:
    from gomap.shell.ways import core

    return core(given.program, given.core, given.symbols, given.donor, given.command)


def _attach(given: argparse.Namespace) -> int:
    from gomap.shell.ways import attach

    return attach(given.pid, given.program, given.symbols, given.donor, given.stop, given.command)


def _gdb(given: argparse.Namespace) -> int:
    """Become GDB."""
    from gomap.shell.sourced import GDB_SCRIPT

    gdb = os.environ.get("GDB", "gdb")
    try:
        os.execvp(gdb, [gdb, "-iex", f"source {GDB_SCRIPT}", *given.arguments])
    except OSError as error:
        print(f"gomap: cannot start {gdb}: {error.strerror}; install GDB, or name it in $GDB", file=sys.stderr)
        return 2


def _dlv(given: argparse.Namespace) -> int:
    from gomap.delve.door import start

    return start(given.arguments)


def _connect(given: argparse.Namespace) -> int:
    from gomap.delve.door import connect

    return connect(given.address, given.program, given.core, given.donor)


def _gdbinit(given: argparse.Namespace) -> int:
    from gomap.shell.gdbinit import gdbinit

    return gdbinit(given.install)


def _doctor(given: argparse.Namespace) -> int:
    from gomap.shell.doctor.report import doctor

    return doctor(given.json)


if __name__ == "__main__":
    sys.exit(main())
