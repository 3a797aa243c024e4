"""gomap-poke changes what it says it changes and nothing else: the program itself prints its maps' memory, and the keys
that its lookups miss, before a change, after it, and once it is taken back."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from tests.fixtures.builds import build, kernel_core_of
from tests.fixtures.toolchains import gdb18, system_gdb
from tests.sessions.debugger import Gdb
from tests.sessions.doors import DelveRpc, Files, serving
from tests.sessions.gomap import GomapDelve, Shell
from tests.sessions.targets import READY, expect_stop
from tests.sessions.test_find import SCHEMA

pytestmark = pytest.mark.xdist_group("poke")

#: As the runtime has them.
EMPTY_ONE, DELETED, HASH_WRITING = 1, 0xFE, 4
Memory = dict[int, int]


class View:
    """What the program printed of a map, as memory that it knows the parts of."""

    def __init__(self, printed: dict[str, Any]) -> None:
        self.len: int = printed["len"]
        self.missed: list[str] = printed["missed"]
        self.parts = {
            part["name"]: (int(part["address"], 0), bytes.fromhex(part["bytes"])) for part in printed["parts"]
        }

    @cached_property
    def memory(self) -> Memory:
        return {at + number: byte for at, content in self.parts.values() for number, byte in enumerate(content)}

    def full(self, part: str, empty: Callable[[int], bool]) -> tuple[int, list[int]]:
        """Where a part is, and its slots that hold an entry."""
        at, content = self.parts[part]
        return at, [slot for slot in range(8) if not empty(content[slot])]

    def word(self, part: str, number: int) -> int:
        """A pointer in a part, counted from its start, or from its end if that is negative."""
        content = self.parts[part][1]
        at = 8 * number if number >= 0 else len(content) + 8 * number
        return int.from_bytes(content[at : at + 8], "little")


Views = dict[str, View]


class Door(Protocol):
    """The program by one of gomap's doors."""

    def run(self, command: str) -> str: ...

    def go_on(self) -> Views:
        """Let it go round once; what it prints then."""
        ...


class Poke(NamedTuple):
    """A change, and what it must do.

    Attributes:
        arguments: as typed.
        at: the address, as the program's own view has it.
        bytes: what will be there.
        map: whose lookups it changes.
        missed: how many keys they miss then.
        text: what the command must say of old and new.
    """

    arguments: str
    at: int
    bytes: bytes
    map: str
    missed: int
    text: str


def classic_pokes(views: Views) -> Iterator[Poke]:
    def empty(mark: int) -> bool:
        return mark < 5

    many, growing = views["many"], views["growing"]
    chained = next(name.removesuffix("+1") for name in many.parts if name.endswith("+1"))
    at, (slot, *_) = many.full(chained + "+1", empty)
    was = many.memory[at + slot]
    text = (
        rf"tophash of slot {slot} of overflow {chained} at {at:#x} \(1 byte at {at + slot:#x}\): {was:#x} \(full\) -> "
    )
    yield Poke(
        f"-bucket {chained}+1 -slot {slot} -value emptyOne main.many",
        *(at + slot, bytes([EMPTY_ONE]), "many", 1, text + r"0x1 \(emptyOne\)$"),
    )
    other = 0x33 if was != 0x33 else 0x34
    yield Poke(
        f"-bucket {chained}+1 -slot {slot} -value {other} main.many",
        *(at + slot, bytes([other]), "many", 1, text + rf"{other:#x} \(full\)$"),
    )
    head, content = many.parts[chained + "+0"]
    behind = sum(len(many.full(name, empty)[1]) for name in many.parts if re.match(rf"{chained}\+[1-9]", name))
    yield Poke(
        f"-bucket {chained} -field overflow -value nil main.many",
        *(head + len(content) - 8, bytes(8), "many", behind),
        rf"overflow of bucket {chained} at {head:#x} \(8 bytes at \w+\): {at:#x} \(.*object.*\) -> 0x0 \(nil\)$",
    )
    old = next(name for name in growing.parts if name.startswith("old ") and growing.full(name, empty)[1])
    at, (slot, *_) = growing.full(old, empty)
    yield Poke(
        f"-old -bucket {old[4:]} -slot {slot} -value emptyOne main.growing",
        *(at + slot, bytes([EMPTY_ONE]), "growing", 1, rf"of old \w+ {old[4:].partition('+')[0]} at .*\(emptyOne\)$"),
    )
    at, content = many.parts["header"]
    yield Poke(
        "-field count -value -1 main.many",
        *(at, bytes([0xFF] * 8), "many", 0, rf"^count \(8 bytes at {at:#x}\): {many.len} -> -1$"),
    )


def swiss_pokes(views: Views) -> Iterator[Poke]:
    def empty(mark: int) -> bool:
        return mark >= 0x80

    few, many = views["few"], views["many"]
    at, (slot, *_) = few.full("0", empty)
    was = few.memory[at + slot]
    text = rf"control byte of slot {slot} of group 0 at {at:#x} \(1 byte at {at + slot:#x}\): {was:#x} \(full\) -> "
    yield Poke(
        f"-bucket 0 -slot {slot} -value tombstone main.few",
        *(at + slot, bytes([DELETED]), "few", 1, text + r"0xfe \(deleted\)$"),
    )
    group = next(name for name in many.parts if ":" in name and not name.startswith("0:") and many.full(name, empty)[1])
    at, (slot, *_) = many.full(group, empty)
    other = many.memory[at + slot] ^ 0x40
    yield Poke(
        f"-bucket {group} -slot {slot} -value {other} main.many",
        *(at + slot, bytes([other]), "many", 1, rf"of group {group.partition(':')[2]} at .* -> {other:#x} \(full\)$"),
    )
    entries = [many.word("directory", number) for number in range(len(many.parts["directory"][1]) // 8)]
    alone = next(number for number, table in enumerate(entries) if entries.count(table) == 1)
    instead = next(table for table in entries if table != entries[alone])
    yield Poke(
        f"-directory {alone} -value {instead:#x} main.many",
        many.parts["directory"][0] + 8 * alone,
        instead.to_bytes(8, "little"),
        "many",
        many.word(f"table {alone}", 0) & 0xFFFF,
        rf"^directory entry {alone} \(8 bytes at .*\): {entries[alone]:#x} \(.*\) -> {instead:#x} \(.*object.*\)$",
    )
    at, _ = many.parts[f"table {alone}"]
    yield Poke(
        f"-table {alone} -field growthLeft -value 3 main.many",
        *(
            at + 4,
            b"\3\0",
            "many",
            0,
            rf"^growthLeft of table {alone} at {at:#x} \(2 bytes at {at + 4:#x}\): \w+ -> 0x3$",
        ),
    )
    of_other = next(name for name in many.parts if name.startswith("table ") and many.parts[name][0] != at)
    yield Poke(
        f"-table {alone} -field groups.data -value {many.word(of_other, 2):#x} main.many",
        at + 16,
        many.word(of_other, 2).to_bytes(8, "little"),
        "many",
        many.word(f"table {alone}", 0) & 0xFFFF,
        r"^groups.data of table .* -> ",
    )
    at, _ = many.parts["header"]
    yield Poke(
        "-field used -value 12 main.many",
        *(at, (12).to_bytes(8, "little"), "many", 0, rf"^used \(8 bytes at {at:#x}\): {many.len:#x} -> 0xc$"),
    )


def views_in(printed: Path, number: int) -> Views:
    """What the program printed when it had done so often."""
    end = time.monotonic() + 60
    while printed.read_text().count("\n") <= number:
        assert time.monotonic() < end, "the program prints nothing"
        time.sleep(0.01)
    return {name: View(view) for name, view in json.loads(printed.read_text().splitlines()[number]).items()}


class InDebugger:
    """GDB or Delve, with the program at its breakpoint."""

    def __init__(self, session: Gdb | GomapDelve, printed: Path) -> None:
        self.run, self._printed, self._number = session.run, printed, 0

    def views(self) -> Views:
        return views_in(self._printed, self._number)

    def go_on(self) -> Views:
        said = self.run("continue")
        assert READY in said, said
        self._number += 1
        return self.views()


class Attached:
    """gomap's own prompt, with the program waiting for lines."""

    def __init__(self, session: Shell, process: subprocess.Popen[bytes], printed: Path) -> None:
        self.run, self._process, self._printed, self._number = session.run, process, printed, 0

    def views(self) -> Views:
        return views_in(self._printed, self._number)

    def go_on(self) -> Views:
        assert self._process.stdin
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        self._number += 1
        return self.views()


@contextmanager
def in_gdb(gdb: Path, go: str, scratch: Path) -> Iterator[InDebugger]:
    with Gdb(gdb, build("poked", go)) as session:
        session.run(f"break {READY}")
        expect_stop(session.run(f"run < /dev/null > {scratch / 'printed'}"))
        yield InDebugger(session, scratch / "printed")


@contextmanager
def in_delve(go: str, scratch: Path) -> Iterator[InDebugger]:
    printed = scratch / "printed"
    arguments = ("dlv", "exec", "--check-go-version=false", f"--redirect=stdout:{printed}", build("poked", go))
    with GomapDelve(*arguments) as session:
        session.run(f"break {READY}")
        session.run("continue")
        yield InDebugger(session, printed)


@contextmanager
def attached(go: str, scratch: Path) -> Iterator[Attached]:
    printed = scratch / "printed"
    with (
        open(printed, "wb") as output,
        subprocess.Popen([build("poked", go), "wait"], stdin=subprocess.PIPE, stdout=output) as process,
    ):
        try:
            views_in(printed, 0)
            with Shell("attach", str(process.pid), state=scratch) as session:
                yield Attached(session, process, printed)
        finally:
            process.kill()


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
