"""All that there is to say, as text or as JSON."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Iterator
from importlib.util import find_spec

from gomap import __version__
from gomap.program.printable import printable
from gomap.shell.doctor import debuggers, kernel
from gomap.shell.doctor.answer import Answer, installing
from gomap.shell.sourced import GDB_SCRIPT

__all__ = ["doctor"]

_ALL_THERE, _SOMETHING_MISSING = 0, 1
#: What opens compressed cores: a module of Python's, which not every build of it has, or a tool.
_MODULES = {"gzip": "zlib", "xz": "_lzma"}
_TOOLS = ("zstd", "lz4")


def doctor(as_json: bool) -> int:
    """Print what this machine has, each thing as it is known; the exit status: 1 if something is missing."""
    answers = []
    for answer in _answers():
        answers.append(answer)
        if not as_json:
            _show(answer)
    if as_json:
        things = [
            {"subject": each.subject, "state": each.state, "says": each.says}
            | ({"advice": each.advice} if each.advice else {})
            for each in answers
        ]
        print(json.dumps({"command": "doctor", "things": things}))
    return _SOMETHING_MISSING if any(each.state == "missing" for each in answers) else _ALL_THERE


def _answers() -> Iterator[Answer]:
    yield Answer("gomap", "ok", f"{__version__} in {GDB_SCRIPT.parent}, with Python {platform.python_version()}")
    yield from debuggers.gdb()
    yield debuggers.delve()
    yield kernel.ptrace()
    yield from kernel.cores()
    yield _compressors()


def _compressors() -> Answer:
    have = [name for name, module in _MODULES.items() if find_spec(module)]
    have += [name for name in _TOOLS if shutil.which(name)]
    lacking = [name for name in (*_MODULES, *_TOOLS) if name not in have]
    says = f"cores packed by {', '.join(have)} open as they are" if have else "no packed core opens as it is"
    if not lacking:
        return Answer("packed cores", "ok", says)
    remedies = [installing(name) if name in _TOOLS else f"a Python built with {name}" for name in lacking]
    return Answer("packed cores", "missing", f"{says}; not by {', '.join(lacking)}", "; ".join(remedies))


def _show(answer: Answer) -> None:
    print(f"{answer.state:<8} {answer.subject:<13} {printable(answer.says)}", flush=True)
    if answer.advice:
        print(f"{'':<23}{printable(answer.advice)}", flush=True)
