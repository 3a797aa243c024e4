"""Keys whose bytes changed: who still has pointers to these, on its stack and elsewhere.

tests/fixtures/deaths reads orders through a bufio.Reader and stores them as they are in its buffer. Where that is, it
prints; which functions were passed it, the runtime says in the tracebacks that it prints of a program that crashes.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.debugger import GOMAP, Gdb
from tests.sessions.doors import DelveRpc, Files, serving
from tests.sessions.targets import debugger

_VERSIONS = ("1.23.9", "1.27.3")
_CHECK = "gomap-check -limit 1 main.known"
_BUFFER = 64
_SCHEMA = jsonschema.Draft202012Validator(json.loads((GOMAP.parent / "gomap/views/gomap.schema.json").read_text()))


@cache
def _died(go: str, mode: str, optimised: bool = True) -> tuple[Path, Path, dict[str, int]]:
    """The program, its core, and what it has printed of the buffer and of the goroutine that reads into it."""
    program = build("deaths", go, optimised=optimised)
    core = kernel_core_of(program, mode).path
    return program, core, json.loads((core.parent / "printed").read_text().splitlines()[1])


def _cause(program: Path, core: Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(Files(program, core).run(f"{_CHECK} -json"))
    wrong = jsonschema.exceptions.best_match(_SCHEMA.iter_errors(answer))
    assert wrong is None, wrong
    cause: dict[str, Any]
    (cause,) = answer["causes"]
    return cause


def _passed(core: Path, goroutine: int, buffer: int) -> set[str]:
    """The functions that by the runtime's own traceback were passed the buffer, and have it still: else it adds "?"."""
    complained = (core.parent / "complained").read_text()
    (stack,) = re.findall(rf"^goroutine {goroutine} .*?(?:\n\n|\Z)", complained, re.MULTILINE | re.DOTALL)
    return {call[1] for call in re.finditer(r"^(\S+)\((.*)\)$", stack, re.MULTILINE) if f"{{{buffer:#x}," in call[2]}


@pytest.mark.parametrize("go", _VERSIONS)
def test_a_goroutine_that_reads_into_the_buffer(go: str) -> None:
    program, core, printed = _died(go, "reading")
    cause = _cause(program, core)
    assert cause["address"] == f"{printed['buffer']:#x}"
    assert cause["users"]["complete"]
    (user,) = cause["users"]["goroutines"]
    assert (user["goroutine"], user["status"]) == (printed["goroutine"], "IO wait")
    passed = _passed(core, printed["goroutine"], printed["buffer"])
    assert passed == {"internal/poll.(*FD).Read"}
    assert passed <= {each["function"] for each in user["pointers"]}
    for each in user["pointers"]:
        assert 0 <= int(each["value"], 16) - printed["buffer"] < _BUFFER
    said = Files(program, core).run(_CHECK)
    who = rf"goroutine {printed['goroutine']} \(IO wait, at main\.\(\*conn\)\.read reading\.go:\d+\)"
    assert re.search(rf"^    {who} has a pointer to it in .*internal/poll\.\(\*FD\)\.Read", said, re.MULTILINE)
    if go == "1.23.9":
        with Gdb(debugger("system_gdb"), program, core) as gdb:
            assert gdb.run(_CHECK) == said
    else:
        with serving("core", program, core) as port:
            assert DelveRpc(port, program, core).run(_CHECK) == said


def test_variables_that_have_the_buffer() -> None:
    """Compiled without optimisation, functions have their arguments, and what they have made of these."""
    program, core, printed = _died("1.27.3", "reading", optimised=False)
    (user,) = _cause(program, core)["users"]["goroutines"]
    named = {(each["function"], each["variable"], each["type"]) for each in user["pointers"]}
    assert named >= {
        ("internal/poll.(*FD).Read", "p", "[]uint8"),
        ("os.(*File).Read", "b", "[]uint8"),
        ("main.(*conn).read", "line", "[]uint8"),
        ("main.(*conn).serve", "order", "string"),
    }
    passed = _passed(core, printed["goroutine"], printed["buffer"])
    assert passed >= {"internal/poll.(*FD).Read", "os.(*File).Read"}
    assert passed <= {each[0] for each in named}


@pytest.mark.parametrize("go", _VERSIONS)
def test_who_else_keeps_the_buffer(go: str, tmp_path: Path) -> None:
    """The goroutine that has read into it has ended: the reader is left."""
    program, core, printed = _died(go, "read")
    users = _cause(program, core)["users"]
    assert (users["goroutines"], users["complete"]) == ([], True)
    said = Files(program, core).run(f"gomap-postmortem -json {tmp_path / 'told'}")
    at = f"{printed['buffer']:#x}"
    none = f"none of {users['lookedAt']} goroutines has a pointer to it on its stack"
    assert f"    {none}; what else has one, 'gomap-refs {at}' says\n" in said
    where = f"the bytes of keys of main.known at {at}"
    assert f"\n{where}: besides keys of the map, main.conns[0].in.buf leads to them\n" in said
    told = json.loads((tmp_path / "told").read_text())
    assert jsonschema.exceptions.best_match(_SCHEMA.iter_errors(told)) is None
    (kept,) = told["keptBytes"]
    assert (kept["map"], kept["address"], kept["total"], kept["complete"]) == ("main.known", at, 1, True)
    assert [(each["path"], each["value"]) for each in kept["pointers"]] == [("main.conns[0].in.buf", at)]


def test_a_buffer_that_only_keys_lead_to() -> None:
    program = build("deaths", "1.27.3")
    core = kernel_core_of(program, "mutated").path
    said = Files(program, core).run("gomap-postmortem")
    assert re.search(
        r"^the bytes of keys of main\.anys at 0x[0-9a-f]+: besides keys of the map, and stacks, nothing leads to them$",
        said,
        re.MULTILINE,
    )


@pytest.mark.parametrize("go", _VERSIONS)
def test_several_buffers(go: str) -> None:
    """As a service has them that has one for each connection. That the seed was lost is not said then."""
    program, core, printed = _died(go, "reused")
    answer = json.loads(Files(program, core).run("gomap-check -json main.buffered"))
    assert jsonschema.exceptions.best_match(_SCHEMA.iter_errors(answer)) is None
    (cause,) = answer["causes"]
    assert (cause["kind"], int(cause["address"], 16) in printed["buffers"]) == ("shared-bytes", True)
    shared = cause["shared"]
    # One that was changed may hash to the same place.
    assert printed["changed"] - 3 <= shared["misplaced"] <= printed["changed"]
    assert (shared["objects"], shared["keys"], shared["proved"]) == (3, shared["misplaced"], True)
    assert shared["inPlace"] + shared["misplaced"] == answer["entries"]
    assert "misplaced keys have their bytes in 3 objects, " in cause["text"]
