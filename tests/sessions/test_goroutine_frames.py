"""-goroutine N -frame M: expressions in frames of any goroutine's, of a program that says which maps are in them.

The program is tests/fixtures/stuck: of the maps that it made itself it prints the headers, others are known by what is
in them. Optimised code keeps few variables: of those that are lost that is said, and none is ever shown wrong.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gomap.commands import COMMANDS
from gomap.commands.completing import completions
from gomap.elf.target import open_core
from gomap.expressions.package_scope import PackageScope
from gomap.program.program import Program
from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.debugger import Gdb
from tests.sessions.doors import DelveRpc, Files, serving
from tests.sessions.gomap import gomap
from tests.sessions.targets import debugger

_VERSIONS = ("1.23.9", "1.27.3")


class Stuck:
    """The program that has died, and gomap's commands on its core.

    Attributes:
        known: what it said of each of its goroutines.
        frames: by goroutine, the functions on its stack, the innermost first.
    """

    def __init__(self, go: str, optimised: bool) -> None:
        self.program = build("stuck", go, optimised=optimised)
        core = kernel_core_of(self.program)
        self.core = core.path
        self.known: list[dict[str, Any]] = json.loads(core.printed.read_text())
        self.run = Files(self.program, self.core).run
        said = json.loads(self.run("goroutines -json"))["goroutines"]
        self.frames = {each["id"]: [frame["function"] for frame in each["frames"]] for each in said}

    def of(self, function: str) -> dict[str, Any]:
        return next(each for each in self.known if each["function"] == function)

    def place(self, function: str, in_function: str = "") -> str:
        """The options that name the frame of IN_FUNCTION of the goroutine that was started for FUNCTION."""
        id = self.of(function)["id"]
        return f"-goroutine {id} -frame {self.frames[id].index(in_function or function)}"


@pytest.fixture(scope="module", params=_VERSIONS)
def optimised(request: pytest.FixtureRequest) -> Stuck:
    return Stuck(request.param, True)


@pytest.fixture(scope="module", params=_VERSIONS)
def plain(request: pytest.FixtureRequest) -> Stuck:
    return Stuck(request.param, False)


def header(said: str) -> int:
    """Where the map is that is shown."""
    found = re.match(r"map\[.*\].* at (0x[0-9a-f]+) \(", said)
    assert found, said
    return int(found[1], 16)


def test_every_local_of_plain_code(plain: Stuck) -> None:
    place = plain.place("main.waitsWithLocals")
    first, counts = plain.of("main.waitsWithLocals")["header"], plain.of("main.assignText")["header"]
    assert header(plain.run(f"header {place} first")) == first
    assert header(plain.run(f"header {place} h.Counts")) == counts
    assert header(plain.run(f"header {place} pair.A")) == first
    second = plain.run(f"walk -entries {place} second")
    assert second.endswith('"second": 50')
    assert plain.run(f"walk -entries {place} pair.B") == second
    assert plain.run(f"walk -entries {place} escaped").endswith('"escaped": 1')
    # What a closure has caught; the frame's number is told apart from the others'.
    inside = plain.frames[plain.of("main.waitsWithLocals")["id"]].index("main.waitsWithLocals") + 1
    caught = f"-goroutine {plain.of('main.waitsWithLocals')['id']} -frame {inside}"
    assert header(plain.run(f"header {caught} w1")) == first
    assert header(plain.run(f"header {caught} t1.Counts")) == counts


def test_tab_offers_that_frames_variables(plain: Stuck) -> None:
    place = plain.place("main.waitsWithLocals")
    scope = PackageScope(Program(open_core(plain.program, plain.core)))
    walk = COMMANDS["gomap-walk"]

    def offers(text: str) -> list[str]:
        return completions(walk, text, lambda: scope)

    assert offers(f"{place} sec") == [f"{place} second"]
    assert offers(f"{place} -limit 3 h.Cou") == [f"{place} -limit 3 h.Counts"]
    waits = f"-goroutine {plain.of('main.waits')['id']}"
    assert f"{waits} m" in offers(f"{waits} m")
    assert "m" not in offers("m")
    assert offers("sec") == offers("-goroutine 9999 sec") == []
    with Gdb(debugger("gdb18"), plain.program, plain.core) as gdb:
        assert gdb.run(f"complete gomap-walk {place} sec") == f"gomap-walk {place} second"
        assert gdb.run("complete gomap-walk -goroutine 9999 sec") == ""


def test_without_a_frame_it_is_the_programs_own(plain: Stuck) -> None:
    waits = plain.of("main.waits")
    assert header(plain.run(f"check -goroutine {waits['id']} m")) == waits["header"]
    assert json.loads(plain.run(f"goroutines -json -goroutine {waits['id']} m"))["address"] == f"{waits['header']:#x}"
    assert "allocated object" in plain.run(f"whatis -goroutine {waits['id']} m")


def test_what_optimised_code_has_lost_is_said(optimised: Stuck) -> None:
    place = optimised.place("main.waitsWithLocals")
    assert header(optimised.run(f"header {place} first")) == optimised.of("main.waitsWithLocals")["header"]
    assert header(optimised.run(f"header {place} h.Counts")) == optimised.of("main.assignText")["header"]
    assert re.match(
        r"pair of main.waitsWithLocals was in a register, which a call has overwritten since",
        optimised.run(f"header {place} pair.A"),
    )


def test_no_map_is_shown_that_it_is_not(optimised: Stuck) -> None:
    """Of each goroutine that is at work on a map, wherever its thread was: from registers and from stacks."""
    shown = 0
    for one in optimised.known:
        if one["function"] not in optimised.frames[one["id"]] or not one["type"] or one["function"] == "main.grow":
            continue
        name = "h.Counts" if one["function"] == "main.assignText" else "m"
        said = optimised.run(f"header {optimised.place(one['function'])} {name}")
        if said.startswith("map["):
            assert header(said) == one["header"], (one, said)
            shown += 1
        else:
            assert " was in a register" in said or " is optimized out" in said or "no variable" in said, said
    assert shown >= 5


def test_frames_inlined_in_one_another(optimised: Stuck) -> None:
    waits = optimised.of("main.waits")
    assert header(optimised.run(f"header {optimised.place('main.waits', 'main.inlined')} m")) == waits["header"]


@pytest.mark.parametrize("go", _VERSIONS)
@pytest.mark.parametrize("optimised", [True, False])
def test_a_variable_hides_none_in_front_of_its_declaration(go: str, optimised: bool) -> None:
    program = build("deaths", go, optimised=optimised)
    run = Files(program, kernel_core_of(program, "killed").path).run
    said = json.loads(run("goroutines -json"))["goroutines"]
    id = next(each["id"] for each in said if any(one["function"] == "main.shadows" for one in each["frames"]))
    assert run(f"walk -entries -goroutine {id} m").endswith('"outer": 1')


def test_what_is_not_there(optimised: Stuck) -> None:
    waits = optimised.of("main.waitsWithLocals")["id"]
    frames = len(optimised.frames[waits])
    assert optimised.run("header -goroutine 9999 m").endswith(
        "no goroutine 9999; gomap-goroutines lists those that there are"
    )
    assert f"has no frame {frames}: it has {frames}, from 0 on" in optimised.run(
        f"header -goroutine {waits} -frame {frames} m"
    )
    assert "-frame 3 is one of a goroutine: give -goroutine N too" in optimised.run("header -frame 3 m")
    deep = optimised.of("main.deep")["id"]
    assert "in the middle that are left out" in optimised.run(f"header -goroutine {deep} -frame 999 m")
    where = r"no variable first in frame \d+ of goroutine \d+, main.receive \(which has m, n\), or its package"
    said = optimised.run(f"header -goroutine {waits} first")
    assert re.match(where + r"; frame \d+, main.waitsWithLocals, has it$", said), said
    assert "no variable nothing.at.all in frame" in optimised.run(f"header -goroutine {waits} nothing.at.all")
    # What GDB would evaluate in its own frame is not handed to it.
    assert "m+1: not understood" in optimised.run(f"header -goroutine {waits} m+1")
    assert optimised.run(f"header -goroutine {waits} main.nothing").endswith("no variable main.nothing")


def test_the_debuggers_say_the_same(optimised: Stuck) -> None:
    places = [optimised.place("main.waitsWithLocals"), optimised.place("main.waits")]
    asked = [
        f"gomap-header {place} {name}" for place in places for name in ("first", "h.Counts", "pair.A", "m", "escaped")
    ]
    ours = [optimised.run(each) for each in asked]
    assert sum(each.startswith("map[") for each in ours) >= 3
    with Gdb(debugger("gdb18"), optimised.program, optimised.core) as gdb:
        assert [gdb.run(each) for each in asked] == ours
        gdb.run("set $there = 'main.packaged'")
        waits = optimised.of("main.waits")["id"]
        assert header(gdb.run(f"gomap-header -goroutine {waits} $there")) == header(
            gdb.run("gomap-header main.packaged")
        )
    with serving("core", optimised.program, optimised.core) as port:
        delve = DelveRpc(port, optimised.program)
        assert [delve.run(each) for each in asked] == ours


def test_without_the_programs_file_gdb_says_so(tmp_path: Path) -> None:
    program = build("stuck", _VERSIONS[1])
    core = kernel_core_of(program)
    copy = tmp_path / "stuck"
    copy.write_bytes(program.read_bytes())
    waits = next(each["id"] for each in json.loads(core.printed.read_text()) if each["function"] == "main.waits")
    with Gdb(debugger("gdb18"), copy, core.path) as gdb:
        gdb.run("gomap-header main.packaged")
        copy.unlink()
        said = gdb.run(f"gomap-header -goroutine {waits} m")
    assert str(copy) in said
    assert "No such file" in said


def test_a_process_that_runs() -> None:
    program = build("stuck", _VERSIONS[1])
    with subprocess.Popen([program, "stay"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout
            known = json.loads(process.stdout.readline())
            waits = next(each for each in known if each["function"] == "main.waits")
            said = gomap("attach", str(process.pid), "header", "-goroutine", str(waits["id"]), "m")
            assert header(said.stdout) == waits["header"]
        finally:
            process.kill()
