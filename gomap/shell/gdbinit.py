"""``gomap gdbinit``: the line by which every GDB loads gomap, and the file that it belongs in."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

from gomap.shell.sourced import GDB_SCRIPT

__all__ = ["LINE", "Loaded", "gdbinit", "home_gdbinit", "loaded_by"]

#: What GDB has to be told.
LINE = f"source {GDB_SCRIPT}"

_DONE, _DECLINED, _FAILED = 0, 1, 2
_SOURCES = re.compile(r"\s*source\s+(?:-v\s+)?(?P<path>.*?\bgdb_gomap)\s*")


class Loaded(NamedTuple):
    """A line of a gdbinit that loads a gomap.

    Attributes:
        number: which line, from 1.
        path: the file that it sources, as it stands there.
    """

    number: int
    path: str

    @property
    def ours(self) -> bool:
        """Whether that is this gomap."""
        return Path(self.path).expanduser().resolve() == GDB_SCRIPT


def home_gdbinit() -> Path:
    """The one that GDB reads of a person's, or, if there is none, the one to make.

    GDB reads the first that there is of two: ``gdb/gdbinit`` where configuration goes, and ``~/.gdbinit``
    (gdbsupport/pathstuff.cc, find_gdb_home_config_file).
    """
    configuration = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser().absolute() / "gdb" / "gdbinit"
    return configuration if configuration.exists() else Path.home() / ".gdbinit"


def loaded_by(file: Path) -> Loaded | None:
    """The line in FILE that loads gomap; the last if several do, as that is the one that counts.

    Raises OSError if it cannot be read; where it is not there, there is no line.
    """
    try:
        lines = file.read_text(errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return None
    found = [
        Loaded(number, match["path"]) for number, line in enumerate(lines, 1) if (match := _SOURCES.fullmatch(line))
    ]
    return found[-1] if found else None


def gdbinit(install: bool) -> int:
    """Print the line, or with INSTALL write it after asking; the exit status: 1 if the answer was no."""
    if not GDB_SCRIPT.is_file():
        return _fail(f"{GDB_SCRIPT} is not there: install gomap anew")
    if not install:
        print(LINE)
        return _DONE
    file = home_gdbinit()
    try:
        return _install(file)
    except OSError as error:
        return _fail(f"cannot write {file}: {error.strerror}")


def _install(file: Path) -> int:
    there = loaded_by(file)
    if there is not None and there.ours:
        print(f"{file} has it already, in line {there.number}")
        return _DONE
    if there is None:
        question = f"Add this line to {file}?\n  {LINE}\n"
    else:
        question = (
            f"Line {there.number} of {file} loads another gomap, {there.path}. Put this in its place?\n  {LINE}\n"
        )
    if not _agreed(question):
        print("nothing was written")
        return _DECLINED
    if there is None:
        _append(file)
    else:
        _replace(file, there.number)
    print(f"{file} loads gomap from now on")
    return _DONE


def _agreed(question: str) -> bool:
    print(f"{question}[y/N] ", end="", flush=True)
    answer = sys.stdin.readline()
    if not answer.endswith("\n") or not sys.stdin.isatty():
        print()
    return answer.strip().lower() in ("y", "yes")


def _append(file: Path) -> None:
    with open(file, "a+b") as init:
        init.seek(0)
        before = init.read()
        init.write((b"\n" if before and not before.endswith(b"\n") else b"") + f"{LINE}\n".encode())


def _replace(file: Path, number: int) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    lines[number - 1] = f"{LINE}\n".encode()
    file.write_bytes(b"".join(lines))


def _fail(text: str) -> int:
    print(f"gomap: {text}", file=sys.stderr)
    return _FAILED
