"""gomap-postmortem: the first screen holds the answer, in text, JSON and a page, through every door.

What each program died of, or which of its maps is damaged, it has printed itself (fixtures races, deaths, faults).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gomap.elf.target import open_core
from gomap.postmortem.examination import examine
from gomap.program.program import Program
from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.browser import browser, opened
from tests.sessions.debugger import GOMAP, Gdb
from tests.sessions.doors import DelveRpc, Files, serving
from tests.sessions.gomap import gomap
from tests.sessions.targets import debugger

_VERSIONS = ("1.23.9", "1.27.3")
_SCREEN = 24
_SCHEMA = jsonschema.Draft202012Validator(json.loads((GOMAP.parent / "gomap/views/gomap.schema.json").read_text()))


def told(place: Path, program: Path, core: Path) -> tuple[int, list[str], dict[str, Any]]:
    """Of one core: the exit status, the first screen, the object in the file."""
    file = place / "postmortem.json"
    done = gomap("core", program, core, "postmortem", "-json", file)
    assert not done.stderr
    object: dict[str, Any] = json.loads(file.read_text())
    wrong = jsonschema.exceptions.best_match(_SCHEMA.iter_errors(object))
    assert wrong is None, wrong
    assert done.stdout.splitlines()[-1] == f"-> {file}"
    return done.returncode, done.stdout.splitlines()[:_SCREEN], object


@pytest.mark.parametrize("go", _VERSIONS)
def test_a_race_is_told_on_the_first_screen(go: str, tmp_path: Path) -> None:
    program = build("races", go)
    core = kernel_core_of(program, "writers", "field", "0")
    truth = json.loads(core.printed.read_text())
    status, screen, object = told(tmp_path, program, core.path)
    assert status == 1
    assert screen[0] == "fatal error: concurrent map writes"
    assert f" at {truth['header']:#x} " in screen[1]
    assert screen[1].endswith(": main.srv.sessions")
    assert any(line.startswith("verdict: race: goroutine ") for line in screen)
    assert object["header"]["address"] == f"{truth['header']:#x}"
    assert object["found"]
    assert object["damaged"] == []
    # All that hold maps of their own are no reason to blame these.
    assert {each["path"] for each in object["list"]["maps"]} >= {"main.srv.sessions", "main.srv.others", "main.global"}
    thrower = object["why"]["death"]["goroutine"]
    assert thrower in {each["id"] for each in object["inside"]["goroutines"]}


@pytest.mark.parametrize("go", _VERSIONS)
def test_of_a_fault_it_is_told_what_is_at_its_address(go: str, tmp_path: Path) -> None:
    program = build("deaths", go)
    core = kernel_core_of(program, "bad-string").path
    status, screen, object = told(tmp_path, program, core)
    # The runtime's own words.
    complained = (core.parent / "complained").read_text(errors="replace")
    address = re.findall(r"^(?:unexpected fault address|\[signal .*? addr=)\s*(0x[0-9a-f]+)", complained, re.M)[0]
    assert status == 1
    assert screen[0].startswith(f"signal 11 (SIGSEGV) at address {address}, pc 0x")
    assert screen[1] == f"  {address}: not mapped"
    assert (object["faultAt"], object["why"]["verdict"]) == ("not mapped", "bad key")


@pytest.mark.parametrize("go", _VERSIONS)
def test_a_damaged_map_is_named_though_the_program_died_elsewhere(go: str, tmp_path: Path) -> None:
    program = build("faults", go)
    core = kernel_core_of(program, "mark-changed-words", "abort")
    truth = json.loads(core.printed.read_text())
    status, screen, object = told(tmp_path, program, core.path)
    assert status == 1
    assert screen[0].startswith("panic: abort")
    said = f"verdict: no map operation has failed, but {truth['variable']} has findings (see below)"
    assert said in screen[1:3]
    assert any(line.startswith(f"{truth['variable']}:") for line in screen)
    damaged = {each["path"]: each["check"]["findings"] for each in object["damaged"]}
    assert {must["rule"] for must in truth["must"]} <= {one["rule"] for one in damaged.pop(truth["variable"])}
    assert not damaged
    assert object["why"]["verdict"] is None


@pytest.mark.parametrize("ldflags", ["", "-s -w"])
@pytest.mark.parametrize("go", _VERSIONS)
def test_which_nil_map_it_may_have_been_is_told(go: str, ldflags: str, tmp_path: Path) -> None:
    """The fixture has twenty tenants in a map; one of them lacks its quota."""
    program = build("deaths", go, ldflags=ldflags)
    core = kernel_core_of(program, "nil-element").path
    _status, screen, object = told(tmp_path, program, core)
    nil = object["nilElements"]
    assert (nil["number"], nil["complete"]) == (1, True)
    (path,) = nil["paths"]
    assert path.endswith('["tenant-7"].quota')
    assert ldflags or path == 'main.tenants["tenant-7"].quota'
    assert f"nil maps of this type in the elements of maps: {path}" in screen


@pytest.mark.parametrize("go", _VERSIONS)
@pytest.mark.parametrize(("fixture", "arguments"), [("deaths", ["panic"]), ("census", [])])
def test_of_a_program_that_no_map_has_killed_that_is_said(
    fixture: str, arguments: list[str], go: str, tmp_path: Path
) -> None:
    program = build(fixture, go)
    status, screen, object = told(tmp_path, program, kernel_core_of(program, *arguments).path)
    assert "verdict: no map is implicated" in screen[1:3]
    assert any(
        re.fullmatch(r"\d+ maps checked, \d+ entries: no findings(; \d+ maps? cannot be checked)?", line)
        for line in screen
    )
    assert (status, object["found"], object["damaged"]) == (0, False, [])
    assert object["checked"] == object["list"]["total"] - len(object["unread"])


def test_gdb_tells_the_same_and_writes_files(tmp_path: Path) -> None:
    program = build("races", "1.23.9")
    core = kernel_core_of(program, "iterator", "field", "0").path
    ours = Files(program, core).run("gomap-postmortem")
    page, object = tmp_path / "page.html", tmp_path / "object.json"
    with Gdb(debugger("gdb18"), program, core) as gdb:
        said = gdb.run(f"gomap-postmortem -html {page} -json {object}")
    assert said.splitlines() == [*ours.splitlines(), f"-> {object}", f"-> {page}"]
    _SCHEMA.validate(json.loads(object.read_text()))
    with browser() as chromium, opened(chromium, page) as there:
        assert there.locator("#report").text_content() == ours
        there.get_by_role("heading", name="Map main.srv.sessions").wait_for()
        assert there.get_by_role("application").count() == 1
        for table in ("Goroutines", "All maps, the largest first"):
            assert there.get_by_role("table", name=table).locator("tbody tr").count() >= 5
        there.get_by_role("searchbox").fill("main.srv.others")
        rows = there.locator("tr.found:visible").all_text_contents()
        assert rows
        assert all("main.srv.others" in row for row in rows)


def test_delve_tells_the_same() -> None:
    program = build("races", "1.27.3")
    core = kernel_core_of(program, "iterator", "field", "0").path
    with serving("core", program, core) as port:
        assert DelveRpc(port, program).run("gomap-postmortem") == Files(program, core).run("gomap-postmortem")


def test_files_are_whole_though_the_reader_leaves_and_text_though_a_file_cannot_be(tmp_path: Path) -> None:
    program = build("deaths", "1.27.3")
    core, file = kernel_core_of(program, "panic").path, tmp_path / "object.json"
    command = f"'{sys.executable}' -m gomap core '{program}' '{core}' postmortem -json '{file}' | head -1"
    subprocess.run(["bash", "-c", command], cwd=GOMAP.parent, capture_output=True, timeout=60, check=True)
    assert json.loads(file.read_text())["command"] == "postmortem"
    done = gomap("core", program, core, "postmortem", "-html", tmp_path / "no" / "page")
    assert "verdict: no map is implicated" in done.stdout
    assert done.stderr == f"gomap: gomap-postmortem: cannot write {tmp_path}/no/page: No such file or directory\n"
    assert done.returncode == 2


def test_an_interrupted_examination_is_told_as_far_as_it_went() -> None:
    program = build("census", "1.27.3")
    core = kernel_core_of(program).path

    def interrupt(what: str) -> None:
        if what.startswith("16 maps checked"):
            raise KeyboardInterrupt

    examination = examine(Program(open_core(program, core)), interrupt)
    assert examination.interrupted
    assert len(examination.checked) == 16
    assert examination.census is not None
