"""The debuggers: whether they are there and new enough, and whether GDB loads gomap."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

from gomap.shell.doctor.answer import Answer, installing
from gomap.shell.gdbinit import home_gdbinit, loaded_by
from gomap.shell.sourced import DELVE_SCRIPT

__all__ = ["delve", "gdb"]

#: As in gdb_gomap.
_OLDEST_GDB, _OLDEST_PYTHON = 12, (3, 10)
#: Seconds that a debugger may take to say what it is.
_PATIENCE = 30
_MARK = "gomap:"
#: What GDB calls the architectures of Go's.
_ARCHITECTURES = {"amd64": "i386:x86-64", "386": "i386", "arm64": "aarch64"}
_ASK = (
    "python import json, sys; print("
    f"{_MARK!r} + json.dumps(dict(python=list(sys.version_info[:3]), safe=gdb.parameter('auto-load safe-path'), "
    f"architectures=[each for each in {[*_ARCHITECTURES.values()]} if f'set architecture {{each}}' in "
    "gdb.execute(f'complete set architecture {each}', to_string=True).splitlines()])))"
)


def gdb() -> Iterator[Answer]:
    """What there is to say of $GDB, or gdb."""
    name = os.environ.get("GDB", "gdb")
    path = shutil.which(name)
    if path is None:
        advice = f"{installing('gdb')}; without it there are 'gomap core' and 'gomap attach', and Delve"
        yield Answer("GDB", "missing", f"there is no {name}", advice)
        return
    said = _said([path, "-nx", "-q", "-batch", "-ex", "show version", "-ex", _ASK])
    version = re.search(r"^GNU gdb .*?(\d+)(\.\S+)?$", said, re.MULTILINE)
    if version is None:
        yield Answer("GDB", "missing", f"{path} does not start: {_first_line(said)}", installing("gdb"))
        return
    number = version[1] + (version[2] or "")
    _, _, told = said.partition(_MARK)
    facts: dict[str, Any] = json.loads(told.partition("\n")[0]) if told else {}
    yield _serving(path, int(version[1]), number, facts.get("python"))
    if facts:
        yield _reads(facts["architectures"])
        yield _loads()
        yield Answer(
            "safe-path",
            "ok",
            f"{facts['safe'] or 'empty'}; gomap needs nothing of it: a warning that it declined runtime-gdb.py is "
            "of Go's own script, which gomap does without",
        )


def delve() -> Answer:
    """What there is to say of $DLV, or dlv."""
    name = os.environ.get("DLV", "dlv")
    path = shutil.which(name)
    if path is None:
        advice = "go install github.com/go-delve/delve/cmd/dlv@latest; GDB, 'gomap core' and 'gomap attach' need none"
        return Answer("Delve", "missing", f"there is no {name}", advice)
    said = _said([path, "version"])
    version = re.search(r"^Version: (\S+)", said, re.MULTILINE)
    if version is None:
        advice = "go install github.com/go-delve/delve/cmd/dlv@latest"
        return Answer("Delve", "missing", f"{path} does not start: {_first_line(said)}", advice)
    return Answer("Delve", "ok", f"{version[1]} ({path}); without Python in it: source {DELVE_SCRIPT}")


def _serving(path: str, major: int, version: str, python: Sequence[int] | None) -> Answer:
    """Whether that GDB can load gomap."""
    newer = f"{installing('gdb')} of a newer release, or name another in $GDB; 'gomap core' needs none"
    if major < _OLDEST_GDB:
        return Answer("GDB", "missing", f"{version} ({path}) is too old: gomap needs {_OLDEST_GDB} or newer", newer)
    if python is None:
        return Answer("GDB", "missing", f"{version} ({path}) was built without Python", newer)
    its = ".".join(map(str, python))
    if tuple(python) < _OLDEST_PYTHON:
        least = ".".join(map(str, _OLDEST_PYTHON))
        return Answer("GDB", "missing", f"{version} ({path}) has Python {its}: gomap needs {least} or newer", newer)
    return Answer("GDB", "ok", f"{version} ({path}), with Python {its}")


def _reads(architectures: Sequence[str]) -> Answer:
    """Which programs it can open."""
    known = [go for go, its in _ARCHITECTURES.items() if its in architectures]
    others = [go for go in _ARCHITECTURES if go not in known]
    says = f"opens programs for {', '.join(known)}"
    if not others:
        return Answer("GDB reads", "ok", says)
    advice = f"{installing('gdb-multiarch')} (Debian's name), or 'gomap core', which reads them all"
    return Answer("GDB reads", "note", f"{says}; not for {', '.join(others)}", advice)


def _loads() -> Answer:
    """Whether it loads gomap by itself."""
    file = home_gdbinit()
    try:
        there = loaded_by(file)
    except OSError as error:
        return Answer("gdbinit", "note", f"{file} cannot be read: {error.strerror}")
    if there is None:
        return Answer("gdbinit", "note", f"{file} does not load gomap", "gomap gdbinit -install; or start 'gomap gdb'")
    if not there.ours:
        says = f"line {there.number} of {file} loads another gomap, {there.path}"
        return Answer("gdbinit", "note", says, "gomap gdbinit -install")
    return Answer("gdbinit", "ok", f"line {there.number} of {file} loads gomap")


def _said(command: Sequence[str]) -> str:
    """All that COMMAND says, or why it says nothing."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except OSError as error:
        return error.strerror or str(error)
    except subprocess.TimeoutExpired:
        return f"it says nothing for {_PATIENCE} seconds"
    return done.stdout


def _first_line(said: str) -> str:
    return next((line.strip() for line in said.splitlines() if line.strip()), "it says nothing")
