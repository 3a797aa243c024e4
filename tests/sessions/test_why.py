"""gomap-why on programs that know what they died of: races (tests/fixtures/races), and other deaths (fixtures/deaths).

Of a race the program has printed which map it is, which goroutines are at it, who has the lock beside it and who waits
for it. Whoever is said to be at the map probably or for certain must be one of the two; what is not certain may be
missing. With --matrix there are twenty cores of each kind, and the counts are printed.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gomap.elf.target import open_core, opened_core
from gomap.goruntime import instructions
from gomap.postmortem.concluding import why
from gomap.postmortem.writers import writers
from gomap.program.program import Program
from gomap.stripped.target import StrippedTarget
from gomap.views.paint import Paint
from gomap.views.verdict import verdict_lines
from tests.fixtures.builds import build, core_of, gdb_core_of, kernel_core_of
from tests.sessions.corefile import CoreFile
from tests.sessions.debugger import Gdb
from tests.sessions.doors import DelveRpc, Files, serving
from tests.sessions.gomap import gomap
from tests.sessions.races import assert_race, why_of
from tests.sessions.targets import debugger

#: si_code of what tgkill(2) sends.
_SI_TKILL = -6
#: Programs are linked to lie below, and Go's heap lies above, before all else.
_ABOVE_PROGRAM = 1 << 28
_VERSIONS = ("1.23.9", "1.27.3")
_RACES = ("writers", "reader", "iterator", "deleter")
_WAYS = ("field", "global", "captured")


@cache
def _died(go: str, goarch: str, mode: str) -> tuple[Path, Path, dict[str, Any]]:
    """The program deaths, its core and what gomap says of it."""
    program = build("deaths", go, goarch=goarch)
    core = core_of(program, mode).path
    return program, core, why_of(program, core)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "cores" in metafunc.fixturenames:
        metafunc.parametrize("cores", [20 if metafunc.config.getoption("--matrix") else 1])
    if "goarch" in metafunc.fixturenames:
        others = [("1.23.9", "386"), ("1.27.3", "arm64"), ("1.27.3", "386"), ("1.23.9", "arm64")]
        some = others if metafunc.config.getoption("--matrix") else others[:2]
        metafunc.parametrize(("go", "goarch"), [*((go, "amd64") for go in _VERSIONS), *some])


@pytest.mark.parametrize("go", _VERSIONS)
@pytest.mark.parametrize("mode", _RACES)
def test_races_on_a_field(go: str, mode: str, cores: int) -> None:
    degrees = Counter(assert_race(go, mode, "field", str(number)) for number in range(cores))
    print(f"{go} {mode}: map and thrower named in {cores} of {cores}; the other side: {dict(degrees)}")


@pytest.mark.parametrize("go", _VERSIONS)
@pytest.mark.parametrize(("mode", "way"), [("reader", "global"), ("iterator", "captured"), ("writers", "nested")])
def test_races_on_other_maps(go: str, mode: str, way: str) -> None:
    assert_race(go, mode, way)


def test_what_a_person_sees_of_a_race() -> None:
    program = build("races", "1.27.3")
    core = kernel_core_of(program, "reader", "field", "0")
    done = gomap("core", program, core.path, "why")
    assert done.returncode == 1
    first, which, by, verdict, *rest = done.stdout.splitlines()
    assert first == "fatal error: concurrent map read and map write"
    assert which.startswith("map[string]*main.session at 0x")
    assert which.endswith(": main.srv.sessions")
    assert by.startswith("  ")
    assert verdict.startswith("verdict: race: goroutine ")
    assert any("  threw  " in line and line.endswith("looks up a key in it") for line in rest)
    assert any(line.startswith("main.srv.mu (sync.Mutex): taken, probably by goroutine ") for line in rest)
    assert rest[-1].startswith("gomap-check: no findings in 100 entries")


@pytest.mark.parametrize("go", _VERSIONS)
def test_who_waits_for_a_mutex_in_a_program_that_hangs(go: str) -> None:
    """The fixture has three that do, for one that main has."""
    program, core, said = _died(go, "amd64", "locked")
    assert (said["verdict"], said["death"]) == (None, None)
    text = Files(program, core).run("why")
    assert re.search(r"^  3 goroutines wait for a mutex: \d+, \d+, \d+ \(main\.waits\)$", text, re.MULTILINE), text


def test_who_has_raised_an_error_besides() -> None:
    """As if four more goroutines had: which of them ends the program, and has the last words, is chance."""
    program, core, _ = _died("1.27.3", "amd64", "nil-map")
    verdict = why(Program(open_core(program, core)), lambda _what: None)
    assert verdict.death is not None and not verdict.also
    said = list(verdict_lines(replace(verdict, also=[verdict.death] * 4), {}, Paint()))
    assert said.count("goroutine 1 has raised an error too: panic: assignment to entry in nil map") == 3
    assert "so has 1 more goroutine" in said


@pytest.mark.parametrize("ldflags", ["", "-s -w"])
@pytest.mark.parametrize("go", _VERSIONS)
def test_whose_code_writes_to_such_maps(go: str, ldflags: str) -> None:
    """Of all functions of package main: those whose source does. The lines are the source's, and so is who locks."""
    program = build("races", go, ldflags=ldflags)
    core = kernel_core_of(program, "writers", "field", "0").path
    target = StrippedTarget(opened_core(program, core)) if ldflags else open_core(program, core)
    found = writers(Program(target), "main.(*server).put", "map[string]*main.session")
    source = (Path(__file__).parents[1] / "fixtures/races/main.go").read_text().splitlines()
    at = [
        number for number, text in enumerate(source, 1) if re.search(r"\.sessions\[\S+\] = |delete\(s\.sessions", text)
    ]
    assert sorted(each.call.line for each in found) == at
    for each in found:
        body = source[: each.call.line]
        begins = max(number for number, text in enumerate(body) if text.startswith("func "))
        assert each.locks == any("mu.Lock()" in text for text in body[begins:]), each


def test_where_nobody_else_is_seen_it_is_said_what_would_tell() -> None:
    """As if the other one had come to its end meanwhile."""
    program = build("races", "1.27.3")
    core = kernel_core_of(program, "writers", "field", "0")
    verdict = why(Program(open_core(program, core.path)), lambda _what: None)
    assert verdict.others is not None
    alone = replace(verdict, others=verdict.others._replace(sides=[]), tells=[])
    said = list(verdict_lines(alone, {}, Paint()))
    assert any(line.endswith("somebody wrote to it meanwhile who is not seen at it any more") for line in said)
    assert not any("probable" in line for line in said[:4])


@pytest.mark.parametrize(
    ("mode", "kind", "map"),
    [
        ("bad-string", "bad key", "known"),
        ("bad-field", "bad key", "pairs"),
        ("unhashable", "bad key", "anys"),
        ("nil-map", "nil map", ""),
        ("overwritten", "corruption", "known"),
        ("hang", "corruption", "known"),
        ("mutated", "mutated keys", "anys"),
    ],
)
def test_other_deaths_by_a_map(go: str, goarch: str, mode: str, kind: str, map: str) -> None:
    program, core, said = _died(go, goarch, mode)
    assert said["verdict"] == kind
    if mode == "nil-map":
        # No other map of that type is taken for it.
        assert "map" not in said
        assert "  assigns to a map that is nil, for which the function panics\n" in Files(program, core).run(
            "goroutines"
        )
    if map:
        printed = json.loads((core.parent / "printed").read_text())
        assert (said["map"]["path"], said["map"]["address"]) == (f"main.{map}", f"{printed[map]:#x}")
    if mode.startswith("bad-"):
        # The fixture has put the string there.
        assert (said["key"]["start"], said["key"]["end"]) == ("0xf000", f"{0xF000 + 40:#x}")
        assert said["key"]["path"] == ("key" if mode == "bad-string" else "key.host")
        assert said["death"]["signal"] == {**said["death"]["signal"], "number": 11, "address": "0xf000"}
    elif mode == "overwritten":
        assert said["findings"][0]["rule"] in ("dangling-buckets", "dangling-directory")
    elif mode == "hang":
        assert said["death"] is None
        assert {each["rule"] for each in said["findings"]} & {"chain-loop", "table-full"}
        assert said["operation"]["kind"] == "access"
    elif mode == "mutated":
        changed = {each["text"].partition('"')[2].partition('"')[0] for each in said["findings"]}
        assert changed == {f"new-{number:012}" for number in range(50)}
        (cause,) = said["causes"]
        assert cause["kind"] == "shared-bytes"
        # The fixture has 200 keys in its buffer, and has changed 50; nothing is left that tells what these were.
        told = {name: cause["shared"][name] for name in ("keys", "misplaced", "inPlace", "proved", "before")}
        assert told == {"keys": 50, "misplaced": 50, "inPlace": 150, "proved": False, "before": []}


@pytest.mark.parametrize(
    ("mode", "type", "path", "function"),
    [
        ("nil-field", "map[string]int64", "j.tenant.quota", "main.run"),
        ("nil-variable", "map[string]int", "main.never", ""),
    ],
)
def test_which_map_is_nil(go: str, goarch: str, mode: str, type: str, path: str, function: str) -> None:
    """The fixture has another map of the type in the same struct, and the field is assigned to in an inlined method."""
    program, core, said = _died(go, goarch, mode)
    assert said["nil"] == {"type": type, "path": path, "pathIn": function}
    of = f" of {function}" if function else ""
    text = Files(program, core).run("why")
    assert f"goroutine 1 assigns to a {type} that is nil, probably {path}{of}: it was never made" in text
    asked = re.search(r"^  whose that is: gomap-(refs .*)$", text, re.MULTILINE)
    assert bool(asked) == bool(function)
    if asked:
        assert "1 pointer to it" in Files(program, core).run(asked[1])
    stripped = build("deaths", go, goarch=goarch, ldflags="-s -w")
    core = core_of(stripped, mode).path
    bare = json.loads(gomap("core", stripped, core, "why", "-json").stdout)
    assert bare["nil"] == {"type": type, "path": "", "pathIn": ""}


def test_who_ran_and_cannot_be_followed_clears_no_map() -> None:
    program = build("deaths", "1.27.3")
    core = kernel_core_of(program, "killed")
    target = open_core(program, core.path)
    standing = target.threads()
    target.threads = lambda: [each._replace(sp=8, pc=8, registers={}) for each in standing]  # type: ignore[method-assign]
    verdict = why(Program(target), lambda _what: None)
    assert verdict.kind == "cannot tell"
    assert any("was running, and nothing tells where" in line for line in verdict_lines(verdict, {}, Paint()))


@pytest.mark.parametrize("mode", ["panic", "index", "nil-pointer", "unlock", "deadlock", "killed", "overflow"])
def test_deaths_that_no_map_is_to_blame_for(go: str, goarch: str, mode: str) -> None:
    program, core, said = _died(go, goarch, mode)
    assert said["verdict"] is None
    assert "map" not in said
    complained = (core.parent / "complained").read_text(errors="replace")
    if goarch != "arm64":  # qemu writes none into its cores
        code = 0 if mode == "killed" else _SI_TKILL
        assert (said["signal"]["number"], said["signal"]["code"]) == (signal.SIGABRT, code)
    if mode == "killed" and goarch != "arm64":
        assert said["death"] is None
        assert ", code 0 (SI_USER), sent by the program itself" in Files(program, core).run("why")
    elif said["death"] is not None:  # of a deadlock nobody can be blamed: it is found by a thread without goroutine
        assert said["death"]["message"].partition("\n")[0] in complained
    assert mode in ("killed", "deadlock") or said["death"]["goroutine"] == 1
    assert "verdict: no map is implicated" in Files(program, core).run("why")


@pytest.mark.parametrize("go", _VERSIONS)
@pytest.mark.parametrize(("mode", "verdict"), [("panic", None), ("nil-map", "nil map")])
def test_deaths_of_programs_with_cgo(go: str, mode: str, verdict: str | None) -> None:
    """Their signals' handlers return to the C library, with the stack of who panicked behind that."""
    program = build("deaths", go, libc=True)
    core = kernel_core_of(program, mode).path
    said = why_of(program, core)
    assert (said["verdict"], said["death"]["goroutine"]) == (verdict, 1)
    assert f"panic: {said['death']['message']}" in (core.parent / "complained").read_text(errors="replace")


@pytest.mark.parametrize("go", _VERSIONS)
@pytest.mark.parametrize("mode", ["killed", "panic"])
def test_healthy_maps_are_never_to_blame(go: str, mode: str, cores: int) -> None:
    """Two goroutines are busy at maps, wherever that was when the kernel, or the runtime, ended it."""
    program, inside = build("deaths", go), 0
    for number in range(50 if cores > 1 else 1):
        said = why_of(program, kernel_core_of(program, mode, str(number)).path)
        assert said["verdict"] is None, number
        inside += said["inside"]
    print(f"{go} {mode}: no verdict, {inside} map operations under way")


def test_a_core_that_was_written_before_the_runtime_knew() -> None:
    """GDB's, stopped by the signal: nothing but the core's own notes tells of the fault."""
    program = build("deaths", "1.27.3")
    core = gdb_core_of(program, "runtime.sigpanic", "bad-string", gdb=debugger("gdb18"))
    said = why_of(program, core.path)
    assert said["verdict"] == "bad key"
    assert (said["signal"]["number"], said["signal"]["address"], said["key"]["start"]) == (11, "0xf000", "0xf000")
    assert said["death"]["goroutine"] == 1
    ours = Files(program, core.path).run("gomap-why")
    first = "signal 11 (SIGSEGV) at address 0xf000, pc 0x"
    assert ours.startswith(first) and "; the runtime had not dealt with it yet\n" in ours
    with Gdb(debugger("gdb18"), program, core.path) as gdb:
        assert gdb.run("gomap-why") == ours
        assert said["death"]["function"] in gdb.run("info symbol $pc").replace("[", ".").replace("]", "")
    with serving("core", program, core.path) as port:
        assert DelveRpc(port, program, core.path).run("gomap-why") == ours


def test_code_that_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """As that of a machine that gomap does not know."""
    program = build("races", "1.27.3")
    core = kernel_core_of(program, "writers", "field", "0")
    monkeypatch.setattr(instructions, "_MACHINES", {})
    truth, said = json.loads(core.printed.read_text()), why_of(program, core.path)
    assert said["verdict"] == "race"
    assert said["map"]["address"] == f"{truth['header']:#x}"
    assert said["death"]["message"] == "concurrent map writes"
    assert said["death"]["goroutine"] in truth["roles"]["racer"]
    assert said["codeUnread"] == "gomap does not read the code of amd64"
    assert {side["degree"] for side in said["sides"]} <= {"certain", "possible"}
    assert said["locks"][0]["waiters"]
    assert said["locks"][0]["holders"] == said["locks"][0]["without"] == []


@pytest.mark.parametrize("go", _VERSIONS)
def test_a_core_that_was_cut_short_clears_no_map(go: str, tmp_path: Path) -> None:
    """Cut where the first arena of the heap begins, which has the stacks of all goroutines; and behind it."""
    program = build("deaths", go)
    core = CoreFile(kernel_core_of(program, "killed").path)
    whole = core.path.read_bytes()
    arena = next(part for part in core.segments if part.start >= _ABOVE_PROGRAM and part.end > part.start)
    behind = arena.offset + arena.end - arena.start
    cut = tmp_path / "core"
    for size, verdict in ((arena.offset, "cannot tell"), (behind, None)):
        cut.write_bytes(whole[:size])
        done = gomap("core", program, cut, "why", "-json")
        assert done.stderr.startswith(f"gomap: {cut} is cut short: it has {size} of {len(whole)} bytes; ")
        assert json.loads(done.stdout)["verdict"] == verdict
    cut.write_bytes(whole[: arena.offset])
    assert re.search(r"^note: \d+ of the goroutines", gomap("core", program, cut, "goroutines").stdout, re.MULTILINE)
    done = gomap("core", program, cut, "list")
    assert re.search(r"^note: (\d+) of \1 spans are left out: ", done.stdout, re.MULTILINE), done.stdout
    assert not gomap("core", program, core.path, "why").stderr


def test_a_process_that_runs() -> None:
    program = build("deaths", "1.27.3")
    with subprocess.Popen([program, "stay"], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            process.stdout.readline()
            done = gomap("attach", str(process.pid), "why")
        finally:
            process.kill()
    assert done.returncode == 0, done
    assert "verdict: no map is implicated" in done.stdout
    assert done.stdout.endswith("\n  maps that nobody is inside of were not checked: gomap-postmortem does that\n")


@pytest.mark.parametrize("go", _VERSIONS)
def test_a_program_that_stands_still(go: str) -> None:
    program = build("maps", go)
    core = gdb_core_of(program, "main.fixtureReady", "stop", gdb=debugger("gdb18"))
    assert why_of(program, core.path)["verdict"] is None


@pytest.mark.parametrize("go", _VERSIONS)
def test_the_debuggers_say_the_same(go: str) -> None:
    program = build("races", go)
    core = kernel_core_of(program, "iterator", "field", "0").path
    ours = Files(program, core).run("gomap-why")
    with Gdb(debugger("gdb18"), program, core) as gdb:
        assert gdb.run("gomap-why") == ours
    with serving("core", program, core) as port:
        assert DelveRpc(port, program, core).run("gomap-why") == ours
