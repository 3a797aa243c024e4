"""What gomap says of an address is what the program that owns it knows: kept, dropped, on a stack, its own mapping.

The truth comes from tests/fixtures/heap, and in one case from the runtime itself, which lists a span's objects before
it throws.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.fixtures.builds import build, gdb_core_of, kernel_core_of
from tests.fixtures.toolchains import GO_VERSIONS
from tests.sessions.debugger import Gdb
from tests.sessions.targets import READY, Debugger, Way, debugger

_ASK = Path(__file__).with_name("ask_heap.py")
#: The answers' types by the program's words.
_ANSWERS = {
    "allocated": "HeapObject",
    "tiny": "HeapObject",
    "free": "FreeObject",
    "unmarked": "UnmarkedObject",
    "pages": "FreePages",
    "stack": "StackAddress",
    "text": "Text",
    "data": "ModuleData",
    "rodata": "ModuleData",
    "foreign": "Foreign",
    "unmapped": "NotMapped",
}
#: Where, and by which debugger, each build is looked at: in turn.
_PLACES: Sequence[tuple[Way, Debugger]] = (
    ("live", "system_gdb"),
    ("kernel core", "gdb18"),
    ("gdb core", "system_gdb"),
    ("live", "gdb18"),
    ("kernel core", "system_gdb"),
)
_BUILDS = [
    *((go, goarch, optimised) for go in GO_VERSIONS for goarch, optimised in (("amd64", True), ("amd64", False))),
    ("1.23.9", "386", True),
    ("1.27.3", "386", True),
]
_SUBJECTS = [
    pytest.param(go, goarch, optimised, way, by, id=f"go{go}-{goarch}-{'optimised' if optimised else 'N'}-{way}-{by}")
    for (go, goarch, optimised), (way, by) in zip(_BUILDS, itertools.cycle(_PLACES), strict=False)
]
#: What the runtime lists of a span before it throws: address, allocated or free, marked or not.
_LISTED = re.compile(r"^(0x[0-9a-f]+) (alloc|free ) (marked  |unmarked)( zombie)?$", re.MULTILINE)


class Fact(NamedTuple):
    """A line of the program's: what one address is (tests/fixtures/heap/main.go)."""

    address: str
    kind: str
    size: int
    offset: int
    name: str


@pytest.mark.parametrize(("go", "goarch", "optimised", "way", "by"), _SUBJECTS)
def test_an_address_is_what_the_program_knows_it_to_be(
    go: str, goarch: str, optimised: bool, way: Way, by: Debugger, tmp_path: Path
) -> None:
    binary = build("heap", go, goarch=goarch, optimised=optimised)
    printed = tmp_path / "printed"
    if way == "live":
        with Gdb(debugger(by), binary) as gdb:
            run_to_ready(gdb, "", printed)
            answers = ask(gdb, printed, tmp_path)
    else:
        core = kernel_core_of(binary, "abort") if way == "kernel core" else gdb_core_of(binary, READY, gdb=debugger(by))
        printed = core.printed
        with Gdb(debugger(by), binary, core.path) as gdb:
            answers = ask(gdb, printed, tmp_path)
    facts = facts_in(printed)
    kinds = Counter(fact.kind for fact in facts)
    assert kinds["allocated"] > 1000 and kinds["free"] > 150 and kinds["pages"] > 8 and kinds["stack"] == 4
    assert set(kinds) == set(_ANSWERS) - {"unmarked"}
    assert list(differences(facts, answers)) == []


@pytest.mark.parametrize("go", ["1.19", "1.23.9", "1.25.5", "1.27.3"])
def test_an_object_that_the_collector_did_not_reach_is_dead_before_its_span_is_swept(go: str, tmp_path: Path) -> None:
    with Gdb(debugger("system_gdb"), build("heap", go)) as gdb:
        run_to_ready(gdb, "unswept", tmp_path / "printed")
        # The marks are complete, and sweeping has not begun: the world is still stopped.
        go_on_to(gdb, "runtime.gcSweep")
        go_on_to(gdb, "runtime.startTheWorldWithSema")
        answers = ask(gdb, tmp_path / "printed", tmp_path)
    facts = facts_in(tmp_path / "printed")
    kinds = Counter(fact.kind for fact in facts)
    assert kinds["allocated"] > 1000 and kinds["unmarked"] > 100
    assert list(differences(facts, answers)) == []


@pytest.mark.parametrize("go", ["1.19", "1.23.9", "1.25.5", "1.27.3"])
def test_where_the_runtime_throws_for_a_pointer_to_a_free_object_gomap_agrees_with_its_list(
    go: str, tmp_path: Path
) -> None:
    with Gdb(debugger("gdb18"), build("heap", go)) as gdb:
        run_to_ready(gdb, "zombie", tmp_path / "printed", tmp_path / "complaint")
        go_on_to(gdb, "runtime.throw")
        complaint = (tmp_path / "complaint").read_text()
        listed = _LISTED.findall(complaint)
        (tmp_path / "listed").write_text("".join(f"{address}\n" for address, *_ in listed))
        answers = ask(gdb, tmp_path / "listed", tmp_path)
    assert "marked free object in span" in complaint
    books = Counter(state for _, state, _, _ in listed)
    assert books["alloc"] > 5 and books["free "] > 5, complaint
    # With the green tea collector (the default from 1.26 on) the runtime has cleared the marks before it lists them.
    marks_listed = any(mark == "marked  " for _, _, mark, _ in listed)
    assert marks_listed == (go not in ("1.26.6", "1.27.3"))
    for (address, state, mark, _), answer in zip(listed, answers, strict=True):
        if state == "free ":
            assert answer["is"] == "FreeObject", address
        elif marks_listed:
            assert answer["is"] == ("HeapObject" if mark == "marked  " else "UnmarkedObject"), address
        else:
            assert answer["is"] in ("HeapObject", "UnmarkedObject"), address


def run_to_ready(gdb: Gdb, mode: str, printed: Path, complaint: Path = Path("/dev/null")) -> None:
    gdb.run(f"tbreak {READY}")
    said = gdb.run(f"run {mode} < /dev/null > {printed} 2> {complaint}")
    assert f"{READY} ()" in said, said


def go_on_to(gdb: Gdb, function: str) -> None:
    gdb.run(f"tbreak {function}")
    said = gdb.run("continue")
    assert re.search(rf"hit (Temporary b|B)reakpoint \d+.*{re.escape(function)} \(", said), said


def ask(gdb: Gdb, addresses: Path, scratch: Path) -> list[dict[str, Any]]:
    said = gdb.run(f"source {_ASK}") + gdb.run(f"ask-heap {addresses} {scratch / 'answers'}")
    assert said == "", said
    answers: list[dict[str, Any]] = json.loads((scratch / "answers").read_text())
    return answers


def facts_in(printed: Path) -> list[Fact]:
    rows = [line.split("\t") for line in printed.read_text().splitlines()]
    return [Fact(address, kind, int(size), int(offset), name) for address, kind, size, offset, name in rows]


def differences(facts: list[Fact], answers: list[dict[str, Any]]) -> Iterator[str]:
    """What gomap says and the program does not: a line each."""
    for fact, answer in zip(facts, answers, strict=True):
        wrong = answer["is"] != _ANSWERS[fact.kind]
        if fact.kind == "tiny":
            wrong = wrong or not answer["tiny"]
        elif fact.kind in ("allocated", "free", "unmarked"):
            # A size class is an eighth larger than what was asked for at most; small ones a few words.
            roomy = fact.size * 9 // 8 + 32
            wrong = wrong or answer["offset"] != fact.offset or not fact.size <= answer["room"] <= roomy
        elif fact.kind == "stack":
            wrong = wrong or answer["goroutine"] != fact.size
        elif fact.kind in ("text", "data"):
            wrong = wrong or (answer["symbol"], answer["offset"]) != (fact.name, fact.offset)
        elif fact.kind == "rodata":
            wrong = wrong or not answer["says"].startswith("rodata")
        if wrong:
            yield f"{fact} is said to be {answer['says']}"
