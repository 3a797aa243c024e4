"""Programs for other processors: arm64 behind qemu's gdbserver and in cores, and 386, which amd64 runs, too.

test_doors_agree.py has GDB on the same cores, and every command. Delve for amd64 takes no programs for 386.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess

import pytest

from tests.fixtures import toolchains
from tests.fixtures.builds import build, core_of, kernel_core_of, qemu_core_of
from tests.sessions.debugger import Gdb
from tests.sessions.doors import DelveRpc, Files, serving
from tests.sessions.gomap import gomap
from tests.sessions.races import assert_race
from tests.sessions.targets import READY, debugger, expect_stop
from tests.sessions.tracebacks import goroutines_in

_VERSIONS = ("1.23.9", "1.27.3")


@pytest.mark.parametrize("go", _VERSIONS)
def test_arm64_core_without_gdb(go: str) -> None:
    """By files alone, and by Delve for amd64, which opens it."""
    binary = build("maps", go, goarch="arm64")
    core = qemu_core_of(binary, "abort").path
    alone = gomap("core", binary, core, "check", "main.small").stdout
    assert "no findings in 5 entries" in alone
    typed = gomap("dlv", "core", "--check-go-version=false", binary, core, typed="gomap-check main.small\nexit\n")
    assert alone in typed.stdout


@pytest.mark.parametrize("go", _VERSIONS)
def test_stacks_of_arm64_are_those_that_the_runtime_prints(go: str) -> None:
    """Its thread has died in a signal's handler; and gomap begins with what the panic has called since."""
    binary = build("maps", go, goarch="arm64")
    core = qemu_core_of(binary, "abort").path
    printed = goroutines_in((core.parent / "complained").read_text())
    told = json.loads(gomap("core", binary, core, "goroutines", "-stack", "-json").stdout)["goroutines"]
    functions = {each["id"]: [frame["function"] for frame in each["frames"]] for each in told}
    assert "panic" in [call.function for call in printed[1].calls]
    for id, goroutine in printed.items():
        names = ["runtime.gopanic" if call.function == "panic" else call.function for call in goroutine.calls]
        assert functions[id][-len(names) :] == names


@pytest.mark.parametrize("go", _VERSIONS)
def test_386(go: str) -> None:
    binary = build("maps", go, goarch="386")
    assert ": no findings;" in gomap("core", binary, kernel_core_of(binary, "abort").path, "check", "-all").stdout
    with subprocess.Popen([binary, "stop"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout and process.stdout.readline()
            assert ": no findings;" in gomap("attach", str(process.pid), "check", "-all").stdout
            assert "main.main" in gomap("attach", str(process.pid), "goroutines", "-stack").stdout
        finally:
            process.kill()


@pytest.mark.parametrize("go", _VERSIONS)
def test_arm64_behind_qemus_gdbserver(go: str) -> None:
    """Without the signals by which Go preempts: under a debugger qemu comes to nothing else."""
    binary = build("maps", go, goarch="arm64")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [toolchains.qemu_aarch64(), "-g", str(port), binary, "stop"]
    environment = {**os.environ, "GODEBUG": "asyncpreemptoff=1"}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=quiet, stdout=quiet, env=environment) as qemu:
        try:
            with Gdb(toolchains.gdb18(), binary) as session:
                session.run("handle SIGURG nostop noprint pass")
                # GDB itself tries until somebody listens.
                assert "_rt0_arm64_linux" in session.run(f"target remote localhost:{port}")
                session.run(f"break {READY}")
                expect_stop(session.run("continue", 90))
                assert ": no findings;" in session.run("gomap-check -all -quick")
                assert "no findings in 5 entries (1 " in session.run("gomap-check main.small")
        finally:
            qemu.kill()


@pytest.mark.parametrize("goarch", ["arm64", "386"])
@pytest.mark.parametrize("go", _VERSIONS)
def test_races(go: str, goarch: str) -> None:
    """Who was on the other side, with what tells so, and the locks beside the map are known as on amd64."""
    degrees = [assert_race(go, mode, "field", goarch=goarch) for mode in ("writers", "reader", "iterator", "deleter")]
    assert {"certain", "probable"} & set(degrees)
    assert_race(go, "reader", "global", goarch=goarch)
    assert_race(go, "iterator", "captured", goarch=goarch)


@pytest.mark.parametrize(("go", "goarch"), [("1.23.9", "arm64"), ("1.27.3", "386")])
def test_the_debuggers_say_the_same_of_a_race(go: str, goarch: str) -> None:
    """Delve for amd64 takes no cores of 386."""
    program = build("races", go, goarch=goarch)
    core = core_of(program, "writers", "field").path
    ours = Files(program, core).run("gomap-why")
    assert "calls runtime.mapassign_faststr at put+" in ours
    with Gdb(debugger("gdb18"), program, core) as gdb:
        assert gdb.run("gomap-why") == ours
    if goarch == "arm64":
        with serving("core", program, core) as port:
            assert DelveRpc(port, program, core).run("gomap-why") == ours
