"""``make bench``: how long gomap takes, beside Go's own script for GDB, Delve and goref.

Each pair that is compared is measured in one run, on one core: of a map that was filled by insertion alone, with
100,000, a million or ten million entries. "command" is the command alone, "processor" what processors worked for it,
"whole" the debugger's process from start to end.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from tests.bench import goref
from tests.bench.runs import (
    GOMAP,
    BenchError,
    Crashed,
    Run,
    best,
    crashed,
    crashed_with_maps,
    delve,
    delve_rpc,
    files,
    gdb,
    gdb_live,
    go_script,
    opening,
)
from tests.fixtures import fetching, toolchains
from tests.fixtures.builds import BuildError

_CLASSIC, _SWISS = "1.23.9", "1.27.3"
#: Of the newest series that goref reads.
_GOREF = "1.26.6"
_SOURCE = f"source {GOMAP}"
_READING = f"source {Path(__file__).with_name('reading.py')}"
_REPEATS = 3
_KEY = re.compile(r'"key-\d+"')


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="leave out what takes minutes")
    quick = parser.parse_args().quick
    # As for most users, Python's compiled code is kept from one run to the next.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    debuggers = _debuggers()
    processors = os.cpu_count() or 1
    print(f"{platform.machine()}, {processors} processors; {', '.join(debuggers)}; Delve {toolchains.DELVE_VERSION}")
    print(f'Best of {_REPEATS}. "command": seconds for the command alone; "processor": that processors worked for it;')
    print('"whole": for the whole process of the debugger.')
    if os.getloadavg()[0] > processors / 2:
        print(
            f"OTHER WORK IS GOING ON (load {os.getloadavg()[0]:.1f}): times are too long; compare those of processors."
        )
    for go in (_CLASSIC, _SWISS):
        _print(go, debuggers, quick)
    for name, debugger in debuggers.items():
        _walk(name, debugger)
        _load(name, debugger)
    name = next(iter(debuggers))
    for go in (_CLASSIC, _SWISS):
        _check(go, name, debuggers[name], quick)
        _doors(go, name, debuggers[name])
    _opening()
    _beside_goref()


def _debuggers() -> dict[str, Path]:
    """By name: the machine's own, then GDB 18.1."""
    paths = [toolchains.gdb18()]
    try:
        paths.insert(0, toolchains.system_gdb())
    except fetching.MissingError as missing:
        print(f"NOT MEASURED: {missing}")
    said = {
        path: subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout for path in paths
    }
    return {f"GDB {text.splitlines()[0].split()[-1]}": path for path, text in said.items()}


def _print(go: str, debuggers: dict[str, Path], quick: bool) -> None:
    _title(f"print of a map[string]int with 100,000 entries, Go {go}", "entries")
    program = crashed(go, "string", 100_000)
    slow = go == _CLASSIC  # on Swiss maps Go's script soon gives up
    scripts = {}
    for name, debugger in debuggers.items():
        if slow and quick:
            print(f"  NOT MEASURED: Go's own script, {name} (--quick)")
            continue
        scripts[name] = gdb(debugger, program, "print 'main.strings'", f"source {go_script(go)}")
        _row(f"Go's own script, {name}", scripts[name], _entries(scripts[name]))
    other = best(_REPEATS, delve, program, "print main.strings")
    _row(f"Delve {toolchains.DELVE_VERSION}", other, _entries(other))
    for name, debugger in debuggers.items():
        ours = best(_REPEATS, gdb, debugger, program, "print 'main.strings'", _SOURCE)
        _row(f"gomap, {name}", ours, _entries(ours))
        if _entries(ours) != 100_000:
            raise BenchError(f"gomap printed {_entries(ours)} of 100,000 entries")
        if slow and name in scripts:
            _compare(ours, scripts[name], "Go's script", 50)
        _compare(ours, other, "Delve", 5)


def _walk(name: str, debugger: Path) -> None:
    _title(f"gomap-walk -limit 1 of a map[int]int with 1,000,000 entries, as first command, {name}")
    for go in (_CLASSIC, _SWISS):
        program = crashed(go, "int", 1_000_000)
        for way, debug in {"core": gdb, "live": gdb_live}.items():
            run = best(_REPEATS, debug, debugger, program, "gomap-walk -limit 1 main.ints", _SOURCE)
            _row(f"Go {go}, {way}", run)
            _bound(run, 0.2)


def _load(name: str, debugger: Path) -> None:
    _title(f"source gdb_gomap, {name}")
    program = crashed(_SWISS, "string", 100_000)
    _row("GDB without it", best(2 * _REPEATS, gdb, debugger, program, "echo"))
    ours = best(2 * _REPEATS, gdb, debugger, program, _SOURCE)
    _row("GDB with it", ours)
    _bound(ours, 0.15)


def _check(go: str, name: str, debugger: Path, quick: bool) -> None:
    _title(f"gomap-check beside GDB's reading of the same bytes, Go {go}, {name}", "MB more")
    cases = [("int", 1_000_000, "core"), ("int", 1_000_000, "live"), ("string", 1_000_000, "core")]
    million = None
    for kind, size, way in [*cases, ("int", 10_000_000, "core")]:
        if quick and size > 1_000_000:
            print(f"  NOT MEASURED: {size:,} entries (--quick)")
            continue
        program = crashed(go, kind, size)
        if not _has_check(debugger, program):
            print("  NOT MEASURED: this gomap has no gomap-check")
            return
        map, repeats, debug = f"main.{kind}s", _REPEATS if size <= 1_000_000 else 1, gdb if way == "core" else gdb_live
        find = f"bench-find {map}"
        reading = best(repeats, debug, debugger, program, "bench-read", _SOURCE, _READING, find)
        checking = best(repeats, debug, debugger, program, f"gomap-check {map}", _SOURCE)
        read = re.search(r"^bench: (.*)$", reading.said, re.M)
        if read is None:
            raise BenchError(f"nothing read:\n{reading.complained}")
        _row(f"{way}: read map[{kind}]int of {size:,}: {read[1]}", reading)
        _row(f"{way}: gomap-check map[{kind}]int of {size:,}", checking, checking.growth // 1_000_000)
        print(f"    {checking.command / reading.command:.1f} times the reading: {checking.said.splitlines()[-1]}")
        if million is None:
            million = checking
        elif size > 1_000_000:
            print(f"    {checking.command / million.command:.1f} times what 1,000,000 entries took")


def _doors(go: str, name: str, debugger: Path) -> None:
    _title(f"gomap-check of a map[int]int with 1,000,000 entries through each door, Go {go}")
    program = crashed(go, "int", 1_000_000)
    within = best(_REPEATS, gdb, debugger, program, "gomap-check main.ints", _SOURCE)
    alone = best(_REPEATS, files, program, "check main.ints")
    served = best(_REPEATS, delve_rpc, program, "gomap-check main.ints")
    _row(name, within)
    _row("gomap core, from start to exit", alone)
    _ratio(alone.whole / within.whole, "the time of GDB's whole process", 1)
    _row("gomap dlv, over Delve's JSON-RPC", served)
    _ratio(served.command / within.command, "the time of GDB's command", 2)


def _opening() -> None:
    print("\nOpening a program without a debugger, and finding a type and a variable of it")
    took = min(opening(toolchains.delve(), "map[string]int", "runtime.mheap_") for _ in range(_REPEATS))
    met = "as wanted" if took < 0.3 else "MISSED"
    print(f"  Delve's own binary (23 MB): {took:.3f} s of processor; wanted below 0.3: {met}")


def _beside_goref() -> None:
    program = crashed_with_maps(_GOREF)
    print(f"\nWhat can be reached in a core with 100,000 maps and a million other objects, Go {_GOREF}")
    heads = ("objects", "bytes", "maps", "their bytes", "processor", "whole")
    print(f"  {'':50}" + "".join(f"{head:>13}" for head in heads))
    rows = {"gomap core, list": goref.by_gomap}
    try:
        rows = {goref.version(): goref.by_goref, **rows}
    except fetching.MissingError as missing:
        print(f"  NOT MEASURED: {missing}")
    for name, found_by in rows.items():
        found = min((found_by(program) for _ in range(_REPEATS)), key=lambda each: each.run.whole)
        maps = "not said" if found.maps is None else f"{found.maps:,}"
        numbers = f"{found.objects:13,}{found.bytes:13,}{maps:>13}{found.structure:13,}"
        print(f"  {name:50}{numbers}{found.run.processor:13.3f}{found.run.whole:13.3f}", flush=True)
    if len(rows) > 1:
        print("    goref's bytes of maps: those of which its profile names the type")


def _ratio(ratio: float, of: str, wanted: float) -> None:
    print(f"    {ratio:.2f} times {of}; wanted {wanted} at most: {'as wanted' if ratio <= wanted else 'MISSED'}")


def _has_check(debugger: Path, program: Crashed) -> bool:
    try:
        gdb(debugger, program, "help gomap-check", _SOURCE)
    except BenchError:
        return False
    return True


def _entries(run: Run) -> int:
    """How many entries are in what was printed."""
    return len(set(_KEY.findall(run.said)))


def _title(what: str, last: str = "") -> None:
    print(f"\n{what}\n  {'':62}{'command':>10}{'processor':>10}{'whole':>10}{last:>9}")


def _row(what: str, run: Run, last: int | None = None) -> None:
    more = "" if last is None else f"{last:9,}"
    print(f"  {what:62}{run.command:10.3f}{run.processor:10.3f}{run.whole:10.3f}{more}", flush=True)


def _compare(ours: Run, theirs: Run, name: str, wanted: int) -> None:
    alone, whole = theirs.command / ours.command, theirs.whole / ours.whole
    met = "as wanted" if alone >= wanted else "MISSED"
    worked = theirs.processor / ours.processor
    print(
        f"    {alone:.1f} times as fast as {name}, {whole:.1f} times as a whole process, "
        f"{worked:.1f} times by processor; wanted {wanted}: {met}"
    )


def _bound(run: Run, wanted: float) -> None:
    print(f"    wanted below {wanted} s: {'as wanted' if run.command < wanted else 'MISSED'}")


if __name__ == "__main__":
    try:
        main()
    except (BenchError, BuildError, fetching.MissingError) as error:
        sys.exit(f"bench: {error}")
