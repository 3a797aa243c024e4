"""gomap-guard, -watch and -trace with -json: each event is one object, as the schema has it, and tells the same."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from tests.fixtures.builds import build
from tests.sessions.debugger import Gdb, schema
from tests.sessions.gomap import GomapDelve
from tests.sessions.targets import READY, Debugger, started

_BOTH: list[tuple[str, Debugger]] = [("1.23.9", "system_gdb"), ("1.27.3", "gdb18")]
#: Growths of classic maps, and of Swiss ones.
_GROWTHS = ("twice the buckets", "its only group becomes a table", "a table of twice the slots")


@pytest.fixture(params=_BOTH, ids="-".join)
def subject(request: pytest.FixtureRequest) -> tuple[str, Debugger]:
    found: tuple[str, Debugger] = request.param
    return found


def _started(fixture: str, subject: tuple[str, Debugger], arguments: str) -> Gdb:
    return started(subject[1], build(fixture, subject[0]), arguments)


def _events(said: str) -> list[dict[str, Any]]:
    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    for event in events:
        wrong = jsonschema.exceptions.best_match(schema().iter_errors(event))
        assert wrong is None, wrong
    return events


def _is_the_fault(event: dict[str, Any], operation: int) -> None:
    assert (event["command"], event["name"]) == ("guard", "gomap-guard main.guarded")
    assert (event["event"], event["operation"]) == ("after an operation", "assign")
    assert (event["goroutine"], event["operations"], event["beside"]) == (1, operation - 1, [])
    assert event["frames"][event["caller"]]["function"] == "main.misplace"
    assert "hash-mismatch" in {finding["rule"] for finding in event["check"]["findings"]}


def test_what_breaks_a_map(subject: tuple[str, Debugger]) -> None:
    with _started("guarded", subject, "hash 7 9 20") as session:
        session.run("gomap-guard -json main.guarded")
        (event,) = _events(session.run("continue"))
        _is_the_fault(event, 7)


def test_what_changes_an_entry(subject: tuple[str, Debugger]) -> None:
    with _started("watched", subject, "") as session:
        session.run("gomap-watch -json main.numbers 7")
        (event,) = _events(session.run("continue"))
        assert (event["command"], event["event"], event["goroutine"]) == ("watch", "element", 1)
        assert (event["old"], event["new"]) == ("70", "71")
        assert event["moves"] >= 5
        assert event["frames"][event["caller"]]["function"] == "main.set"


def test_how_an_empty_map_grows(subject: tuple[str, Debugger]) -> None:
    """main.other is empty at first; a bucket or group has room for eight entries, two buckets for thirteen (map.go)."""
    with _started("grown", subject, "16") as session:
        begun = session.run("gomap-trace -json main.other")
        assert ": map[int]int at 0x" in begun and "0 entries" in begun
        events = _events(session.run("continue"))
        assert {event["command"] for event in events} == {"trace"}
        assert {event["goroutine"] for event in events} == {1}
        # By chance there are overflow buckets too.
        growths = [(each["entries"], each["slots"]) for each in events if each["event"] in _GROWTHS]
        if subject[0] < "1.24":
            assert [growth for growth in growths if growth[1] >= 16][:2] == [(8, 16), (13, 32)]
        else:
            assert growths[0][0] in (7, 8)
            assert growths[0][1] == 16
            assert growths[1] == (14, 32)


def test_in_delve() -> None:
    arguments = ("hash", "7", "9", "20")
    with GomapDelve("dlv", "exec", build("guarded", "1.27.3"), "--", *arguments) as session:
        session.run(f"break {READY}")
        session.run("continue")
        session.run("clearall")
        (event,) = _events(session.run("gomap-guard -json main.guarded"))
        _is_the_fault(event, 7)
