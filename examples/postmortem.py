"""A report on maps of a program that left a core: header and walk of each, as text and as JSON, without typing.

    gdb -nx -q -batch -iex 'set auto-load off' -x examples/postmortem.py --args PROGRAM CORE MAP...

examples/postmortem.md says more. GDB runs this file, with the words behind PROGRAM as the program's arguments; they are
not needed as such, for the program is dead.
"""

import json
import os
import shlex
import sys
from pathlib import Path

import gdb

#: The script's end, as the exit status says it.
_ALL_SHOWN, _SOME_MISSING, _NOTHING_TO_SHOW = 0, 1, 2


def main() -> int:
    if not gdb.objfiles():
        return _nothing("no PROGRAM to read")  # GDB itself has said why
    core, *maps = _arguments() or [""]
    if not maps:
        return _nothing("usage: gdb -nx -q -batch -iex 'set auto-load off' -x postmortem.py --args PROGRAM CORE MAP...")
    if not os.access(core, os.R_OK):
        return _nothing(f"cannot read the core {core}")
    gdb.execute("set width 0")
    gdb.execute(f"source {Path(__file__).resolve().parents[1] / 'gdb_gomap'}", to_string=True)
    try:
        said = gdb.execute(f"core-file {core}", to_string=True)
    except gdb.error as error:
        return _nothing(str(error))
    # Of all that GDB says of a core this is what matters here: the frame, for one, is the runtime's own.
    print("\n".join(line for line in said.splitlines() if line.startswith("Program terminated")))
    folder = Path(os.environ.get("POSTMORTEM_DIR", "postmortem"))
    folder.mkdir(parents=True, exist_ok=True)
    return max([_report(expression, folder / str(number)) for number, expression in enumerate(maps, 1)])


def _arguments() -> list[str]:
    """The words behind PROGRAM. (GDB 13 has them for no Python function.)"""
    said = gdb.execute("show args", to_string=True)
    return shlex.split(said[said.index('"') + 1 : said.rindex('"')])


def _report(expression: str, place: Path) -> int:
    """Print one map's report, and write PLACE-header.json and PLACE-walk.json."""
    print(f"\n== {expression}", flush=True)
    try:
        gdb.execute(f"gomap-header {expression}")
        gdb.execute(f"gomap-walk {expression}")
        _write(f"{place}-header.json", f"gomap-header -json {expression}")
        _write(f"{place}-walk.json", f"gomap-walk -json -limit unlimited {expression}")
    except gdb.error as error:
        print(f"postmortem.py: {error}", file=sys.stderr, flush=True)
        return _SOME_MISSING
    return _ALL_SHOWN


def _write(file: str, command: str) -> None:
    """What COMMAND says, laid out for people to read too."""
    said = json.loads(gdb.execute(command, to_string=True))
    Path(file).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    print(f"-> {file}", flush=True)


def _nothing(why: str) -> int:
    print(f"postmortem.py: {why}", file=sys.stderr, flush=True)
    return _NOTHING_TO_SHOW


gdb.execute(f"quit {main()}")
