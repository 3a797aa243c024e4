"""Types, variables, symbols, threads and memory: files alone say what GDB says, and more where GDB cannot see.

Which types and variables there are is asked of neither, but of readelf.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gomap.elf.elffile import EXECUTABLE, LOAD
from gomap.elf.target import FileTarget, open_core
from tests.fixtures.builds import CoreDump, Experiment, build, gdb_core_of, kernel_core_of
from tests.sessions.debugger import GOMAP
from tests.sessions.described import described
from tests.sessions.targets import READY, Debugger, debugger
from tests.unit.readelf import types_in, variables_in

_ASK = Path(__file__).with_name("ask_target.py")


class Subject(NamedTuple):
    go: str
    experiment: Experiment | None = None
    goarch: str = "amd64"
    ldflags: str = ""
    optimised: bool = True
    gdb: Debugger = "gdb18"
    gcore: bool = False

    def __str__(self) -> str:
        return "-".join(str(part).strip("-") for part in self if part and part is not True)


#: Between them: DWARF 4 and 5, compressed and not, linked by gcc, both sizes of a pointer, cores of the kernel and GDB.
SUBJECTS = (
    Subject("1.19", gdb="system_gdb"),
    Subject("1.23.9", goarch="386"),
    Subject("1.24.11", ldflags="-compressdwarf=false"),
    Subject("1.27.3", goarch="386", gdb="system_gdb"),
    Subject("1.27.3", "mapsplitgroup"),
    Subject("1.27.3", optimised=False, gcore=True),
    Subject("1.27.3", optimised=False, ldflags="-linkmode=external"),
)


class Asked(NamedTuple):
    """What was asked, and what each side said."""

    questions: dict[str, list[Any]]
    files: dict[str, Any]
    gdb: dict[str, Any]


@pytest.fixture(scope="module", params=SUBJECTS, ids=str)
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    subject: Subject = request.param
    libc = "external" in subject.ldflags
    program = build(
        "maps",
        subject.go,
        experiment=subject.experiment,
        goarch=subject.goarch,
        optimised=subject.optimised,
        ldflags="" if libc else subject.ldflags,
        libc=libc,
    )
    gdb = debugger(subject.gdb)
    core = gdb_core_of(program, READY, "stop", gdb=gdb) if subject.gcore else kernel_core_of(program, "abort")
    target = open_core(program, core.path)
    assert target.other_build is None
    questions = _questions(program, target)
    files = json.loads(json.dumps(described(target, questions)))
    return Asked(questions, files, _ask_gdb(gdb, program, core, questions, tmp_path_factory.mktemp("asked")))


#: GDB finds no pointers and arrays, as those have no name, and not every func; and what only the compiler names has a
#: dot that looks like one within a package's name.
_UNSEEN = re.compile(r"^[*\[]|^func\(|\bgo\.shape\.|^noalg\.")


#: Structs that GDB's side cannot tell from a string and a slice.
_LOOKALIKES = {"runtime.stringStructDWARF", "runtime.notInHeapSlice"}


def test_every_type_is_as_gdb_has_it(asked: Asked) -> None:
    unseen = [name for name, said in asked.gdb["types"].items() if said is None]
    assert [name for name in unseen if not _UNSEEN.search(name)] == []
    assert [name for name, said in asked.files["types"].items() if said is None] == []
    seen = set(asked.questions["types"]) - set(unseen)
    assert len(seen) > 1500
    assert {asked.files["types"][name]["kind"] for name in _LOOKALIKES} == {"struct"}
    for name in seen:
        files, gdb = asked.files["types"][name], asked.gdb["types"][name]
        _assert_embedded(name, files, gdb)
        assert _blurred(files) == _blurred(gdb), name


def test_every_variable_is_where_gdb_has_it(asked: Asked) -> None:
    assert len(asked.questions["variables"]) > 400
    assert None not in asked.files["variables"].values()
    for name, files in asked.files["variables"].items():
        gdb = asked.gdb["variables"][name]
        assert (files[0], _same_kinds(files[1])) == (gdb[0], _same_kinds(gdb[1])), name
    # GDB's side leaves out a package all of whose variables go:linkname names after another.
    assert _listed(asked.gdb["all_variables"]) <= _listed(asked.files["all_variables"])
    assert sorted(name for name, _, _ in asked.files["all_variables"]) == asked.questions["variables"]
    assert asked.files["variable_names"] == asked.gdb["variable_names"]


def test_addresses_are_in_the_same_functions(asked: Asked) -> None:
    assert sum(symbol is not None for symbol in asked.gdb["symbols"].values()) > 10
    for address, gdb in asked.gdb["symbols"].items():
        files = asked.files["symbols"][address]
        if gdb and "." not in gdb[0]:
            continue  # a function of C's; gcc gives parts of them names of their own
        # The symbol table has a dot for the middle dot in the names of functions' own types.
        assert files == (gdb and [gdb[0].replace("·", "."), gdb[1]]), address


def test_memory_and_threads_are_the_same(asked: Asked) -> None:
    assert asked.files["memory"] == asked.gdb["memory"]
    assert asked.files["threads"] == asked.gdb["threads"]
    assert len(asked.files["threads"]) > 1
    assert asked.files["is"] == asked.gdb["is"]


def _listed(variables: list[list[Any]]) -> set[tuple[str, int]]:
    return {(name, address) for name, address, _ in variables}


def _questions(program: Path, target: FileTarget) -> dict[str, list[Any]]:
    types, variables = ({named.name for named in found(program)} for found in (types_in, variables_in))
    addresses = [found[0] for found in map(target.variable, variables) if found]
    for segment in target.program.segments:
        if segment.type == LOAD and segment.flags & EXECUTABLE:
            first = segment.address + target.bias
            addresses += range(first, first + segment.file_size, 6007)
    addresses += [thread.sp for thread in target.threads()] + [0, 8, 4096]
    return {"types": sorted(types), "variables": sorted(variables), "addresses": addresses}


def _ask_gdb(gdb: Path, program: Path, core: CoreDump, questions: dict[str, list[Any]], place: Path) -> dict[str, Any]:
    (place / "questions").write_text(json.dumps(questions))
    command = [str(gdb), "-nx", "-q", "-batch", "-iex", "set auto-load off", "-iex", "set debuginfod enabled off"]
    for line in (f"source {GOMAP}", f"source {_ASK}", f"ask-target {place}/questions {place}/answers"):
        command += ["-ex", line]
    done = subprocess.run([*command, program, core.path], capture_output=True, text=True, timeout=300, check=False)
    assert (place / "answers").exists(), done.stdout + done.stderr
    answers: dict[str, Any] = json.loads((place / "answers").read_text())
    return answers


def _assert_embedded(name: str, files: dict[str, Any], gdb: dict[str, Any]) -> None:
    """GDB takes a field for embedded if it is named as its type is."""
    embedded = {field[0] for field in files["fields"] if field[2]}
    assert embedded <= {field[0] for field in gdb["fields"] if field[2]}, name


def _blurred(type: dict[str, Any]) -> dict[str, Any]:
    """What GDB can see of a type."""
    fields = [[field[0], field[1], _same_kinds(field[3])] for field in type["fields"]]
    blurred = {**_same_kinds(type), "fields": fields}
    for part in ("key", "elem", "header"):
        blurred[part] = type[part] and _same_kinds(type[part])
    if type["name"] in _LOOKALIKES:
        blurred["elem"] = None
    return blurred


def _same_kinds(type: dict[str, Any]) -> dict[str, Any]:
    """Which of int and int64 a named type is cannot be seen in GDB."""
    kind = "struct" if type["name"] in _LOOKALIKES else type["kind"]
    integer = re.fullmatch(r"(u?)int(ptr|\d*)", kind)
    return {**type, "kind": integer[1] + "integer" if integer else kind}
