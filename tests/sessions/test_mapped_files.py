"""Keys and elements in mapped files: a kernel's core does not have them, and yet nothing is wrong with such maps.

tests/fixtures/mapped has three of them; told so it unmaps the file, and then everything is wrong with all three. The
package syscall has a map of what is mapped, too.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.debugger import Gdb
from tests.sessions.doors import DelveRpc, Files, serving
from tests.sessions.gomap import gomap
from tests.sessions.targets import debugger

_VERSIONS = ("1.23.9", "1.27.3")
_COMMAND = "gomap-check -all"
_MAPS = {"main.byLine": "freed-key", "main.toLine": "freed-elem", "main.toBytes": "freed-elem"}


def core_of(go: str, *arguments: str) -> tuple[Path, Path]:
    program = build("mapped", go)
    return program, kernel_core_of(program, *arguments).path


@pytest.mark.parametrize("go", _VERSIONS)
def test_what_the_core_was_not_given_is_not_held_against_a_map(go: str) -> None:
    program, core = core_of(go)
    said = Files(program, core).run(_COMMAND)
    assert re.match(r"\d+ maps checked, \d+ entries: no findings", said)
    one = Files(program, core).run("gomap-check main.byLine").splitlines()
    assert "note: 20 keys have no hash here, and may be sound: the core was not given what is at 0x" in one[1]
    if go == "1.23.9":
        with Gdb(debugger("gdb18"), program, core) as gdb:
            assert gdb.run(_COMMAND) == said
    else:
        with serving("core", program, core) as port:
            assert DelveRpc(port, program, core).run(_COMMAND) == said


def test_a_server_is_told_which_core_it_reads() -> None:
    """It does not say itself."""
    program, core = core_of("1.27.3")
    said = Files(program, core).run(_COMMAND)
    with serving("core", program, core) as port:
        address, typed = f"127.0.0.1:{port}", f"{_COMMAND}\nexit\n"
        given = gomap("connect", "-program", program, "-core", core, address, typed=typed)
        assert said in given.stdout
        assert "gomap: " not in given.stderr
        without = gomap("connect", "-program", program, address, typed=typed)
        assert without.stderr.startswith("gomap: this Delve reads a core, and does not tell which: name it with -core ")
        neither = gomap("connect", address, typed=typed)
        assert "does not tell of which program: name both with -program FILE -core FILE" in neither.stdout
        other = core_of("1.27.3", "gone")[1]
        mistaken = gomap("connect", "-program", program, "-core", other, address, typed=typed)
        assert f"{other} is not the core that this Delve reads: its threads are others" in mistaken.stdout


@pytest.mark.parametrize("go", _VERSIONS)
def test_what_is_not_mapped_is(go: str) -> None:
    said = Files(*core_of(go, "gone")).run(f"{_COMMAND} -limit unlimited")
    found = dict.fromkeys(_MAPS, 0)
    name = ""
    for line in said.splitlines():
        name = line[:-1] if line[:-1] in found else name
        if line.startswith("  error") and name:
            assert re.match(rf"  error +{_MAPS[name]} .* -> 0x[0-9a-f]+: not mapped$", line)
            found[name] += 1
    assert found == dict.fromkeys(_MAPS, 20)


def test_what_an_address_is_tells_the_two_apart() -> None:
    answers = []
    for arguments in ((), ("gone",)):
        program, core = core_of("1.27.3", *arguments)
        address = (core.parent / "printed").read_text().strip()
        answers.append(Files(program, core).run(f"gomap-whatis {address}").partition(": ")[2])
    assert answers == ["mapped, but not in the core: a file, or cut off", "not mapped"]
