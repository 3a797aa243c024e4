"""Of which keys gomap-check in Delve computes the hashes, on which processors, and what it says of the others."""

from __future__ import annotations

import re

import pytest

from tests.fixtures.builds import build, kernel_core_of, qemu_core_of
from tests.fixtures.toolchains import gdb18
from tests.sessions.debugger import Gdb
from tests.sessions.delve import Delve


@pytest.mark.xdist_group("dlv-arm64")
@pytest.mark.parametrize("go", ["1.19", "1.23.9", "1.27.3"])
def test_cores_of_arm64(go: str) -> None:
    """The three versions hash in three ways. Nothing is wrong there, and both debuggers say so with the same words."""
    binary = build("maps", go, goarch="arm64")
    core = qemu_core_of(binary, "abort")
    with Gdb(gdb18(), binary, core.path) as gdb, Delve("core", binary, core.path) as delve:
        for command in ("gomap-check main.grown", "gomap-header main.grown", "gomap-walk main.structs"):
            assert delve.run(command) == gdb.run(command)
        assert "no findings in 1000 entries" in delve.run("gomap-check main.grown")
        assert "1000 hashes" in delve.run("gomap-check main.grown")
        assert re.fullmatch(r"\d\d maps checked, \d{4} entries: no findings; .*", _last_line(delve, "gomap-check -all"))


def _last_line(delve: Delve, command: str) -> str:
    return delve.run(command).splitlines()[-1]


@pytest.mark.xdist_group("dlv-hashes")
def test_one_control_byte_among_a_hundred_thousand_is_found() -> None:
    """All keys are hashed unless a sample is asked for; and then the verdict itself says how many were."""
    with Delve("exec", build("large", "1.27.3")) as delve:
        delve.run("break main.fixtureReady")
        delve.run("continue")
        slot = re.search(r"^  (\d)  ([0-7].)  full ", delve.run("gomap-walk -bucket 0:1 main.hundredThousand"), re.M)
        assert slot
        poke = f"gomap-poke -slot 0:1:{slot[1]} -value {int(slot[2], 16) ^ 1} main.hundredThousand"
        address = re.search(r" at (0x[0-9a-f]+)\): ", delve.run(poke))
        assert address
        sampled = delve.run("gomap-check -sample main.hundredThousand")
        verdict, *findings = delve.run("gomap-check main.hundredThousand").splitlines()
    said = re.search(r": no findings in 100000 entries \(\d+ groups, (\d+) of 100000 hashes\)\n", sampled)
    assert said and 10_000 < int(said[1]) < 20_000
    assert sampled.endswith(f"\nnote: hashes of one group in 7 only: {said[1]} keys of 100000")
    assert "1 finding in 100000 entries" in verdict and ", 100000 hashes)" in verdict
    assert len(findings) == 1 and "hash-mismatch" in findings[0] and address[1] in findings[0]


@pytest.mark.xdist_group("dlv-hashes")
def test_keys_that_are_not_hashed_are_named_wherever_they_are_counted() -> None:
    """Interfaces' keys, which only gomap's Python hashes: in the verdict, and where all maps are checked."""
    binary = build("maps", "1.27.3")
    with Delve("core", binary, kernel_core_of(binary, "abort").path) as delve:
        verdict, note = delve.run("gomap-check main.anys").splitlines()
        assert re.search(r"no findings in (\d+) entries \(.*, 0 of \1 hashes\)$", verdict)
        assert note == "note: hashes are not checked: keys of type interface {} are hashed by 'gomap dlv' only"
        everything = delve.run("gomap-check -all")
        assert f"main.anys:\n{verdict}\n{note}\n" in everything
        assert " 0 hashes)" in delve.run("gomap-check -quick main.anys")
