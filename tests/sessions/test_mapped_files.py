"""Keys and elements in mapped files: a kernel's core does not have them, and yet nothing is wrong with such maps.

tests/fixtures/mapped has three of them; told so it unmaps the file, and then everything is wrong with all three. The
package syscall has a map of what is mapped, too. Where somebody writes to the file, or cuts it off, keys change, or are
gone: then it is said which file that is.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
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


#: Where in the file the part begins that is mapped, where in it each of six keys begins, and how its name is shown.
_SKIPPED, _KEYS, _NAME = 4096, [16 * number for number in range(6)], r"keys \x1b[31m.txt (deleted)"


def core_of(go: str, *arguments: str) -> tuple[Path, Path]:
    program = build("mapped", go)
    return program, kernel_core_of(program, *arguments).path


def printed_in(text: str) -> tuple[str, int]:
    """The name of the mapped file, and where its part is, as the program says."""
    folder, address = text.split()
    return f"{folder}/{_NAME}", int(address)


@contextmanager
def waiting(go: str, mode: str) -> Iterator[tuple[int, str, int]]:
    """The program in a mode in which it waits: its process, the file's name, and where that is."""
    command = [build("mapped", go), mode]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.pid, *printed_in(process.stdout.readline() + process.stdout.readline())
        finally:
            process.kill()


@pytest.mark.parametrize("go", _VERSIONS)
def test_what_the_core_was_not_given_is_not_held_against_a_map(go: str) -> None:
    program, core = core_of(go)
    said = Files(program, core).run(_COMMAND)
    assert re.match(r"\d+ maps checked, \d+ entries: no findings", said)
    file, start = printed_in((core.parent / "printed").read_text())
    note = Files(program, core).run("gomap-check main.byLine").splitlines()[1]
    before = "note: 20 keys have no hash here, and may be sound: the core was not given what is at 0x"
    at, _, where = note.removeprefix(before).partition(", ")
    assert where == f"offset {int(at, 16) - start + _SKIPPED:#x} of the mapped file {file}"
    if go == "1.23.9":
        with Gdb(debugger("gdb18"), program, core) as gdb:
            assert gdb.run(_COMMAND) == said
    else:
        with serving("core", program, core) as port:
            assert DelveRpc(port, program, core).run(_COMMAND) == said


def test_statistics_do_not_call_keys_lost_that_the_core_was_not_given() -> None:
    files = Files(*core_of("1.27.3"))
    said = json.loads(files.run("gomap-stats -json main.byLine"))
    assert (said["entries"], said["lost"], said["unhashed"]) == (20, 0, 20)
    text = files.run("gomap-stats main.byLine")
    assert "no lookup finds" not in text
    assert "\nnote: 20 keys have no hash here: what it is made of cannot be read; no figure of hits has them\n" in text


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
    program, core = core_of("1.27.3")
    file, start = printed_in((core.parent / "printed").read_text())
    at, where = start + 5, f"offset {_SKIPPED + 5:#x} of the mapped file {file}, which is not in the core"
    assert Files(program, core).run(f"gomap-whatis {at}") == f"{at:#x}: {where}"
    assert Files(program, core).run(f"gomap-refs {at}").startswith(f"{at:#x}: {where}\n")
    object = json.loads(Files(program, core).run(f"gomap-whatis -json {at}"))
    assert (object["is"], object["file"]) == ("NotInCore", {"path": file, "offset": _SKIPPED + 5})
    program, core = core_of("1.27.3", "gone")
    _, start = printed_in((core.parent / "printed").read_text())
    assert Files(program, core).run(f"gomap-whatis {start}") == f"{start:#x}: not mapped"


def assert_said_of_changed(said: str, file: str, start: int) -> None:
    """The keys are those in the file, from where the program says that it is."""
    line, who = re.findall(r"^(  cause .*)\n(.*)$", said, re.MULTILINE)[0]
    assert re.match(r"    (none of \d+ goroutines has|goroutine \d+ \(.*\) has) a pointer to it ", who)
    assert line.startswith(f"  cause    shared-bytes  {start:#x}  ")
    keys = f"at offsets {_SKIPPED + _KEYS[0]:#x} to {_SKIPPED + _KEYS[-1]:#x}"
    assert (
        f"6 of 6 misplaced keys have their bytes in the mapped file {file}, {keys}; of the keys in place none " in line
    )


@pytest.mark.parametrize("go", _VERSIONS)
def test_keys_that_changed_with_their_file(go: str) -> None:
    program, core = core_of(go, "changed")
    file, start = printed_in((core.parent / "printed").read_text())
    command = "gomap-check main.byOrder"
    said = Files(program, core).run(command)
    assert_said_of_changed(said, file, start)
    (cause,) = json.loads(Files(program, core).run(f"{command} -json"))["causes"]
    assert cause["shared"]["file"]["path"] == file
    assert cause["shared"]["file"]["offset"] - _SKIPPED in _KEYS
    if go == "1.23.9":
        with Gdb(debugger("system_gdb"), program, core) as gdb:
            assert gdb.run(command) == said
    else:
        with serving("core", program, core) as port:
            assert DelveRpc(port, program, core).run(command) == said


def test_who_else_has_the_mapped_file() -> None:
    """Package syscall keeps what is mapped until it is unmapped."""
    program, core = core_of("1.27.3", "changed")
    _, start = printed_in((core.parent / "printed").read_text())
    said = Files(program, core).run("gomap-postmortem")
    kept = re.findall(rf"^the bytes of keys of main\.byOrder at {start:#x}: besides keys of the map, (.*)$", said, re.M)
    assert len(kept) == 1
    assert "syscall.mapper.active[" in kept[0]
    # Of a mapped file all of it counts, as of an object.
    refs = Files(program, core).run(f"gomap-refs -limit unlimited {start + _KEYS[3] + 1}")
    assert refs.count("  main.byOrder[") == len(_KEYS)
    assert "  syscall.mapper.active[" in refs


def test_processes_tell_of_their_files_too() -> None:
    program, command = build("mapped", "1.27.3"), "check main.byOrder"
    with waiting("1.27.3", "waits") as (pid, file, start):
        assert_said_of_changed(gomap("attach", str(pid), *command.split()).stdout, file, start)
        with Gdb(debugger("system_gdb"), program) as gdb:
            gdb.run(f"attach {pid}")
            assert_said_of_changed(gdb.run(f"gomap-{command}"), file, start)
        with serving("attach", str(pid), program) as port:
            assert_said_of_changed(DelveRpc(port, program).run(f"gomap-{command}"), file, start)


def test_a_file_that_was_cut_off() -> None:
    """Memory is mapped there all the same, which whoever reads it finds out by a SIGBUS."""
    with waiting("1.27.3", "shorter") as (pid, file, start):
        said = gomap("attach", str(pid), "whatis", str(start)).stdout.rstrip("\n")
        assert said == f"{start:#x}: offset {_SKIPPED:#x} of the mapped file {file}, which cannot be read"


def test_zeros_in_place_of_a_file_that_was_cut_off() -> None:
    """So the kernel writes memory that nobody can read, if it is to write such files: no proof that keys changed."""
    program, core = core_of("1.27.3", "zeros")
    (cause,) = json.loads(Files(program, core).run("gomap-check -json main.byOrder"))["causes"]
    assert (cause["shared"]["keys"], cause["shared"]["proved"]) == (6, False)
    assert cause["text"].endswith("; these are all zeros, which a core also has where a mapped file was cut short")


@pytest.mark.parametrize("go", _VERSIONS)
def test_a_lookup_that_dies_of_a_file_that_was_cut_off(go: str) -> None:
    program, core = core_of(go, "bus")
    file, start = printed_in((core.parent / "printed").read_text())
    said = Files(program, core).run("gomap-why")
    key, where = start + _KEYS[1], rf"offset {_SKIPPED + _KEYS[1]:#x} of the mapped file {re.escape(file)}"
    assert said.startswith(f"signal 7 (SIGBUS) at address {key:#x}, ")
    assert re.search(
        rf"^verdict: probable: bad key: goroutine 1 looks up a key in it; it has a key, .*, and the bytes of key, "
        rf"a string at {key:#x} .*, cannot be read: {where}, which may have been cut short$",
        said,
        re.MULTILINE,
    )
    named = json.loads(Files(program, core).run("gomap-why -json"))["key"]["file"]
    assert named == {"path": file, "offset": _SKIPPED + _KEYS[1]}
