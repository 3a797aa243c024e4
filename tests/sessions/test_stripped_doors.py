"""Programs built with ``-ldflags="-s -w"`` in GDB and in Delve: all is as without a debugger, and as with a rebuild."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from gomap.delve.rpc import Rpc
from tests.fixtures import layouts
from tests.fixtures.builds import build, kernel_core_of, of_a_story
from tests.fixtures.toolchains import GO_VERSIONS
from tests.sessions.debugger import Gdb
from tests.sessions.doors import DelveRpc, serving
from tests.sessions.gomap import GomapDelve, gomap
from tests.sessions.targets import Debugger, debugger
from tests.sessions.test_stripped import another_version, essence

#: Debugger, Go, -buildmode, as a usual run has them.
_CORES_IN_GDB = [("system_gdb", "1.23.9", ""), ("gdb18", "1.27.3", "")]
_PROCESSES_IN_GDB = [("system_gdb", "1.27.3", "pie")]
_NO_LAYOUTS = (
    "{program} has no debug information, and gomap brings nothing of the runtime of go1.27.9 on amd64: with that Go "
    "'go build' a program of three lines (package main; import \"fmt\"; func main() {{ "
    "fmt.Println(map[string]int{{}}) }}) and name it with {donor}; or build the same source with -f in place of each "
    "-w and -s among -ldflags, and name that with {rebuilt}"
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    everything = metafunc.config.getoption("--matrix")
    builds = [(go, mode) for go in GO_VERSIONS[2:] for mode in ("", "pie")]
    if "the_gdb" in metafunc.fixturenames:
        usual = {"test_a_core_in_gdb": _CORES_IN_GDB, "test_a_process_in_gdb": _PROCESSES_IN_GDB}[
            metafunc.function.__name__
        ]
        more = [(gdb, *build) for gdb in get_args(Debugger) for build in builds]
        metafunc.parametrize(("the_gdb", "the_go", "mode"), more if everything else usual)
    elif "the_go" in metafunc.fixturenames:
        usual = {"test_a_core_in_delve": ("1.23.9", ""), "test_a_process_in_delve": ("1.27.3", "pie")}
        metafunc.parametrize(("the_go", "mode"), builds if everything else [usual[metafunc.function.__name__]])


def writers(go: str, mode: str = "") -> tuple[Path, Path]:
    """A program of which two goroutines write to one map, stripped, and one that is laid out alike and is not."""
    stripped, rebuilt = (
        build(of_a_story("writers"), go, ldflags=flags, buildmode=mode, here=True) for flags in ("-s -w", "-f -f")
    )
    return stripped, rebuilt


def commands_on(why: Any) -> list[str]:
    """Commands that need no variable's name; WHY is what gomap-why says of a map, in JSON."""
    at = f"-type '{why['map']['type']}' {why['map']['address']}"
    on_it = (f"{command} {at}" for command in ("header", "walk -limit 2", "check"))
    return ["check -all -deep", "goroutines -stack", "list", *on_it]


def without_a_debugger(core: Path, stripped: Path, why: Any) -> str:
    """What 'gomap core' says to those commands."""
    typed = "".join(f"{command}\n" for command in commands_on(why))
    return gomap("core", stripped, core, typed=typed).stdout.rstrip("\n")


def why_of(core: Path, stripped: Path, rebuilt: Path) -> Any:
    """What gomap-why says of a core in JSON, with all debug information."""
    return json.loads(gomap("core", "-symbols", rebuilt, stripped, core, "why", "-json").stdout)


def test_a_core_in_gdb(the_gdb: Debugger, the_go: str, mode: str) -> None:
    stripped, rebuilt = writers(the_go, mode)
    core, donor = kernel_core_of(stripped).path, layouts.donor(the_go)
    with Gdb(debugger(the_gdb), stripped, core) as session:
        why = session.json("gomap-why -json")
        assert why["verdict"] == "race" and essence(why) == essence(why_of(core, stripped, rebuilt))
        said = "\n".join(session.run(f"gomap-{command}") for command in commands_on(why))
        assert said == without_a_debugger(core, stripped, why)
        assert "map[string]*main.session at " in session.run("gomap-postmortem")
        session.run(f"set gomap donor {donor}")
        assert session.run("show gomap donor").endswith(f" is laid out as in {donor}.")
        assert session.json("gomap-why -json") == why
        session.run(f"symbol-file '{rebuilt}'")
        assert essence(session.json("gomap-why -json")) == essence(why)
        assert " maps checked" in session.run("gomap-check -all")


def test_a_process_in_gdb(the_gdb: Debugger, the_go: str, mode: str, tmp_path: Path) -> None:
    """It stops where the runtime has found the race."""
    stripped, rebuilt = writers(the_go, mode)
    with Gdb(debugger(the_gdb), stripped) as session:
        assert session.run("gomap-why") == "no process: run the program, attach to it, or open a core file"
        session.run("set environment GOTRACEBACK=crash")
        session.run("starti < /dev/null > /dev/null 2>&1")
        assert " begun to run" in session.run("gomap-why")
        assert "SIGABRT" in session.run("continue")
        why = session.json("gomap-why -json")
        said = "\n".join(session.run(f"gomap-{command}") for command in commands_on(why))
        session.run(f"generate-core-file {tmp_path / 'core'}")
    assert why["verdict"] == "race" and essence(why) == essence(why_of(tmp_path / "core", stripped, rebuilt))
    assert said == without_a_debugger(tmp_path / "core", stripped, why)


def test_files_that_do_not_fit_in_gdb(tmp_path: Path) -> None:
    stripped, rebuilt = writers("1.27.3")
    core = kernel_core_of(stripped).path
    other, renamed = another_version(stripped, tmp_path), tmp_path / "renamed"
    content = rebuilt.read_bytes()
    assert b"\0main.main\0" in content
    renamed.write_bytes(content.replace(b"\0main.main\0", b"\0main.wain\0"))
    with Gdb(debugger("gdb18"), other, core) as session:
        assert session.run("gomap-why") == _NO_LAYOUTS.format(
            program=other, donor="'set gomap donor FILE'", rebuilt="'symbol-file FILE'"
        )
        # Memory has the version that the core's program has, so the file is another one; this one only tells.
        session.run(f"set gomap donor {layouts.donor('1.23.9')}")
        assert session.run("gomap-why") == (
            f"{layouts.donor('1.23.9')} is no donor for {other}: it is built by go1.23.9 on amd64, and the program by "
            "go1.27.9 on amd64"
        )
        session.run(f"set gomap donor {tmp_path / 'none'}")
        assert session.run("gomap-why") == f"cannot open {tmp_path / 'none'}: No such file or directory"
        session.run("set gomap donor")
        session.run(f"file '{stripped}'")
        assert "verdict: race" in session.run("gomap-why")
        session.run(f"symbol-file {renamed}")
        assert re.search(
            r" is not laid out as .*, so its debug information does not fit \(their functions are not the same\): ",
            session.run("gomap-check -all"),
        )


def test_tab_completes_the_donor_in_gdb(tmp_path: Path) -> None:
    (tmp_path / "some-donor").touch()
    with Gdb(debugger("system_gdb")) as session:
        assert session.run(f"complete set gomap donor {tmp_path}/so").endswith("some-donor")


def test_a_core_in_delve(the_go: str, mode: str) -> None:
    stripped, rebuilt = writers(the_go, mode)
    core = kernel_core_of(stripped).path
    with serving("core", stripped, core) as port:
        door = DelveRpc(port, stripped, core)
        why = json.loads(door.run("gomap-why -json"))
        assert why["verdict"] == "race" and essence(why) == essence(why_of(core, stripped, rebuilt))
        said = "\n".join(door.run(f"gomap-{command}") for command in commands_on(why))
        assert said == without_a_debugger(core, stripped, why)
        assert json.loads(DelveRpc(port, stripped, core, layouts.donor(the_go)).run("gomap-why -json")) == why
        if not mode:  # the core is Delve's alone to read
            assert essence(json.loads(DelveRpc(port, stripped).run("gomap-why -json"))) == essence(why)


def test_a_process_in_delve(the_go: str, mode: str, tmp_path: Path) -> None:
    stripped, rebuilt = writers(the_go, mode)
    core = tmp_path / "core"
    with serving("exec", stripped) as port:
        rpc = Rpc("127.0.0.1", port)
        rpc.call("Command", name="continue")  # to where the runtime has found the race
        door = DelveRpc(port, stripped)
        why = json.loads(door.run("gomap-why -json"))
        said = "\n".join(door.run(f"gomap-{command}") for command in commands_on(why))
        state = rpc.call("DumpStart", Destination=str(core))["State"]
        while state["Dumping"]:
            state = rpc.call("DumpWait", Wait=1000)["State"]
        rpc.close()
    assert why["verdict"] == "race" and essence(why) == essence(why_of(core, stripped, rebuilt))
    assert said == without_a_debugger(core, stripped, why)


def test_what_delve_does_not_tell(tmp_path: Path) -> None:
    stripped, _ = writers("1.27.3", "pie")
    core = kernel_core_of(stripped).path
    with serving("core", stripped, core) as port:
        assert DelveRpc(port, stripped).run("gomap-why") == (
            f"{stripped} has no debug information and is built to lie anywhere, and this Delve does not tell where it "
            "lies: use 'gomap core' or 'gomap attach'"
        )
        assert "verdict: race" in DelveRpc(port, stripped, core).run("gomap-why")
        other = another_version(stripped, tmp_path)
        assert DelveRpc(port, other, core).run("gomap-why") == _NO_LAYOUTS.format(
            program=other,
            donor="-donor FILE ('gomap dlv -donor FILE ...', 'gomap connect -donor FILE ...')",
            rebuilt="-program FILE",
        )


def test_delve_with_a_donor_in_its_terminal() -> None:
    stripped, _ = writers("1.27.3")
    with GomapDelve(
        "dlv", "-donor", layouts.donor("1.23.9"), "core", stripped, kernel_core_of(stripped).path
    ) as session:
        assert " is no donor for " in session.run("gomap-why")
