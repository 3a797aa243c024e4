"""Maps in cores and processes, opened with nothing but those and the program: all is as the program had printed it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from gomap.elf.elffile import LOAD, ElfFile, FileError
from gomap.elf.loading import fits
from gomap.elf.process import Process
from gomap.elf.target import open_core, open_program, opened_process
from gomap.goruntime.moduledata import first_module
from gomap.program.memory import ReadError
from tests.fixtures import toolchains
from tests.fixtures.builds import build, kernel_core_of, qemu_core_of
from tests.unit.incore import assert_core, assert_maps_as_printed, memory_of_process, segments_of
from tests.unit.realmaps import TOOLCHAINS, Toolchain


@pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=str)
def test_a_core_of_the_kernel(toolchain: Toolchain) -> None:
    program = build("maps", toolchain.go, experiment=toolchain.experiment, goarch=toolchain.goarch)
    assert_core(program, kernel_core_of(program, "abort"))


@pytest.mark.parametrize("go", ["1.19", "1.27.3"])
def test_a_position_independent_program(go: str) -> None:
    program = build("maps", go, buildmode="pie")
    core = kernel_core_of(program, "abort")
    assert_core(program, core)
    assert open_core(program, core.path).bias > 0


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
def test_a_core_of_another_machine(go: str) -> None:
    program = build("maps", go, goarch="arm64")
    core = qemu_core_of(program, "abort")
    assert_core(program, core)
    target = open_core(program, core.path)
    assert target.architecture == "arm64"
    # raise made the system call that ended it, and had been called.
    first, *_ = target.threads()
    raised, caller = target.symbol_at(first.pc), target.symbol_at(first.lr)
    assert raised and raised.name == "runtime.raise"
    assert caller and caller.name == "runtime.dieFromSignal"


@pytest.mark.parametrize("buildmode", ["", "pie"])
def test_a_running_process(buildmode: str, tmp_path: Path) -> None:
    program, printed = build("maps", "1.27.3", buildmode=buildmode), tmp_path / "printed"
    with (
        open(printed, "wb") as output,
        subprocess.Popen([program, "stop"], stdin=subprocess.PIPE, stdout=output) as running,
    ):
        try:
            while not printed.read_bytes().endswith(b"}\n"):
                assert running.poll() is None
                time.sleep(0.01)
            process = Process(running.pid)
            target = opened_process(process).described()
            assert fits(target.program, process.read, target.bias)
            assert target.other_build is None
            assert_maps_as_printed(target, printed, memory_of_process(running.pid))
            assert target.program.path.samefile(program)
        finally:
            running.send_signal(signal.SIGKILL)
    target.memory.clear()
    with pytest.raises(ReadError):
        target.memory.read(target.program.segments[0].address + target.bias, 8)
    process.close()
    with pytest.raises(FileError, match=f"cannot read process {running.pid}: No such"):
        Process(running.pid)


def test_a_core_of_the_same_program_without_symbols() -> None:
    """With types and symbols of a build that has them."""
    stripped, program = (build("maps", "1.27.3", ldflags=flags) for flags in ("-s -w", "-f -f"))
    with pytest.raises(FileError, match=f"{stripped} has no debug information .* with -f in place of each -w and -s"):
        open_program(stripped)
    core = kernel_core_of(stripped, "abort")
    target = open_core(program, core.path)
    assert ElfFile(stripped).build_ids != target.program.build_ids
    assert target.other_build is None
    assert_maps_as_printed(target, core.printed, segments_of(core.path))


@pytest.mark.parametrize(("go", "other"), [("1.23.9", "1.19"), ("1.23.9", "1.24.11"), ("1.27.3", "1.25.5")])
def test_a_core_that_has_zeros_where_another_build_has_its_module(go: str, other: str, tmp_path: Path) -> None:
    """As it has in these by chance: none of the program's variables is set yet there."""
    program, core = build("maps", other), tmp_path / "core"
    shutil.copy(kernel_core_of(build("maps", go), "abort").path, core)
    address, module = first_module(open_core(program, core))
    for segment in ElfFile(core).segments:
        if segment.type == LOAD and segment.address <= address < segment.address + segment.file_size:
            with open(core, "r+b") as file:
                file.seek(segment.offset + address - segment.address)
                file.write(bytes(module.size))
    assert " is of another build: its Go build ID is " in (open_core(program, core).other_build or "")


def test_a_core_of_another_build(tmp_path: Path) -> None:
    program, other = build("maps", "1.27.3"), build("maps", "1.27.3", optimised=False)
    core = kernel_core_of(program, "abort").path

    def said(*command: str | Path) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    theirs, ours = (said(toolchains.go("1.27.3"), "tool", "buildid", path).strip() for path in (program, other))
    refused = f"the memory is not that of {other}: the process, or the core, is of another build"
    assert (open_core(other, core).other_build or "").startswith(
        f"{refused}: its Go build ID is {theirs}, the file's {ours}; name the right program with "
    )
    # Without the program's first page, which the kernel may be told to leave out, the runtime's books tell.
    first = next(each for each in ElfFile(core).segments if each.type == LOAD)
    without = tmp_path / "core"
    shutil.copy(core, without)
    with open(without, "r+b") as file:
        file.seek(first.offset)
        file.write(bytes(min(first.file_size, 4096)))
    where = next(
        line.split()[0] for line in said("nm", other).splitlines() if line.endswith(" runtime.firstmoduledata")
    )
    assert (open_core(other, without).other_build or "").startswith(
        f"{refused}, or cut short: runtime.firstmoduledata is at {int(where, 16):#x} by the file, where memory has "
        "nothing; name "
    )
