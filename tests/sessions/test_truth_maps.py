"""What gomap shows of each map is, to the byte, what the program that owns it had printed.

The truth comes from tests/fixtures/maps: entries by range loops, the insides by the program's own unsafe view. State
names are derived here, from the bytes that the program saw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.sessions.configurations import Configuration
from tests.sessions.debugger import Gdb
from tests.sessions.targets import Stopped

#: What the runtime calls a tophash or a control byte that is none of a full slot's.
_CLASSIC_STATES = {0: "emptyRest", 1: "emptyOne", 2: "evacuatedX", 3: "evacuatedY", 4: "evacuatedEmpty"}
_SWISS_STATES = {0x80: "empty", 0xFE: "deleted"}


@pytest.fixture(scope="module")
def session(stopped: Stopped) -> Gdb:
    for setting in ("elements unlimited", "max-depth unlimited", "repeats unlimited"):
        assert stopped.gdb.run(f"set print {setting}") == ""
    return stopped.gdb


@pytest.fixture(scope="module")
def layout(stopped: Stopped) -> str:
    kind: str = stopped.printed["layout"]
    return kind.partition(",")[0]


@pytest.fixture(scope="module")
def packages_maps(stopped: Stopped) -> list[dict[str, Any]]:
    """The maps that package variables hold or lead to."""
    maps = [truth for truth in stopped.printed["maps"] if "function" not in truth]
    assert len(maps) > 60
    return maps


@pytest.fixture(scope="module")
def locals_maps(stopped: Stopped) -> list[dict[str, Any]]:
    """The maps that functions' variables hold."""
    maps = [truth for truth in stopped.printed["maps"] if "function" in truth]
    assert len(maps) >= 6
    return maps


def test_the_program_has_maps_in_every_state(stopped: Stopped, layout: str) -> None:
    maps = stopped.printed["maps"]
    buckets = [bucket for truth in maps for bucket in truth["buckets"]]
    marks = {mark for bucket in buckets for mark in bucket["marks"]}
    if layout == "classic":
        assert {bucket["role"] for bucket in buckets} == {
            "bucket", "overflow", "old bucket", "old overflow", "unused overflow"
        }  # fmt: skip
        assert set(_CLASSIC_STATES) <= marks
        chains = Counter(
            (truth["name"], bucket["index"])
            for truth in maps
            for bucket in truth["buckets"]
            if bucket["role"] == "overflow"
        )
        assert max(chains.values()) >= 3
    else:
        assert set(_SWISS_STATES) <= marks
        depths = {truth["name"]: {table["local_depth"] for table in truth["tables"]} for truth in maps}
        assert len(depths["main.uneven"]) >= 3
        assert any(table["first"] < table["last"] for truth in maps for table in truth["tables"])


def test_headers_have_the_fields_that_the_program_saw(
    session: Gdb, layout: str, packages_maps: list[dict[str, Any]]
) -> None:
    none_differ(
        difference
        for truth in packages_maps
        for difference in header_differences(truth, session.json(f"gomap-header -json {truth['name']}"), layout)
    )


def test_every_bucket_slot_and_entry_is_what_the_program_saw(
    session: Gdb, layout: str, packages_maps: list[dict[str, Any]]
) -> None:
    none_differ(
        difference
        for truth in packages_maps
        for difference in walk_differences(truth, session.json(f"gomap-walk -json -all {truth['name']}"), layout)
    )


def test_a_walk_by_default_shows_each_live_entry_once(session: Gdb, packages_maps: list[dict[str, Any]]) -> None:
    none_differ(
        f"{truth['name']}: {len(truth['entries'])} entries, shown {shown}"
        for truth in packages_maps
        if (shown := entries_of(session.json(f"gomap-walk -json -limit unlimited {truth['name']}"))) != entries(truth)
    )


def test_a_walk_as_text_says_the_same(session: Gdb, layout: str, packages_maps: list[dict[str, Any]]) -> None:
    chosen = {"main.growing", "main.growingSameSize", "main.uneven", "main.tombstones", "main.anys", "main.strs"}
    maps = [truth for truth in packages_maps if truth["name"] in chosen]
    assert len(maps) == len(chosen)
    none_differ(
        f"{truth['name']}: no line {line!r}"
        for truth in maps
        for line in set(slot_lines(truth, layout)) - set(session.run(f"gomap-walk -all {truth['name']}").splitlines())
    )


def test_maps_in_functions_variables(
    session: Gdb, stopped: Stopped, layout: str, configuration: Configuration, locals_maps: list[dict[str, Any]]
) -> None:
    if not stopped.frames:
        # A kernel core's thread died on another stack than its goroutine's; there it must be said that there is
        # no such variable.
        answers = [session.run(f"gomap-walk {truth['name']}") for truth in locals_maps]
        assert all("no" in answer.lower() and len(answer.splitlines()) == 1 for answer in answers), answers
        return
    optimised_out = []
    for truth in locals_maps:
        session.run("frame function main.fixtureReady" if configuration.way != "attach" else "frame 0")
        assert truth["function"] in session.run(f"frame function {truth['function']}")
        said = session.run(f"gomap-header -json {truth['name']}")
        if configuration.optimised and not said.startswith("{"):
            assert "optimized out" in said or "optimised out" in said, said
            optimised_out.append(truth["name"])
            continue
        none_differ(header_differences(truth, session.json(f"gomap-header -json {truth['name']}"), layout))
        none_differ(walk_differences(truth, session.json(f"gomap-walk -json -all {truth['name']}"), layout))
    assert len(optimised_out) < len(locals_maps)


def none_differ(differences: Iterable[str]) -> None:
    """Fails with the first of the differences, and how many there are."""
    found = list(differences)
    shown = "\n".join(text[:1000] for text in found[:10])
    assert not found, f"{len(found)} differences:\n{shown}"


def header_differences(truth: dict[str, Any], shown: dict[str, Any], layout: str) -> Iterator[str]:
    yield from _start_differences(truth, shown, layout)
    fields = [(field["name"], field["offset"], number(field["value"])) for field in shown["fields"]]
    expected = [(field["name"], field["offset"], field["value"]) for field in truth["header"] or []]
    if fields != expected:
        yield f"{truth['name']}: fields {fields}, not {expected}"
    if shown["notes"]:
        yield f"{truth['name']}: notes {shown['notes']}"


def walk_differences(truth: dict[str, Any], shown: dict[str, Any], layout: str) -> Iterator[str]:
    name = truth["name"]
    yield from _start_differences(truth, shown, layout)
    if shown["notes"] or not shown["complete"]:
        yield f"{name}: complete {shown['complete']}, notes {shown['notes']}"
    if (tables := [table_row(table) for table in shown["tables"]]) != (
        expected := [table_row(table) for table in truth["tables"]]
    ):
        yield f"{name}: tables {tables}, not {expected}"
    places = [(bucket["role"], number(bucket["address"])) for bucket in shown["buckets"]]
    expected_places = [(bucket["role"], bucket["address"]) for bucket in truth["buckets"]]
    if places != expected_places:
        yield f"{name}: buckets {places}, not {expected_places}"
        return
    for is_there, must_be in zip(shown["buckets"], truth["buckets"], strict=True):
        if (row := shown_bucket(is_there)) != (expected_row := true_bucket(must_be, layout)):
            yield f"{name}: {row}\nnot {expected_row}"


def _start_differences(truth: dict[str, Any], shown: dict[str, Any], layout: str) -> Iterator[str]:
    start = (shown["type"], number(shown["address"]), shown["count"])
    if start != (expected := (truth["type"], truth["address"], truth["len"])):
        yield f"{truth['name']}: {start}, not {expected}"
    if shown["kind"] != layout:
        yield f"{truth['name']}: {shown['kind']}, not {layout}"


def table_row(table: dict[str, Any]) -> dict[str, int]:
    """A table's facts, of the program's or of gomap's making, under gomap's names."""
    renamed = {"growth_left": "growthLeft", "local_depth": "localDepth", "length_mask": "lengthMask"}
    return {renamed.get(name, name): number(value) for name, value in table.items()}


def true_bucket(bucket: dict[str, Any], layout: str) -> dict[str, Any]:
    states = _CLASSIC_STATES if layout == "classic" else _SWISS_STATES
    live = {slot["slot"]: (slot["key"], slot["elem"]) for slot in bucket["live"]}
    where: dict[str, Any] = (
        {"overflow": bucket["overflow"]}
        if layout == "classic"
        else {"table": bucket["table"] if bucket["table"] >= 0 else None}
    )
    return {
        "index": bucket["index"],
        **where,
        "slots": [(slot, mark, states.get(mark, "full"), live.get(slot)) for slot, mark in enumerate(bucket["marks"])],
    }


def shown_bucket(bucket: dict[str, Any]) -> dict[str, Any]:
    where: dict[str, Any] = (
        {"overflow": number(bucket["overflow"])} if "overflow" in bucket else {"table": bucket["table"]}
    )
    slots = [
        (slot["slot"], slot["mark"], slot["state"], next(iter(entries_in([slot])), None)) for slot in bucket["slots"]
    ]
    return {"index": bucket["index"], **where, "slots": slots}


def slot_lines(truth: dict[str, Any], layout: str) -> Iterator[str]:
    """The lines of text that stand for a map's slots."""
    for bucket in truth["buckets"]:
        for slot, mark, state, entry in true_bucket(bucket, layout)["slots"]:
            line = f"  {slot}  {mark:02x}  {state}"
            yield line if entry is None else f"{line:<20}{entry[0]}: {entry[1]}"


def entries(truth: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((key, elem) for key, elem in truth["entries"])


def entries_of(walk: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted(entry for bucket in walk["buckets"] for entry in entries_in(bucket["slots"]))


def entries_in(slots: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(slot["key"]["text"], slot["elem"]["text"]) for slot in slots if "key" in slot]


def number(value: int | str) -> int:
    return int(value, 16) if isinstance(value, str) else value
