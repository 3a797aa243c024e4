"""The races of tests/fixtures/races: what gomap-why says of a core, held against what the program printed."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from tests.fixtures import toolchains
from tests.fixtures.builds import build, core_of
from tests.sessions.debugger import GOMAP
from tests.sessions.doors import Files

__all__ = ["assert_race", "why_of"]

_PATHS = {"field": "main.srv.sessions", "global": "main.global", "captured": "mine", "nested": "r.entries"}
_SCHEMA = jsonschema.Draft202012Validator(json.loads((GOMAP.parent / "gomap/views/gomap.schema.json").read_text()))


def why_of(program: Path, core: Path) -> dict[str, Any]:
    """What gomap-why says, as its schema has it."""
    answer: dict[str, Any] = json.loads(Files(program, core).run("why -json"))
    wrong = jsonschema.exceptions.best_match(_SCHEMA.iter_errors(answer))
    assert wrong is None, wrong
    return answer


def assert_race(go: str, mode: str, way: str, *number: str, goarch: str = "amd64") -> str:
    """Hold what is said of one core against what the program printed; the degree of the other side."""
    program = build("races", go, goarch=goarch)
    core = core_of(program, mode, way, *number)
    truth, said = json.loads(core.printed.read_text()), why_of(program, core.path)
    roles = truth["roles"]
    complained = (core.path.parent / "complained").read_text(errors="replace")
    assert said["verdict"] == "race"
    assert f"fatal error: {said['death']['message']}\n" in complained
    assert said["map"]["address"] == f"{truth['header']:#x}"
    # Where only an iterator has the map, and nobody else is seen at it, it is what a closure has caught.
    path = said["map"]["path"]
    by_closure = re.fullmatch(r"\w+(\[\W\w+\W\])?\.\(main\.captured\.func\d\)\.mine", path) is not None
    assert path in ({_PATHS[way], ""} if way == "captured" else {_PATHS[way]}) or (way == "captured" and by_closure)
    thrower = said["death"]["goroutine"]
    assert thrower in roles["racer"]
    assert f"goroutine {thrower} " in complained
    firm = [side for side in said["sides"] if side["degree"] != "possible"]
    assert {side["goroutine"] for side in firm} <= set(roles["racer"]) - {thrower}
    for side in said["sides"]:
        if "calls" in side:
            _assert_call(go, program, side["calls"])
    sided = {side["goroutine"] for side in said["sides"]}
    assert not sided & {*roles["elsewhere"], *roles["holds"], *roles["reads"], 1}
    assert {each["goroutine"] for each in said["notInvolved"]} >= {*roles["elsewhere"], *roles["holds"]}
    if way == "field":
        mutex, table = said["locks"]
        assert (mutex["path"], mutex["address"]) == ("main.srv.mu", f"{truth['mu']:#x}")
        assert (mutex["taken"], mutex["waiting"]) == (True, 2)
        assert sorted(mutex["waiters"]) == sorted(roles["waits"])
        assert [each["goroutine"] for each in mutex["holders"]] == roles["holds"]
        assert (table["path"], table["taken"], table["readers"]) == ("main.srv.table", False, 1)
        assert [each["goroutine"] for each in table["holders"]] == roles["reads"]
        assert thrower in mutex["without"]
    elif way == "nested":
        assert said["map"]["rooted"] == 'main.stacks["first"].rows[1].entries'
        assert [lock["path"] for lock in said["locks"]] == ['main.stacks["first"].rows[1].mu']
        assert not said["locks"][0]["taken"]
    elif way == "global":
        first, *others = said["locks"]
        assert (first["path"], first["package"]) == ("main.globalMu", "main")
        assert [lock["path"] for lock in others] == ["main.guard"]
        assert (first["taken"], first["waiting"]) == (True, 2)
        assert sorted(first["waiters"]) == sorted(roles["waits"])
        assert [each["goroutine"] for each in first["holders"]] == roles["holds"]
        assert thrower in first["without"]
    else:
        assert said["locks"] == []
    return firm[0]["degree"] if firm else "possible" if set(roles["racer"]) & sided else "none"


def _assert_call(go: str, program: Path, call: dict[str, Any]) -> None:
    """Hold against Go's own disassembler that this call is where it is said to be."""
    instructions = _instructions(go, program, call["in"])
    assert instructions[min(instructions) + call["offset"]] == f"CALL {call['function']}(SB)"


@cache
def _instructions(go: str, program: Path, function: str) -> dict[int, str]:
    command = [toolchains.go(go), "tool", "objdump", "-s", f"^{re.escape(function)}$", program]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = re.findall(r"^\s+\S+:\d+\s+0x([0-9a-f]+)\s+[0-9a-f]+\s+(.*?)\s*$", said, re.M)
    return {int(at, 16): text for at, text in lines}
