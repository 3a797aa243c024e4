"""gomap-poke changes what it says it changes and nothing else: the program itself prints its maps' memory, and the keys
that its lookups miss, before a change, after it, and once it is taken back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.builds import build, kernel_core_of
from tests.fixtures.toolchains import gdb18, system_gdb
from tests.sessions.debugger import Gdb
from tests.sessions.doors import DelveRpc, Files, serving
from tests.sessions.poked import Views, attached, in_delve, in_gdb
from tests.sessions.pokes import classic_pokes, swiss_pokes
from tests.sessions.test_find import SCHEMA

pytestmark = pytest.mark.xdist_group("poke")


DOORS: dict[str, Callable[[str, Path], Any]] = {
    "system-gdb": lambda go, scratch: in_gdb(system_gdb(), go, scratch),
    "gdb18": lambda go, scratch: in_gdb(gdb18(), go, scratch),
    "delve": in_delve,
    "attach": attached,
}
SOME = (
    ("1.23.9", "system-gdb"),
    ("1.27.3", "gdb18"),
    ("1.23.9", "delve"),
    ("1.27.3", "delve"),
    ("1.23.9", "attach"),
    ("1.27.3", "attach"),
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "door" in metafunc.fixturenames:
        every = [(go, door) for go in ("1.21.13", "1.23.9", "1.24.11", "1.25.5", "1.27.3") for door in DOORS]
        metafunc.parametrize(("go", "door"), every if metafunc.config.getoption("--matrix") else SOME)


def test_each_change_is_made_and_taken_back(go: str, door: str, tmp_path: Path) -> None:
    with DOORS[door](go, tmp_path) as session:
        first: Views = session.views()
        assert not any(view.missed for view in first.values())
        pokes = list((classic_pokes if go < "1.24" else swiss_pokes)(first))
        for poke in pokes:
            said = session.run(f"gomap-poke {poke.arguments}")
            assert re.search(poke.text, said) and "\n" not in said, f"{poke.arguments}\n{said}"
            now: Views = session.go_on()
            written = {poke.at + number: byte for number, byte in enumerate(poke.bytes)}
            for name, view in first.items():
                changed = {
                    at: byte for at, byte in now[name].memory.items() if at in view.memory and byte != view.memory[at]
                }
                expected = {at: byte for at, byte in written.items() if view.memory.get(at, byte) != byte}
                assert changed == (expected if name == poke.map else {}), poke.arguments
                assert len(now[name].missed) == (poke.missed if name == poke.map else 0), poke.arguments
            back = session.run("gomap-poke -undo")
            what, _, values = (
                said.rpartition("): ") if " -> " not in said.rpartition("): ")[0] else said.partition("): ")
            )
            assert back == f"{what}): {' -> '.join(reversed(values.split(' -> ')))}"
            again: Views = session.go_on()
            assert {name: view.memory for name, view in again.items()} == {
                name: view.memory for name, view in first.items()
            }
            assert not any(view.missed for view in again.values())
        assert session.run("gomap-poke -undo").startswith("nothing to take back: gomap has changed nothing in process ")
        # One upon the other, and back in the opposite order.
        for poke in pokes[:2]:
            session.run(f"gomap-poke {poke.arguments}")
        assert session.go_on()[pokes[1].map].missed
        for poke in reversed(pokes[:2]):
            shown = json.loads(session.run("gomap-poke -json -undo"))
            SCHEMA.validate(shown)
            assert (int(shown["address"], 0), shown["undone"]) == (poke.at, True)
        assert not session.go_on()[pokes[1].map].missed


@pytest.mark.parametrize(("go", "gdb"), [("1.23.9", gdb18), ("1.27.3", system_gdb)])
def test_what_the_runtime_makes_of_the_writing_flag(go: str, gdb: Callable[[], Path], tmp_path: Path) -> None:
    field, value = ("flags", "iterator|hashWriting") if go < "1.24" else ("writing", "1")
    with in_gdb(gdb(), go, tmp_path) as session:
        said = session.run(f"gomap-poke -field {field} -value {value} main.few")
        assert said.endswith("(iterator, hashWriting)" if go < "1.24" else " -> 0x1"), said
        assert "fatal error: concurrent map read and map write" in session.run("continue")


def test_what_is_not_taken_back(tmp_path: Path) -> None:
    with in_gdb(system_gdb(), "1.23.9", tmp_path) as session:
        session.run("gomap-poke -field count -value 7 main.few")
        said = session.run("gomap-poke -field B -value 1 main.few")
        address = re.search(r"at (0x\w+)\)", said)
        assert address
        session.run(f"python gdb.selected_inferior().write_memory({address[1]}, b'\\x09')")
        said = session.run("gomap-poke -undo").splitlines()
        assert said[0].endswith(": 0x1 -> 0x0")
        assert said[1] == (
            f"B at {address[1]} stays as it is: there is 0x9 now, not the 0x1 that was written; "
            "that change is forgotten"
        )
        assert "  B           9  " in session.run("gomap-header main.few")
        session.run(f"python gdb.selected_inferior().write_memory({address[1]}, b'\\0')")
        # The one before it still can be.
        pid = session.run("python print(gdb.selected_inferior().pid)")
        session.run("kill")
        assert session.run("gomap-poke -undo") == "no process: run the program, or attach to it"
        session.run(f"run < /dev/null > {tmp_path / 'printed'}")
        said = session.run("gomap-poke -undo")
        assert said.startswith("nothing to take back: gomap has changed nothing in process ")
        assert f"; the changes that can be taken back are in process {pid} of " in said


REFUSED = [
    ("-field used main.few", "gomap-poke: needs -value: what to put there"),
    ("-value 1 main.few", "needs -field, or -bucket with -slot, or -directory: what is to be changed"),
    ("-field used -value 1", "gomap-poke: needs EXPR. Usage: "),
    ("-undo main.few", "gomap-poke: -undo stands in place of EXPR"),
    ("-undo -slot 3", "gomap-poke: -undo knows what it takes back: leave out -slot"),
    ("-field nonesuch -value 1 main.few", "the header has no field nonesuch; it has used, seed, dirPtr, "),
    ("-field used -value 1 main.nothing", "a nil map: there is nothing to change"),
    ("-field globalDepth -value 256 main.few", "256 is no value of globalDepth, which may be 0 to 0xff"),
    ("-field dirLen -value 0x8000000000000000 main.few", "9223372036854775808 is no value of dirLen, "),
    ("-field used -value -1 main.few", "-1 is no value of used, which may be 0 to 0xffffffffffffffff"),
    ("-bucket 0 -slot 8 -value 1 main.few", "there is no slot 8: a bucket or group has 8"),
    ("-bucket 1 -slot 0 -value 1 main.few", "there is no bucket or group 1 that can be read: the map is small"),
    ("-bucket 0 -slot 0 -value emptyOne main.few", "no variable emptyOne in the selected frame or its package; "),
    ("-bucket 0 -slot 0 -value nonesuch main.few", "no variable nonesuch in the selected frame or its package; "),
    ("-bucket 0 -value 1 main.few", "of a bucket -slot or -field is changed: give one of them"),
    ("-bucket 0 -field overflow -value 1 main.few", "a group has no field overflow; its table has, with -table"),
    ("-bucket 0 -slot 0 -old -value 1 main.few", "a group has no overflow buckets, and there are no old ones"),
    ("-bucket 0 -slot 0 -value 1 main.many", "the map has 3 tables: -bucket takes TABLE:GROUP"),
    ("-bucket 0:128 -slot 0 -value 1 main.many", "there is no bucket or group 128 that can be read: there is no group"),
    ("-bucket x -slot 0 -value 1 main.few", "gomap-poke: -bucket takes N|N+K|TABLE:GROUP, not x"),
    ("-bucket -1 -slot 0 -value 1 main.few", "gomap-poke: -bucket takes N|N+K|TABLE:GROUP, not -1"),
    ("-slot 0 -value 1 main.few", "-slot and -old are about a bucket: give -bucket too"),
    ("-table 0 -field used -value 1 main.few", "the map is small: dirPtr leads to its only group"),
    ("-table 4 -field used -value 1 main.many", "entry 4 of the directory leads to no table that can be read"),
    ("-table 0 -field B -value 1 main.many", "a table has no field B; it has used, capacity, growthLeft, localDepth, "),
    ("-directory 4 -value nil main.many", "there is no entry 4: the directory has 4"),
    ("-directory 0 -table 0 -value nil main.many", "-directory is an entry of the directory, which has no fields"),
    ('-field dirPtr -value main.few["key-1"]x main.few', "main.few"),
]


def test_what_is_refused(tmp_path: Path) -> None:
    with in_gdb(gdb18(), "1.27.3", tmp_path) as session:
        before = {name: view.memory for name, view in session.go_on().items()}
        for arguments, answer in REFUSED:
            said = session.run(f"gomap-poke {arguments}")
            assert said.startswith(answer) and "\n" not in said, f"{arguments}\n{said}"
        assert "; names for it: empty, ctrlEmpty, deleted, ctrlDeleted, tombstone" in session.run(
            "gomap-poke -bucket 0 -slot 0 -value emptyOne main.few"
        )
        assert session.run("gomap-poke -bucket 0 -slot 7 -value empty main.few").endswith(
            "\nit is so already: nothing is written"
        )
        session.run("set may-write-memory off")
        said = session.run("gomap-poke -field used -value 3 main.few").splitlines()
        assert len(said) == 2 and re.match(r"cannot write 8 bytes at 0x\w+: ", said[1]), said
        session.run("set may-write-memory on")
        assert {name: view.memory for name, view in session.go_on().items()} == before
        # Where the map says that its group is, but where no map can have one.
        code = session.run("""python print(hex(int(gdb.parse_and_eval("&'main.main'"))))""")
        assert f" -> {code} (" in session.run(f"gomap-poke -field dirPtr -value {code} main.few")
        said = session.run("gomap-poke -bucket 0 -slot 0 -value 1 main.few")
        assert said.endswith(" is in no memory of a map's, so it stays as it is: code: main.main"), said
        session.run("gomap-poke -undo")


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
def test_a_core_is_not_written_to(go: str) -> None:
    binary = build("maps", go)
    core = kernel_core_of(binary, "abort").path
    command = "gomap-poke -field B -value 3 main.grown"
    answer = "a core is not written to: only a process can be changed"
    with Gdb(system_gdb() if go == "1.23.9" else gdb18(), binary, core) as session:
        assert session.run(command) == session.run("gomap-poke -undo") == answer
    assert Files(binary, core).run(command) == answer
    with serving("core", binary, core) as port:
        assert DelveRpc(port, binary).run(command) == answer
